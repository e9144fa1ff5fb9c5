"""How far each model is believed, against optima that were found in other ways."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from auto_labeling.models.stacking import hedged, power, raised, weights

Chances = NDArray[np.float64]
SEEDS = st.integers(0, 2**32 - 1)


def said_by(rng: np.random.Generator, targets: NDArray[np.intp], k: int, skill: float) -> Chances:
    """Return (l, k) chances that lean to the right class as far as `skill` goes."""
    values = rng.normal(size=(len(targets), k)) + skill * np.eye(k)[targets]
    odds = np.exp(values)
    chances: Chances = odds / odds.sum(axis=1, keepdims=True)
    return chances


def scene(seed: int, l: int = 30, k: int = 3) -> tuple[list[Chances], NDArray[np.intp]]:  # noqa: E741
    """Return what three models of different skill say of `l` rows, and their classes."""
    rng = np.random.default_rng(seed)
    targets = rng.integers(k, size=l)
    return [hedged(said_by(rng, targets, k, skill)) for skill in rng.uniform(0, 3, 3)], targets


class TestWeights:
    @settings(max_examples=25)
    @given(seed=SEEDS)
    def test_no_point_of_a_fine_grid_is_likelier(self, seed: int) -> None:
        said, targets = scene(seed)
        prior = np.array([0.5, 1.0, 0.7])
        likely = np.stack([one[np.arange(30), targets] for one in said], axis=1)

        def posterior(found: Chances) -> Chances:
            logs: Chances = np.log(likely @ found).sum(axis=0) + prior @ np.log(found)
            return logs

        one, two = np.meshgrid(*[np.linspace(0.005, 0.99, 198)] * 2)
        grid = np.stack([one, two, 1 - one - two])[:, one + two < 0.996]
        found = weights(said, targets, prior.tolist())
        assert posterior(found[:, None])[0] >= posterior(grid).max() - 1e-3

    @given(seed=SEEDS)
    def test_they_are_shares(self, seed: int) -> None:
        said, targets = scene(seed, l=5)
        found = weights(said, targets, [1.0, 1.0, 1.0])
        assert found.sum() == pytest.approx(1.0)
        assert (found > 0).all()

    def test_without_labels_the_prior_speaks(self) -> None:
        said, targets = scene(0)
        none = [one[:0] for one in said]
        np.testing.assert_allclose(weights(none, targets[:0], [1.0, 2.0, 1.0]), [0.25, 0.5, 0.25])

    def test_models_that_say_the_same_share_alike(self) -> None:
        said, targets = scene(1)
        np.testing.assert_allclose(weights([said[0]] * 4, targets, [0.5] * 4), 0.25)


class TestPower:
    @settings(max_examples=25)
    @given(seed=SEEDS, heat=st.floats(0.2, 4.0))
    def test_it_is_the_optimum_that_another_search_finds(self, seed: int, heat: float) -> None:
        rng = np.random.default_rng(seed)
        targets = rng.integers(3, size=40)
        said = raised(said_by(rng, targets, 3, 1.5), heat)

        def loss(logarithm: float) -> float:
            heated = raised(said, float(np.exp(logarithm)))
            return float(logarithm**2 / 2 - np.log(heated[np.arange(40), targets]).sum())

        best = minimize_scalar(loss, bracket=(-1.0, 1.0), method="golden").fun
        assert loss(np.log(power(said, targets))) <= best + 1e-4

    def test_overconfidence_is_cooled_and_doubt_is_heated(self) -> None:
        rng = np.random.default_rng(0)
        targets = rng.integers(2, size=2_000)
        values = rng.normal(size=2_000) + np.where(targets == 1, 0.5, -0.5)
        right = 1 / (1 + np.exp(-values))  # two normal clouds one apart: the log odds are the value
        said = np.stack([1 - right, right], axis=1)
        for heat in (0.5, 2.0):
            assert power(raised(said, heat), targets) == pytest.approx(1 / heat, rel=0.25)

    def test_with_few_labels_it_stays_near_one(self) -> None:
        right = np.array([[0.9, 0.1]])
        assert 0.5 < power(right, np.array([0])) < 2.0

    def test_certainty_that_is_wrong_stays_finite(self) -> None:
        said = np.array([[1.0, 0.0]] * 50)
        found = power(said, np.ones(50, dtype=np.intp))
        assert 0 < found < 0.2
        assert np.isfinite(raised(said, found)).all()


@given(seed=SEEDS, power=st.floats(0.05, 20.0))
def test_raised_rows_sum_to_one_and_keep_their_order(seed: int, power: float) -> None:
    rng = np.random.default_rng(seed)
    said = said_by(rng, rng.integers(4, size=9), 4, 2.0)
    heated = raised(said, power)
    np.testing.assert_allclose(heated.sum(axis=1), 1.0)
    np.testing.assert_array_equal(heated.argmax(axis=1), said.argmax(axis=1))

"""The draws follow the law of k-means++ over gradients, whichever way they are made."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chisquare

from auto_labeling.strategies import badge
from auto_labeling.strategies.badge import Badge
from auto_labeling.view import PoolView
from tests.support.doubles import fresh


def gradients(view: PoolView) -> NDArray[np.float64]:
    """Return (n, k * d) gradient embeddings, as the paper defines them."""
    proba, embeddings = np.asarray(view.proba, float), np.asarray(view.embeddings, float)
    residuals = proba - np.eye(proba.shape[1])[proba.argmax(axis=1)]
    return np.einsum("ik,id->ikd", residuals, embeddings).reshape(len(proba), -1)


def law(view: PoolView, size: int) -> dict[tuple[int, ...], float]:
    """Return the chance of every sequence of `size` picks of k-means++ seeding."""
    points = gradients(view)
    apart = ((points[:, None] - points[None]) ** 2).sum(axis=2)
    chances = {}
    for picks in itertools.permutations(range(len(points)), size):
        chance = 1 / len(points)
        for t in range(1, size):
            squares = apart[list(picks[:t])].min(axis=0)
            chance *= squares[picks[t]] / squares.sum()
        chances[picks] = chance
    return chances


def small_pool() -> PoolView:
    """Return six candidates: far ones, near ones, and one of which the model is nearly sure."""
    proba = fresh(3).dirichlet(np.ones(3), 6)
    proba[5] = [0.98, 0.01, 0.01]
    embeddings = fresh(4).normal(size=(6, 3))
    embeddings[1] = embeddings[0] * 1.2
    embeddings[2] *= 3
    return PoolView(proba=proba, embeddings=embeddings)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("proposals", "patience"),
    [(256, 16), (2, 0), (3, 1)],
    ids=["many at once", "bounds stay stale", "bounds are tightened"],
)
def test_the_draws_follow_the_law(
    proposals: int, patience: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(badge, "_PROPOSALS", proposals)
    monkeypatch.setattr(badge, "_PATIENCE", patience)
    view, chances, draws = small_pool(), law(small_pool(), 3), 3000
    seen = dict.fromkeys(chances, 0)
    for seed in range(draws):
        seen[tuple(Badge().select(view, 3, fresh(seed)).tolist())] += 1
    expected = np.array(list(chances.values())) * draws
    counts = np.array(list(seen.values()))
    rare = expected < 5  # too few for a chi-square: one class together
    counts = np.append(counts[~rare], counts[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    assert len(counts) > 60
    assert chisquare(counts, expected).pvalue > 1e-3


def test_squared_distances_are_those_of_the_gradients() -> None:
    rng = fresh()
    view = PoolView(proba=rng.dirichlet(np.ones(4), 50), embeddings=rng.normal(size=(50, 7)))
    assert view.proba is not None
    assert view.embeddings is not None
    ours, points = badge._Gradients(view.proba, view.embeddings), gradients(view)
    ours.seeds += [3, 8, 40]
    squares = ((points[:, None] - points[[3, 8, 40]][None]) ** 2).sum(axis=2)
    got = ours.to_seeds(ours.factors(slice(0, 50)))
    np.testing.assert_allclose(got, squares.min(axis=1), atol=1e-12)
    assert (ours.longest >= (points**2).sum(axis=1)).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_bounds_hold_in_less_precision(dtype: type) -> None:
    rng = fresh()
    proba = rng.dirichlet(np.full(9, 0.05), 2000).astype(dtype)
    embeddings: Any = rng.normal(size=(2000, 16)).astype(dtype)
    ours = badge._Gradients(proba, embeddings)
    exact = (gradients(PoolView(proba=proba, embeddings=embeddings)) ** 2).sum(axis=1)
    assert (ours.longest >= exact).all()


def test_bounds_are_tightened_where_few_proposals_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred thousand copies of ten gradients: ten draws, and then there is nothing to draw."""
    view = PoolView(
        proba=fresh().dirichlet(np.ones(3), 10)[np.arange(100_000) % 10],
        embeddings=fresh().normal(size=(10, 8))[np.arange(100_000) % 10],
    )
    looked: list[int] = []
    keep = badge._keep
    monkeypatch.setattr(badge, "_keep", lambda *args: looked.append(1) or keep(*args))
    picks = Badge().select(view, 30, fresh())
    assert sorted(picks[:10] % 10) == list(range(10))
    assert len(set(picks.tolist())) == 30
    # At most a sixteenth of the pool between two refreshes, of which ten draws cause few.
    assert 2 < len(looked) * badge._PROPOSALS < 100_000


def test_certain_candidates_are_left_to_the_end() -> None:
    proba = np.zeros((40, 2))
    proba[:, 0] = 1.0
    proba[:5] = 0.5
    view = PoolView(proba=proba, embeddings=fresh().normal(size=(40, 3)))
    for seed in range(20):
        picks = Badge().select(view, 6, fresh(seed))
        assert set(range(5)) <= set(picks.tolist())


def test_memory_does_not_grow_with_the_classes() -> None:
    n, k, d = 20_000, 50, 64
    view = PoolView(
        proba=fresh().dirichlet(np.ones(k), n).astype(np.float32),
        embeddings=fresh().normal(size=(n, d)).astype(np.float32),
    )
    tracemalloc.start()
    picks = Badge().select(view, 100, fresh())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(set(picks.tolist())) == 100
    # The gradients themselves would be 256 MB; a chunk of the pool in double precision is 10 MB.
    assert peak < 40e6

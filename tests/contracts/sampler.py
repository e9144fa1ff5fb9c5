"""What every sampler promises: labels in, positions of a pool out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.sampling.sampler import Sampler
from tests.support.clouds import TEXTS, TONES, clouds


def expect_positions(picks: NDArray[np.intp], size: int, n: int) -> None:
    """Assert that these are `size` distinct positions in a pool of `n`."""
    assert picks.shape == (size,)
    assert picks.dtype == np.intp
    assert len(set(picks.tolist())) == size
    assert size == 0 or 0 <= picks.min() <= picks.max() < n


class SamplerContract:
    """Subclass it, say how one is made from a seed, and collect the tests."""

    make: Callable[[int], Sampler]

    def fitted(self, seed: int = 0) -> Sampler:
        X, y = clouds(30, seed=1)
        return type(self).make(seed).fit(X, y)

    @pytest.mark.parametrize("size", [0, 1, 7, 60])
    def test_as_many_distinct_positions_as_asked(self, size: int) -> None:
        expect_positions(self.fitted().select(clouds(60)[0], size), size, 60)

    @pytest.mark.parametrize("n", [0, 1, 5])
    def test_a_pool_that_runs_out_is_given_whole(self, n: int) -> None:
        expect_positions(self.fitted().select(clouds(60)[0][:n], 9), n, n)

    def test_without_a_label_it_starts_cold(self) -> None:
        expect_positions(type(self).make(0).select(clouds(60)[0], 9), 9, 60)

    def test_the_same_seed_and_labels_give_the_same_choice(self) -> None:
        pool = clouds(60)[0]
        first, second = (self.fitted(4).select(pool, 9).tolist() for _ in range(2))
        sampler = self.fitted(4)
        assert first == second == sampler.select(pool, 9).tolist()
        assert sampler.select(pool, 9).tolist() == first, "asked again, it says the same"

    def test_updating_is_fitting_on_all_of_it(self) -> None:
        X, y = clouds(50, seed=1)
        pool = clouds(60)[0]
        whole = type(self).make(0).fit(X, y)
        parts = type(self).make(0).fit(X[:30], y[:30]).update(X[30:41], y[30:41])
        parts.update(X[41:], y[41:])
        np.testing.assert_array_equal(parts.select(pool, 9), whole.select(pool, 9))
        np.testing.assert_array_equal(parts.model.predict(pool), whole.model.predict(pool))

    def test_the_model_speaks_in_the_labels_that_were_given(self) -> None:
        X, y = clouds(50, seed=1)
        said = type(self).make(0).fit(X, y).model.predict(X)
        assert set(said.tolist()) <= {"ant", "bee", "cat"}
        assert (said == y).mean() > 0.9

    def test_labels_of_one_class_are_enough_to_go_on(self) -> None:
        X, _ = clouds(5)
        sampler = type(self).make(0).fit(X, ["ant"] * 5)
        expect_positions(sampler.select(clouds(60)[0], 9), 9, 60)
        assert set(sampler.model.predict(X)) == {"ant"}

    def test_the_pool_may_be_a_memory_map(self, tmp_path: Path) -> None:
        pool = clouds(60)[0]
        np.save(tmp_path / "pool.npy", pool)
        mapped = np.load(tmp_path / "pool.npy", mmap_mode="r")
        chosen = self.fitted().select(mapped, 9)
        np.testing.assert_array_equal(chosen, self.fitted().select(pool, 9))

    def test_the_pool_may_be_sparse(self) -> None:
        X, y = clouds(30, seed=1)
        sampler = type(self).make(0).fit(csr_matrix(X), y)
        expect_positions(sampler.select(csr_matrix(clouds(60)[0]), 9), 9, 60)

    def test_texts_are_chosen_as_items(self) -> None:
        sampler = type(self).make(0).fit(TEXTS[:6], TONES[:6])
        chosen = sampler.query(TEXTS, 4)
        assert len(set(chosen)) == 4
        assert set(chosen) <= set(TEXTS)
        assert chosen == [TEXTS[at] for at in sampler.select(TEXTS, 4)]

    def test_rows_of_an_array_are_chosen_as_positions(self) -> None:
        picks: Any = self.fitted().query(clouds(60)[0], 4)
        expect_positions(picks, 4, 60)

    def test_what_was_given_is_left_as_it_was(self) -> None:
        X, y = clouds(30, seed=1)
        pool, before = clouds(60)[0], clouds(60)[0]
        type(self).make(0).fit(X, y).select(pool, 9)
        np.testing.assert_array_equal(pool, before)
        np.testing.assert_array_equal(X, clouds(30, seed=1)[0])

    def test_nan_is_refused_and_its_row_named(self) -> None:
        pool = clouds(60)[0]
        pool[7, 1] = np.nan
        with pytest.raises(DataError, match="row 7 "):
            self.fitted().select(pool, 3)

    @pytest.mark.parametrize("size", [-1, 1.5, "3", True])
    def test_an_impossible_size_is_named(self, size: Any) -> None:
        with pytest.raises(ConfigurationError, match=r"n_samples: expected a whole number.*got"):
            self.fitted().select(clouds(60)[0], size)

    def test_labels_that_do_not_fit_the_rows_are_named(self) -> None:
        X, y = clouds(30)
        with pytest.raises(DataError, match="y: expected one label for each of 30 rows"):
            type(self).make(0).fit(X, y[:-1])

    def test_rows_of_another_width_are_refused(self) -> None:
        with pytest.raises(DataError, match="expected"):
            self.fitted().update(np.ones((2, 3)), ["ant", "bee"])

    @pytest.mark.parametrize("seed", [-1, 0.5, "0"])
    def test_an_impossible_seed_is_named(self, seed: Any) -> None:
        with pytest.raises(ConfigurationError, match="random_state: expected"):
            type(self).make(seed)

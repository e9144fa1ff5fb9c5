from __future__ import annotations

import numpy as np

from auto_labeling.strategies.weighing import priority_sample, weights_by
from auto_labeling.view import PoolView
from tests.support.doubles import Cost, fresh


def test_scores_are_weights_counted_from_the_least_that_is_below_zero() -> None:
    for scores, weights in (
        ([2.0, 0.5, 0.0], [2.0, 0.5, 0.0]),
        ([-1.0, 0.5, 3.0], [0.0, 1.5, 4.0]),
        ([0.0, 0.0, 0.0], [1.0, 1.0, 1.0]),
        ([-2.0, -2.0], [1.0, 1.0]),
    ):
        assert weights_by(Cost(), PoolView(cost=np.array(scores))).tolist() == weights


class TestPrioritySample:
    def test_a_small_pool_is_taken_whole_with_its_weights(self) -> None:
        weights = fresh().random(30)
        rows, shares = priority_sample(weights, 30, fresh())
        assert sorted(rows) == list(range(30))
        np.testing.assert_array_equal(shares, weights[rows])

    def test_sums_are_right_on_average_and_the_heavy_are_always_there(self) -> None:
        weights = np.r_[fresh().random(300), 50.0, 60.0]
        part = np.arange(302) % 3 == 0
        sums = []
        for seed in range(2000):
            rows, shares = priority_sample(weights, 40, fresh(seed))
            assert len(set(rows.tolist())) == 40
            assert {300, 301} <= set(rows.tolist())
            sums.append(shares[part[rows]].sum())
        error = np.std(sums) / np.sqrt(len(sums))
        assert abs(np.mean(sums) - weights[part].sum()) < 4 * error

    def test_what_has_no_weight_is_left_out(self) -> None:
        weights = np.r_[np.ones(5), np.zeros(95)]
        rows, shares = priority_sample(weights, 10, fresh())
        assert sorted(rows) == [0, 1, 2, 3, 4]
        np.testing.assert_array_equal(shares, np.ones(5))

    def test_equal_weights_are_drawn_with_equal_chances(self) -> None:
        drawn = [priority_sample(np.ones(10), 3, fresh(seed))[0] for seed in range(2000)]
        counts = np.bincount(np.concatenate(drawn), minlength=10)
        # 600 each with a standard deviation of 20.
        assert np.abs(counts - 600).max() < 90

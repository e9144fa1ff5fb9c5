"""Wrappers that mix, thin or bound any strategy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from auto_labeling.errors import ConfigurationError
from auto_labeling.strategies.explore import Explore
from auto_labeling.strategies.quotas import AtLeast, AtMost
from auto_labeling.strategies.ranking import turns
from auto_labeling.strategies.subsample import Subsample
from auto_labeling.view import PoolView
from tests.support.doubles import fresh


@dataclass(frozen=True)
class Dearest:
    """Ranks by cost, dearest first; of equals the first."""

    needs: ClassVar[frozenset[str]] = frozenset({"cost"})

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        assert view.cost is not None
        return np.argsort(-view.cost, kind="stable")[:size]


def falling(n: int, **fields: np.ndarray) -> PoolView:
    """Return a view in which position is rank."""
    return PoolView(cost=np.arange(n, 0, -1.0), **fields)


class TestExplore:
    def test_the_share_is_kept_on_average_and_to_one_pick_always(self) -> None:
        view = falling(1000)
        explored = [
            7 - int((Explore(Dearest(), 0.25).select(view, 7, fresh(seed)) < 7).sum())
            for seed in range(400)
        ]
        # 1.75 of 7, less the few by chance among the best; the standard error is .02.
        assert set(explored) <= {0, 1, 2}
        assert abs(np.mean(explored) - 1.75 * (1 - 7 / 1000)) < 0.1

    def test_chance_is_spread_evenly_among_the_picks_and_they_keep_their_order(self) -> None:
        picks = Explore(Dearest(), 0.2).select(falling(10_000), 50, fresh())
        assert picks[picks < 40].tolist() == list(range(40))
        assert all((block >= 40).sum() == 1 for block in picks.reshape(10, 5))

    def test_the_random_ones_are_uniform_over_the_rest(self) -> None:
        explore = Explore(Dearest(), 0.5)
        drawn = np.concatenate([explore.select(falling(12), 4, fresh(s)) for s in range(1000)])
        counts = np.bincount(drawn, minlength=12)
        assert counts[:2].tolist() == [1000, 1000]
        # 2,000 draws over 10 places: 200 each, with a standard deviation of 12.6 at most.
        assert (np.abs(counts[2:] - 200) < 60).all()

    @pytest.mark.parametrize(("share", "chosen"), [(0.0, 9), (1.0, 0)])
    def test_all_or_nothing(self, share: float, chosen: int) -> None:
        picks = Explore(Dearest(), share).select(falling(100_000), 9, fresh())
        assert (picks < 9).sum() == chosen

    @pytest.mark.parametrize("share", [-0.1, 1.1, np.nan])
    def test_a_share_outside_the_batch_is_refused(self, share: float) -> None:
        with pytest.raises(ConfigurationError, match="share: expected 0 to 1, got"):
            Explore(Dearest(), share)


class TestSubsample:
    def test_the_strategy_sees_as_many_as_said_and_chance_says_which(self) -> None:
        best = [
            int(Subsample(Dearest(), 10).select(falling(110), 1, fresh(s))[0]) for s in range(999)
        ]
        # The least of 10 of 0 .. 109: its mean is (110 + 1) / 11 - 1, its deviation 8.5.
        assert abs(np.mean(best) - (111 / 11 - 1)) < 1.0

    def test_a_pool_no_larger_than_the_sample_is_seen_whole(self) -> None:
        picks = Subsample(Dearest(), 50).select(falling(50), 5, fresh())
        assert picks.tolist() == [0, 1, 2, 3, 4]

    def test_a_batch_larger_than_the_sample_is_whole_and_in_the_strategys_order(self) -> None:
        picks = Subsample(Dearest(), 3).select(falling(50), 20, fresh())
        assert len(picks) == 20
        assert (np.diff(picks) > 0).all()

    def test_a_size_below_one_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="size: expected at least 1, got 0"):
            Subsample(Dearest(), 0)


class TestAtMost:
    @settings(deadline=None)
    @given(seed=st.integers(0, 99), size=st.integers(0, 40), most=st.integers(1, 6))
    def test_the_plain_walk_down_the_ranking(self, seed: int, size: int, most: int) -> None:
        groups = fresh(seed).integers(0, 6, 40)
        picks = AtMost(Dearest(), most).select(falling(40, groups=groups), size, fresh())
        while True:  # the reference: the walk, with a maximum that is raised until it fills
            walked: list[int] = []
            for position in range(40):
                taken = sum(groups[p] == groups[position] for p in walked)
                if len(walked) < size and taken < most:
                    walked.append(position)
            if len(walked) == size:
                break
            most += 1
        assert picks.tolist() == walked

    def test_a_group_of_ten_thousand_ahead_of_all_others(self) -> None:
        groups = np.concatenate([np.zeros(10_000, dtype=int), np.arange(1, 21)]).astype(str)
        picks = AtMost(Dearest(), 3).select(falling(10_020, groups=groups), 10, fresh())
        assert picks.tolist() == [0, 1, 2, *range(10_000, 10_007)]

    def test_classes_are_the_most_likely(self) -> None:
        proba = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.1, 0.9]])
        picks = AtMost(Dearest(), 1, of="classes").select(falling(4, proba=proba), 2, fresh())
        assert picks.tolist() == [0, 3]

    def test_bad_parameters_are_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="count: expected at least 1, got 0"):
            AtMost(Dearest(), 0)
        with pytest.raises(ConfigurationError, match="of: expected groups or classes, got 'x'"):
            AtMost(Dearest(), 1, of="x")  # type: ignore[arg-type]


class TestAtLeast:
    @settings(deadline=None)
    @given(seed=st.integers(0, 99), size=st.integers(0, 40), least=st.integers(0, 4))
    def test_the_minimums_are_met_and_the_least_is_given_up(
        self, seed: int, size: int, least: int
    ) -> None:
        groups = fresh(seed).integers(0, 6, 40)
        view = falling(40, groups=groups)
        picks = AtLeast(Dearest(), least, of="groups").select(view, size, fresh(1))
        have, want = (np.bincount(g, minlength=6) for g in (groups[picks], groups))
        want = np.minimum(want, least)
        assert len(set(picks.tolist())) == size
        if want.sum() <= size:
            assert (have >= want).all()
            # The reference: the best of each kind, and the best of the others.
            first = {int(p) for g in range(6) for p in np.flatnonzero(groups == g)[: want[g]]}
            others = [p for p in range(40) if p not in first]
            assert set(picks.tolist()) == first | set(others[: size - len(first)])
        else:
            assert (have <= want).all()

    def test_a_batch_that_has_them_already_is_left_as_it_is(self) -> None:
        groups = np.arange(30) % 3
        picks = AtLeast(Dearest(), 2, of="groups").select(falling(30, groups=groups), 6, fresh())
        assert picks.tolist() == [0, 1, 2, 3, 4, 5]

    def test_one_rare_class_far_down(self) -> None:
        proba = np.tile([0.9, 0.1], (500, 1))
        proba[[300, 400]] = [0.2, 0.8]
        strategy = AtLeast(Dearest(), counts=((1, 3),))
        assert strategy.select(falling(500, proba=proba), 5, fresh()).tolist() == [
            300,
            400,
            0,
            1,
            2,
        ]

    def test_groups_may_have_names_and_be_unknown(self) -> None:
        view = falling(4, groups=np.array(["a", "a", "a", "b"]))
        strategy = AtLeast(Dearest(), counts=(("b", 1), ("c", 2)), of="groups")
        assert strategy.select(view, 2, fresh()).tolist() == [3, 0]

    def test_inside_a_maximum_both_hold(self) -> None:
        proba = np.tile([0.9, 0.1], (60, 1))
        proba[50:] = [0.2, 0.8]
        view = falling(60, proba=proba, groups=np.arange(60) // 5)
        picks = AtMost(AtLeast(Dearest(), 2), 2).select(view, 8, fresh())
        assert np.bincount(view.groups[picks]).max() == 2  # type: ignore[index]
        assert (picks >= 50).sum() == 2

    def test_bad_parameters_are_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="count: expected at least 0, got -1"):
            AtLeast(Dearest(), -1)
        with pytest.raises(ConfigurationError, match="counts: expected at least 0 of each, got"):
            AtLeast(Dearest(), counts=((0, -1),))


@settings(deadline=None)
@given(kinds=st.lists(st.integers(0, 5)))
def test_turns_counts_the_equals_before(kinds: list[int]) -> None:
    counted = turns(np.array(kinds, dtype=np.intp))
    assert counted.tolist() == [kinds[:at].count(kind) for at, kind in enumerate(kinds)]

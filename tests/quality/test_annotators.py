"""What is said about people: nobody is judged on too little, and little is found by chance."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from auto_labeling.errors import DataError
from auto_labeling.quality.annotators import (
    Answered,
    Finding,
    Following,
    Signal,
    Standards,
    findings,
    profiles,
    proposals,
    weights,
)
from auto_labeling.quality.annotators.comparing import (
    beside_others,
    drawings_with_others,
    with_others,
    with_truth,
)
from auto_labeling.quality.annotators.medians import median_intervals, medians
from auto_labeling.quality.annotators.merit import merit_of
from auto_labeling.quality.annotators.repetition import repetition
from auto_labeling.quality.annotators.shares import at_least, at_most, exact_limits
from auto_labeling.quality.annotators.trend import LEAST, sessions_of, trends
from auto_labeling.ratings import Ratings
from auto_labeling.shapes import Box
from tests.quality.panels import Panel

SAID = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(0, 2)), max_size=25,
    unique_by=lambda row: row[:2],
)  # fmt: skip


def ratings_of(said: list[tuple[int, int, int]]) -> Ratings:
    columns = np.array(said, dtype=int).reshape(-1, 3).T
    return Ratings(items=columns[0], people=columns[1], labels=columns[2], shape=(6, 5, 3))


def found_in(answered: Answered, **more: Any) -> list[Finding]:
    return findings(answered, profiles(answered), **more)


class TestShares:
    @given(st.integers(0, 40), st.integers(1, 40), st.floats(0.01, 0.99))
    def test_limits_and_tails_are_those_of_scipy(self, hits: int, n: int, share: float) -> None:
        hits = min(hits, n)
        exact = binomtest(hits, n).proportion_ci(method="exact")
        low, high = exact_limits([hits], [n])
        assert (low[0], high[0]) == pytest.approx((exact.low, exact.high))
        assert at_most(hits, n, share) == pytest.approx(binom.cdf(hits, n, share))
        assert at_least(hits, n, share) == pytest.approx(binom.sf(hits - 1, n, share), abs=1e-12)


class TestComparing:
    @given(SAID)
    def test_nobody_is_compared_with_themselves(self, said: list[tuple[int, int, int]]) -> None:
        found = with_others(ratings_of(said))
        for at, (item, person, label) in enumerate(said):
            others = Counter(c for i, p, c in said if i == item and p != person)
            mine = [c for _, p, c in said if p == person]
            most = max(others.values(), default=0)
            leads = [c for c, many in others.items() if many == most]
            if not leads:
                assert math.isnan(found.score[at])
                assert math.isnan(found.chance[at])
                continue
            assert found.score[at] == (1 / len(leads) if label in leads else 0)
            by_lot = [1 / len(leads) if c in leads else 0 for c in mine]
            assert found.chance[at] == pytest.approx(sum(by_lot) / len(by_lot))

    @given(SAID, st.lists(st.integers(-1, 2), min_size=6, max_size=6))
    def test_what_is_known(self, said: list[tuple[int, int, int]], truth: list[int]) -> None:
        found = with_truth(ratings_of(said), np.array(truth))
        for at, (item, person, label) in enumerate(said):
            mine = [c for _, p, c in said if p == person]
            if truth[item] < 0:
                assert math.isnan(found.score[at])
            else:
                assert found.score[at] == (label == truth[item])
                assert found.chance[at] == pytest.approx(mine.count(truth[item]) / len(mine))

    @given(SAID)
    def test_beside_others(self, said: list[tuple[int, int, int]]) -> None:
        ratings = ratings_of(said)
        score = with_others(ratings)
        found = beside_others(score, ratings.items, 6)
        for at, (item, _, _) in enumerate(said):
            others = [score.score[to] for to, row in enumerate(said) if row[0] == item and to != at]
            if len(others) < 2:
                assert math.isnan(found[at])
            else:
                assert found[at] == pytest.approx(score.score[at] - np.mean(others))

    def test_drawings_are_as_good_as_they_are_like_the_others(self) -> None:
        box = Box(label="car", x=0.1, y=0.1, width=0.4, height=0.4)
        items = np.array([0, 0, 0, 1, 2, 2])
        found = drawings_with_others(items, [[box], [box], [], [box], [], []])
        assert found.score[[0, 1, 2, 4, 5]].tolist() == [0.5, 0.5, 0.0, 1.0, 1.0]
        assert math.isnan(found.score[3])


class TestTrends:
    def test_one_session_is_the_correlation_with_time(self) -> None:
        values = np.random.default_rng(0).normal(size=60)
        (found,) = trends(values, np.zeros(60, int), 1, np.zeros(60, int))
        r = np.corrcoef(np.arange(60), values)[0, 1]
        assert found.p == pytest.approx(math.erfc(abs(r) * math.sqrt(59 / 2)))
        assert found.change.value == pytest.approx(values[30:].mean() - values[:30].mean())

    def test_sessions_are_shuffled_each_by_itself(self) -> None:
        rng = np.random.default_rng(1)
        sizes = [3, 1, 9, 20, 5]
        sessions = np.repeat(np.arange(5), sizes)
        values = (rng.random(38) < 0.7) + 0.02 * np.arange(38) * (sessions == 3)
        places = np.concatenate([np.arange(size) - (size - 1) / 2 for size in sizes])
        draws = []
        for _ in range(20_000):
            order = np.lexsort((rng.random(38), sessions))
            draws.append(float(places @ values[order]))
        seen = abs(float(places @ values))
        (found,) = trends(values, np.zeros(38, int), 1, sessions)
        assert found.p == pytest.approx(np.mean(np.abs(draws) >= seen - 1e-9), abs=0.02)
        assert found.change.n == 37  # one answer alone goes nowhere

    def test_too_little_or_always_the_same_says_nothing(self) -> None:
        people = np.repeat([0, 1], [LEAST - 1, 30])
        values = np.concatenate([np.arange(LEAST - 1.0), np.ones(30)])
        for found in trends(values, people, 3, people):
            assert math.isnan(found.p)
            assert math.isnan(found.change.value)

    def test_a_break_ends_a_session(self) -> None:
        at = np.array([0.0, 1.0, 100.0, 4000.0, 4001.0])
        assert sessions_of(at, np.array([0, 1, 0, 0, 1])).tolist() == [0, 2, 0, 1, 3]


class TestMedians:
    @given(st.lists(st.tuples(st.integers(0, 3), st.floats(0.1, 9)), max_size=60))
    def test_they_are_those_of_numpy(self, rows: list[tuple[int, float]]) -> None:
        people = np.array([row[0] for row in rows], dtype=int)
        values = np.array([row[1] for row in rows], dtype=float)
        found = medians(values, people, 4)
        for person, interval in enumerate(median_intervals(values, people, 4)):
            own = values[people == person]
            if len(own):
                assert found[person] == interval.value == pytest.approx(np.median(own))
            else:
                assert math.isnan(found[person])
            if len(own) >= 6:
                assert interval.low <= interval.value <= interval.high
            else:
                assert math.isnan(interval.low)

    def test_limits_hold_the_median_of_a_skewed_distribution(self) -> None:
        rng = np.random.default_rng(2)
        people = np.repeat(np.arange(2000), 25)
        found = median_intervals(rng.lognormal(0, 2, len(people)), people, 2000)
        held = np.mean([one.low <= 1 <= one.high for one in found])
        assert 0.95 <= held < 0.98


class TestHonest:
    @pytest.mark.parametrize(
        "panel",
        [
            Panel(),
            Panel(items=300),
            Panel(prior=(0.9, 0.07, 0.03), items=2000),
            Panel(hard=0.3),
            Panel(classes=2, opinions=5),
            Panel(classes=2, opinions=2, items=2000),
            Panel(classes=20),
            Panel(people=5, items=300, sorted_by_class=True),
            Panel(people=30, items=300, sorted_by_class=True, opinions=2),
            Panel(people=12, items=60, sorted_by_class=True, accuracy=(0.6, 0.99)),
            Panel(people=100, sorted_by_class=True, items=2000),
        ],
        ids=str,
    )
    def test_of_honest_people_hardly_anything_is_said(self, panel: Panel) -> None:
        runs = [found_in(panel.drawn(seed, gold=0.1 * (seed % 2))) for seed in range(6)]
        # The rate of false finds is 5 %: where nobody is a spammer, of finding anything at all.
        assert sum(bool(found) for found in runs) <= 1

    def test_nobody_is_judged_on_few_answers(self) -> None:
        panel = Panel(items=20, people=8, habits={0: "same", 1: "random", 2: "hasty"})
        answered = panel.drawn(0)
        assert np.bincount(answered.people).max() < 15
        for one in found_in(answered):
            assert one.figure.n >= Standards().fewest

    def test_of_two_people_nobody_knows_who_is_wrong(self) -> None:
        panel = Panel(people=2, opinions=2, items=400, habits={1: "random"})
        assert found_in(panel.drawn(0)) == []

    def test_where_most_are_no_use_the_guide_is_wrong_and_not_the_people(self) -> None:
        panel = Panel(people=9, items=400, habits=dict.fromkeys(range(6), "random"))
        assert {one.signal for one in found_in(panel.drawn(0))} <= {Signal.UNLIKE}
        panel = Panel(people=9, items=400, accuracy=(0.4, 0.45))
        assert found_in(panel.drawn(0, gold=0.3)) == []


class TestSpammers:
    HABITS: ClassVar = {0: "same", 1: "random", 2: "in turn", 3: "hasty"}

    @pytest.mark.parametrize(
        "panel",
        [
            Panel(people=20, habits=HABITS),
            Panel(people=20, habits=HABITS, classes=2, items=2000, opinions=5),
            Panel(people=20, habits=HABITS, prior=(0.6, 0.3, 0.1), items=2000),
        ],
        ids=str,
    )
    def test_each_is_found_by_what_gives_it_away(self, panel: Panel) -> None:
        unlike = 0
        for seed in range(4):
            found = found_in(panel.drawn(seed))
            of = {
                person: {one.signal for one in found if one.person == person} for person in range(4)
            }
            assert Signal.REPEATING in of[0]
            assert of[1] <= {Signal.UNLIKE}
            unlike += Signal.UNLIKE in of[1]
            assert Signal.REPEATING in of[2]
            assert Signal.HASTY in of[3]
            # Whoever guesses drags the others down who share their items: few are below half.
            assert len({one.person for one in found} - set(self.HABITS)) <= 1
        assert unlike >= 3

    def test_the_rate_of_false_finds_is_kept_among_many(self) -> None:
        panel = Panel(items=2500, habits=dict.fromkeys(range(10), "same"), accuracy=(0.6, 0.95))
        found = [one.person for seed in range(8) for one in found_in(panel.drawn(seed))]
        assert sum(person >= 10 for person in found) <= 0.05 * len(found)

    def test_the_whole_interval_is_beyond(self) -> None:
        panel = Panel(people=20, habits=self.HABITS)
        for one in found_in(panel.drawn(1, gold=0.2)):
            if one.signal in (Signal.WRONG, Signal.UNLIKE):
                assert one.figure.high < one.against
            else:
                assert one.figure.low > one.against
            assert one.p < 0.05

    def test_gold_tells_where_others_cannot(self) -> None:
        panel = Panel(people=4, opinions=1, items=600, habits={1: "random"})
        assert found_in(panel.drawn(0)) == []
        found = found_in(panel.drawn(0, gold=0.3))
        assert [(one.person, one.signal) for one in found] == [(1, Signal.WRONG)]

    def test_whoever_is_fast_and_right_is_no_spammer(self) -> None:
        answered = Panel(people=10).drawn(0)
        answered.seconds[answered.people == 4] = 0.05
        assert [one for one in found_in(answered) if one.person == 4] == []

    def test_in_turn_is_told_by_its_lag(self) -> None:
        answered = Panel(people=20, habits={2: "in turn"}).drawn(0)
        assert answered.ratings is not None
        found = repetition(answered.ratings, 0.75, 10)
        assert found.lag[2] == 2
        assert (np.delete(found.lag, 2) == 0).all()


class TestProfiles:
    def test_drift_is_found_and_is_not_the_items(self) -> None:
        said = Panel(people=6, opinions=5, items=400, accuracy=(0.9, 0.95)).drawn(3).ratings
        assert said is not None
        late = (said.people == 0) & (said.items >= 200)
        everybody = said.items >= 300  # what is hard for everybody is nobody's failing
        rng = np.random.default_rng(0)
        labels = np.where(late, rng.integers(3, size=len(said)), said.labels)
        hard = everybody & (rng.random(len(said)) < 0.4)
        labels = np.where(hard, rng.integers(3, size=len(said)), labels)
        worse = Ratings(items=said.items, people=said.people, labels=labels, shape=said.shape)
        at = said.items * 60.0
        answered = Answered.classes(worse, at, np.ones(len(at)), np.full(400, -1))
        found = found_in(answered)
        assert (0, Signal.DRIFTING) in {(one.person, one.signal) for one in found}
        assert {one.person for one in found} == {0}
        drift = profiles(answered).people[0].drift
        assert drift.change.high < 0

    def test_fatigue_is_within_sessions(self) -> None:
        n, w = 600, 4
        items, people = np.repeat(np.arange(n), w), np.tile(np.arange(w), n)
        labels = np.zeros(n * w, dtype=int)
        rng = np.random.default_rng(0)
        tired = (people == 1) & (rng.random(n * w) < (items % 60) / 60)
        labels[tired] = 1
        labels += (items % 2) * (1 - 2 * labels)
        at = items * 30.0 + (items // 60) * 20_000
        seconds = np.where(people == 2, 5 - (items % 60) / 20, 5.0) * rng.uniform(0.9, 1.1, n * w)
        ratings = Ratings(items=items, people=people, labels=labels, shape=(n, w, 2))
        answered = Answered.classes(ratings, at, seconds, np.full(n, -1))
        known = profiles(answered).people
        assert [one.sessions for one in known] == [10] * 4
        assert known[1].fatigue.change.high < 0
        assert known[1].fatigue.p < 1e-6
        assert known[1].drift.p > 0.01
        assert known[2].slowing.change.high < 0
        signals = {(one.person, one.signal) for one in found_in(answered)}
        assert (1, Signal.TIRING) in signals

    def test_speed_is_beside_others_on_the_same_items(self) -> None:
        panel = Panel(people=5, items=500)
        answered = panel.drawn(0)
        slow = answered.people == 1
        answered.seconds[slow] *= 3
        known = profiles(answered).people[1].speed
        assert known.pace.low < 3 < known.pace.high * 1.3
        assert known.median == pytest.approx(np.median(answered.seconds[slow]))

    def test_of_what_is_said_twice_the_last_counts(self) -> None:
        said = Ratings.of([(0, "a", "x"), (0, "b", "y"), (0, "a", "y")])[0]
        at = np.array([0.0, 1.0, 2.0])
        answered = Answered.classes(said, at, np.ones(3), np.array([-1]))
        assert answered.ratings is not None
        assert answered.ratings.labels.tolist() == [1, 1]
        assert [one.answers for one in profiles(answered).people] == [1, 1]
        assert profiles(answered).people[0].with_others.value == 1.0

    def test_where_all_say_the_same_nothing_is_beyond_chance(self) -> None:
        panel = Panel(classes=2, prior=(1.0, 0.0), accuracy=(1.0, 1.0), people=5, items=100)
        answered = panel.drawn(0)
        known = profiles(answered).people
        assert all(math.isnan(one.beyond_chance.value) for one in known)
        assert all(one.with_others.value == 1.0 for one in known)
        assert found_in(answered) == []

    @settings(max_examples=30)
    @given(SAID)
    def test_anything_goes_without_a_warning(self, said: list[tuple[int, int, int]]) -> None:
        ratings = ratings_of(said)
        v = len(said)
        answered = Answered.classes(ratings, np.zeros(v), np.full(v, np.nan), np.full(6, -1))
        assert found_in(answered) == []
        for one in profiles(answered).people:
            assert math.isnan(one.speed.median)
            assert one.weight >= 0

    @pytest.mark.slow
    def test_a_hundred_thousand_annotators(self) -> None:
        w = 100_000
        items = np.repeat(np.arange(w // 4), 8)
        people = np.tile(np.arange(w), 2)
        labels = np.random.default_rng(0).integers(3, size=len(items))
        ratings = Ratings(items=items, people=people, labels=labels, shape=(w // 4, w, 3))
        at = np.arange(len(items), dtype=float)
        answered = Answered.classes(ratings, at, np.ones(len(at)), np.full(w // 4, -1))
        assert len(profiles(answered).people) == w
        assert found_in(answered) == []

    def test_what_does_not_fit_is_refused(self) -> None:
        nothing = with_truth(ratings_of([]), np.full(6, -1))
        with pytest.raises(DataError, match="answered: seconds must be"):
            Answered(
                items=np.zeros(0, int), people=np.zeros(0, int), shape=(6, 5), at=np.zeros(0),
                seconds=np.zeros(1), gold=nothing, others=nothing, ratings=None,
            )  # fmt: skip


class TestCopying:
    def test_whoever_takes_everything_is_found_and_whoever_judges_is_not(self) -> None:
        answered = Panel(people=3, items=300).drawn(0)
        following = Following(
            agreed=np.array([199.0, 150.0, 9.0]), shown=np.array([200.0, 200.0, 9.0]),
            blind_agreed=70.0, blind=100.0,
        )  # fmt: skip
        found = [
            one for one in found_in(answered, following=following) if one.signal == Signal.COPYING
        ]
        assert [one.person for one in found] == [0]
        (proposal,) = proposals(found, ["ann", "bob", "cat"])
        assert (proposal.person, proposal.act) == ("ann", "look")
        assert "people who see no suggestion say the same in 70%" in proposal.evidence

    def test_without_a_blind_share_nothing_is_known(self) -> None:
        following = Following(
            agreed=np.array([200.0]), shown=np.array([200.0]), blind_agreed=0.0, blind=0.0
        )
        assert math.isnan(following.p(0.1)[0])

    def test_the_test_holds_its_level(self) -> None:
        rng = np.random.default_rng(0)
        blind = rng.binomial(40, 0.7, 4000)
        seen = rng.binomial(60, 0.8, 4000)
        found = [
            Following(
                agreed=np.array([a * 1.0]), shown=np.array([60.0]), blind_agreed=b * 1.0, blind=40.0
            ).p(0.1)[0]
            for a, b in zip(seen, blind, strict=True)
        ]  # fmt: skip
        assert np.mean(np.array(found) < 0.05) < 0.06


class TestProposals:
    def test_spam_proposes_a_pause_with_its_figures(self) -> None:
        panel = Panel(people=20, habits={0: "same"})
        (proposal,) = proposals(found_in(panel.drawn(0)), [f"person-{n}" for n in range(20)])
        assert (proposal.person, proposal.act) == ("person-0", "pause")
        assert "100% (98 to 100%) of" in proposal.evidence
        assert "answers are the same as the one before" in proposal.evidence
        assert all(one.figure.n for one in proposal.findings)

    def test_weights_go_by_what_is_known(self) -> None:
        answered = Panel(people=10, accuracy=(0.9, 0.9), habits={0: "random"}).drawn(0)
        heavy = weights(merit_of(answered.others, answered.people, 10), 3)
        assert heavy[0] < 0.2 < 1.5 < heavy[1:].min()
        alone = Panel(people=3, opinions=1).drawn(0)
        assert weights(merit_of(alone.others, alone.people, 3), 3).tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    # Published limits: Newcombe (1998), Statistics in Medicine 17, table I, method 5.
    [
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ],
)
def test_limits_of_shares_are_the_published_ones(
    hits: int, n: int, low: float, high: float
) -> None:
    found = exact_limits([hits], [n])
    assert [round(float(limit[0]), 4) for limit in found] == [low, high]

"""Scores of pictures by the objects on them, against sums written out object by object."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import entropy as scipy_entropy

from auto_labeling.detections import Detections
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.strategies.auto import Auto
from auto_labeling.strategies.cluster_top import ClusterTop
from auto_labeling.strategies.detection import Objects, rarity
from auto_labeling.strategies.detection_count import CountEntropy
from auto_labeling.strategies.detection_mirror import MirrorDisagreement
from auto_labeling.strategies.top_k import TopK
from auto_labeling.view import PoolView
from tests.contracts.views import sightings
from tests.support.doubles import fresh


def look(*pictures: list[float], labels: list[int] | None = None, **more: Any) -> Detections:
    """Return what is seen where each picture's objects have these scores, all at one place."""
    scores = np.concatenate([np.array(one, np.float32) for one in pictures])
    return Detections(
        offsets=np.concatenate([[0], np.cumsum([len(one) for one in pictures])]),
        boxes=np.full((len(scores), 4), 0.25, np.float32),
        scores=scores,
        labels=np.array(labels if labels is not None else [0] * len(scores), np.intp),
        **more,
    )


def scored(scorer: Any, seen: Detections) -> list[float]:
    return [round(float(one), 6) for one in scorer.score(PoolView(detections=seen))]


@st.composite
def pools(draw: st.DrawFn) -> Detections:
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    counts = np.array(draw(st.lists(st.integers(0, 6), max_size=6)), dtype=np.int64)
    seen = sightings(counts, draw(st.integers(1, 4)), rng)
    return seen if draw(st.booleans()) else replace(seen, proba=None)


def by_hand(seen: Detections, at: int, of: str) -> float:
    """Return the doubt about one object."""
    proba = [float(seen.scores[at])] if seen.proba is None else seen.proba[at].astype(float)
    best = max(proba)
    if of == "entropy":
        return sum(scipy_entropy([p, 1 - p]) for p in proba)
    if of == "mask_entropy":
        assert seen.doubt is not None
        return float(seen.doubt[at])
    if of == "least_confident":
        return 1 - max(best, 1 - best)
    readings = sorted([*sorted(proba)[-2:], 1 - best])
    return 1 - (readings[-1] - readings[-2])


class TestObjects:
    @settings(deadline=None, max_examples=60)
    @given(
        seen=pools(),
        of=st.sampled_from(["entropy", "margin", "least_confident", "mask_entropy"]),
        by=st.sampled_from(["sum", "mean", "max"]),
        floor=st.sampled_from([0.0, 0.1, 0.6]),
    )
    def test_objects_above_the_floor_or_the_surest_put_together(
        self, seen: Detections, of: Any, by: Any, floor: float
    ) -> None:
        together: Any = {"sum": sum, "mean": np.mean, "max": max}[by]
        expected = []
        for one in range(len(seen)):
            every = range(int(seen.offsets[one]), int(seen.offsets[one + 1]))
            some = [at for at in every if seen.scores[at] >= floor] or list(every)[:1]
            expected.append(together([by_hand(seen, at, of) for at in some]) if some else 0.0)
        scores = Objects(of=of, by=by, floor=floor).score(PoolView(detections=seen))
        np.testing.assert_allclose(scores, expected, atol=1e-6)

    def test_a_sum_asks_for_many_and_a_mean_does_not(self) -> None:
        seen = look([0.7] * 9, [0.6])
        assert np.argmax(scored(Objects(by="sum"), seen)) == 0
        assert np.argmax(scored(Objects(by="mean"), seen)) == 1
        assert np.argmax(scored(Objects(by="max"), seen)) == 1

    def test_a_picture_does_not_jump_where_its_surest_object_crosses_the_floor(self) -> None:
        above, below, nothing = scored(Objects(), look([0.1001, 0.01], [0.0999, 0.01], []))
        assert abs(above - below) < 0.001
        assert nothing == 0.0

    def test_two_classes_that_are_both_likely_have_no_margin(self) -> None:
        proba = np.array([[0.9, 0.9], [0.9, 0.1]], np.float32)
        seen = look([0.9], [0.9], proba=proba)
        assert scored(Objects(of="margin"), seen) == [1.0, 0.2]

    def test_of_one_class_a_score_says_all(self) -> None:
        alone = look([0.8, 0.3], [0.5])
        with_proba = replace(alone, proba=alone.scores[:, None])
        for of in ("entropy", "margin", "least_confident"):
            assert scored(Objects(of=of), alone) == scored(Objects(of=of), with_proba)

    def test_a_rare_class_counts_more_the_more_it_is_balanced(self) -> None:
        seen = look([0.5] * 2, *[[0.5] * 2] * 20, labels=[1, 1] + [0] * 40)
        ratios = [
            scores[0] / scores[1]
            for scores in (scored(Objects(balance=one), seen) for one in (0.0, 0.5, 1.0))
        ]
        np.testing.assert_allclose(ratios, [1.0, (21 / 2) ** 0.5, 21 / 2], rtol=1e-5)

    def test_rarity_is_the_mean_count_over_each(self) -> None:
        seen = look([0.5] * 4, labels=[0, 2, 2, 2], proba=np.full((4, 3), 0.5, np.float32))
        np.testing.assert_allclose(rarity(seen), [10 / 9, 10 / 6, 10 / 15])

    def test_what_is_balanced_is_not_scored_in_parts(self) -> None:
        assert Objects().rowwise
        assert not Objects(balance=1.0).rowwise

    def test_three_hundred_objects_and_none(self) -> None:
        seen = sightings(np.array([300, 0, 1]), 3, fresh())
        scores = Objects(floor=0.0).score(PoolView(detections=seen))
        assert scores[0] > scores[2] > scores[1] == 0.0

    def test_without_masks_their_doubt_is_missed(self) -> None:
        with pytest.raises(DataError, match=r"view\.detections\.doubt, .* of: entropy"):
            scored(Objects(of="mask_entropy"), look([0.5]))
        assert scored(Objects(of="mask_entropy"), look([], [])) == [0.0, 0.0]

    @pytest.mark.parametrize("field", ["scores", "proba", "doubt", "boxes"])
    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_what_is_not_finite_is_refused_by_its_picture(self, field: str, bad: float) -> None:
        seen = sightings(np.array([2, 0, 3]), 2, fresh())
        array = np.array(getattr(seen, field))
        array[2] = bad
        with pytest.raises(DataError, match=r"view\.detections: expected finite numbers, row 2 "):
            scored(Objects(), replace(seen, **{field: array}))

    @pytest.mark.parametrize("bad", [-0.5, 1.5])
    def test_scores_that_are_none_are_refused_by_their_picture(self, bad: float) -> None:
        with pytest.raises(DataError, match=r"expected scores in \[0, 1\], row 1 has others"):
            scored(Objects(), look([], [bad]))

    def test_rounding_is_no_error(self) -> None:
        assert scored(Objects(), look([1.001])) == [0.0]

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ({"of": "surprise"}, "of: expected one of entropy, margin"),
            ({"by": "median"}, "by: expected one of sum, mean, max, got 'median'"),
            ({"floor": 1.5}, r"floor: expected a score in \[0, 1\], got 1.5"),
            ({"balance": -1}, "balance: expected 0 or more, got -1"),
        ],
    )
    def test_bad_settings_are_refused(self, settings: dict[str, Any], said: str) -> None:
        with pytest.raises(ConfigurationError, match=said):
            Objects(**settings)


class TestCountEntropy:
    @settings(deadline=None, max_examples=40)
    @given(seen=pools(), floor=st.sampled_from([0.0, 0.3]))
    def test_it_is_that_of_all_subsets_by_their_size(self, seen: Detections, floor: float) -> None:
        expected = []
        for one in range(len(seen)):
            scores = seen.scores[seen.offsets[one] : seen.offsets[one + 1]].astype(float)
            some = [p for p in scores if p >= floor] or scores[:1].tolist()
            law = np.zeros(len(some) + 1)
            for there in product([False, True], repeat=len(some)):
                law[sum(there)] += np.prod(
                    [p if on else 1 - p for p, on in zip(some, there, strict=True)]
                )
            expected.append(scipy_entropy(law))
        scores = CountEntropy(floor=floor).score(PoolView(detections=seen))
        np.testing.assert_allclose(scores, expected, atol=1e-6)

    def test_sure_objects_can_be_counted_however_many(self) -> None:
        assert scored(CountEntropy(), look([1.0] * 300, [0.5])) == [0.0, 0.693147]

    def test_three_hundred_doubtful_ones_are_near_the_normal_law(self) -> None:
        normal = 0.5 * np.log(2 * np.pi * np.e * 300 * 0.25)
        assert scored(CountEntropy(), look([0.5] * 300))[0] == pytest.approx(normal, rel=1e-3)


def test_any_selector_takes_an_object_scorer() -> None:
    seen = look([0.5], [0.51], [0.49, 0.1], [1.0], [])
    view = PoolView(detections=seen, embeddings=np.array([[0.0], [0.1], [9.0], [9.0], [9.0]]))
    assert set(TopK(Objects(by="max")).select(view, 3, fresh()).tolist()) == {0, 1, 2}
    assert 2 in ClusterTop(Objects(by="max"), beta=2).select(view, 2, fresh())


class TestAuto:
    def test_where_people_draw_it_spreads_over_the_doubtful(self) -> None:
        rng = fresh()
        doubtful = np.arange(200) < 30
        seen = look(*[[0.5, 0.5] if one else [0.99] for one in doubtful])
        embeddings = np.repeat(rng.normal(size=(10, 4)) * 50, 20, axis=0)
        embeddings[:30] = np.repeat(rng.normal(size=(3, 4)) * 50, 10, axis=0)
        view = PoolView(detections=seen, embeddings=embeddings + rng.normal(size=(200, 4)) * 0.01)
        picks = Auto(task="boxes").select(view, 10, rng)
        assert (picks < 30).all()
        assert set(picks // 10) == {0, 1, 2}

    def test_a_long_pool_is_cut_to_the_most_doubtful(self) -> None:
        n = 60_000
        seen = look(*[[score] for score in np.linspace(0.5, 1.0, n)])
        view = PoolView(detections=seen, embeddings=fresh().normal(size=(n, 2)))
        assert Auto(task="masks").select(view, 20, fresh()).max() < 60

    def test_an_answer_of_another_kind_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="task: expected one of single, multi, boxes"):
            Auto(task="dots")  # type: ignore[arg-type]


def test_mirrored_is_named_where_it_is_missing() -> None:
    with pytest.raises(DataError, match=r"mirror_disagreement needs view\.mirrored"):
        MirrorDisagreement().score(PoolView(detections=look([0.5])))

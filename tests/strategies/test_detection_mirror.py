"""What a picture and its mirror image disagree on, against pairs taken one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_labeling.detections import Detections
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.strategies import detection_pairs
from auto_labeling.strategies.detection_mirror import MirrorDisagreement
from auto_labeling.strategies.detection_pairs import box_iou, paired, shared_classes
from auto_labeling.view import PoolView
from tests.contracts.views import sightings
from tests.support.doubles import fresh


def shifted(seen: Detections, by: float) -> Detections:
    """Return the objects a little to the right of where they are."""
    return replace(seen, boxes=seen.boxes + np.array([by, 0, 0, 0], np.float32))


def disagreement(one: Detections, other: Detections, **settings: Any) -> list[float]:
    view = PoolView(detections=one, mirrored=other)
    return [round(float(x), 6) for x in MirrorDisagreement(**settings).score(view)]


@st.composite
def looks(draw: st.DrawFn) -> tuple[Detections, Detections]:
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    n, k = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    most = draw(st.sampled_from([1, 4, 12]))
    one, other = (sightings(rng.integers(0, most + 1, n), k, rng) for _ in range(2))
    if draw(st.booleans()):
        one, other = replace(one, proba=None), replace(other, proba=None)
    return one, other


def by_hand(one: Detections, other: Detections, row: int, settings: MirrorDisagreement) -> float:
    """Return the score of one picture, its pairs taken from a list of all of them."""
    mine, theirs = (
        [at for at in range(*look.offsets[row : row + 2]) if look.scores[at] >= settings.floor / 2]
        for look in (one, other)
    )
    pairs = []
    for a in mine:
        for b in theirs:
            overlap = overlap_by_hand(one, a, other, b)
            if overlap:
                share = classes_in_common(one, a, other, b) if settings.of == "objects" else 1.0
                pairs.append((overlap * share, a, b))
    found: dict[tuple[int, int], tuple[float, float]] = {}
    while pairs:
        alike, a, b = max(pairs, key=lambda pair: pair[0])
        found[0, a], found[1, b] = (alike, other.scores[b]), (alike, one.scores[a])
        pairs = [pair for pair in pairs if pair[1] != a and pair[2] != b]
    weights, apart = [0.0], [0.0]
    for which, look, places in ((0, one, mine), (1, other, theirs)):
        for at in places:
            alike, partner = found.get((which, at), (0.0, 0.0))
            if max(look.scores[at], partner) >= settings.floor:
                weights.append(float(look.scores[at]))
                apart.append(float(look.scores[at]) * (1 - alike))
    if settings.by == "max":
        return max(apart)
    return sum(apart) / 2 if settings.by == "sum" else sum(apart) / (sum(weights) or 1.0)


def overlap_by_hand(one: Detections, a: int, other: Detections, b: int) -> float:
    (x, y, width, height), (u, v, across, down) = (
        look.boxes[at].astype(float) for look, at in ((one, a), (other, b))
    )
    both = max(min(x + width, u + across) - max(x, u), 0) * max(
        min(y + height, v + down) - max(y, v), 0
    )
    return both / (width * height + across * down - both)


def classes_in_common(one: Detections, a: int, other: Detections, b: int) -> float:
    if one.proba is None or other.proba is None:
        low, high = sorted([float(one.scores[a]), float(other.scores[b])])
        return low / high if one.labels[a] == other.labels[b] else 0.0
    pairs = list(zip(one.proba[a].astype(float), other.proba[b].astype(float), strict=True))
    return sum(map(min, pairs)) / sum(map(max, pairs))


class TestMirrorDisagreement:
    @settings(deadline=None, max_examples=60)
    @given(
        seen=looks(),
        of=st.sampled_from(["objects", "boxes"]),
        by=st.sampled_from(["sum", "mean", "max"]),
        floor=st.sampled_from([0.0, 0.1, 0.5]),
    )
    def test_it_is_what_pairs_taken_one_by_one_leave(
        self, seen: tuple[Detections, Detections], of: Any, by: Any, floor: float
    ) -> None:
        scorer = MirrorDisagreement(of=of, by=by, floor=floor)
        expected = [by_hand(*seen, row, scorer) for row in range(len(seen[0]))]
        scores = scorer.score(PoolView(detections=seen[0], mirrored=seen[1]))
        np.testing.assert_allclose(scores, expected, atol=1e-6)

    @settings(deadline=None, max_examples=30)
    @given(seen=looks(), by=st.sampled_from(["sum", "mean", "max"]))
    def test_either_look_may_come_first(self, seen: tuple[Detections, Detections], by: str) -> None:
        one, other = seen
        np.testing.assert_allclose(
            disagreement(one, other, by=by), disagreement(other, one, by=by), atol=1e-6
        )

    def test_what_is_seen_alike_agrees_and_what_is_seen_once_does_not(self) -> None:
        seen = sightings(np.array([3, 2, 0]), 2, fresh())
        assert disagreement(seen, seen, floor=0.0) == [0.0, 0.0, 0.0]
        for nothing in ([seen, Detections.empty(3)], [Detections.empty(3), seen]):
            assert disagreement(*nothing, floor=0.0) == [1.0, 1.0, 0.0]

    def test_the_farther_the_less_it_agrees(self) -> None:
        seen = sightings(np.array([1]), 2, fresh())
        rising = [disagreement(seen, shifted(seen, by))[0] for by in (0.0, 0.05, 0.1, 0.9)]
        assert rising == sorted(set(rising))
        assert rising[-1] == 1.0

    def test_another_class_at_the_same_place_counts_unless_only_places_do(self) -> None:
        seen = replace(sightings(np.array([1]), 2, fresh()), proba=None)
        other = replace(seen, labels=1 - seen.labels)
        assert disagreement(seen, other) == [1.0]
        assert disagreement(seen, other, of="boxes") == [0.0]

    def test_a_faint_partner_is_one_but_no_object_by_itself(self) -> None:
        sure = replace(sightings(np.array([1]), 1, fresh()), proba=None, scores=np.array([0.12]))
        faint = replace(sure, scores=np.array([0.08]))
        assert disagreement(sure, faint, of="boxes") == [0.0]
        assert disagreement(faint, Detections.empty(1)) == [0.0]
        assert disagreement(sure, Detections.empty(1)) == [1.0]

    def test_a_crowd_in_chunks_is_one_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rng = fresh()
        counts = np.array([300, 0, 1, 40, 40, 300])
        one, other = (sightings(counts, 3, rng) for _ in range(2))
        at_once = disagreement(one, other)
        monkeypatch.setattr(detection_pairs, "_AT_ONCE", 2000)
        assert disagreement(one, other) == at_once

    @pytest.mark.parametrize("name", ["detections", "mirrored"])
    def test_what_is_not_finite_is_refused_by_its_picture(self, name: str) -> None:
        seen = sightings(np.array([2, 0, 3]), 2, fresh())
        bad = replace(seen, scores=np.where(np.arange(5) == 3, np.nan, seen.scores))
        view = replace(PoolView(detections=seen, mirrored=seen), **{name: bad})
        with pytest.raises(DataError, match=rf"view\.{name}: expected finite numbers, row 2 "):
            MirrorDisagreement().score(view)

    @pytest.mark.parametrize("bad", [{"of": "scores"}, {"by": "median"}, {"floor": -1}])
    def test_bad_settings_are_refused(self, bad: dict[str, Any]) -> None:
        with pytest.raises(ConfigurationError, match=f"{next(iter(bad))}: expected"):
            MirrorDisagreement(**bad)


class TestPaired:
    @settings(deadline=None, max_examples=30)
    @given(seen=looks())
    def test_no_object_is_in_two_pairs_and_no_two_that_overlap_are_left(
        self, seen: tuple[Detections, Detections]
    ) -> None:
        one, other = seen
        mine, theirs, _ = paired(one, other, shared_classes)
        assert len(set(mine.tolist())) == len(mine) == len(set(theirs.tolist()))
        assert (one.pictures[mine] == other.pictures[theirs]).all()
        for a in np.setdiff1d(np.arange(len(one.scores)), mine):
            for b in np.setdiff1d(np.arange(len(other.scores)), theirs):
                apart = one.pictures[a] != other.pictures[b]
                assert apart or box_iou(one.boxes[[a]], other.boxes[[b]])[0] == 0

    def test_a_box_without_an_area_overlaps_nothing(self) -> None:
        flat = np.array([[0.5, 0.5, 0.0, 0.2]])
        assert box_iou(flat, flat).tolist() == [0.0]

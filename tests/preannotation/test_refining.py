from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from auto_labeling.detections import Detections
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.preannotation.class_mapping import ClassMapping
from auto_labeling.preannotation.refining import refine
from auto_labeling.preannotation.rules import Rules
from auto_labeling.preannotation.suppression import unsuppressed

ALL = Rules(at_least=0, most=None, overlap=1.0)


def seen(
    *objects: tuple[int, float, tuple[float, ...]], counts: tuple[int, ...] | None = None
) -> Detections:
    return Detections(
        offsets=np.concatenate([[0], np.cumsum(counts or (len(objects),))]),
        boxes=np.array([box for _, _, box in objects], np.float32).reshape(-1, 4),
        scores=np.array([score for _, score, _ in objects], np.float32),
        labels=np.array([label for label, _, _ in objects], np.intp),
    )


BOX = (0.1, 0.1, 0.2, 0.2)


def test_classes_are_mapped_by_name_case_and_hand_and_the_rest_is_counted() -> None:
    names, classes = ("Car", "truck", "dog", "person"), ("person", "vehicle", "car")
    mapping = ClassMapping.by_name(names, classes, {"truck": "vehicle"})
    assert mapping.positions == (2, 1, None, 0)
    found = seen(*((label, 0.9, BOX) for label in (0, 1, 2, 2, 3)))
    assert mapping.dropped(found) == {"dog": 2}
    kept = refine(found, names, classes, Rules(classes={"truck": "vehicle"}))
    assert kept.labels.tolist() == [2, 1, 0]


def test_a_mapping_by_hand_goes_before_a_name_that_is_the_same() -> None:
    mapping = ClassMapping.by_name(("car", "CAR"), ("car", "vehicle"), {"car": "vehicle"})
    assert mapping.positions == (1, 0)


def test_names_that_nobody_has_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"expected classes out of \['car'\], got 'bus'"):
        ClassMapping.by_name(("car",), ("car",), {"car": "bus"})
    with pytest.raises(ConfigurationError, match="and no 'cra'"):
        ClassMapping.by_name(("car", "dog"), ("car",), {"cra": "car"})
    # A model that has learned the campaign's classes needs none of what the first one needed.
    assert ClassMapping.by_name(("car",), ("car",), {"truck": "car"}).positions == (0,)


def test_thresholds_are_by_class() -> None:
    found = seen((0, 0.5, BOX), (1, 0.5, BOX), (0, 0.25, (0.5, 0.5, 0.1, 0.1)))
    kept = refine(found, "ab", "ab", Rules(at_least=0.25, thresholds={"b": 0.6}))
    assert kept.scores.tolist() == [0.5, 0.25]
    assert refine(found, "ab", "ab", Rules(thresholds={"a": float("inf")})).labels.tolist() == [1]


def test_two_classes_that_become_one_are_suppressed_as_one() -> None:
    found = seen((0, 0.9, BOX), (1, 0.8, (0.1, 0.1, 0.2, 0.19)))
    assert len(refine(found, "ab", "ab", Rules()).scores) == 2
    assert len(refine(found, "ab", "c", Rules(classes={"a": "c", "b": "c"})).scores) == 1


def test_boxes_are_clipped_and_what_is_left_without_an_area_goes() -> None:
    found = seen(
        (0, 0.9, (-0.1, 0.5, 0.3, 0.7)), (0, 0.8, (1.0, 0, 0.1, 0.1)), (0, 0.7, (0.2, 0.2, 0, 0.1))
    )
    kept = refine(found, "a", "a", Rules())
    assert kept.boxes == pytest.approx(np.array([[0, 0.5, 0.2, 0.5]]), abs=1e-6)
    assert [shape.label for shape in kept.shapes(0, "a")] == ["a"]


def test_the_least_size_is_a_share_or_pixels() -> None:
    found = seen((0, 0.9, (0, 0, 0.1, 0.04)), (0, 0.8, (0.5, 0.5, 0.1, 0.1)), counts=(1, 1))
    assert refine(found, "a", "a", Rules(smallest=0.05)).counts.tolist() == [0, 1]
    sizes = np.array([[100, 200], [100, 70]])
    assert refine(found, "a", "a", Rules(smallest="8px"), sizes).counts.tolist() == [1, 0]
    with pytest.raises(DataError, match="smallest: 8px needs the sizes of the pictures"):
        refine(found, "a", "a", Rules(smallest="8px"))


def test_the_surest_are_shown_where_there_are_too_many() -> None:
    boxes = [(0.1 * at, 0.1 * at, 0.05, 0.05) for at in range(6)]
    found = seen(
        *(
            (0, score, box)
            for score, box in zip((0.3, 0.9, 0.5, 0.4, 0.8, 0.6), boxes, strict=True)
        ),
        counts=(4, 2),
    )
    kept = refine(found, "a", "a", Rules(most=2))
    assert kept.scores == pytest.approx([0.9, 0.5, 0.8, 0.6])
    assert kept.counts.tolist() == [2, 2]


def test_nothing_seen_stays_nothing() -> None:
    assert refine(Detections.empty(3), "ab", "a", Rules()).counts.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"at_least": -0.1}, r"^at_least: expected a score in \[0, 1\], got -0.1"),
        ({"thresholds": {"car": float("nan")}}, r"^thresholds.car: expected a score in .* got nan"),
        ({"thresholds": {"car": 40}}, r"^thresholds.car: expected a score in \[0, 1\], got 40"),
        ({"thresholds": {"car": "40%"}}, r"^thresholds.car: expected a score in .* got '40%'"),
        ({"at_least": 40}, r"^at_least: expected a score in \[0, 1\], got 40"),
        ({"overlap": 0}, "overlap"),
        ({"most": 0}, "most"),
        ({"smallest": "8"}, "smallest: expected pixels such as 640px, got '8'"),
        ({"smallest": 1.5}, "smallest"),
        ({"tile": "big"}, "tile"),
        ({"tile": "10px"}, "tile: expected 32px or more, got 10px"),
        ({"tile_overlap": 0.7}, "tile_overlap"),
    ],
)
def test_rules_that_are_none_are_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Rules(**given)  # type: ignore[arg-type]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(0, 25), st.just(4)),
        elements=st.floats(0.0625, 0.5, width=32),
    ),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.3, 0.5, 0.7]),
)
def test_suppression_is_that_of_torchvision(boxes: np.ndarray, seed: int, overlap: float) -> None:
    torch = pytest.importorskip("torch")
    from torchvision.ops import batched_nms

    rng = np.random.default_rng(seed)
    scores = rng.permutation(len(boxes)).astype(np.float32) / 100
    labels = rng.integers(0, 2, len(boxes))
    found = Detections(offsets=np.array([0, len(boxes)]), boxes=boxes, scores=scores, labels=labels)
    corners = torch.from_numpy(np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]]))
    theirs = batched_nms(corners, torch.from_numpy(scores), torch.from_numpy(labels), overlap)
    ours = np.flatnonzero(unsuppressed(found, overlap))
    # A pair whose IoU is the threshold to the last bit may go either way.
    assert ours.tolist() == sorted(theirs.tolist()) or _on_the_edge(found, overlap)


def _on_the_edge(found: Detections, overlap: float) -> bool:
    from auto_labeling.formats.overlaps import box_ious

    return bool((np.abs(box_ious(found.boxes, found.boxes) - overlap) < 1e-5).any())

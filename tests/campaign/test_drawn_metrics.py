from __future__ import annotations

import io
import json
import math
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools import mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from auto_labeling.campaign.drawn_metrics import Estimate, estimate_drawn
from auto_labeling.campaign.drawn_metrics.matching import average_precision, match
from auto_labeling.campaign.drawn_metrics.regions import located
from auto_labeling.campaign.evaluation import evaluate
from auto_labeling.campaign.intervals import exact
from auto_labeling.campaign.metric_names import drawn
from auto_labeling.detections import Detections
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats.coco import encode_coco
from auto_labeling.formats.labeled import Labeled
from auto_labeling.formats.masks import mask_of, pixels_of
from auto_labeling.records import Interval, LabelSchema
from auto_labeling.shapes import Box, Mask, Polygon, Shape
from tests.campaign.drawn_pictures import (
    BOXES,
    CLASSES,
    MASKS,
    Detector,
    as_masks,
    detections,
    edges,
    iou,
)

SIZE = (640, 480)
OUTLINES = LabelSchema(task="polygons", classes=CLASSES)


def every(schema: LabelSchema) -> list[str]:
    names = drawn(schema.task)
    return [*names.overall, *(f"{kind}/{one}" for kind in names.per_class for one in CLASSES)]


def judged(
    truth: Sequence[tuple[Shape, ...]],
    seen: Detections,
    metrics: Sequence[str] | None = None,
    schema: LabelSchema = BOXES,
    *,
    seed: int = 0,
    alpha: float = 0.05,
    **more: Any,
) -> dict[str, Interval]:
    told: dict[str, Any] = {"draws": 50, "rng": np.random.default_rng(seed)} | more
    found = estimate_drawn(truth, seen, schema, metrics or every(schema), **told)
    return {name: estimate.interval(alpha) for name, estimate in found.items()}


def through_files(
    folder: Path, truth: Sequence[tuple[Shape, ...]], seen: Detections, schema: LabelSchema
) -> Any:
    """Return what pycocotools says of the files that others would give it."""
    size = SIZE
    if schema.task == "masks":
        size = next((s.width, s.height) for shapes in truth for s in shapes if isinstance(s, Mask))
    labeled = [
        Labeled(number=at, item_id=str(at), picture=f"{at}.png", size=size, value=shapes)
        for at, shapes in enumerate(truth)
    ]
    there = folder / "there.json"
    there.write_text(encode_coco(labeled, schema)["annotations.json"])
    results = []
    for one, picture in enumerate(seen.pictures.tolist()):
        told: dict[str, Any] = {
            "image_id": picture,
            "category_id": 1 + int(seen.labels[one]),
            "score": float(seen.scores[one]),
        }
        if seen.masks is None:
            told["bbox"] = (seen.boxes[one] * [*size, *size]).tolist()
        else:
            told["segmentation"] = _compressed(seen.masks[one])
        results.append(told)
    found = folder / "seen.json"
    found.write_text(json.dumps(results))
    with redirect_stdout(io.StringIO()):
        coco = COCO(str(there))
        judge = COCOeval(coco, coco.loadRes(str(found)), "segm" if seen.masks else "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return judge


def _compressed(shape: Mask) -> dict[str, Any]:
    runs = {"size": [shape.height, shape.width], "counts": list(shape.runs)}
    rle = mask.frPyObjects(runs, shape.height, shape.width)
    return {"size": rle["size"], "counts": rle["counts"].decode("ascii")}


@pytest.mark.parametrize("schema", [BOXES, MASKS], ids=["boxes", "masks"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_average_precision_is_pycocotools_own_to_the_last_digit(
    schema: LabelSchema, seed: int, tmp_path: Path
) -> None:
    truth, seen = Detector().look(40, np.random.default_rng(seed))
    if schema is MASKS:
        truth, seen = as_masks(truth, seen, 96)
    judge = through_files(tmp_path, truth, seen, schema)
    found = judged(truth, seen, schema=schema)
    assert found["map50_95"].value == judge.stats[0]
    assert found["map50"].value == judge.stats[1]
    every_area_and_object = judge.eval["precision"][..., 0, 2]
    for at, name in enumerate(CLASSES):
        of_class = every_area_and_object[..., at]
        assert found[f"map50_95/{name}"].value == pytest.approx(of_class.mean(), abs=1e-15)
        assert found[f"map50/{name}"].value == pytest.approx(of_class[0].mean(), abs=1e-15)


def test_a_crowded_picture_is_cut_at_a_hundred_objects_as_pycocotools_does(tmp_path: Path) -> None:
    truth, seen = Detector(objects=180, found=0.9, extras=60).look(2, np.random.default_rng(0))
    assert seen.counts.min() > 150
    judge = through_files(tmp_path, truth, seen, BOXES)
    assert judged(truth, seen, ["map50"])["map50"].value == judge.stats[1]


def by_hand(
    truth: Sequence[tuple[Shape, ...]], seen: Detections, label: int, least: float
) -> float:
    """Return average precision as the COCO paper defines it, object by object."""
    boxes = [[edges(s) for s in shapes if s.label == CLASSES[label]] for shapes in truth]
    hits, free = [], [set(range(len(some))) for some in boxes]
    for one in np.argsort(-seen.scores, kind="stable"):
        if seen.labels[one] != label:
            continue
        at = int(seen.pictures[one])
        overlaps = {t: iou(boxes[at][t], seen.boxes[one].tolist()) for t in free[at]}
        best = max(overlaps, key=lambda t: overlaps[t], default=None)
        hits.append(best is not None and overlaps[best] >= least)
        if hits[-1]:
            free[at].remove(best)  # type: ignore[arg-type]
    total = sum(map(len, boxes))
    curve = [
        (sum(hits[: rank + 1]) / total, sum(hits[: rank + 1]) / (rank + 1))
        for rank in range(len(hits))
    ]
    levels = [at / 100 for at in range(101)]
    return sum(max((p for r, p in curve if r >= level), default=0.0) for level in levels) / 101


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8))
def test_average_precision_is_what_the_paper_says(seed: int, n: int) -> None:
    truth, seen = Detector(objects=3).look(n, np.random.default_rng(seed))
    found = judged(truth, seen, draws=2)
    means = []
    for label, name in enumerate(CLASSES):
        if not any(shape.label == name for shapes in truth for shape in shapes):
            assert math.isnan(found[f"map50/{name}"].value)
            continue
        means.append(by_hand(truth, seen, label, 0.5))
        # Recalls such as 7 / 25 lie beside the level .28 by a last digit, on either side.
        assert found[f"map50/{name}"].value == pytest.approx(means[-1], abs=0.011)
    expected = np.mean(means) if means else math.nan
    assert found["map50"].value == pytest.approx(expected, abs=0.011, nan_ok=True)


@pytest.mark.parametrize("seed", range(4))
def test_weighing_pictures_is_the_same_as_copying_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, seen = Detector().look(20, rng)
    tied = Detections(
        offsets=seen.offsets, boxes=seen.boxes, labels=seen.labels, scores=seen.scores.round(2)
    )
    for each in (tied, seen):
        matches = matched(truth, each)
        weights = rng.multinomial(20, np.full(20, 1 / 20), size=3)
        ours = [average_precision(one, weights.astype(float)) for one in matches]
        for draw, times in enumerate(weights):
            rows = np.repeat(np.arange(20), times)
            copies = matched([truth[row] for row in rows], each[rows])
            for one, copy in zip(ours, copies, strict=True):
                # Copies of a picture whose own objects tie are interleaved otherwise.
                slack = 1e-12 if each is seen else 0.02
                np.testing.assert_allclose(one[draw], copy.precision.mean(1), atol=slack)


def matched(truth: Sequence[tuple[Shape, ...]], seen: Detections) -> Any:
    there, given = located(truth, seen, BOXES, None)
    return match(there, given, n=len(truth), k=3, kind="bbox")


def test_every_picture_once_is_the_figure_itself() -> None:
    truth, seen = Detector().look(30, np.random.default_rng(5))
    for one in matched(truth, seen):
        once = average_precision(one, np.ones((1, 30)))
        np.testing.assert_allclose(once[0], one.precision.mean(axis=1), rtol=0, atol=1e-15)


def test_recall_and_precision_count_confident_objects() -> None:
    cell = Box(label="cell", x=0.1, y=0.1, width=0.2, height=0.2)
    worm = Box(label="worm", x=0.5, y=0.5, width=0.2, height=0.2)
    right, wide, gone = [0.1, 0.1, 0.2, 0.2], [0.1, 0.1, 0.2, 0.3], [0.7, 0.1, 0.2, 0.2]
    seen = detections(
        [
            [[0.9, 0, *wide], [0.6, 0, *gone], [0.24, 2, 0.5, 0.5, 0.2, 0.2]],
            [[0.25, 0, *right], [0.2, 0, *gone]],
            [[0.8, 0, *gone]],
        ]
    )
    found = judged([(cell, worm), (cell,), ()], seen)
    assert found["recall/cell"].value == 1.0
    assert found["precision/cell"].value == 0.5
    assert found["recall/worm"].value == 0.0
    assert math.isnan(found["precision/worm"].value)
    assert math.isnan(found["recall/plate/let"].value)
    assert (found["recall/cell"].n, found["precision/cell"].n, found["map50"].n) == (2, 3, 3)


def test_a_class_that_is_nowhere_is_left_out_of_the_mean() -> None:
    cell = Box(label="cell", x=0.1, y=0.1, width=0.2, height=0.2)
    seen = detections([[[0.9, 0, 0.1, 0.1, 0.2, 0.2], [0.8, 2, 0.5, 0.5, 0.2, 0.2]]])
    found = judged([(cell,)], seen)
    assert found["map50"].value == found["map50/cell"].value == pytest.approx(1.0)
    assert math.isnan(found["map50/worm"].value)
    assert math.isnan(found["map50_95/worm"].high)


def test_a_turned_box_counts_as_the_upright_box_around_it() -> None:
    turned = Polygon(label="cell", points=((0.3, 0.1), (0.5, 0.3), (0.3, 0.5), (0.1, 0.3)))
    upright = Box(label="cell", x=0.1, y=0.1, width=0.4, height=0.4)
    seen = detections([[[0.9, 0, 0.1, 0.1, 0.4, 0.37]]])
    assert judged([(turned,)], seen) == judged([(upright,)], seen)
    assert judged([(turned,)], seen, ["map50_95/cell"])["map50_95/cell"].value == pytest.approx(0.9)


def test_pictures_with_nothing_are_fine_and_no_pictures_are_unknown() -> None:
    nothing = judged([(), ()], Detections.empty(2))
    assert all(math.isnan(one.value) for one in nothing.values())
    cell = Box(label="cell", x=0.1, y=0.1, width=0.2, height=0.2)
    missed = judged([(cell,), ()], Detections.empty(2))
    assert missed["map50"].value == missed["recall/cell"].value == 0.0
    assert (missed["map50"].low, missed["map50"].high) == exact(0, 1)
    for schema in (BOXES, MASKS):
        none = judged([], Detections.empty(0), schema=schema)
        assert list(none) == every(schema)
        assert all(math.isnan(one.low) and one.n == 0 for one in none.values())


@pytest.mark.parametrize("seed", range(3))
def test_pixels_are_those_of_a_class_together(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, seen = as_masks(*Detector().look(6, rng), 40)
    found = judged(truth, seen, schema=MASKS)
    ious, dices = [], []
    for label, name in enumerate(CLASSES):
        right = either = both = 0
        for at, shapes in enumerate(truth):
            rows = np.flatnonzero((seen.pictures == at) & (seen.labels == label))
            sure = [seen.masks[row] for row in rows if seen.scores[row] >= 0.25]  # type: ignore[index]
            there, given = (
                _together([one for one in some if isinstance(one, Mask)])
                for some in ([s for s in shapes if s.label == name], sure)
            )
            right += (there & given).sum()
            either += (there | given).sum()
            both += there.sum() + given.sum()
        ious.append(right / either)
        dices.append(2 * right / both)
        assert found[f"iou/{name}"].value == pytest.approx(ious[-1])
        assert found[f"dice/{name}"].value == pytest.approx(dices[-1])
    assert found["miou"].value == pytest.approx(np.mean(ious))
    assert found["dice"].value == pytest.approx(np.mean(dices))


def _together(masks: Sequence[Mask]) -> NDArray[np.bool_]:
    pixels = np.zeros((40, 40), dtype=bool)
    for one in masks:
        pixels |= pixels_of(one)
    return pixels


def one_mask(pixels: NDArray[np.bool_], score: float = 0.9) -> Detections:
    return Detections(
        offsets=np.array([0, 1]),
        boxes=np.array([[0.25, 0.25, 0.5, 0.5]], dtype=np.float32),
        scores=np.array([score], dtype=np.float32),
        labels=np.array([0]),
        masks=(mask_of("cell", pixels),),
    )


@pytest.mark.parametrize("sizes", [None, [(80, 60)]])
def test_an_outline_and_a_mask_are_compared_on_one_grid(sizes: Any) -> None:
    outline = Polygon(label="cell", points=((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)))
    pixels = np.zeros((40, 40), dtype=bool)
    pixels[10:30, 10:30] = True
    found = judged([(outline,)], one_mask(pixels), schema=OUTLINES, sizes=sizes)
    assert found["map50_95"].value == pytest.approx(1.0)
    assert found["iou/cell"].value == pytest.approx(1.0)
    pixels[10:30, 20:30] = False
    found = judged([(outline,)], one_mask(pixels), schema=OUTLINES, sizes=sizes)
    assert found["iou/cell"].value == pytest.approx(0.5)
    assert found["dice/cell"].value == pytest.approx(2 / 3)


def test_a_picture_of_unknown_size_weighs_as_the_others_do() -> None:
    outline = Polygon(label="cell", points=((0, 0), (0.5, 0), (0.5, 1), (0, 1)))
    pixels = np.zeros((40, 40), dtype=bool)
    pixels[:, :20] = True
    seen = Detections.joined([one_mask(pixels), Detections.empty(1)])
    found = judged([(outline,), (outline,)], seen, schema=OUTLINES)
    assert found["iou/cell"].value == pytest.approx(0.5)


def test_masks_of_two_resolutions_are_compared_on_the_true_one() -> None:
    small, large = np.zeros((10, 20), dtype=bool), np.zeros((40, 60), dtype=bool)
    small[2:6, 5:15] = True
    large[8:24, 15:45] = True
    found = judged([(mask_of("cell", large),)], one_mask(small), schema=MASKS, sizes=[(7, 7)])
    assert found["iou/cell"].value == pytest.approx(1.0)


def test_an_unsure_mask_has_no_pixels_but_counts_for_average_precision() -> None:
    pixels = np.ones((8, 8), dtype=bool)
    found = judged([(mask_of("cell", pixels),)], one_mask(pixels, score=0.2), schema=MASKS)
    assert found["iou/cell"].value == found["recall/cell"].value == 0.0
    assert found["map50"].value == pytest.approx(1.0)


def test_limits_enclose_the_value_and_widen_with_confidence() -> None:
    truth, seen = as_masks(*Detector().look(15, np.random.default_rng(3)), 32)
    narrow, wide = (judged(truth, seen, schema=MASKS, alpha=alpha) for alpha in (0.2, 0.01))
    for name in every(MASKS):
        one, other = narrow[name], wide[name]
        assert 0 <= other.low <= one.low <= one.value <= one.high <= other.high <= 1, name


def test_no_interval_depends_on_what_else_is_asked_for() -> None:
    truth, seen = as_masks(*Detector().look(15, np.random.default_rng(4)), 32)
    full = judged(truth, seen, schema=MASKS, seed=2)
    assert list(full) == every(MASKS)
    for name in every(MASKS):
        assert judged(truth, seen, [name], MASKS, seed=2) == {name: full[name]}
    assert judged(truth, seen, schema=MASKS, seed=3)["map50"] != full["map50"]


def test_an_estimate_gives_the_limits_of_any_level() -> None:
    truth, seen = Detector().look(15, np.random.default_rng(6))
    found = estimate_drawn(truth, seen, BOXES, ["map50"], rng=np.random.default_rng(0), draws=50)
    assert isinstance(found["map50"], Estimate)
    for alpha in (0.05, 0.005):
        assert (
            found["map50"].interval(alpha) == judged(truth, seen, ["map50"], alpha=alpha)["map50"]
        )


def test_copies_in_a_group_teach_nothing() -> None:
    truth, seen = Detector().look(40, np.random.default_rng(7))
    rows = np.repeat(np.arange(40), 6)
    films = [f"film {row}" for row in rows]
    metrics = ["map50", "recall/cell", "precision/cell"]
    once = judged(truth, seen, metrics, draws=400)
    copies = [truth[row] for row in rows]
    copied = judged(copies, seen[rows], metrics, groups=films, draws=400)
    blind = judged(copies, seen[rows], metrics, draws=400)
    for name in metrics:
        width = once[name].high - once[name].low
        assert copied[name].high - copied[name].low == pytest.approx(width, rel=0.2)
        assert blind[name].high - blind[name].low < 0.6 * width


def test_pictures_without_a_group_are_groups_of_their_own() -> None:
    truth, seen = Detector().look(4, np.random.default_rng(8))
    unnamed = judged(truth, seen, groups=["a", "a", None, None])
    assert unnamed == judged(truth, seen, groups=["a", "a", "b", "c"])


def test_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    judged(*Detector().look(2, np.random.default_rng(0)))
    assert capsys.readouterr() == ("", "")


CELL = Box(label="cell", x=0.1, y=0.1, width=0.2, height=0.2)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            {"truth": [(Box(label="cow", x=0, y=0, width=1, height=1),)]},
            r"picture 0: expected classes out of \['cell', .*got \['cow'\]",
        ),
        ({"seen": Detections.empty(2)}, "detections on 1 pictures, got 2"),
        ({"seen": detections([[[0.9, 3, 0, 0, 1, 1]]])}, r"labels of detections in 0\.\.2, got 3"),
        ({"seen": detections([[[math.nan, 0, 0, 0, 1, 1]]])}, "finite scores"),
        ({"sizes": [(3, 4), (3, 4)]}, "the sizes of 1 pictures, got 2"),
        ({"groups": ["a", "b"]}, "expected 1 groups"),
        (
            {"schema": MASKS, "seen": detections([[[0.9, 0, 0, 0, 1, 1]]])},
            "the task is 'masks': expected masks of what is seen, got boxes",
        ),
    ],
)
def test_what_does_not_fit_is_refused(told: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        judged(**{"truth": [(CELL,)], "seen": Detections.empty(1), **told})


def test_an_alpha_that_is_no_error_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="alpha"):
        judged([(CELL,)], Detections.empty(1), alpha=1.0)


def test_a_metric_of_whole_items_is_refused_for_drawings_and_the_other_way() -> None:
    with pytest.raises(ConfigurationError, match="expected one of map50, map50_95"):
        judged([(CELL,)], Detections.empty(1), ["accuracy"])
    with pytest.raises(ConfigurationError, match="expected one of accuracy"):
        evaluate([0], [[1.0, 0.0]], ["a", "b"], ["map50"], rng=np.random.default_rng(0))


@pytest.mark.slow
@pytest.mark.parametrize(
    "detector",
    [Detector(), Detector(objects=8, found=0.95, extras=1), Detector(objects=1, extras=0.5)],
    ids=["usual", "good", "sparse"],
)
def test_limits_hold_the_figure_of_all_pictures(detector: Detector) -> None:
    """Of 100 samples of 60 pictures, 95 % limits hold what 8,000 pictures say 90 times or more."""
    metrics = ["map50", "map50/cell", "map50_95", "recall/cell", "precision/cell"]
    rng = np.random.default_rng(11)
    parts = [judged(*detector.look(2000, rng), metrics, draws=1) for _ in range(4)]
    true = {name: np.mean([part[name].value for part in parts]) for name in metrics}
    held = dict.fromkeys(metrics, 0)
    for seed in range(100):
        found = judged(*detector.look(60, rng), metrics, draws=200, seed=seed)
        for name, one in found.items():
            held[name] += bool(one.low <= true[name] <= one.high)
    assert min(held.values()) >= 90, held

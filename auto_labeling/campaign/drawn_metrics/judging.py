"""How good a detector is on pictures it never learned from: named metrics with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from auto_labeling.campaign.drawn_metrics.figures import (
    CONFIDENCE,
    OBJECTS,
    PIXELS,
    PRECISIONS,
    Found,
    figure,
)
from auto_labeling.campaign.drawn_metrics.matching import (
    THRESHOLDS,
    Matches,
    counts_above,
    match,
)
from auto_labeling.campaign.drawn_metrics.regions import located, pixel_counts
from auto_labeling.campaign.drawn_metrics.resampling import Estimate, estimates
from auto_labeling.campaign.evaluation import codes_of
from auto_labeling.campaign.metric_names import check_metrics
from auto_labeling.detections import Detections
from auto_labeling.errors import DataError
from auto_labeling.formats.labeled import is_there
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Mask, Shape


def estimate_drawn(
    truth: Sequence[tuple[Shape, ...]],
    seen: Detections,
    schema: LabelSchema,
    metrics: Sequence[str],
    *,
    groups: ArrayLike | None = None,
    rng: np.random.Generator,
    draws: int = 1000,
    sizes: Sequence[tuple[int, int]] | None = None,
) -> dict[str, Estimate]:
    """Return the value of each metric; `Estimate.interval` gives it limits of any level.

    Average precision (`map50` at an IoU of .5, `map50_95` over ten from .5 to .95; of one class
    `map50/person`) is pycocotools' own, of boxes or of pixels by the task. `recall/person` and
    `precision/person` are at an IoU of .5, of objects with a score of .25 or more. Pixels of such
    objects make `iou/person` and `dice/person`, over all pictures together, and their means over
    classes `miou` and `dice`. A class that is nowhere is nan and left out of means.

    Whole pictures, or groups of them, are resampled `draws` times; the limits are those of
    `intervals.resampled`. No interval depends on which other metrics are asked for.

    Args:
        truth: what is drawn on each of n pictures. Where the task is boxes, anything else counts as
            the upright box around it.
        seen: what the model sees on them, best with low scores too: they make average precision.
        schema: the task and the classes, to which the labels of `seen` are positions.
        metrics: names such as `map50`, `recall/person`.
        groups: (n,) what is resampled whole, such as the film of each picture.
        rng: where the resamples come from.
        draws: how many resamples.
        sizes: width and height of each picture, where outlines are compared; see `located`.
            Boxes need none: how much they overlap is the same in any unit.

    >>> from auto_labeling.shapes import Box
    >>> car = Box(label="car", x=0.1, y=0.2, width=0.5, height=0.5)
    >>> seen = Detections(
    ...     offsets=np.array([0, 1, 1]), boxes=np.array([[0.1, 0.2, 0.5, 0.4]], np.float32),
    ...     scores=np.array([0.9], np.float32), labels=np.array([0]))
    >>> found = estimate_drawn(
    ...     [(car,), (car,)], seen, LabelSchema(task="boxes", classes=("car",)),
    ...     ["recall/car", "precision/car"], rng=np.random.default_rng(0))
    >>> [found[name].interval(0.05).value for name in ("recall/car", "precision/car")]
    [0.5, 1.0]
    """
    check_metrics(metrics, schema)
    n = len(truth)
    _check(truth, seen, schema, sizes)
    if n == 0:
        return dict.fromkeys(metrics, Estimate.unknown())
    found = _found([_within(shapes) for shapes in truth], seen, schema, metrics, sizes)
    codes = np.arange(n) if groups is None else codes_of(groups, n)
    figures = {name: figure(name, found, schema.classes) for name in metrics}
    return estimates(figures, found, codes, draws=draws, rng=rng)


def _found(
    truth: Sequence[tuple[Shape, ...]],
    seen: Detections,
    schema: LabelSchema,
    metrics: Sequence[str],
    sizes: Sequence[tuple[int, int]] | None,
) -> Found:
    """Return what was found, as far as the metrics ask for it."""
    n, k = len(truth), len(schema.classes)
    kinds = {name.partition("/")[0] for name in metrics}
    there, given = located(truth, seen, schema, sizes)
    nothing = np.zeros((n, 3 * k))
    matches: tuple[Matches, ...] = ()
    if asked := kinds & (PRECISIONS.keys() | OBJECTS.keys()):
        matches = match(
            there,
            given,
            n=n,
            k=k,
            kind="bbox" if schema.task == "boxes" else "segm",
            thresholds=THRESHOLDS[: max(PRECISIONS.get(kind, 1) for kind in asked)],
        )
    by_pixels = bool(kinds & (PIXELS.keys() | {"miou"}))
    return Found(
        matches=matches,
        objects=counts_above(matches, CONFIDENCE, n) if matches else nothing,
        pixels=pixel_counts(there, given, CONFIDENCE, n, k) if by_pixels else nothing,
    )


def _within(shapes: tuple[Shape, ...]) -> tuple[Shape, ...]:
    return tuple(one for one in shapes if isinstance(one, Mask) or is_there(one))


def _check(
    truth: Sequence[tuple[Shape, ...]],
    seen: Detections,
    schema: LabelSchema,
    sizes: Sequence[tuple[int, int]] | None,
) -> None:
    n, k = len(truth), len(schema.classes)
    if len(seen) != n:
        raise DataError(f"evaluation: expected detections on {n} pictures, got {len(seen)}")
    if sizes is not None and len(sizes) != n:
        raise DataError(f"evaluation: expected the sizes of {n} pictures, got {len(sizes)}")
    if len(seen.labels) and not 0 <= seen.labels.min() <= seen.labels.max() < k:
        raise DataError(
            f"evaluation: expected labels of detections in 0..{k - 1}, "
            f"got {seen.labels.min()}..{seen.labels.max()}"
        )
    if not np.isfinite(seen.scores).all():
        raise DataError("evaluation: expected finite scores of detections, got NaN or infinity")
    for at, shapes in enumerate(truth):
        if strange := sorted({shape.label for shape in shapes} - set(schema.classes)):
            raise DataError(
                f"evaluation: picture {at}: expected classes out of {list(schema.classes)}, "
                f"got {strange}"
            )

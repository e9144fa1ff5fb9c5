"""What a model sees, as what people are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from auto_labeling.detections import Detections
from auto_labeling.errors import DataError
from auto_labeling.preannotation.class_mapping import ClassMapping
from auto_labeling.preannotation.rules import Rules, pixels
from auto_labeling.preannotation.suppression import unsuppressed


def refine(
    detections: Detections,
    names: Sequence[str],
    classes: Sequence[str],
    rules: Rules,
    sizes: NDArray[np.integer] | None = None,
) -> Detections:
    """Return the objects that people are shown, in the campaign's classes, surest first.

    `names` are the model's classes. Boxes are clipped to their picture; what is left without an
    area, is too small, too unsure, of no class of the campaign or covered by a surer one of its
    class goes. `sizes` (n, 2), widths and heights in pixels, are needed where the rules name
    pixels. `ClassMapping.dropped` counts what has no class.
    """
    mapping = ClassMapping.by_name(names, classes, rules.classes)
    mapped = mapping.labels[detections.labels]
    seen = replace(detections, labels=mapped, boxes=_clipped(detections.boxes), proba=None)
    floors = np.append(rules.floors(classes), np.float32(np.inf))
    wanted = (seen.scores >= floors[mapped]) & _large(seen, rules, sizes)
    kept = seen.where(wanted)
    kept = kept.where(unsuppressed(kept, rules.overlap)).surest_first()
    return kept if rules.most is None else kept.where(_ranks(kept) < rules.most)


def _clipped(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    starts = np.clip(boxes[:, :2], 0, 1)
    ends = np.clip(boxes[:, :2] + boxes[:, 2:], 0, 1)
    return np.hstack([starts, ends - starts])


def _large(seen: Detections, rules: Rules, sizes: NDArray[np.integer] | None) -> NDArray[np.bool_]:
    sides = seen.boxes[:, 2:].astype(np.float64)
    there = (sides > 0).all(axis=1)
    if not isinstance(rules.smallest, str):
        return np.asarray(there & (sides >= rules.smallest).all(axis=1))
    if sizes is None:
        raise DataError(
            f"smallest: {rules.smallest} needs the sizes of the pictures, which are not known; "
            "name a share such as .01"
        )
    length = pixels(rules.smallest, "smallest")
    # Half a hundredth of a pixel is what single precision takes off a side.
    return np.asarray(there & (sides * sizes[seen.pictures] >= length - 0.005).all(axis=1))


def _ranks(seen: Detections) -> NDArray[np.int64]:
    """Return (m,) how many objects of its picture come before each."""
    return np.arange(len(seen.scores)) - np.repeat(seen.offsets[:-1], seen.counts)

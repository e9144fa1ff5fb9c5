"""What a simulated person draws on a picture, from nothing or from a suggestion, and how long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from auto_labeling.annotation_times import AnnotationTimes
from auto_labeling.backends.simulated.sitting import Sitting
from auto_labeling.formats.overlaps import ious
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """What is done about one shape: what is there afterwards, and what it takes."""

    shape: Shape | None
    """None where it was deleted."""
    acts_s: tuple[float, ...]
    """Seconds of each act that it took, at pace 1 and without noise."""
    changes: bool = True
    """Whether the answer differs from the suggestion by it."""


def draw_s(schema: LabelSchema, times: AnnotationTimes) -> float:
    """Return the seconds that a shape takes from nothing."""
    return times.draw_box_s if schema.task == "boxes" else times.draw_mask_s


def from_nothing(
    sitting: Sitting, truth: Sequence[Shape], times: AnnotationTimes
) -> Iterator[Stroke]:
    """Yield how each object is drawn that the person sees, there or not."""
    each_s = draw_s(sitting.schema, times)
    for number, shape in enumerate(truth):
        if not sitting.overlooks(number):
            yield Stroke(shape=sitting.drawn(shape, number), acts_s=(each_s,))
    for shape in sitting.imagined(truth):
        yield Stroke(shape=shape, acts_s=(each_s,))


def from_suggestion(
    sitting: Sitting, truth: Sequence[Shape], shown: Sequence[Shape], times: AnnotationTimes
) -> Iterator[Stroke]:
    """Yield how each suggested shape is dealt with, and then how what it lacks is drawn.

    A shape that overlaps an object as much as `times` say is left or adjusted, and its class
    changed where the person takes the object for another; any other shape is deleted. Somebody
    who is led leaves a shape as it is, and does not look for what is missing.
    """
    objects = _objects(truth, shown, times.adjust_iou)
    for place, shape in enumerate(shown):
        if place in objects and not sitting.is_led("suggested", place):
            number, overlap = objects[place]
            yield _corrected(sitting, shape, truth[number], number, overlap, times)
        elif place in objects or sitting.is_led("suggested", place):
            yield _accepted(shape, times)
        else:
            yield Stroke(shape=None, acts_s=(times.delete_s,))
    acts_s = (times.notice_s, draw_s(sitting.schema, times))
    suggested = {number for number, _ in objects.values()}
    for number, shape in enumerate(truth):
        unseen = sitting.overlooks(number) or sitting.is_led("missing", number)
        if number not in suggested and not unseen:
            yield Stroke(shape=sitting.drawn(shape, number), acts_s=acts_s)
    for shape in sitting.imagined(truth):
        yield Stroke(shape=shape, acts_s=acts_s)


def _corrected(
    sitting: Sitting, shape: Shape, true: Shape, number: int, overlap: float, times: AnnotationTimes
) -> Stroke:
    """Return what becomes of a suggested shape that shows an object."""
    label = sitting.believed(true, number)
    relabeled = (times.relabel_s,) if label != shape.label else ()
    if overlap >= times.accept_iou:
        if not relabeled:
            return _accepted(shape, times)
        return Stroke(shape=replace(shape, label=label, score=None), acts_s=relabeled)
    adjust_s = times.adjust_s if sitting.schema.task == "boxes" else times.correct_mask_s
    return Stroke(shape=sitting.drawn(true, number), acts_s=(adjust_s, *relabeled))


def _accepted(shape: Shape, times: AnnotationTimes) -> Stroke:
    return Stroke(shape=replace(shape, score=None), acts_s=(times.accept_s,), changes=False)


def _objects(
    truth: Sequence[Shape], shown: Sequence[Shape], least: float
) -> dict[int, tuple[int, float]]:
    """Return shown -> (true, IoU) of the pairs whose overlaps have the greatest sum.

    What overlaps by less than `least` is no pair. The class decides only where two fit equally
    well.
    """
    overlaps = ious(shown, truth)
    same = np.array([[one.label == true.label for true in truth] for one in shown])
    fitting = np.where(overlaps >= least, overlaps + 1e-6 * same.reshape(overlaps.shape), 0.0)
    pairs = zip(*linear_sum_assignment(fitting, maximize=True), strict=True)
    return {
        int(place): (int(number), float(overlaps[place, number]))
        for place, number in pairs
        if fitting[place, number] > 0
    }

"""Which objects a model found: pycocotools matches, and precision is averaged anew for resamples.

What is there and what is seen are matched as COCO does: class by class, the surest object first,
each with the free object it covers best; at most the 100 surest of a class on a picture.

References:
    Lin, T.-Y. et al. (2014). Microsoft COCO: common objects in context. ECCV.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.campaign.metrics import Floats

THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""The IoU from which an object counts as found, as pycocotools writes them."""
_RECALLS = np.linspace(0.0, 1.0, 101)
_MOST = 100  # objects of a class on a picture, as in COCO's figures
_EVERY_AREA = [0.0, 1e10]  # COCO's "all"; its small and large would need true pixels

Region: TypeAlias = Any
"""Where an object is, as pycocotools takes it: [left, top, width, height], or an encoded mask."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Objects:
    """Objects on n pictures, picture after picture."""

    regions: Sequence[Region]
    labels: NDArray[np.intp]
    pictures: NDArray[np.intp]
    scores: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matches:
    """What is seen of one class on n pictures, the surest of all objects first."""

    pictures: NDArray[np.intp]
    """(m,) where each object is seen."""
    scores: Floats
    """(m,)"""
    hits: NDArray[np.bool_]
    """(t, m) whether it is one that is there, at each IoU threshold."""
    truths: Floats
    """(n,) how many objects are there."""
    precision: Floats
    """(t, 101) precision at each recall, as pycocotools has it; nan where no object is there."""


def match(
    there: Objects,
    seen: Objects,
    *,
    n: int,
    k: int,
    kind: Literal["bbox", "segm"],
    thresholds: NDArray[np.floating[Any]] = THRESHOLDS,
) -> tuple[Matches, ...]:
    """Return how what is seen on n pictures matches what is there, for each of k classes.

    Intersection over union asks for no unit: boxes may be in fractions or in pixels.
    """
    from pycocotools.cocoeval import COCOeval

    with redirect_stdout(io.StringIO()):  # it reports its progress there
        coco = COCOeval(_coco(there, n, k), _coco(seen, n, k), kind)
        coco.params.iouThrs = thresholds
        coco.params.areaRng, coco.params.areaRngLbl = [_EVERY_AREA], ["all"]
        coco.params.maxDets = [_MOST]
        coco.evaluate()
        coco.accumulate()
    precision = coco.eval["precision"][..., 0, 0]
    return tuple(
        _of_class(
            coco.evalImgs[label * n : (label + 1) * n],
            np.bincount(there.pictures[there.labels == label], minlength=n).astype(np.float64),
            np.where(precision[..., label] < 0, np.nan, precision[..., label]),
        )
        for label in range(k)
    )


def average_precision(found: Matches, weights: Floats) -> Floats:
    """Return (d, t) average precision where picture i stands weights[d, i] times among the n.

    It is the mean of the 101 interpolated precisions, as COCO's. nan where no object is there.
    """
    used = (weights.max(axis=0) > 0)[found.pictures]
    hits, times = found.hits[:, used], weights[:, found.pictures[used]]
    every, ranks = (weights @ found.truths)[:, None], times.cumsum(axis=1)
    averages = np.empty((len(weights), len(hits)))
    for at, hit in enumerate(hits):
        # Only where one more is found does recall rise, or precision reach a peak.
        right = times[:, hit].cumsum(axis=1)
        precision = right / (ranks[:, hit] + np.spacing(1))  # which keeps 0 / 0 out
        peak = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        passed = np.searchsorted(_RECALLS, right / np.maximum(every, 1), side="right")
        averages[:, at] = (np.diff(passed, prepend=0, axis=1) * peak).sum(axis=1) / len(_RECALLS)
    averages[every[:, 0] == 0] = np.nan
    return averages


def counts_above(found: Sequence[Matches], score: float, n: int) -> Floats:
    """Return (n, 3 k) hits, truths and guesses of k classes at an IoU of .5, from a score on."""
    columns = []
    for one in found:
        sure = one.scores >= score
        columns.append(
            (
                np.bincount(one.pictures[sure & one.hits[0]], minlength=n),
                one.truths,
                np.bincount(one.pictures[sure], minlength=n),
            )
        )
    return np.concatenate(np.array(columns, dtype=np.float64).swapaxes(0, 1)).T


def _coco(objects: Objects, n: int, k: int) -> Any:
    from pycocotools.coco import COCO

    coco = COCO()
    coco.dataset = {
        "images": [{"id": at, "height": 1, "width": 1} for at in range(n)],
        "categories": [{"id": at, "name": str(at)} for at in range(k)],
        "annotations": [
            {
                "id": at,
                "image_id": picture,
                "category_id": label,
                "bbox": region,
                "segmentation": region,
                "score": score,
                "area": 1.0,
                "iscrowd": 0,
            }
            for at, (region, picture, label, score) in enumerate(
                zip(
                    objects.regions,
                    objects.pictures.tolist(),
                    objects.labels.tolist(),
                    objects.scores.tolist(),
                    strict=True,
                ),
                start=1,  # pycocotools takes a match with object 0 for none
            )
        ],
    }
    coco.createIndex()
    return coco


def _of_class(
    pictures: Sequence[dict[str, Any] | None], truths: Floats, precision: Floats
) -> Matches:
    told = [one for one in pictures if one is not None]
    scores = np.concatenate([np.zeros(0), *(one["dtScores"] for one in told)])
    found = [np.zeros((len(precision), 0)), *(one["dtMatches"] for one in told)]
    where = np.repeat([one["image_id"] for one in told], [len(one["dtScores"]) for one in told])
    surest = np.argsort(-scores, kind="stable")
    return Matches(
        pictures=where[surest].astype(np.intp),
        scores=scores[surest],
        hits=np.concatenate(found, axis=1)[:, surest] > 0,
        truths=truths,
        precision=precision,
    )

"""Ask about pictures of which a model sees one thing as they are, and another in a mirror."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from auto_labeling.detections import Detections
from auto_labeling.errors import ConfigurationError
from auto_labeling.strategies.detection_objects import (
    FLOOR,
    By,
    Scores,
    by_picture,
    expect_by,
    expect_floor,
    seen,
)
from auto_labeling.strategies.detection_pairs import Share, paired, shared_classes
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class MirrorDisagreement:
    """What is seen on a picture is not what is seen on its mirror image.

    Objects of the two looks are paired, the most alike first. A pair disagrees by `1 - IoU x
    share`, where the share is how much of the class scores of either both have; an object without
    a partner disagrees wholly; and each counts by its score. So consistency-based active learning
    compares a picture with changed ones (Yu et al. 2022, arXiv 2103.10374). With `of: boxes` only
    places count: the localization stability of Kao et al. 2018 (arXiv 1801.05124), with a mirror in
    the place of noise.

    >>> looks = {"offsets": np.array([0, 1]), "labels": np.array([0])}
    >>> boxes = np.array([[0.2, 0.2, 0.4, 0.4]])
    >>> once = Detections(boxes=boxes, scores=np.array([0.75]), **looks)
    >>> again = Detections(boxes=boxes, scores=np.array([0.25]), **looks)
    >>> MirrorDisagreement().score(PoolView(detections=once, mirrored=again)).round(4)
    array([0.6667])
    """

    needs: ClassVar[frozenset[str]] = frozenset({"detections", "mirrored"})
    rowwise: ClassVar[bool] = True

    of: Literal["objects", "boxes"] = "objects"
    """Whether places and classes are compared, or places alone."""
    by: By = "mean"
    """`mean`: the share of what is seen that the other look does not confirm; `sum`: how many
    objects of one look that is; `max`: the score of the surest that is not confirmed."""
    floor: float = FLOOR
    """A fainter detection is no object, but may be the partner of one if it is half as sure."""

    def __post_init__(self) -> None:
        if self.of not in _SHARES:
            raise ConfigurationError(f"of: expected objects or boxes, got {self.of!r}")
        expect_by(self.by)
        expect_floor(self.floor)

    def score(self, view: PoolView) -> Scores:
        """Return (n,) scores of at least 0; higher disagrees more, 0 where nothing is seen."""
        one, other = (
            found.where(found.scores >= self.floor / 2)
            for found in (
                seen(view, name, "mirror_disagreement") for name in ("detections", "mirrored")
            )
        )
        mine, theirs, alike = paired(one, other, _SHARES[self.of])
        looks = (
            (one, self._unsettled(one, mine, other.scores[theirs], alike)),
            (other, self._unsettled(other, theirs, one.scores[mine], alike)),
        )
        if self.by == "max":
            first, second = (by_picture(apart, found, "max") for found, (_, apart) in looks)
            return np.maximum(first, second)
        weight, apart = np.zeros(len(one)), np.zeros(len(one))
        for found, (counts, unsettled) in looks:
            weight += by_picture(counts, found, "sum")
            apart += by_picture(unsettled, found, "sum")
        return apart / (2.0 if self.by == "sum" else np.where(weight > 0, weight, 1.0))

    def _unsettled(
        self,
        found: Detections,
        places: NDArray[np.intp],
        partners: NDArray[np.floating],
        alike: Scores,
    ) -> tuple[Scores, Scores]:
        """Return (m,) what each object of a look counts, and (m,) how much of it is not confirmed.

        (p,) `places` have partners, with (p,) scores, and (p,) how alike they are.
        """
        scores = np.clip(found.scores.astype(np.float64), 0.0, 1.0)
        surer = scores.copy()
        surer[places] = np.maximum(surer[places], partners)
        weight = np.where(surer >= self.floor, scores, 0.0)
        apart = weight.copy()
        apart[places] *= 1.0 - alike
        return weight, apart


_SHARES: Mapping[str, Share | None] = {"objects": shared_classes, "boxes": None}

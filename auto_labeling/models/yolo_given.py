"""A `YOLO` of ultralytics that somebody has loaded, as a detector."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.detections import OVERLAP, Detections
from auto_labeling.errors import DataError
from auto_labeling.formats.masks import mask_of
from auto_labeling.models.yolo_library import guest
from auto_labeling.models.yolo_pictures import upright_pixels
from auto_labeling.models.yolo_results import FLOOR
from auto_labeling.pictures import Pictures


def is_yolo(model: object) -> bool:
    """Whether this is a model of ultralytics; it is not imported to find out."""
    return any(
        cls.__module__.startswith("ultralytics.") and cls.__name__ == "Model"
        for cls in type(model).__mro__
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GivenYolo:
    """What its `predict` says, picture by picture, with the settings that it was given."""

    yolo: Any
    overlap: float = OVERLAP
    """Of two boxes of one class whose IoU is above this, the less sure one is left out."""

    def __post_init__(self) -> None:
        if self.yolo.task not in ("detect", "segment"):
            raise DataError(
                f"model: expected one that detects or segments, got one for {self.yolo.task!r}"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Return its classes."""
        return tuple(str(self.yolo.names[at]) for at in range(len(self.yolo.names)))

    def suppressing(self, overlap: float) -> GivenYolo:
        """Return the same, leaving out what overlaps by more."""
        return replace(self, overlap=overlap)

    def detect(self, pictures: Pictures, *, mirrored: bool = False) -> Detections:
        """Return what it sees; the scores of other classes than the likeliest are not known."""
        with guest(0):
            return Detections.joined([self._one(path, mirrored) for path in pictures])

    def _one(self, path: Path, mirrored: bool) -> Detections:
        seen = upright_pixels(path)[..., ::-1]  # blue first, as ultralytics reads arrays
        given = np.ascontiguousarray(seen[:, ::-1] if mirrored else seen)
        [result] = self.yolo.predict(
            given, conf=FLOOR, iou=self.overlap, verbose=False, save=False, retina_masks=True
        )
        edges = result.boxes.xyxyn.cpu().numpy().reshape(-1, 4)
        boxes = np.hstack([edges[:, :2], edges[:, 2:] - edges[:, :2]])
        if mirrored:
            boxes[:, 0] = 1 - edges[:, 2]
        found = Detections(
            offsets=np.array([0, len(edges)]),
            boxes=boxes.astype(np.float32),
            scores=result.boxes.conf.cpu().numpy(),
            labels=result.boxes.cls.cpu().numpy().astype(np.intp),
        )
        there: NDArray[np.bool_] = np.all(found.boxes[:, 2:] > 0, axis=1)
        if result.masks is None:
            return found.where(there)
        inside = result.masks.data.cpu().numpy() > 0.5
        inside = inside[..., ::-1] if mirrored else inside
        there &= np.any(inside, axis=(1, 2))
        masks = tuple(mask_of("", pixels) for pixels in inside[there])
        return replace(found.where(there), masks=masks)

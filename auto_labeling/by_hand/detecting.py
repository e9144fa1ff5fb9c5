"""What somebody gave as a model, as a detector."""

from __future__ import annotations

from os import PathLike
from typing import Any

from auto_labeling.errors import ConfigurationError
from auto_labeling.models.yolo import Yolo
from auto_labeling.models.yolo_given import GivenYolo, is_yolo
from auto_labeling.ports import Detects


def detector_of(
    model: str | PathLike[str] | Detects | Any,
    *,
    sha256: str | None = None,
    image_size: int = 640,
    device: str = "cpu",
) -> Detects:
    """Return the detector of weights of a known digest, of a `YOLO`, or the detector itself.

    Raises `ConfigurationError` where it is none of these.
    """
    if isinstance(model, str | PathLike):
        if str(model).endswith(".yaml"):
            raise ConfigurationError(
                f"model: expected the path of .pt weights, got {str(model)!r}: its weights are "
                "random, and see nothing"
            )
        settings = Yolo(weights=str(model), sha256=sha256, image_size=image_size, device=device)
        return settings.build(seed=0)
    if is_yolo(model):
        return GivenYolo(yolo=model)
    if isinstance(model, Detects):
        return model
    raise ConfigurationError(
        "model: expected the path of .pt weights, a YOLO of ultralytics, or a detector with names "
        f"and detect, got a {type(model).__name__}"
    )

"""YOLOv8, and its successors, as the campaign file names them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from auto_labeling.errors import ConfigurationError
from auto_labeling.models.yolo_options import check_options

if TYPE_CHECKING:
    from auto_labeling.models.yolo_model import YoloModel

MISSING = "model: yolo needs ultralytics, which is not installed; `pip install auto-labeling[yolo]`"
_STRIDE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Yolo:
    """A network that finds, outlines or classifies what is on pictures; `labels.task` says which.

    >>> Yolo(weights="yolov8n.yaml", options={"mosiac": 0.0})
    Traceback (most recent call last):
    auto_labeling.errors.ConfigurationError: options.mosiac: expected a training argument of
    ultralytics; did you mean 'mosaic'?
    """

    weights: str = "yolov8n.yaml"
    """A `.pt` file, or an architecture that ultralytics ships, which begins with random weights."""
    sha256: str | None = None
    """The digest of a `.pt` file: it is loaded only while its bytes have it."""
    image_size: int = 640
    """The longer side, in pixels, that pictures are looked at with."""
    epochs: int = 30
    patience: int | None = None
    """Stop after so many epochs without improvement on a held-out tenth; None: never."""
    batch: int = 16
    device: str = "cpu"
    warm_start: bool = False
    """Begin each round from the model of the round before, not from `weights`."""
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """Further training arguments, by the names that ultralytics gives them."""
    reads: ClassVar[str] = "pictures"
    tasks: ClassVar[tuple[str, ...]] = ("single", "boxes", "polygons", "masks")

    def __post_init__(self) -> None:
        _check_weights(self.weights, self.sha256)
        if self.image_size < 2 * _STRIDE or self.image_size % _STRIDE:
            raise ConfigurationError(
                f"image_size: expected a multiple of {_STRIDE}, at least {2 * _STRIDE}, "
                f"got {self.image_size}"
            )
        for key, given in (
            ("epochs", self.epochs),
            ("batch", self.batch),
            ("patience", 1 if self.patience is None else self.patience),
        ):
            if given < 1:
                raise ConfigurationError(f"{key}: expected at least 1, got {given}")
        if not re.fullmatch(r"cpu|mps|cuda(:\d+)?", self.device):
            raise ConfigurationError(
                f"device: expected cpu, mps, cuda or cuda:N, got {self.device!r}"
            )
        check_options(self.options)

    def check(self, base: Path, task: str) -> None:
        """Look at what a checkpoint says of itself, or at what ultralytics ships by this name.

        Neither torch nor ultralytics is imported: that takes seconds.
        """
        from auto_labeling.models.yolo_architecture import plan_of, task_of
        from auto_labeling.models.yolo_checkpoint import check_checkpoint, classifies, verified
        from auto_labeling.models.yolo_library import expect_device

        if find_spec("ultralytics") is None:
            raise ConfigurationError(MISSING)
        expect_device(self.device)
        finds = task != "single"
        if self.weights.endswith(".pt"):
            path = base / Path(self.weights).expanduser()
            check_checkpoint(verified(path, str(self.sha256)), path, finds=finds)
        elif task_of(plan_of(self.weights), self.weights) == "classify" and finds:
            raise ConfigurationError(classifies("find"))

    def build(self, seed: int, base: Path = Path()) -> YoloModel:
        """Return the model, which has learned nothing; torch is imported when it is first used."""
        from auto_labeling.models.yolo_model import YoloModel

        return YoloModel(settings=self, seed=seed, base=base)


def _check_weights(weights: str, sha256: str | None) -> None:
    suffix = Path(weights).suffix
    if suffix not in (".pt", ".yaml"):
        raise ConfigurationError(
            f"weights: expected a .pt file or an architecture such as yolov8n.yaml, got {weights!r}"
        )
    if suffix == ".yaml" and Path(weights).name != weights:
        raise ConfigurationError(
            f"weights: expected the name of an architecture that ultralytics ships, got {weights!r}"
        )
    if suffix == ".pt" and sha256 is None:
        raise ConfigurationError(
            f"sha256: expected the digest of {weights}, because loading weights can run what is in "
            "them; if you trust the file, take the digest with `sha256sum`"
        )
    if sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise ConfigurationError(f"sha256: expected 64 hex digits, got {sha256!r}")

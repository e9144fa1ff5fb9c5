"""The embedder `yolo`: the backbone of a network whose weights are known by their digest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from auto_labeling.embedders.kept import Kept
from auto_labeling.errors import ConfigurationError
from auto_labeling.files import content_digest
from auto_labeling.models.yolo import Yolo as YoloModelSettings
from auto_labeling.ports import Embeds


@dataclass(frozen=True, slots=True, kw_only=True)
class Yolo(Kept):
    """Means over a picture of two layers: what was learned elsewhere tells pictures apart here."""

    weights: str
    """A `.pt` file."""
    sha256: str
    """Its digest: it is loaded only while its bytes have it."""
    image_size: int = 320
    """The longer side, in pixels, that pictures are looked at with."""
    device: str = "cpu"
    reads: ClassVar[frozenset[str]] = frozenset({"image"})

    def __post_init__(self) -> None:
        if not self.weights.endswith(".pt"):
            raise ConfigurationError(
                f"weights: expected a .pt file, because random weights tell nothing apart, "
                f"got {self.weights!r}"
            )
        self._network()  # which says what is wrong with the keys

    def check(self, base: Path) -> None:
        """Look at what the checkpoint says of itself; neither torch nor ultralytics is imported."""
        self._network().check(base, "single")

    def open(self, base: Path, learned: bytes | None = None) -> Backbone:  # noqa: ARG002 - the port's
        """Return the network; torch is imported when it first embeds."""
        return Backbone(settings=self, network=self._network().build(0, base))

    def _network(self) -> YoloModelSettings:
        return YoloModelSettings(
            weights=self.weights,
            sha256=self.sha256,
            image_size=self.image_size,
            device=self.device,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Backbone:
    """The network that a file holds."""

    settings: Yolo
    network: Embeds

    @property
    def digest(self) -> str:
        return content_digest(["yolo", 1, self.settings.sha256.lower(), self.settings.image_size])

    def embed(self, contents: Any) -> NDArray[np.floating[Any]]:
        return self.network.embed(contents)

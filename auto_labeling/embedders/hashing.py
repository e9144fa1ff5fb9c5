"""The embedder `hashing`: hashed words and word pairs, as a pool of texts has them by itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from auto_labeling.embedders.kept import Kept, at_least
from auto_labeling.files import content_digest
from auto_labeling.pool.texts import HashedTexts


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashing(Kept):
    """It learns nothing, so two campaigns with other pools have the same points."""

    width: int = 1024
    reads: ClassVar[frozenset[str]] = frozenset({"text"})

    def __post_init__(self) -> None:
        at_least("width", 2, self.width)

    @property
    def digest(self) -> str:
        return content_digest(["hashing", 1, self.width])

    def check(self, base: Path) -> None:
        """Return: there is nothing to be missed."""

    def open(self, base: Path, learned: bytes | None = None) -> Hashing:  # noqa: ARG002 - the port's
        """Return itself."""
        return self

    def embed(self, contents: Any) -> NDArray[np.float32]:
        hashed = HashedTexts(texts=contents, width=self.width)
        return np.concatenate([np.empty((0, self.width), np.float32), *hashed.chunks()])

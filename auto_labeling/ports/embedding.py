"""Embedders: what makes points, in which near means alike, of what items hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from auto_labeling.pictures import Pictures

Contents: TypeAlias = Sequence[str] | Pictures | NDArray[np.float32]
"""What n items hold: texts, picture files, or (n, p) numbers."""
Precision: TypeAlias = Literal["half", "single"]


class Embedder(Protocol):
    """Something that embeds, and has learned all that it ever will."""

    @property
    def digest(self) -> str:
        """What tells its points from those of any other embedder: 64 hex digits."""
        ...

    def embed(self, contents: Contents) -> NDArray[np.floating[Any]]:
        """Return (n, d) finite points; equal contents have equal points, whatever is beside them.

        Raises `DataError` that names what cannot be embedded, and `ConfigurationError` where the
        embedder itself is at fault.
        """
        ...


class EmbedderSettings(Protocol):
    """What the campaign file says about an embedder: the class that a row of its TABLE names."""

    reads: ClassVar[frozenset[str]]
    """The kinds of items that it embeds: `image`, `text`, `row`."""

    @property
    def precision(self) -> Precision:
        """How its points are kept on disk."""
        ...

    def check(self, base: Path) -> None:
        """Raise `ConfigurationError` for a file or library that is absent, or another.

        `base` is what relative paths are relative to. Nothing is loaded or run for it.
        """
        ...

    def open(self, base: Path, learned: bytes | None = None) -> Embedder:
        """Return the embedder; `learned` is what `FitsPool.fit` gave, where it is one."""
        ...


@runtime_checkable
class FitsPool(Protocol):
    """Settings of an embedder that learns from the pool before it embeds; labels are not read."""

    def fit(self, contents: Contents, seed: int) -> bytes:
        """Return what it learned, as bytes that hold no content: the same ones another time."""
        ...

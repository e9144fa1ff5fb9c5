"""The embedder `tfidf`: the words of the pool itself, weighted and projected; no download."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from auto_labeling.embedders.kept import Kept, at_least
from auto_labeling.errors import DataError
from auto_labeling.files import content_digest
from auto_labeling.models.latent import LatentSpace, latent_space, unpacked


@dataclass(frozen=True, slots=True, kw_only=True)
class Tfidf(Kept):
    """Words, pairs of words and runs of letters, and their leading latent directions.

    It learns from the texts of the pool when the campaign begins, never from held-out ones, and
    what it learned holds hashes of words, no words.
    """

    components: int = 64
    """More tell more apart once labels are many; few labels learn less from them."""
    letters: bool = True
    """Whether runs of 3 to 5 letters count too: they know a misspelt word again."""
    reads: ClassVar[frozenset[str]] = frozenset({"text"})

    def __post_init__(self) -> None:
        at_least("components", 2, self.components)

    def check(self, base: Path) -> None:
        """Return: there is nothing to be missed."""

    def fit(self, contents: Any, seed: int) -> bytes:
        """Return the space of these texts; `seed` draws a sample where they are many."""
        rng = np.random.default_rng(seed)
        return latent_space(contents, self.components, letters=self.letters, rng=rng).packed()

    def open(self, base: Path, learned: bytes | None = None) -> Fitted:  # noqa: ARG002 - the port's
        """Return what embeds in the space that was learned."""
        if learned is None:
            raise DataError("embedder: tfidf has to learn from the pool before it embeds")
        return Fitted(space=unpacked(learned), learned=hashlib.sha256(learned).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """The space of one pool."""

    space: LatentSpace
    learned: str

    @property
    def digest(self) -> str:
        return content_digest(["tfidf", 1, self.learned])

    def embed(self, contents: Any) -> NDArray[np.float32]:
        return self.space.embed(contents)

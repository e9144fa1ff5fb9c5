"""Texts as features that do not hold the words: hashed words and word pairs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.pool.rows import spans


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HashedTexts:
    """(n, width) rows of unit length from words and word pairs; a text without words is zero.

    Signed feature hashing: Weinberger et al., "Feature Hashing for Large Scale Multitask
    Learning", ICML 2009.
    """

    texts: Sequence[str]
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        """Return (n, width)."""
        return len(self.texts), self.width

    def chunks(self) -> Iterator[NDArray[np.float32]]:
        """Yield every row in order."""
        # Imported here: scikit-learn takes a second that only a pool of texts should cost.
        from sklearn.feature_extraction.text import HashingVectorizer

        hashing = HashingVectorizer(n_features=self.width, ngram_range=(1, 2), dtype=np.float32)
        for start, stop in spans(*self.shape):
            yield hashing.transform(self.texts[start:stop]).toarray()

    def take(self, keep: NDArray[np.intp]) -> HashedTexts:
        """Return the rows at these positions."""
        return HashedTexts(texts=[self.texts[at] for at in keep], width=self.width)


def text_hash(text: str) -> str:
    """Return the sha256 of a text: 64 hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()

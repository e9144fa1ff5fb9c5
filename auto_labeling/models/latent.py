"""Texts as points of a latent space: TF-IDF of words and letters, projected and of unit length."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import normalise_rows
from auto_labeling.errors import DataError

_BUCKETS = 2**20
_MOST_COLUMNS = 2**16
"""Of each kind of term: the components are (c, columns) in memory."""
_SAMPLE = 30_000
_AT_ONCE = 2_000
_ROUNDING = 1e-3
"""Of the largest singular value."""
_ANALYZERS: tuple[dict[str, Any], ...] = (
    {"ngram_range": (1, 2)},
    {"analyzer": "char_wb", "ngram_range": (3, 5)},
)
"""Words with pairs of neighbours; runs of 3 to 5 letters within words."""

_UNREADABLE = (ValueError, KeyError, OSError, EOFError, AttributeError, BadZipFile, zlib.error)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Terms:
    """One kind of terms by their hashes, so that no word is kept: those of several texts."""

    columns: NDArray[np.int64]
    """(v,) hashes, ascending."""
    idf: NDArray[np.float32]
    """(v,) how rare each is."""

    def weigh(self, counts: Any) -> Any:
        """Return (n, v) sparse TF-IDF rows of unit length from (n, buckets) counts.

        A term that occurs t times counts 1 + log t: Manning, Raghavan & Schuetze, "Introduction to
        Information Retrieval", 6.4, 2008.
        """
        from sklearn.preprocessing import normalize

        kept = counts[:, self.columns]
        if not len(self.columns):
            return kept
        kept.data = (1 + np.log(kept.data)) * self.idf[kept.indices]
        return normalize(kept, copy=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LatentSpace:
    """Leading singular vectors of TF-IDF rows (Deerwester et al. 1990) and what made the rows."""

    terms: tuple[Terms, ...]
    components: NDArray[np.float32]
    """(c, v) of the terms of all kinds, beside one another."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return (n, c) rows of unit length; a text without a known term is zero."""
        points = np.empty((len(texts), len(self.components)), np.float32)
        for rows in _chunks(len(texts)):
            points[rows] = normalise_rows(self._weighed(texts[rows]) @ self.components.T)
        return points

    def packed(self) -> bytes:
        """Return it as bytes: the same space, the same bytes."""
        arrays: dict[str, NDArray[Any]] = {"components": self.components}
        for at, one in enumerate(self.terms):
            arrays |= {f"columns_{at}": one.columns, f"idf_{at}": one.idf}
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)  # type: ignore[arg-type]
        return buffer.getvalue()

    def _weighed(self, texts: Sequence[str]) -> Any:
        from scipy.sparse import hstack

        kinds = zip(self.terms, _counters(len(self.terms)), strict=True)
        return hstack([one.weigh(count.transform(texts)) for one, count in kinds], format="csr")


def unpacked(content: bytes) -> LatentSpace:
    """Return the space that `LatentSpace.packed` wrote; `DataError` for other bytes."""
    try:
        arrays = np.load(io.BytesIO(content), allow_pickle=False)
        kinds = (len(arrays.files) - 1) // 2
        terms = tuple(
            Terms(columns=arrays[f"columns_{at}"], idf=arrays[f"idf_{at}"]) for at in range(kinds)
        )
        return LatentSpace(terms=terms, components=arrays["components"])
    except _UNREADABLE as error:
        raise DataError("what the embedder learned is damaged: it cannot be read") from error


def latent_space(
    texts: Sequence[str], components: int, *, letters: bool, rng: np.random.Generator
) -> LatentSpace:
    """Return the space of these texts, found on at most 30,000 of them.

    Terms of one text only are left out, and of each kind no more than 65,536 are kept, the most
    common ones. There are at most half as many components as texts: further ones tell these texts
    apart and no others.
    """
    from scipy.sparse import vstack
    from sklearn.utils.extmath import randomized_svd

    sample = [texts[at] for at in _drawn(len(texts), rng)]
    terms = tuple(_terms(sample, counter) for counter in _counters(2 if letters else 1))
    width = sum(len(one.columns) for one in terms)
    if not width:
        raise DataError("not one text has a letter: expected texts with words to embed")
    space = LatentSpace(terms=terms, components=np.empty((0, width), np.float32))
    weighed = vstack([space._weighed(sample[rows]) for rows in _chunks(len(sample))])
    c = min(components, max(1, len(sample) // 2), width)
    state = int(rng.integers(2**32))
    _, sizes, found = randomized_svd(weighed, c, random_state=state)
    # Few texts span few directions; what is left of the others is rounding, which scaling inflates.
    real = found[sizes > _ROUNDING * sizes[0]]
    return LatentSpace(terms=terms, components=np.ascontiguousarray(real, np.float32))


def _terms(texts: Sequence[str], counter: Any) -> Terms:
    holders = np.zeros(_BUCKETS, np.int64)
    for rows in _chunks(len(texts)):
        holders += np.bincount(counter.transform(texts[rows]).indices, minlength=_BUCKETS)
    several = holders >= min(2, holders.max())
    ranked = np.argsort(-holders, kind="stable")[: min(_MOST_COLUMNS, int(several.sum()))]
    columns = np.sort(ranked[holders[ranked] > 0])
    idf = 1 + np.log((1 + len(texts)) / (1 + holders[columns]))
    return Terms(columns=columns, idf=idf.astype(np.float32))


def _counters(kinds: int) -> list[Any]:
    from sklearn.feature_extraction.text import HashingVectorizer

    return [
        HashingVectorizer(
            n_features=_BUCKETS, alternate_sign=False, norm=None, dtype=np.float32, **analyzer
        )
        for analyzer in _ANALYZERS[:kinds]
    ]


def _drawn(n: int, rng: np.random.Generator) -> NDArray[np.intp]:
    if n <= _SAMPLE:
        return np.arange(n)
    return np.sort(rng.choice(n, _SAMPLE, replace=False))


def _chunks(n: int) -> Iterator[slice]:
    return (slice(start, start + _AT_ONCE) for start in range(0, n, _AT_ONCE))

"""Every two people who share items: how far they agree, one by one and on average."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import ratio, spans
from auto_labeling.errors import DataError
from auto_labeling.quality.agreement.cohen import (
    PairAgreement,
    cohen_terms,
    kappas,
    one_hot,
    percent_and_kappa,
)
from auto_labeling.quality.agreement.resampling import DRAWS, limited
from auto_labeling.ratings import Ratings
from auto_labeling.records import Interval

_MOST_PAIRS = 20_000_000
"""Of answers to one item: more would take gigabytes."""


def every_pair(
    ratings: Ratings, rng: np.random.Generator, least: int = 1
) -> Iterator[PairAgreement]:
    """Yield the agreement of every two people who share `least` items, those with most first.

    They share about n r (r - 1) / 2 pairs of answers in all, if r people answer an item.
    """
    paired = _Paired.of(ratings)
    shared = np.bincount(paired.pair, minlength=len(paired.people))
    starts = np.concatenate([[0], np.cumsum(shared)])
    for at in np.argsort(-shared, kind="stable").tolist():
        if shared[at] < least:
            return
        rows = slice(starts[at], starts[at + 1])
        k = ratings.shape[2]
        percent, kappa = percent_and_kappa(
            cohen_terms(paired.first[rows], one_hot(paired.last[rows], k)), rng
        )
        one, other = paired.people[at].tolist()
        yield PairAgreement(one=one, other=other, percent=percent, kappa=kappa)


def mean_cohen_kappa(ratings: Ratings, rng: np.random.Generator) -> Interval:
    """Return Cohen's kappa averaged over every two people, weighed by the items both answered.

    That is Light's kappa where everybody has answered everything. Pairs whose kappa is undefined
    are left out; nan where that is all of them. A pair that shares a handful of items says little
    of either: where people share few, an alpha or Fleiss' kappa tells more. Raises `DataError`
    where there are too many pairs of answers to compare.

    References:
        Light, R. (1971). Measures of response agreement for qualitative data. Psychological
        Bulletin 76(5).
    """
    from scipy.sparse import csr_array

    paired = _Paired.of(ratings)
    n, k, pairs = ratings.shape[0], ratings.shape[2], len(paired.people)
    width = 2 + 2 * k
    if not pairs:
        return Interval.unknown()
    at = paired.pair * width
    columns = [at, at + 1, at + 2 + paired.first, at + 2 + k + paired.last]
    says = [np.ones(len(at)), paired.first == paired.last, np.ones(len(at)), np.ones(len(at))]
    rows = np.tile(paired.item, 4)
    terms = csr_array(
        (np.concatenate(says), (rows, np.concatenate(columns))), shape=(n, pairs * width)
    )
    items = np.unique(paired.item)
    terms = terms[items]

    def averaged(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = (weights @ terms).reshape(-1, width)
        found, shared = kappas(sums).reshape(-1, pairs), sums[:, 0].reshape(-1, pairs)
        telling = np.where(np.isfinite(found), shared, 0.0)
        return ratio((np.nan_to_num(found) * telling).sum(axis=1), telling.sum(axis=1))

    size = len(items)
    figure = float(averaged(np.ones((1, size)))[0])
    if size < 2:
        return limited(figure, np.empty(0), size)
    even = np.full(size, 1 / size)
    drawn = [
        averaged(rng.multinomial(size, even, size=span.stop - span.start).astype(np.float64))
        for span in spans(DRAWS, pairs * width)
    ]
    return limited(figure, np.concatenate(drawn), size)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Paired:
    """Every two answers to one item, as parallel arrays, ordered by who gave them."""

    item: NDArray[np.intp]
    pair: NDArray[np.intp]
    """Which row of `people`."""
    first: NDArray[np.intp]
    last: NDArray[np.intp]
    """The classes that the lower and the higher of the two people said."""
    people: NDArray[np.intp]
    """(p, 2) the positions of two people."""

    @classmethod
    def of(cls, ratings: Ratings) -> _Paired:
        """Return the pairs, or raise `DataError` where there are too many."""
        w = ratings.shape[1]
        order = np.lexsort((ratings.people, ratings.items))
        items, people, labels = (
            one[order].astype(np.intp) for one in (ratings.items, ratings.people, ratings.labels)
        )
        starts = np.flatnonzero(np.diff(items, prepend=-1))
        answers = np.diff(np.append(starts, len(items)))
        total = int((answers * (answers - 1) // 2).sum())
        if total > _MOST_PAIRS:
            raise DataError(
                f"Cohen's kappa: expected at most {_MOST_PAIRS:,} pairs of answers to one item, "
                f"got {total:,}; fleiss_kappa and krippendorff_alpha take any number of people"
            )
        entries = [np.empty((0, 2), np.intp)]
        for size in np.unique(answers[answers >= 2]).tolist():
            offsets = np.array(list(combinations(range(size), 2)), dtype=np.intp)
            entries.append((starts[answers == size][:, None, None] + offsets).reshape(-1, 2))
        one, other = np.concatenate(entries).T
        keys, pair = np.unique(people[one] * w + people[other], return_inverse=True)
        by = np.argsort(pair, kind="stable")
        return cls(
            item=items[one][by],
            pair=pair[by],
            first=labels[one][by],
            last=labels[other][by],
            people=np.stack([keys // w, keys % w], axis=1),
        )

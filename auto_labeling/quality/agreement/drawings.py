"""How far people agree who draw: beyond chance, on objects, and on where these end."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import ratio
from auto_labeling.ports import Vote
from auto_labeling.quality.agreement.matching import matches
from auto_labeling.quality.agreement.resampling import Value, resampled_together
from auto_labeling.records import Interval, ItemId, PersonId, shapes_of
from auto_labeling.shapes import Shape

_BY_CHANCE = 2_000
"""Pairs of drawings of different pictures that tell how alike drawings are by chance."""
Drawing: TypeAlias = tuple[Shape, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnAgreement:
    """How far people agree on drawings, with 95 % limits that resample pictures."""

    alpha: Interval
    """Krippendorff's alpha of drawings, at most 1: 0 is how alike drawings of other pictures are.

    nan where all drawings are the same, or of fewer than two pictures."""
    f1: Interval
    """The share of shapes that the other has drawn as well, of the same class with an IoU of .5 or
    more; nan where nobody drew."""
    iou: Interval
    """The mean IoU of such shapes."""
    dice: Interval
    """Their mean Dice coefficient."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawings:
    """What people drew on pictures that several have answered, two drawings at a time.

    A drawing without a shape says that there is nothing, and counts; who could not tell has not
    answered. The distance between two drawings is 1 - 2 S / N: shapes of one class are paired so
    that the sum S of their IoU is greatest, and N is how many there are in both; two that are empty
    are equal. With it `alpha` is Krippendorff's, 1 - Do / De, the unit a picture: Do is the mean
    distance of two drawings of one picture, De that of drawings of different pictures, of which
    2,000 pairs are drawn by lot. Whether objects are there cannot be corrected for chance object by
    object, since nobody can count what nobody drew; drawings of other pictures say it.

    References:
        Braylan, A., Alonso, O. and Lease, M. (2022). Measuring Annotator Agreement Generally across
        Complex Structured, Multi-object, and Free-text Annotation Tasks. WWW.
        Hripcsak, G. and Rothschild, A. (2005). Agreement, the F-measure, and reliability in
        information retrieval. JAMIA 12(3). F1 is what kappa tends to where most is background.
    """

    pictures: tuple[ItemId, ...]
    """(n,) those with two drawings or more."""
    people: tuple[PersonId, ...]
    """(w,) everybody who drew on one of them, in alphabetical order."""
    at: NDArray[np.intp]
    """(p, 3) the picture and the two people of every pair of drawings of one picture."""
    terms: NDArray[np.float64] = field(repr=False)
    """(p, q) what each pair adds to sums."""
    by_chance: float
    """How alike drawings of different pictures are; nan of a single picture."""

    @classmethod
    def of(cls, votes: Sequence[Vote], rng: np.random.Generator) -> Drawings:
        """Return the drawings beside each other; of one person's the last counts."""
        drawn: defaultdict[ItemId, dict[PersonId, Drawing]] = defaultdict(dict)
        for vote in votes:
            shapes = shapes_of(vote.value)
            if len(shapes) == len(vote.value):
                drawn[vote.item_id][vote.person] = shapes
        shared = {item: by for item, by in drawn.items() if len(by) > 1}
        people = sorted({who for by in shared.values() for who in by})
        places = {who: at for at, who in enumerate(people)}
        flat = [shapes for by in shared.values() for shapes in by.values()]
        rows = [(at, places[who]) for at, by in enumerate(shared.values()) for who in by]
        picture, person = np.array(rows, dtype=np.intp).reshape(-1, 2).T
        pairs = _within(picture)
        at = np.column_stack([picture[pairs[:, 0]], np.sort(person[pairs], axis=1)])
        return cls(
            pictures=tuple(shared),
            people=tuple(people),
            at=at,
            terms=matches(flat, pairs).terms,
            by_chance=_by_chance(flat, picture, rng),
        )

    def agreement(self, rng: np.random.Generator) -> DrawnAgreement:
        """Return how far all agree."""
        return self._agreement(np.ones(len(self.at), dtype=np.bool_), rng)

    def alike(self) -> NDArray[np.float64]:
        """Return (n,) how alike the drawings of each picture are on average, in [0, 1]."""
        picture = self.at[:, 0]
        n = len(self.pictures)
        return np.bincount(picture, self.terms[:, 1], n) / np.bincount(picture, minlength=n)

    def every_pair(
        self, rng: np.random.Generator, least: int = 1
    ) -> Iterator[tuple[PersonId, PersonId, DrawnAgreement]]:
        """Yield every two people who share `least` pictures, those with most first."""
        pair = self.at[:, 1] * len(self.people) + self.at[:, 2]
        keys, shared = np.unique(pair, return_counts=True)
        for place in np.argsort(-shared, kind="stable").tolist():
            if shared[place] < least:
                return
            one, other = divmod(int(keys[place]), len(self.people))
            found = self._agreement(pair == keys[place], rng)
            yield self.people[one], self.people[other], found

    def one_against_others(
        self, rng: np.random.Generator, least: int = 1
    ) -> Iterator[tuple[PersonId, DrawnAgreement]]:
        """Yield everybody who shares `least` pictures with others, by how far they agree."""
        for place, person in enumerate(self.people):
            mine = (self.at[:, 1:] == place).any(axis=1)
            if len(np.unique(self.at[mine, 0])) >= max(least, 1):
                yield person, self._agreement(mine, rng)

    def _agreement(self, wanted: NDArray[np.bool_], rng: np.random.Generator) -> DrawnAgreement:
        pictures, rows = np.unique(self.at[wanted, 0], return_inverse=True)
        sums = np.zeros((len(pictures), self.terms.shape[1]))
        np.add.at(sums, rows, self.terms[wanted])

        def quotient(above: int, below: int, times: float = 1.0) -> Value:
            return lambda sums: ratio(times * sums[:, above], sums[:, below])

        values = [self._alpha, quotient(2, 3, times=2.0), quotient(4, 2), quotient(5, 2)]
        alpha, f1, iou, dice = resampled_together(sums, values, rng, n=len(pictures))
        return DrawnAgreement(alpha=alpha, f1=f1, iou=iou, dice=dice)

    def _alpha(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        # Chance is that of all pictures, whoever drew, and is not drawn again: its own error is
        # small beside that of the pairs, which are far fewer.
        apart = 1 - ratio(sums[:, 1], sums[:, 0])
        return 1 - ratio(apart, np.full(len(sums), max(1 - self.by_chance, 0.0)))


def every_class(
    votes: Sequence[Vote], classes: Sequence[str], rng: np.random.Generator
) -> Iterator[tuple[str, DrawnAgreement]]:
    """Yield how far people agree on the shapes of each class that was drawn, on all pictures."""
    for name in classes:
        some = [
            Vote(item_id=vote.item_id, person=vote.person, value=_only(vote, name))
            for vote in votes
            if not any(isinstance(one, str) for one in vote.value)
        ]
        if any(vote.value for vote in some):
            yield name, Drawings.of(some, rng).agreement(rng)


def _only(vote: Vote, name: str) -> Drawing:
    return tuple(one for one in vote.value if not isinstance(one, str) and one.label == name)


def _within(picture: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return (p, 2) every two drawings of one picture; those of a picture stand together."""
    starts = np.flatnonzero(np.diff(picture, prepend=-1))
    ends = np.append(starts, len(picture))[1:]
    found = [
        pair
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        for pair in combinations(range(start, end), 2)
    ]
    return np.array(found, dtype=np.intp).reshape(-1, 2)


def _by_chance(
    drawn: Sequence[Drawing], picture: NDArray[np.intp], rng: np.random.Generator
) -> float:
    """Return how alike drawings of different pictures are, of all pairs or 2,000 by lot."""
    n = len(drawn)
    if n * (n - 1) // 2 <= _BY_CHANCE:
        pairs = np.stack(np.triu_indices(n, 1), axis=1)
    else:
        pairs = rng.integers(n, size=(2 * _BY_CHANCE, 2))
    different = pairs[picture[pairs[:, 0]] != picture[pairs[:, 1]]][:_BY_CHANCE]
    return float(matches(drawn, different).alike.mean()) if len(different) else math.nan

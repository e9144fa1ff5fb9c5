"""Which drawn shapes are of one object: the candidates that people's drawings make together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from auto_labeling.formats.overlaps import ious
from auto_labeling.ports import Vote
from auto_labeling.shapes import Shape

SAME = 0.3
"""From which IoU on shapes are of one object: two careless people draw it no more alike."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """m shapes of w people in k candidate objects, and the a opinions about these candidates."""

    shapes: tuple[Shape, ...]
    drawers: NDArray[np.intp]
    """(m,) the person who drew each shape."""
    objects: NDArray[np.intp]
    """(m,) the candidate that each shape is of."""
    pictures: NDArray[np.intp]
    """(k,) on which picture each candidate is."""
    asked: NDArray[np.intp]
    """(a,) the candidate of each opinion: one for everybody who answered its picture."""
    people: NDArray[np.intp]
    """(a,) whose opinion it is."""
    drew: NDArray[np.bool_]
    """(a,) whether that person drew the candidate."""
    n_people: int

    @property
    def n(self) -> int:
        """How many candidates there are."""
        return len(self.pictures)


def candidates(pictures: Sequence[Sequence[Vote]]) -> Candidates:
    """Return what the drawings of each picture have in common; none is an abstention.

    The two shapes most alike are joined first, whatever their classes, down to an IoU of `SAME`,
    and never so that one answer has two shapes of one object (constrained single linkage).
    """
    names = sorted({vote.person for votes in pictures for vote in votes})
    numbers = {name: at for at, name in enumerate(names)}
    shapes: list[Shape] = []
    drawers: list[int] = []
    objects: list[NDArray[np.intp]] = []
    counts: list[int] = []
    asked: list[NDArray[np.intp]] = []
    people: list[NDArray[np.intp]] = []
    drew: list[NDArray[np.bool_]] = []
    first = 0
    for votes in pictures:
        here: list[Shape] = [
            one for vote in votes for one in vote.value if not isinstance(one, str)
        ]
        who = np.array([numbers[vote.person] for vote in votes], dtype=np.intp)
        answers = np.repeat(np.arange(len(votes)), [len(vote.value) for vote in votes])
        found = one_object(here, answers)
        k = int(found.max()) + 1 if len(found) else 0
        drawn = np.zeros((k, len(votes)), dtype=bool)
        drawn[found, answers] = True
        shapes += here
        drawers += who[answers].tolist()
        objects.append(found + first)
        counts.append(k)
        asked.append(np.repeat(np.arange(first, first + k), len(votes)))
        people.append(np.tile(who, k))
        drew.append(drawn.ravel())
        first += k
    none = np.zeros(0, dtype=np.intp)
    return Candidates(
        shapes=tuple(shapes),
        drawers=np.array(drawers, dtype=np.intp),
        objects=np.concatenate([none, *objects]),
        pictures=np.repeat(np.arange(len(pictures)), counts).astype(np.intp),
        asked=np.concatenate([none, *asked]),
        people=np.concatenate([none, *people]),
        drew=np.concatenate([none.astype(bool), *drew]),
        n_people=len(names),
    )


def one_object(shapes: Sequence[Shape], answers: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return (m,) the object of each shape of a picture, from 0; `answers` is (m,) whose it is.

    >>> from auto_labeling.shapes import Box
    >>> left, right = (Box(label="car", x=x, y=0, width=0.2, height=0.2) for x in (0.1, 0.7))
    >>> one_object([left, right, right, left], np.array([0, 0, 1, 1])).tolist()
    [0, 1, 1, 0]
    """
    m = len(shapes)
    shared = ious(shapes, shapes) if m else np.zeros((0, 0))
    one, other = np.nonzero(np.triu(shared >= SAME, 1) & (answers[:, None] != answers))
    found = list(range(m))
    members = [[at] for at in found]
    whose = [{answer} for answer in answers.tolist()]
    for pair in np.argsort(-shared[one, other], kind="stable").tolist():
        into, gone = sorted((found[one[pair]], found[other[pair]]))
        if into == gone or whose[into] & whose[gone]:
            continue
        members[into] += members[gone]
        whose[into] |= whose[gone]
        for at in members[gone]:
            found[at] = into
    return np.unique(np.array(found, dtype=np.intp), return_inverse=True)[1].astype(np.intp)


def by_picture(votes: Sequence[Vote]) -> dict[str, list[Vote]]:
    """Return the votes of each item in an order that does not hang on how they came."""
    plain = {(vote.item_id, vote.person) for vote in votes}
    if len(plain) < len(votes):  # somebody answers twice: what they drew orders their answers
        ordered = sorted(votes, key=lambda vote: (vote.item_id, vote.person, repr(vote.value)))
    else:
        ordered = sorted(votes, key=lambda vote: (vote.item_id, vote.person))
    return {item: list(group) for item, group in groupby(ordered, lambda vote: vote.item_id)}

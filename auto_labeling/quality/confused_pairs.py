"""Which classes people take for each other, and on which items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.optimize import linear_sum_assignment

from auto_labeling.formats.overlaps import ious
from auto_labeling.ports import Vote
from auto_labeling.quality.agreement.matching import SAME_OBJECT
from auto_labeling.quality.counting import abstains
from auto_labeling.records import ItemId, LabelSchema, Value, shapes_of
from auto_labeling.shapes import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfusedPair:
    """Two classes that people took for each other."""

    one: str
    other: str | None
    """None: some said the class, and others did not, or drew nothing there."""
    items: tuple[ItemId, ...]
    """Where, in the order of the votes."""


def confused_pairs(votes: Sequence[Vote], schema: LabelSchema) -> list[ConfusedPair]:
    """Return the pairs of classes between which people differ, the most frequent first.

    An item counts once for a pair, however many people differ there; who could not tell differs
    from nobody. Equally frequent pairs are in the order of the classes.

    >>> said = [("a", "ann", "cat"), ("a", "bob", "dog"), ("b", "ann", "cat"), ("b", "bob", "cat")]
    >>> votes = [Vote(item_id=item, person=who, value=value) for item, who, value in said]
    >>> schema = LabelSchema(task="single", classes=("dog", "cat"))
    >>> [(pair.one, pair.other, pair.items) for pair in confused_pairs(votes, schema)]
    [('dog', 'cat', ('a',))]
    """
    opinions: dict[ItemId, list[Value]] = defaultdict(list)
    for vote in votes:
        if not abstains(vote.value, schema):
            opinions[vote.item_id].append(vote.value)
    place = {name: at for at, name in enumerate(schema.classes)}
    found: dict[tuple[int, int], list[ItemId]] = defaultdict(list)
    for item, said in opinions.items():
        # Equal answers differ alike from the others; drawings are hardly ever equal.
        values = said if schema.is_drawn else list(dict.fromkeys(said))
        pairs = {
            tuple(sorted(place.get(name or "", len(place)) for name in pair))
            for one, other in combinations(values, 2)
            for pair in _differences(one, other, schema)
        }
        for first, second in pairs:
            found[first, second].append(item)
    names: list[str | None] = [*schema.classes, None]
    ranked = sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return [
        ConfusedPair(one=schema.classes[first], other=names[second], items=tuple(items))
        for (first, second), items in ranked
    ]


def _differences(one: Value, other: Value, schema: LabelSchema) -> Iterator[tuple[str, str | None]]:
    """Yield (class, class) for what two people took differently; None for what only one saw."""
    if isinstance(one, str) or isinstance(other, str):
        if one != other:
            yield str(one), str(other)
        return
    if schema.is_drawn:
        yield from _drawn_differences(shapes_of(one), shapes_of(other))
        return
    mine, theirs = ({str(name) for name in value} for value in (one, other))
    if not mine - theirs or not theirs - mine:
        yield from ((name, None) for name in mine ^ theirs)
    else:
        yield from ((a, b) for a in mine - theirs for b in theirs - mine)


def _drawn_differences(
    mine: Sequence[Shape], theirs: Sequence[Shape]
) -> Iterator[tuple[str, str | None]]:
    overlaps = ious(mine, theirs)
    rows, columns = linear_sum_assignment(
        np.where(overlaps >= SAME_OBJECT, overlaps, 0.0), maximize=True
    )
    met = [
        (int(row), int(column))
        for row, column in zip(rows, columns, strict=True)
        if overlaps[row, column] >= SAME_OBJECT
    ]
    for row, column in met:
        if mine[row].label != theirs[column].label:
            yield mine[row].label, theirs[column].label
    for shapes, seen in ((mine, {row for row, _ in met}), (theirs, {one for _, one in met})):
        yield from ((shape.label, None) for at, shape in enumerate(shapes) if at not in seen)

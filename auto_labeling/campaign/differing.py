"""The items on which people differ most, and what each of them said."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from auto_labeling.campaign.annotator_account import Given, as_class
from auto_labeling.campaign.intake import decode
from auto_labeling.quality.overlaps import agreement
from auto_labeling.records import ItemId, Value, shapes_of

MOST = 8
"""How many are told of: to look at more, there is the audit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """An item on which people differ."""

    item_id: ItemId
    said: Mapping[str, int]
    """What people answered, and how many; the most frequent first."""
    label: str | None
    """What became of it; None: nothing was decided."""
    agreement: float
    """The share of equal pairs of answers, or how alike the drawings are, in [0, 1]."""


def in_words(value: Value) -> str:
    """Return an answer as a reader takes it in: classes, or how many shapes of each.

    >>> in_words("cat"), in_words(("cat", "dog")), in_words(())
    ('cat', 'cat, dog', 'nothing')
    """
    if isinstance(value, str):
        return value
    names = Counter(one if isinstance(one, str) else one.label for one in value)
    drawn = any(not isinstance(one, str) for one in value)
    words = [f"{many} {name}" if drawn else name for name, many in sorted(names.items())]
    return ", ".join(words) or "nothing"


def by_item(given: Sequence[Given]) -> dict[ItemId, list[Value]]:
    """Return the answers to each item; of one person's the last."""
    found: dict[ItemId, dict[str, Value]] = defaultdict(dict)
    for one in given:
        found[one.item_id][one.person] = one.value
    return {item: list(each.values()) for item, each in found.items()}


def counted(values: Sequence[Value]) -> dict[str, int]:
    """Return what was said in words, and by how many; the most frequent first."""
    return dict(Counter(map(in_words, values)).most_common())


def disagreements(
    said: Mapping[ItemId, Sequence[Value]],
    labeled: Mapping[ItemId, str],
    known: Container[ItemId],
) -> list[Disagreement]:
    """Return where people differ most; of equally much where more people do."""
    found = [
        (_agreement(values), -len(values), item)
        for item, values in said.items()
        if len(values) > 1 and item not in known
    ]
    worst = sorted(one for one in found if one[0] < 1)[:MOST]
    return [
        Disagreement(
            item_id=item,
            said=counted(said[item]),
            label=_label(labeled.get(item)),
            agreement=alike,
        )
        for alike, _, item in worst
    ]


def _label(stored: str | None) -> str | None:
    value = decode(stored)
    return None if value is None else in_words(value)


def _agreement(values: Sequence[Value]) -> float:
    """Return the mean agreement of the pairs of two or more answers, in [0, 1]."""
    m = len(values)
    if all(isinstance(one, str) or all(isinstance(name, str) for name in one) for one in values):
        counts = Counter(map(as_class, values)).values()
        return sum(many * (many - 1) for many in counts) / (m * (m - 1))
    drawn = [shapes_of(value) for value in values]
    pairs = [agreement(one, other) for at, one in enumerate(drawn) for other in drawn[:at]]
    return sum(pairs) / len(pairs)

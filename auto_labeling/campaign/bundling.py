"""Which asks make one remote unit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby

from auto_labeling.records import Ask, ItemId, PersonId


def bundles(
    new: Sequence[Ask], chunk_size: int, apart: Mapping[ItemId, Collection[PersonId]]
) -> Iterator[list[Ask]]:
    """Split asks into remote units; all items of one unit get the same number of opinions.

    What cannot be given to the same people (`apart` says whom each item cannot) lies apart.
    """

    def kind(same: Sequence[Ask]) -> tuple[int, list[PersonId]]:
        return len(same), sorted(apart.get(same[0].item_id, ()))

    by_item = {item: list(group) for item, group in groupby(new, lambda ask: ask.item_id)}
    for _, alike in groupby(sorted(by_item.values(), key=kind), kind):
        items = list(alike)
        for start in range(0, len(items), chunk_size):
            yield [ask for item in items[start : start + chunk_size] for ask in item]

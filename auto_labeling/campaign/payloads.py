"""What items hold, as it was taken into the pool: whatever has changed since waits for a person.

Nobody may answer about other content than what the ledger knows, nor a model learn from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from auto_labeling.errors import BlockedError, DataError
from auto_labeling.pictures import Pictures
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.source import Quarantined
from auto_labeling.records import Item, ItemId

_REMEDY = "The campaign goes on once the pool's files are as they were."


def items_as_they_were(pool: Pool, positions: Sequence[int] | NDArray[Any]) -> dict[ItemId, Item]:
    """Return the items at some positions. Raises `BlockedError` where one is gone or another."""
    try:
        found, missing = pool.check(positions)
    except DataError as error:
        raise BlockedError(str(error), remedy=_REMEDY) from error
    _refuse(missing)
    return {item.item_id: item for item in found}


def pictures_as_they_were(pool: Pool, positions: Sequence[int] | NDArray[Any]) -> Pictures:
    """Return the files of some items that are pictures, likewise."""
    items_as_they_were(pool, positions)
    return pool.pictures(positions)


def heldout_as_it_was(pool: Pool) -> Pictures:
    """Return the files of the held-out pictures, likewise."""
    try:
        _refuse(pool.check_heldout())
    except DataError as error:
        raise BlockedError(str(error), remedy=_REMEDY) from error
    return pool.heldout_pictures()


def heldout_items_as_they_were(pool: Pool) -> list[Item]:
    """Return the held-out rows with what they hold, in order, likewise."""
    try:
        found, missing = pool.heldout_items()
    except DataError as error:
        raise BlockedError(str(error), remedy=_REMEDY) from error
    _refuse(missing)
    return found


def _refuse(missing: Sequence[Quarantined]) -> None:
    if missing:
        first, others = missing[0], len(missing) - 1
        where = f"{first.where} and {others} more" if others else first.where
        raise BlockedError(f"{where}: {first.reason}", remedy=_REMEDY)

"""What answers depend on in the simulated tool: who there is, and what they say. Never time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from auto_labeling.backends.simulated.hours import Hours
from auto_labeling.backends.simulated.said import Said
from auto_labeling.records import ItemId, PersonId, Value


class Worker(Protocol):
    """Somebody whose work can be planned."""

    @property
    def hours(self) -> Hours | None:
        """None: at work day and night."""
        ...

    @property
    def late(self) -> float:
        """How often an answer is laid aside and sent days later."""
        ...

    @property
    def edit(self) -> float:
        """How often an answer is changed afterwards."""
        ...


class World(Protocol):
    """Everything that decides who answers what; two equal worlds give equal answers."""

    @property
    def seed(self) -> int:
        """Where all chance begins."""
        ...

    @property
    def people(self) -> Mapping[PersonId, Worker]:
        """Everybody who ever answers."""
        ...

    @property
    def unasked(self) -> float:
        """How often somebody whom nobody asked answers an item as well."""
        ...

    def knows(self, item: ItemId) -> bool:
        """Return whether anything can be said of an item; where not, it is looked up anew."""
        ...

    def turns(self, item: ItemId) -> list[PersonId]:
        """Return everybody who can answer `item`, in the order in which they do."""
        ...

    def answer(self, person: PersonId, item: ItemId, ordinal: int, shown: Value | None) -> Said:
        """Return what a person says who has answered `item` `ordinal` times before.

        `shown` is the suggestion before them, if any.
        """
        ...

    def edited(self, person: PersonId, item: ItemId, ordinal: int, shown: Value | None) -> Said:
        """Return the same for somebody who mends an earlier answer, which is never a skip."""
        ...

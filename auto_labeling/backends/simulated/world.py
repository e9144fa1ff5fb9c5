"""What simulated answers depend on: the seed, the people, the truth and the schema. Never time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auto_labeling.backends.simulated.chance import draws
from auto_labeling.backends.simulated.people import Person
from auto_labeling.backends.simulated.truth import Truth
from auto_labeling.errors import DataError
from auto_labeling.records import ItemId, LabelSchema, PersonId, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that decides who answers what; two equal worlds give equal answers."""

    seed: int
    people: Mapping[PersonId, Person]
    truth: Truth
    schema: LabelSchema
    unasked: float = 0.0
    """How often somebody whom nobody asked answers an item as well."""

    def turns(self, item: ItemId) -> list[PersonId]:
        """Return everybody, in the order in which they answer `item`.

        Each draws a number for the item and the lowest goes first, so that one more person leaves
        the order of the others as it was.
        """
        return sorted(self.people, key=lambda name: draws(self.seed, "turn", item, name)[0])

    def answer(self, person: PersonId, item: ItemId, ordinal: int) -> Value | None:
        """Return what a person says who has answered `item` `ordinal` times; None is a skip."""
        return self.people[person].answer(self.seed, item, ordinal, self._true(item), self.schema)

    def edited(self, person: PersonId, item: ItemId, ordinal: int) -> Value:
        """Return the same for somebody who mends an earlier answer, which is never a skip."""
        return self.people[person].opinion(self.seed, item, ordinal, self._true(item), self.schema)

    def seconds(self, person: PersonId, item: ItemId, ordinal: int, value: Value | None) -> float:
        """Return how long that answer takes."""
        return self.people[person].duration_s(self.seed, item, ordinal, value)

    def happens(self, what: str, share: float, *about: str | int) -> bool:
        """Return whether something that has a probability of `share` is the case."""
        return share > 0 and draws(self.seed, what, *about)[0] < share

    def between(self, what: str, least: float, most: float, *about: str | int) -> float:
        """Return a number in [least, most), all equally likely."""
        return least + (most - least) * draws(self.seed, what, *about)[1]

    def _true(self, item: ItemId) -> Value:
        if item not in self.truth:
            raise DataError(f"{self.truth.path}: expected a label for item {item!r}, got none")
        return self.truth[item]

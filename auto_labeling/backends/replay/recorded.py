"""A world of people whose answers are recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from auto_labeling.annotation_times import AnnotationTimes
from auto_labeling.backends.replay.opinions import Opinion, Opinions
from auto_labeling.backends.simulated.chance import draws
from auto_labeling.backends.simulated.drawing import draw_s
from auto_labeling.backends.simulated.naming import known_as
from auto_labeling.backends.simulated.people import Person
from auto_labeling.backends.simulated.said import Said
from auto_labeling.records import ItemId, LabelSchema, PersonId, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """People who say what they once said, as `World` has it, whatever they are shown.

    An opinion whose seconds are not recorded takes what it takes simulated people.
    """

    seed: int
    opinions: Opinions
    people: Mapping[PersonId, Person]
    schema: LabelSchema
    places: Mapping[ItemId, str] = field(default_factory=dict)
    """Where items lie, so that files may name them by it."""
    unasked: float = 0.0
    times: AnnotationTimes = field(default_factory=AnnotationTimes)

    def knows(self, item: ItemId) -> bool:  # noqa: ARG002 - the port's
        """Return True: that nobody has an opinion on an item is known as well."""
        return True

    def turns(self, item: ItemId) -> list[PersonId]:
        """Return everybody who has an opinion on `item`; the order is drawn."""
        able = self._said(item)
        return sorted(able, key=lambda name: draws(self.seed, "turn", item, name)[0])

    def answer(
        self,
        person: PersonId,
        item: ItemId,
        ordinal: int,
        shown: Value | None,  # noqa: ARG002 - the port's; what is recorded was said without
    ) -> Said:
        """Return an opinion; who has said several things says them one after the other."""
        said = self._said(item)[person]
        opinion = said[min(ordinal, len(said) - 1)]
        seconds = opinion.seconds
        if seconds is None:
            seconds = self._seconds(self.people[person], item, ordinal, opinion)
        return Said(value=opinion.value, seconds=seconds, problem=opinion.problem)

    def edited(self, person: PersonId, item: ItemId, ordinal: int, shown: Value | None) -> Said:
        """Return the same: nobody edits what is recorded."""
        return self.answer(person, item, ordinal, shown)

    def _said(self, item: ItemId) -> Mapping[PersonId, tuple[Opinion, ...]]:
        name = known_as(item, self.places.get(item), self.opinions)
        return {} if name is None else self.opinions[name]

    def _seconds(self, person: Person, item: ItemId, ordinal: int, opinion: Opinion) -> float:
        if not self.schema.is_drawn or opinion.value is None:
            return person.duration_s(self.seed, item, ordinal, opinion.value)
        acts_s = [self.times.open_s, *[draw_s(self.schema, self.times)] * len(opinion.value)]
        return person.acts_duration_s(self.seed, item, ordinal, acts_s, self.times.sigma)

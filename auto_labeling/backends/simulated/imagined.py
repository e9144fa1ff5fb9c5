"""A world of people who do not exist: what they say follows from the truth and their skill."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from auto_labeling.annotation_times import AnnotationTimes
from auto_labeling.backends.simulated.chance import draws
from auto_labeling.backends.simulated.drawing import from_nothing, from_suggestion
from auto_labeling.backends.simulated.people import Person
from auto_labeling.backends.simulated.said import Said
from auto_labeling.backends.simulated.sitting import Sitting
from auto_labeling.backends.simulated.truth import Truth
from auto_labeling.errors import DataError
from auto_labeling.records import ItemId, LabelSchema, PersonId, Value, shapes_of
from auto_labeling.shapes import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Imagined:
    """Simulated people, as `World` has it; each answers anything.

    Where they draw, they begin from the suggestion that they are shown. A class they choose by
    themselves.
    """

    seed: int
    people: Mapping[PersonId, Person]
    truth: Truth
    schema: LabelSchema
    unasked: float = 0.0
    times: AnnotationTimes = field(default_factory=AnnotationTimes)

    def knows(self, item: ItemId) -> bool:
        """Return whether the truth about an item is known."""
        return item in self.truth

    def turns(self, item: ItemId) -> list[PersonId]:
        """Return everybody.

        Each draws a number for the item and the lowest goes first, so that one more person leaves
        the order of the others as it was.
        """
        return sorted(self.people, key=lambda name: draws(self.seed, "turn", item, name)[0])

    def answer(self, person: PersonId, item: ItemId, ordinal: int, shown: Value | None) -> Said:
        """Return an opinion, or a skip."""
        true = self._true(item)
        who = self.people[person]
        if who.skips(self.seed, item, ordinal):
            return Said(value=None, seconds=who.duration_s(self.seed, item, ordinal, None))
        return self._opinion(who, item, ordinal, true, shown)

    def edited(self, person: PersonId, item: ItemId, ordinal: int, shown: Value | None) -> Said:
        """Return an opinion."""
        return self._opinion(self.people[person], item, ordinal, self._true(item), shown)

    def _opinion(
        self, person: Person, item: ItemId, ordinal: int, true: Value, shown: Value | None
    ) -> Said:
        value: Value | None
        if not self.schema.is_drawn:
            value = person.opinion(self.seed, item, ordinal, true, self.schema)
        else:
            value = person.abstention(self.seed, item, ordinal, self.schema)
            if value is None:
                return self._drawn(person, item, ordinal, shapes_of(true), shown)
        seconds = person.duration_s(self.seed, item, ordinal, value)
        return Said(value=value, seconds=seconds)

    def _drawn(
        self,
        person: Person,
        item: ItemId,
        ordinal: int,
        true: Sequence[Shape],
        shown: Value | None,
    ) -> Said:
        sitting = Sitting(
            seed=self.seed, person=person, item=item, ordinal=ordinal, schema=self.schema
        )
        strokes = list(
            from_nothing(sitting, true, self.times)
            if shown is None
            else from_suggestion(sitting, true, shapes_of(shown), self.times)
        )
        acts_s = [self.times.open_s, *(act_s for stroke in strokes for act_s in stroke.acts_s)]
        return Said(
            value=tuple(stroke.shape for stroke in strokes if stroke.shape is not None),
            seconds=person.acts_duration_s(self.seed, item, ordinal, acts_s, self.times.sigma),
            touched=None if shown is None else any(stroke.changes for stroke in strokes),
        )

    def _true(self, item: ItemId) -> Value:
        if item not in self.truth:
            raise DataError(f"{self.truth.path}: expected a label for item {item!r}, got none")
        return self.truth[item]

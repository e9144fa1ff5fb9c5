"""When simulated people do what they were given: one after the other, in their working hours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, replace

from auto_labeling.backends.simulated.acts import Act
from auto_labeling.backends.simulated.chance import between, happens
from auto_labeling.backends.simulated.world import World
from auto_labeling.records import EventKind, ItemId, Micros, PersonId, Value

DAY_S = 86_400
LATE_S = (1 * DAY_S, 5 * DAY_S)
"""How long a late answer lies about before it is sent: at least, at most."""
EDIT_S = (60, 8 * 3600)
"""How long after it was sent an answer is edited, if ever: at least, at most."""


@dataclass(slots=True, kw_only=True)
class Diary:
    """The work that everybody has before them. Each new job goes behind what a person has."""

    world: World
    now: Micros
    next_act: int
    versions: Mapping[ItemId, MutableMapping[PersonId, int]]
    """Item -> person -> answers and edits, given or planned."""
    busy: MutableMapping[PersonId, Micros]
    together: bool
    """Whether a person's answers in a unit are sent only when the last of them is given."""

    def job(self, unit: int, person: PersonId, items: Mapping[ItemId, Value | None]) -> list[Act]:
        """Return what a person does with the items of a unit, behind all earlier work.

        `items` holds the suggestion that each is shown with.
        """
        acts = self._answers(unit, person, items, self.busy.get(person, self.now))
        self.busy[person] = max(act.busy_until or 0 for act in acts)
        return acts

    def aside(
        self, unit: int, person: PersonId, items: Mapping[ItemId, Value | None], after: Micros
    ) -> list[Act]:
        """Return the same for answers given beside other work, later than `after`."""
        acts = self._answers(unit, person, items, after)
        return [replace(act, busy_until=None) for act in acts]

    def _answers(
        self, unit: int, person: PersonId, items: Mapping[ItemId, Value | None], begins: Micros
    ) -> list[Act]:
        free = begins
        given: list[Act] = []
        for item, shown in items.items():
            begun = self._at_work(person, free)
            given.append(self._answer(unit, person, item, shown, begun))
            free = given[-1].at
        late = self._is_late(given[0])
        sent = self._later("late", given[0], free, LATE_S) if late else free
        if self.together or late:
            given = [replace(act, at=sent, begun=given[0].begun, late=late) for act in given]
        acts = [*given, *(edit for act in given for edit in self._edits(act, items[act.item]))]
        return [*acts, self._job_state(acts[0])] if self.together else acts

    def _answer(
        self, unit: int, person: PersonId, item: ItemId, shown: Value | None, begun: Micros
    ) -> Act:
        said = self.world.answer(person, item, self._count(item, person), shown)
        number = self._number()
        done = begun + max(1, round(said.seconds * 1_000_000))
        skipped = said.value is None and said.problem is None
        return Act(
            act=number,
            unit=unit,
            kind=EventKind.SKIPPED if skipped else EventKind.SUBMITTED,
            item=item,
            person=person,
            answer=str(number),
            at=done,
            begun=begun,
            busy_until=done,
            value=said.value,
            seconds=said.seconds,
            touched=said.touched,
            problem=said.problem,
        )

    def _is_late(self, act: Act) -> bool:
        share = self.world.people[act.person].late
        return happens(self.world.seed, "late", share, act.person, act.item)

    def _edits(self, act: Act, shown: Value | None) -> Iterator[Act]:
        share, seed = self.world.people[act.person].edit, self.world.seed
        if act.value is None or not happens(seed, "edit", share, act.person, act.item):
            return
        ordinal = self._count(act.item, act.person)
        said = self.world.edited(act.person, act.item, ordinal, shown)
        yield replace(
            act,
            act=self._number(),
            kind=EventKind.EDITED,
            at=self._later("edit", act, act.at, EDIT_S),
            busy_until=None,
            value=said.value,
            seconds=said.seconds,
            touched=said.touched,
        )

    def _job_state(self, act: Act) -> Act:
        return replace(
            act,
            act=self._number(),
            kind=EventKind.JOB_STATE,
            item="",
            answer=f"job {act.unit} of {act.person}",
            value="completed",
            seconds=None,
            touched=None,
            problem=None,
        )

    def _later(self, what: str, act: Act, at: Micros, span: tuple[int, int]) -> Micros:
        wait = between(self.world.seed, what, *span, act.person, act.item)
        return self._at_work(act.person, at + round(wait * 1_000_000))

    def _at_work(self, person: PersonId, at: Micros) -> Micros:
        hours = self.world.people[person].hours
        return at if hours is None else hours.next_open(at)

    def _count(self, item: ItemId, person: PersonId) -> int:
        """Return the ordinal of a person's next answer on an item, and count it as given."""
        ordinal = self.versions[item].get(person, 0)
        self.versions[item][person] = ordinal + 1
        return ordinal

    def _number(self) -> int:
        self.next_act += 1
        return self.next_act - 1

"""Simulated people behind AnnotationBackend, with the faults that real tools have."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from auto_labeling.backends.simulated.chance import draws
from auto_labeling.backends.simulated.diary import Diary
from auto_labeling.backends.simulated.plan import plan
from auto_labeling.backends.simulated.store import Store, Tables
from auto_labeling.backends.simulated.world import World
from auto_labeling.errors import RejectedError, TransientError
from auto_labeling.formats.schema import decode_schema, encode_schema
from auto_labeling.ports import Clock, Traits
from auto_labeling.records import (
    CampaignId,
    CancelResult,
    Cursor,
    Event,
    ItemId,
    LabelSchema,
    Micros,
    RemoteProject,
    RemoteRef,
    Upload,
    Value,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How often the tool itself goes wrong."""

    outage: float = 0.0
    """Share of calls that fail, half of them after they took effect."""
    duplicate: float = 0.0
    """Share of events that the next poll reports once more."""


class SimulatedBackend:
    """A labeling tool with people in it, in one file; nothing is kept in memory."""

    def __init__(
        self,
        *,
        traits: Traits,
        store: Store,
        clock: Clock,
        seed: int,
        world: Callable[[LabelSchema], World],
        faults: Faults,
    ) -> None:
        self._traits = traits
        self._store = store
        self._clock = clock
        self._seed = seed
        self._make_world = world
        self._faults = faults

    @property
    def traits(self) -> Traits:
        """What was configured."""
        return self._traits

    def prepare(self, campaign: CampaignId, schema: LabelSchema) -> RemoteProject:
        """Keep the schema; one file serves one campaign."""
        self._checked_world(schema)

        def effect(tables: Tables) -> RemoteProject:
            there, wanted = tables.project(), (campaign, encode_schema(schema))
            if there is None:
                tables.open_project(*wanted)
            elif there != wanted:
                raise RejectedError(
                    f"the simulated tool holds campaign and labels {there}, got {wanted}; "
                    "use another folder"
                )
            return RemoteProject(project_id=campaign)

        return self._served(effect)

    def find(self, keys: Collection[str]) -> Mapping[str, tuple[RemoteRef, ...]]:
        """Look the keys up in the tool's file."""

        def effect(tables: Tables) -> Mapping[str, tuple[RemoteRef, ...]]:
            found: dict[str, tuple[RemoteRef, ...]] = {}
            for key, unit in tables.live(keys):
                found[key] = (*found.get(key, ()), RemoteRef(key=key, remote_id=str(unit)))
            return found

        return self._served(effect)

    def create(self, uploads: Sequence[Upload]) -> Mapping[str, RemoteRef]:
        """Add units, all or none, and plan what people will do with them."""
        self._check_sizes(uploads)
        items = {item.item_id for upload in uploads for item in upload.items}
        world = self._world_with(items)

        def effect(tables: Tables) -> Mapping[str, RemoteRef]:
            first = tables.counter("unit")
            numbered = list(enumerate(uploads, first))
            now = self._now(tables)
            diary = Diary(
                world=world,
                now=now,
                next_act=tables.counter("act"),
                versions=tables.versions(items),
                busy=tables.busy(now),
                together=self._traits.unit == "chunk",
            )
            live = [key for key, _ in tables.live([upload.key for upload in uploads])]
            acts = plan(numbered, live, diary)
            tables.add([(unit, upload.key) for unit, upload in numbered], acts)
            tables.set_counter("unit", first + len(uploads))
            tables.set_counter("act", diary.next_act)
            return {
                upload.key: RemoteRef(key=upload.key, remote_id=str(unit))
                for unit, upload in numbered
            }

        return self._served(effect)

    def changes(self, cursor: Cursor | None) -> tuple[Sequence[Event], Cursor]:
        """Report what was done by now; a cursor is the span of time that the last poll covered."""
        before, after = _span(cursor)

        def effect(tables: Tables) -> tuple[Sequence[Event], Cursor]:
            now = self._now(tables)
            # Nothing may be planned at a time that was reported, however clocks differ.
            tables.set_counter("polled", now)
            repeats = before if self._faults.duplicate else after
            told = [(act.at, act.event(key)) for key, act in tables.between(repeats, now)]
            events = [event for at, event in told if at > after or self._is_repeated(event)]
            return events, f"{min(after, now)}-{now}"

        return self._served(effect)

    def cancel(self, refs: Collection[RemoteRef]) -> Mapping[RemoteRef, CancelResult]:
        """Withdraw what nobody has answered; a late answer that was begun may still arrive."""
        units = {ref: _unit(ref) for ref in refs}

        def effect(tables: Tables) -> Mapping[RemoteRef, CancelResult]:
            now = self._now(tables)
            answered = tables.answered(units.values(), now)
            tables.withdraw(set(units.values()) - answered, now)
            return {
                ref: CancelResult.ANSWERED if unit in answered else CancelResult.CANCELLED
                for ref, unit in units.items()
            }

        return self._served(effect)

    def replay(self, item: ItemId, opinions: int) -> Sequence[tuple[str, Value | None]]:
        """Return what the first people in turn say on `item`, as they do when a campaign asks."""
        world = self._world_with([item])
        first = world.turns(item)[:opinions]
        return [(person, world.answer(person, item, 0, None).value) for person in first]

    def _world_with(self, items: Collection[ItemId]) -> World:
        if not all(map(self._world.knows, items)):
            del self._world  # read anew: the pool may have grown since
        return self._world

    @cached_property
    def _world(self) -> World:
        with self._store.transaction() as tables:
            project = tables.project()
        if project is None:
            raise RejectedError("the simulated tool holds no campaign; call prepare first")
        return self._checked_world(decode_schema(project[1]))

    def _checked_world(self, schema: LabelSchema) -> World:
        if schema.task not in self._traits.shapes:
            raise RejectedError(
                f"simulated people answer {sorted(self._traits.shapes)}, not {schema.task!r}"
            )
        return self._make_world(schema)

    def _check_sizes(self, uploads: Sequence[Upload]) -> None:
        most = self._traits.chunk_size
        for upload in uploads:
            if not 1 <= len(upload.items) <= most:
                raise RejectedError(
                    f"upload {upload.key}: expected 1 to {most} items, got {len(upload.items)}"
                )

    def _now(self, tables: Tables) -> Micros:
        # Read inside the transaction: what another process plans in between must not lie before.
        return max(self._clock.now(), tables.counter("polled"))

    def _is_repeated(self, event: Event) -> bool:
        return draws(self._seed, "duplicate", event.fingerprint)[0] < self._faults.duplicate

    def _served(self, effect: Callable[[Tables], T]) -> T:
        """Return what `effect` does in one transaction, unless the tool is out of order."""
        chance = self._chance()
        if chance < self._faults.outage / 2:
            raise TransientError("the simulated tool is out of order; nothing was done")
        with self._store.transaction() as tables:
            result = effect(tables)
        if chance < self._faults.outage:
            raise TransientError("the simulated tool is out of order; something may have been done")
        return result

    def _chance(self) -> float:
        """Return a number that is another one at each call, so that a retry passes in the end."""
        if not self._faults.outage:
            return 1.0
        with self._store.transaction() as tables:
            call = tables.counter("call")
            tables.set_counter("call", call + 1)
        return draws(self._seed, "outage", call)[0]


def _unit(ref: RemoteRef) -> int:
    return int(ref.remote_id) if ref.remote_id.isdecimal() else -1


def _span(cursor: Cursor | None) -> tuple[Micros, Micros]:
    if cursor is None:
        return 0, 0
    before, _, after = cursor.partition("-")
    if not (before.isdecimal() and after.isdecimal()):
        raise RejectedError(f"cursor: expected one of this tool, got {cursor!r}")
    return int(before), int(after)

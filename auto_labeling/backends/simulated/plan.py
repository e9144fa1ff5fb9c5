"""Who will answer new units: planned when they are created, and never the same person twice."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from auto_labeling.backends.simulated.acts import Act
from auto_labeling.backends.simulated.chance import happens
from auto_labeling.backends.simulated.diary import Diary
from auto_labeling.errors import RejectedError
from auto_labeling.records import ItemId, PersonId, Upload, Value


def plan(uploads: Sequence[tuple[int, Upload]], live: Collection[str], diary: Diary) -> list[Act]:
    """Return all that people will do with new units; `live` holds the keys that exist already."""
    elders = set(live)
    return [
        act for unit, upload in uploads for act in _unit(unit, upload, upload.key in elders, diary)
    ]


def _unit(unit: int, upload: Upload, copy: bool, diary: Diary) -> Iterator[Act]:
    untouched = [item.item_id for item in upload.items if not diary.versions[item.item_id]]
    shown = {one.item_id: one.value for one in upload.suggestions}
    jobs: dict[PersonId, dict[ItemId, Value | None]] = {}
    for item in upload.items:
        for person in _takers(upload, item.item_id, copy, diary):
            jobs.setdefault(person, {})[item.item_id] = shown.get(item.item_id)
    last = diary.now
    for person, items in jobs.items():
        for act in diary.job(unit, person, items):
            last = max(last, act.at)
            yield act
    for item_id in untouched:
        yield from _unasked(unit, item_id, shown.get(item_id), last, diary)


def _takers(upload: Upload, item: ItemId, copy: bool, diary: Diary) -> list[PersonId]:
    """Return who takes the asks on one item: nobody twice, and nobody once all have answered."""
    world, taken = diary.world, diary.versions[item]
    asks = [ask for ask in upload.asks if ask.item_id == item]
    named = [ask.assignee for ask in asks if ask.assignee is not None]
    if strangers := set(named) - set(world.people):
        raise RejectedError(
            f"assignee: expected one of {sorted(world.people)}, got {sorted(strangers)}"
        )
    turns = world.turns(item)
    chosen = [name for name in dict.fromkeys(named) if name in turns and name not in taken]
    free = (name for name in turns if name not in taken and name not in chosen)
    chosen += list(islice(free, len(asks) - len(named)))
    if copy:
        # People see two tasks, not one task twice: where nobody else is left they answer again.
        able = (name for name in dict.fromkeys([*named, *turns]) if name in turns)
        again = [name for name in able if name not in chosen]
        chosen += again[: len(asks) - len(chosen)]
    return chosen


def _unasked(
    unit: int, item: ItemId, shown: Value | None, after: int, diary: Diary
) -> Iterator[Act]:
    world = diary.world
    if happens(world.seed, "unasked", world.unasked, item):
        others = (name for name in world.turns(item) if name not in diary.versions[item])
        for person in islice(others, 1):
            yield from diary.aside(unit, person, {item: shown}, after)

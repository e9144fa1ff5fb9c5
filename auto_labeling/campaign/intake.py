"""What a poll means: pure decisions about which act answers which ask, and what it costs.

Every act is taken once, an answer is paid from its own ask, and nothing is ever dropped: what was
not asked for is kept as unsolicited, what cannot be read is put aside with its reason.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from auto_labeling.campaign.budget import Charge
from auto_labeling.errors import DataError
from auto_labeling.formats.value import decode_value, encode_value
from auto_labeling.records import (
    Ask,
    AskState,
    Event,
    EventKind,
    ItemId,
    LabelSchema,
    Micros,
    Value,
)


@dataclass(slots=True, kw_only=True)
class Known:
    """What the ledger knew before the poll; kept up to date while acts are taken in."""

    schema: LabelSchema
    pseudonym: Callable[[str], str]
    pay: Callable[[str, Event, Ask], Micros]
    """What a person is due for an act that answers an ask."""
    fingerprints: set[str]
    keys: set[str]
    """The uploads that are ours."""
    open_asks: dict[tuple[str, str], list[Ask]]
    """By (upload, item): asks whose reservation still holds; uploads that the tool shows as one
    unit share their list."""
    versions: dict[str, dict[str, Any]]
    """By answer id, of the acts and of all that stands on their items: the version that counts, as
    a row of `answers`."""
    answered_by: set[tuple[str, str]]
    """(item, person) pairs that have answered or skipped an ask."""
    open_to_all: bool = False
    """Whether somebody else than its assignee may answer an ask: the tool cannot prevent it."""
    taken_back: dict[tuple[ItemId, str], str] = field(default_factory=dict)
    """(item, person) -> the ask whose answer that person deleted."""
    skipped: set[str] = field(default_factory=set)
    """Asks that ended in a skip: their money was given back."""


@dataclass(slots=True)
class Intake:
    """What a poll adds to the ledger."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    superseded: list[int] = field(default_factory=list)
    charges: list[Charge] = field(default_factory=list)
    released: list[tuple[str, Micros]] = field(default_factory=list)
    states: dict[AskState, list[str]] = field(default_factory=lambda: defaultdict(list))
    assignees: list[tuple[str, str]] = field(default_factory=list)
    aside: list[tuple[Event, str]] = field(default_factory=list)

    @property
    def acts(self) -> int:
        """How many acts were new."""
        return len(self.rows) + len(self.aside)


def take(known: Known, events: Sequence[Event]) -> Intake:
    """Return what `events` add to what is `known`."""
    intake = Intake()
    for event in events:
        if event.kind is EventKind.JOB_STATE or event.fingerprint in known.fingerprints:
            continue
        known.fingerprints.add(event.fingerprint)
        _take(known, intake, event)
    return intake


def check(value: Value | None, schema: LabelSchema) -> None:
    """Raise `DataError` unless `value` is an answer that `schema` knows.

    >>> check("cat", LabelSchema(task="single", classes=("cat", "dog")))
    >>> check("cow", LabelSchema(task="single", classes=("cat", "dog")))
    Traceback (most recent call last):
    auto_labeling.errors.DataError: expected one of the classes cat, dog, got 'cow'
    """
    if value is None or (schema.task == "single") != isinstance(value, str):
        expected = "one class" if schema.task == "single" else f"an answer to {schema.task}"
        raise DataError(f"expected {expected}, got {value!r}")
    for one in (value,) if isinstance(value, str) else value:
        name = one if isinstance(one, str) else one.label
        if name not in schema.classes and name not in schema.abstain:
            raise DataError(
                f"expected one of the classes {', '.join(schema.classes)}, got {name!r}"
            )


def _take(known: Known, intake: Intake, event: Event) -> None:
    if event.key not in known.keys:
        intake.aside.append((event, "an answer to an upload that this campaign did not make"))
        return
    if event.kind in (EventKind.SUBMITTED, EventKind.EDITED):
        try:
            if event.problem is not None:
                raise DataError(event.problem)
            check(event.value, known.schema)
        except DataError as error:
            intake.aside.append((event, str(error)))
            return
    person = known.pseudonym(event.person or "unknown")
    before = known.versions.get(event.answer_id)
    if before is not None and before["item"] != event.item_id:
        # A server that was put back to an older state gives its numbers anew.
        event = replace(event, answer_id=f"{event.answer_id} {event.item_id}")
        before = known.versions.get(event.answer_id)
    if before is None and event.kind is not EventKind.DELETED:
        _submit(known, intake, event, person)
    elif before is not None and _is_left_to(person, event, before):
        _supersede(intake, before)
        _submit(known, intake, event, person, before["fingerprint"])
    elif before is not None:
        _change(known, intake, event, person, before)


def _is_left_to(person: str, event: Event, before: Mapping[str, Any]) -> bool:
    """Return whether a person answers what another has skipped: in one place, but an own answer."""
    answered = event.kind in (EventKind.SUBMITTED, EventKind.EDITED) and event.person is not None
    return answered and before["kind"] == "skip" and person != before["person"]


def _submit(
    known: Known, intake: Intake, event: Event, person: str, supersedes: str | None = None
) -> None:
    kind = "skip" if event.kind is EventKind.SKIPPED else "answer"
    row = _row(event, person, kind) | {"supersedes": supersedes}
    known.versions[event.answer_id] = row
    intake.rows.append(row)
    again = known.taken_back.pop((event.item_id, person), None)
    if again is not None:  # deleted and answered anew: the same purchase, and it is paid
        row |= {"ask": again}
        return
    ask = _ask_for(known, event, person)
    row |= {"ask": ask and ask.ask_id, "unsolicited": ask is None}
    if ask is None:
        return
    known.answered_by.add((event.item_id, person))
    intake.assignees.append((ask.ask_id, person))
    if kind == "skip":
        known.skipped.add(ask.ask_id)
        intake.states[AskState.SKIPPED].append(ask.ask_id)
        intake.released.append((ask.ask_id, ask.price_micros))
    else:
        intake.states[AskState.ANSWERED].append(ask.ask_id)
        due = known.pay(person, event, ask)
        intake.charges.append(
            Charge(ask=ask.ask_id, reserved_micros=ask.price_micros, paid_micros=due)
        )


def _ask_for(known: Known, event: Event, person: str) -> Ask | None:
    """Return the ask that this act answers: the person's own, else one that is free."""
    if (event.item_id, person) in known.answered_by:
        return None  # opinions on one item never come from the same person
    waiting = known.open_asks.get((event.key, event.item_id), [])
    own = [ask for ask in waiting if ask.assignee == person]
    free = own or [ask for ask in waiting if ask.assignee is None or known.open_to_all]
    if not free:
        return None
    ask = min(free, key=lambda ask: ask.state is AskState.EXPIRED)  # what is waited for, first
    waiting.remove(ask)
    return ask


def _change(
    known: Known, intake: Intake, event: Event, person: str, before: dict[str, Any]
) -> None:
    """Add a version to an answer.

    What somebody else wrote over it, or their deletion of it, is kept and does not count; what was
    paid stays paid.
    """
    foreign = event.person is not None and person != before["person"]
    row = _row(event, before["person"], "overwrite" if foreign else _KIND[event.kind])
    ask = before["ask"]
    if row["kind"] == "answer" and ask in known.skipped:
        ask = None  # a skip that became an answer: its money was given back, so it cannot be paid
    row |= {"ask": ask, "unsolicited": ask is None}
    row |= {"supersedes": before["fingerprint"], "conflict_with": person if foreign else None}
    intake.rows.append(row)
    if foreign:
        row["current"] = False
        return
    _supersede(intake, before)
    known.versions[event.answer_id] = row
    if row["kind"] == "tombstone" and ask is not None:
        _free(known, intake, row)


def _free(known: Known, intake: Intake, tombstone: Mapping[str, Any]) -> None:
    """Give the ask of an answer that was taken back to what the same person says beside or next."""
    item, person, ask = tombstone["item"], tombstone["person"], tombstone["ask"]
    beside = next((one for one in known.versions.values() if _is_beside(one, tombstone)), None)
    if beside is None:
        known.taken_back[item, person] = ask
        return
    _supersede(intake, beside)
    row = beside | {"ask": ask, "unsolicited": False, "current": True}
    row |= {"fingerprint": f"{beside['fingerprint']} for {ask}"}
    row |= {"supersedes": beside["fingerprint"]}
    row.pop("seq", None)
    known.versions[beside["answer_id"]] = row
    intake.rows.append(row)


def _is_beside(row: Mapping[str, Any], tombstone: Mapping[str, Any]) -> bool:
    """Return whether an answer to no ask is by the same person on the same item."""
    same = (row["item"], row["person"]) == (tombstone["item"], tombstone["person"])
    return same and row["kind"] == "answer" and row["unsolicited"]


def _supersede(intake: Intake, before: dict[str, Any]) -> None:
    before["current"] = False  # where it is a row of this very poll
    if "seq" in before:
        intake.superseded.append(before["seq"])


_KIND: Mapping[EventKind, str] = {
    EventKind.SUBMITTED: "answer",
    EventKind.EDITED: "answer",
    EventKind.SKIPPED: "skip",
    EventKind.DELETED: "tombstone",
}


def _row(event: Event, person: str, kind: str) -> dict[str, Any]:
    return {
        "fingerprint": event.fingerprint,
        "answer_id": event.answer_id,
        "supersedes": None,
        "current": True,
        "item": event.item_id,
        "ask": None,
        "person": person,
        "kind": kind,
        "value": encode(event.value),
        "schema_version": 1,
        "source": "human",
        "at": event.at,
        "seconds": event.seconds,
        "touched_suggestion": event.touched_suggestion,
        "unsolicited": False,
        "conflict_with": None,
        "extra": json.dumps(dict(event.extra), ensure_ascii=False) if event.extra else None,
    }


def encode(value: Value | None) -> str | None:
    """Return an answer as the ledger stores it: JSON text.

    >>> encode("cat"), decode(encode(("cat", "dog")))
    ('"cat"', ('cat', 'dog'))
    """
    return None if value is None else encode_value(value)


def decode(stored: str | None) -> Value | None:
    """Return a stored answer as it was given."""
    if stored is None:
        return None
    # A campaign has few distinct classes and reads them often; shapes are many, long and distinct.
    return _decode_class(stored) if len(stored) < _LONGEST_CLASS else decode_value(stored)


_LONGEST_CLASS = 256
_decode_class = lru_cache(maxsize=4096)(decode_value)

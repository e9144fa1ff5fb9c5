"""What simulated people will do: one row an act, with the time at which it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from auto_labeling.formats.value import decode_value, encode_value
from auto_labeling.records import Event, EventKind, ItemId, Micros, PersonId, Value

_SHORT = 100
"""Longer answers, which are drawn, come once: they are not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that a simulated person does at a time that is known beforehand."""

    act: int
    unit: int
    kind: EventKind
    item: ItemId
    person: PersonId
    answer: str
    """The id of the answer that is given or edited."""
    at: Micros
    begun: Micros
    """When the person opened it."""
    busy_until: Micros | None
    """When the person is free again; None where it kept nobody from other work."""
    late: bool = False
    """Laid aside and sent days later, even if the unit is withdrawn meanwhile."""
    value: Value | None = None
    seconds: float | None = None
    touched: bool | None = None
    """Whether the answer differs from the suggestion that was shown."""
    problem: str | None = None
    """Why the answer cannot be read."""

    def event(self, key: str) -> Event:
        """Return what the tool reports of it; `key` is that of its unit."""
        return Event(
            kind=self.kind,
            fingerprint=f"{self.answer}@{self.at}",
            key=key,
            item_id=self.item,
            person=self.person,
            at=self.at,
            answer_id=self.answer,
            value=self.value,
            seconds=self.seconds,
            touched_suggestion=self.touched,
            problem=self.problem,
        )

    def row(self) -> Sequence[Any]:
        """Return the columns of the table `act`."""
        value = None if self.value is None else _written(self.value)
        return (
            *(self.act, self.unit, self.kind.value, self.item, self.person, self.answer),
            *(self.at, self.begun, self.busy_until, self.late, value, self.seconds),
            *(self.touched, self.problem),
        )

    @classmethod
    def of(cls, row: Sequence[Any]) -> Act:
        """Return the act that `row` wrote."""
        act, unit, kind, item, person, answer, at, begun, busy_until, late, value, *more = row
        seconds, touched, problem = more
        return cls(
            act=act,
            unit=unit,
            kind=EventKind(kind),
            item=item,
            person=person,
            answer=answer,
            at=at,
            begun=begun,
            busy_until=busy_until,
            late=bool(late),
            value=None if value is None else _read(value),
            seconds=seconds,
            touched=None if touched is None else bool(touched),
            problem=problem,
        )


def _written(value: Value) -> str:
    return _name(value) if isinstance(value, str) else encode_value(value)


def _read(text: str) -> Value:
    return _known(text) if len(text) <= _SHORT else decode_value(text)


@lru_cache(maxsize=1024)
def _name(value: str) -> str:
    return encode_value(value)


@lru_cache(maxsize=1024)
def _known(text: str) -> Value:
    return decode_value(text)

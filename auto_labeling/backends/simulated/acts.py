"""What simulated people will do: one row an act, with the time at which it is done."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from auto_labeling.records import Event, EventKind, ItemId, Micros, PersonId, Value


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
        )

    def row(self) -> Sequence[Any]:
        """Return the columns of the table `act`."""
        value = None if self.value is None else _written(self.value)
        return (
            *(self.act, self.unit, self.kind.value, self.item, self.person, self.answer),
            *(self.at, self.begun, self.busy_until, self.late, value, self.seconds),
        )

    @classmethod
    def of(cls, row: Sequence[Any]) -> Act:
        """Return the act that `row` wrote."""
        act, unit, kind, item, person, answer, at, begun, busy_until, late, value, seconds = row
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
        )


@lru_cache(maxsize=1024)
def _written(value: Value) -> str:
    return json.dumps(value, ensure_ascii=False)


@lru_cache(maxsize=1024)
def _read(text: str) -> Value:
    value = json.loads(text)
    return value if isinstance(value, str) else tuple(value)

"""What every task format promises: tasks out, answers in, and our marks on both; no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from auto_labeling.errors import DataError
from auto_labeling.records import Event, Item, LabelSchema, Micros, Upload, Value

KEY, ITEM, UNIT, OPINIONS = "al_key", "al_item", "al_unit", "al_opinions"
"""The fields by which we know a task again: the upload's key, the item, the copy; and how many
people should answer it, for whoever hands the tasks out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What we wrote on a task."""

    key: str
    item_id: str
    unit: str
    """Empty where a tool has dropped it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One record of an answer file: an event, or why it is none."""

    raw: Any
    event: Event | None = None
    unit: str = ""
    problem: str = ""


class TaskFormat(Protocol):
    """One tool's way of writing tasks and answers."""

    suffix: ClassVar[str]
    has_time_spent: ClassVar[bool]
    by_line: ClassVar[bool]
    """Whether answers are added to a file one by one: else it is written anew as a whole."""

    def __hash__(self) -> int:
        """Formats are values: two of one kind are the same."""
        ...

    def tasks(self, upload: Upload, schema: LabelSchema, unit: str) -> list[dict[str, Any]]:
        """Return one task for each item of an upload."""
        ...

    def write(self, tasks: Sequence[Mapping[str, Any]]) -> str:
        """Return the content of a task file."""
        ...

    def read(self, text: str) -> list[dict[str, Any]]:
        """Return the tasks that `write` wrote."""
        ...

    def marks(self, task: Mapping[str, Any]) -> Marks:
        """Return our marks on a task. Raises `DataError`."""
        ...

    def readings(self, text: str, schema: LabelSchema, written: Micros) -> list[Reading]:
        """Return what an answer file says, record by record; drafts are passed over.

        `written` is the time of answers that carry none. A record that is still being written, at
        the end of the text, is left for the next time.
        """
        ...

    def companions(self, items: Sequence[Item], schema: LabelSchema) -> Mapping[str, str]:
        """Return name -> content of the files that people need beside the tasks."""
        ...


def marks_for(upload: Upload, item: Item, unit: str) -> dict[str, Any]:
    """Return the fields that mark a task as ours."""
    return {
        KEY: upload.key,
        ITEM: item.item_id,
        UNIT: unit,
        OPINIONS: upload.opinions(item.item_id),
    }


def marks_in(fields: Mapping[str, Any]) -> Marks:
    """Return the marks among the fields of a task. Raises `DataError` where it is not ours."""
    for name in (KEY, ITEM):
        if not isinstance(fields.get(name), str):
            raise DataError(f"expected the field {name!r} that we wrote, got {sorted(fields)}")
    return Marks(key=fields[KEY], item_id=fields[ITEM], unit=str(fields.get(UNIT, "")))


def names_of(value: Value) -> list[str]:
    """Return the classes that an answer names.

    >>> names_of("cat"), names_of(("cat", "dog"))
    (['cat'], ['cat', 'dog'])
    """
    return [value] if isinstance(value, str) else [name for name in value if isinstance(name, str)]


def value_of(names: Sequence[str], schema: LabelSchema) -> Value | None:
    """Return the answer that chosen names stand for; None where one was due and none was chosen.

    >>> value_of(["dog", "cat"], LabelSchema(task="multi", classes=("cat", "dog", "cow")))
    ('cat', 'dog')
    """
    known = (*schema.classes, *schema.abstain)
    if strange := sorted(set(names) - set(known)):
        raise DataError(f"expected classes out of {list(known)}, got {strange}")
    chosen = tuple(name for name in known if name in names)
    if schema.task == "multi":
        return chosen
    if len(chosen) > 1:
        raise DataError(f"expected one class, got {list(chosen)}")
    return chosen[0] if chosen else None

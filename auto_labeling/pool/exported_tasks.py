"""The tasks in a Label Studio JSON export: what each shows, and what most people say of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auto_labeling.errors import DataError
from auto_labeling.formats.label_studio import Layout
from auto_labeling.formats.label_studio.layout import MARK
from auto_labeling.formats.label_studio.opinions import choices_in, labeled_task
from auto_labeling.pool.cells import name_of
from auto_labeling.pool.source import Quarantined
from auto_labeling.records import LabelSchema

_ITEM = f"{MARK}item"
_ADDRESSES = ("/data/", "http://", "https://", "s3://", "gs://", "azure-blob://")
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedTask:
    """One task."""

    number: str
    content: str
    """The text, or the address of the picture."""
    fields: Mapping[str, Any]
    label: str | None
    """What most people chose; None where they chose nothing."""
    refused: str | None
    """Why it has no label, although people have answered it."""

    def named(self, field: str | None) -> str | None:
        """Return the name that a field holds."""
        return None if field is None else name_of(self.fields.get(field))


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What a file holds, with every choice of names made."""

    tasks: Sequence[ExportedTask]
    field: str
    control: str | None
    quarantined: tuple[Quarantined, ...]

    @property
    def shows_pictures(self) -> bool:
        """Whether every content is the address of a picture."""
        return all(_is_picture(task.content) for task in self.tasks)

    def id_field(self) -> str | None:
        """Return the field of our own ids, where every task carries one."""
        return _ITEM if all(_ITEM in task.fields for task in self.tasks) else None


def read_export(path: Path, field: str | None, control: str | None, at_least: int) -> Export:
    """Read an export. Raises `DataError` where it is none, or where a name has to be chosen.

    An answer that somebody else changed is the word of that person; of one person the last answer
    counts, and skips, drafts and predictions do not. A label takes answers of `at_least` people.
    """
    raw = _tasks_in(path)
    usable = [task for task in raw if isinstance(task.get("data"), Mapping)]
    shown = field or _only(path, "field", _fields(usable))
    chosen = choices_in(usable)
    asked = control or (_only(path, "control", list(chosen)) if chosen else None)
    answered = LabelSchema(task="multi", classes=tuple(chosen.get(str(asked), ())))
    layout = Layout(control=str(asked), field=shown)
    tasks, left_out = [], []
    for place, task in enumerate(raw, start=1):
        fields = task.get("data")
        content = fields.get(shown) if isinstance(fields, Mapping) else None
        if not isinstance(fields, Mapping) or not isinstance(content, str) or not content.strip():
            where = task_name(path, task.get("id", f"number {place}"))
            reason = f"its field {shown!r} holds no text and no address"
            left_out.append(Quarantined(where=where, item_id=None, reason=reason))
            continue
        label, refused = _label(task, answered, layout, at_least)
        tasks.append(
            ExportedTask(
                number=str(task.get("id", place)),
                content=content,
                fields=fields,
                label=label,
                refused=refused,
            )
        )
    return Export(tasks=tasks, field=shown, control=asked, quarantined=tuple(left_out))


def task_name(path: Path | str, number: object) -> str:
    """Return the words that lead a person to a task."""
    return f"{Path(path).name}, task {number}"


def _label(
    task: Mapping[str, Any], answered: LabelSchema, layout: Layout, at_least: int
) -> tuple[str | None, str | None]:
    """Return the label of a task, or why it has none although people have answered it."""
    try:
        found = labeled_task(task, answered, layout)
    except DataError:
        return None, "its answers are not given whole"
    if found.problems:
        return None, "an answer cannot be read"
    # An empty set is an answer in which nothing was chosen.
    votes = [value for value in found.votes().values() if value]
    if not votes:
        return None, None
    if len(votes) < at_least:
        return None, f"{len(votes)} of {at_least} people have answered it"
    (value, most), *others = Counter(votes).most_common(2)
    if others and others[0][1] == most:
        return None, "people do not agree, and there is no majority"
    if len(value) != 1 or not isinstance(value[0], str):
        return None, "most people chose several classes"
    return value[0], None


def _tasks_in(path: Path) -> list[Mapping[str, Any]]:
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; mend the path, or put the file there")
    try:
        tasks = json.loads(path.read_text(encoding="utf-8"))
    except PermissionError:
        raise DataError(f"{path}: this user may not read it; grant read access") from None
    except (ValueError, RecursionError):
        tasks = None  # whose message quotes the file, which may be sealed
    if not isinstance(tasks, list) or not all(isinstance(task, Mapping) for task in tasks):
        raise DataError(
            f"{path}: expected a JSON list of tasks, as Label Studio's export `JSON` and "
            "`auto-label audit --save` write one"
        )
    if tasks and not any(isinstance(task.get("data"), Mapping) for task in tasks):
        raise DataError(
            f"{path}: expected tasks with `data`; export the project as JSON, not as JSON_MIN"
        )
    return tasks


def _fields(tasks: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the fields that people may have seen: text, and none of ours."""
    seen: dict[str, None] = {}
    for task in tasks:
        named = task["data"].items()
        seen.update(
            (str(name), None)
            for name, content in named
            if isinstance(content, str) and not str(name).startswith(MARK)
        )
    return list(seen)


def _only(path: Path, key: str, names: Sequence[str]) -> str:
    """Return the one name there is. Raises `DataError` where there are none or several."""
    if len(names) != 1:
        raise DataError(f"{path}: expected {key} to name one of {list(names)}")
    return names[0]


def _is_picture(content: str) -> bool:
    return content.startswith(_ADDRESSES) or content.lower().endswith(_PICTURES)

"""Prodigy: tasks for its `choice` interface as JSONL, and the answers in what it exports."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from auto_labeling.errors import DataError
from auto_labeling.formats.codec import Marks, Reading, marks_for, marks_in, names_of, value_of
from auto_labeling.formats.hypertext import html_of
from auto_labeling.records import Event, EventKind, Item, LabelSchema, Micros, Upload

SUGGESTED = "al_suggested"
"""Prodigy overwrites `accept` with the answer, so what was suggested is kept beside it."""
_UNCHOSEN = ("reject", "ignore")
"""Both leave the item without a class: a refusal of the task is no label either."""
_SECONDS = 2**63 // 1_000_000
"""From which number of seconds on 64 bits do not hold their microseconds."""


def encode_tasks(upload: Upload, schema: LabelSchema, unit: str = "") -> list[dict[str, Any]]:
    """Return one task for each item of an upload; a suggestion is chosen beforehand.

    >>> upload = Upload(key="k", items=(Item(item_id="7", text="Bonjour"),), asks=())
    >>> task = encode_tasks(upload, LabelSchema(task="single", classes=("en", "fr")))[0]
    >>> task["text"], [option["id"] for option in task["options"]]
    ('Bonjour', ['en', 'fr'])
    """
    if schema.is_drawn:
        raise DataError(f"encode_tasks: expected the task single or multi, got {schema.task!r}")
    style = "single" if schema.task == "single" else "multiple"
    names = (*schema.classes, *schema.abstain)
    suggestions = {one.item_id: one for one in upload.suggestions}
    tasks: list[dict[str, Any]] = []
    for item in upload.items:
        task = {
            **_shown(item),
            "options": [{"id": name, "text": name} for name in names],
            "config": {"choice_style": style},
            **marks_for(upload, item, unit),
        }
        if one := suggestions.get(item.item_id):
            task |= {"accept": names_of(one.value), SUGGESTED: names_of(one.value)}
            task["meta"] = {"model": one.model_version, "score": one.score}
        tasks.append(task)
    return tasks


def decode_answers(
    lines: Sequence[Mapping[str, Any]], schema: LabelSchema, written: Micros = 0
) -> list[Event]:
    """Return answered tasks as events, oldest first. Raises `DataError` at the first bad one.

    A second answer of one person on one task is an edit of the first. `written` is the time of
    answers without a `_timestamp`.
    """
    events: list[Event] = []
    for line in lines:
        given = {event.answer_id for event in events}
        events.append(_event(line, schema, written, given))
    return sorted(events, key=lambda event: event.at)


@dataclass(frozen=True, slots=True)
class Prodigy:
    """Prodigy JSONL, one task or one answer a line."""

    suffix: ClassVar[str] = ".jsonl"
    by_line: ClassVar[bool] = True
    has_time_spent: ClassVar[bool] = False

    def tasks(self, upload: Upload, schema: LabelSchema, unit: str) -> list[dict[str, Any]]:
        """Every task carries the classes it offers."""
        return encode_tasks(upload, schema, unit)

    def write(self, tasks: Sequence[Mapping[str, Any]]) -> str:
        """Return one line a task."""
        return "".join(json.dumps(task, ensure_ascii=False) + "\n" for task in tasks)

    def read(self, text: str) -> list[dict[str, Any]]:
        """Return the tasks of the lines again."""
        return [json.loads(line) for line in text.split("\n") if line]

    def marks(self, task: Mapping[str, Any]) -> Marks:
        """Look at the top of the task."""
        return marks_in(task)

    def readings(self, text: str, schema: LabelSchema, written: Micros) -> list[Reading]:
        """One reading a line; a last line without its end that is no JSON yet is left."""
        # Only at the line feed: texts may hold other characters that end lines elsewhere.
        *lines, rest = text.split("\n")
        if _is_json(rest):
            lines.append(rest)
        given: set[str] = set()
        return [_reading(line, schema, written, given) for line in lines if line.strip()]

    def companions(self, items: Sequence[Item], schema: LabelSchema) -> Mapping[str, str]:
        """Nothing: the tasks say it all."""
        del items, schema
        return {}


def _shown(item: Item) -> dict[str, Any]:
    if item.row is not None:
        return {"html": html_of(item)}
    return {"image": item.uri} if item.uri is not None else {"text": item.text}


def _reading(line: str, schema: LabelSchema, written: Micros, given: set[str]) -> Reading:
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Reading(raw=line, problem=f"expected JSON ({error})")
    if not isinstance(answer, Mapping):
        return Reading(raw=answer, problem="expected an answered task")
    try:
        event = _event(answer, schema, written, given)
    except DataError as error:
        return Reading(raw=answer, problem=str(error))
    given.add(event.answer_id)
    return Reading(raw=answer, event=event, unit=marks_in(answer).unit)


def _event(
    answer: Mapping[str, Any], schema: LabelSchema, written: Micros, given: set[str]
) -> Event:
    marks = marks_in(answer)
    who = answer.get("_annotator_id") or answer.get("_session_id")
    person = None if who is None else str(who)
    answer_id = _digest([marks.key, marks.unit, marks.item_id, person])
    names = _chosen(answer)
    value = None if names is None else value_of(names, schema)
    kind = EventKind.EDITED if answer_id in given else EventKind.SUBMITTED
    return Event(
        kind=EventKind.SKIPPED if value is None else kind,
        fingerprint=f"{answer_id}@{_digest(answer)}",
        key=marks.key,
        item_id=marks.item_id,
        person=person,
        at=_at(answer, written),
        answer_id=answer_id,
        value=value,
        touched_suggestion=_touched(answer, names),
    )


def _chosen(answer: Mapping[str, Any]) -> list[str] | None:
    """Return the options that were accepted; None where the task was not answered."""
    verdict = answer.get("answer")
    if verdict in _UNCHOSEN:
        return None
    chosen = answer.get("accept", [])
    if verdict != "accept" or not isinstance(chosen, list):
        raise DataError(
            f"expected an answer (accept, reject or ignore) and a list of accepted options, "
            f"got {verdict!r} and {chosen!r}"
        )
    return [str(name) for name in chosen]


def _touched(answer: Mapping[str, Any], names: list[str] | None) -> bool | None:
    suggested = answer.get(SUGGESTED)
    if names is None or not isinstance(suggested, list):
        return None
    return sorted(map(str, suggested)) != sorted(names)


def _at(answer: Mapping[str, Any], written: Micros) -> Micros:
    stamp = answer.get("_timestamp")
    if stamp is None:
        return written
    if isinstance(stamp, bool) or not isinstance(stamp, int | float):
        raise DataError(f"_timestamp: expected seconds, got {stamp!r}")
    if not abs(stamp) < _SECONDS:  # nor is nan
        raise DataError(f"_timestamp: expected seconds since 1970, got {stamp!r:.30}")
    return round(stamp * 1_000_000)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]

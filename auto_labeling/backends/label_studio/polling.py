"""What people did since the last look, without trusting a counter of the server.

The server touches `updated_at` of a task with every act on its answers. A poll reads the tasks
that were touched and reports all that stands on them: who takes it in knows what is new by its
fingerprint. An answer that was deleted leaves no trace there, so the cursor remembers which
answers stood on which task.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from auto_labeling.backends.label_studio.client import Client, Row, where
from auto_labeling.backends.label_studio.marks import is_of, marked
from auto_labeling.backends.label_studio.project import Prepared
from auto_labeling.errors import DataError, RejectedError
from auto_labeling.formats.codec import Marks, marks_in
from auto_labeling.formats.label_studio import Layout, decode_annotation
from auto_labeling.formats.label_studio.answers import micros_of
from auto_labeling.formats.label_studio.opinions import UNKNOWN
from auto_labeling.records import Cursor, Event, EventKind, LabelSchema, Micros

FIELDS = ",".join(
    (
        *("id", "data", "annotations", "predictions", "updated_at", "updated_by"),
        # The list holds for annotations and predictions as well.
        *("result", "created_at", "completed_by", "was_cancelled", "lead_time"),
        "parent_prediction",
    )
)
LATE: Micros = 10_000_000
"""How long after its `updated_at` a change may become visible: a transaction takes its time."""
WHOLE: Micros = 3 * 3600 * 1_000_000
"""How often every task is read: a server whose clock was set back hides what came meanwhile."""
_EVER = "1970-01-01T00:00:00.000000Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Where a poll stopped."""

    latest: str = _EVER
    """The youngest `updated_at` of all tasks, in the server's own words."""
    first: Micros = 0
    """When we first saw it, by our clock."""
    listed: Micros = 0
    """When the tasks up to there were last read."""
    whole: Micros = 0
    """When every task was last read."""
    answers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Task -> answer -> its author; tasks without answers are left out."""

    @classmethod
    def parse(cls, cursor: Cursor | None) -> Seen:
        """Return what a cursor says. Raises `RejectedError` where it is none of ours."""
        if cursor is None:
            return cls()
        try:
            return cls(**json.loads(cursor))
        except (ValueError, TypeError) as error:
            raise RejectedError(
                f"cursor: expected one of Label Studio, got {cursor[:40]!r}"
            ) from error

    def cursor(self) -> Cursor:
        """Return it as text."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(fields, separators=(",", ":"))

    @property
    def settled(self) -> bool:
        """Whether nothing up to `latest` can become visible any more."""
        return self.listed - self.first >= LATE

    def due(self, now: Micros) -> bool:
        """Whether it is time to read every task again."""
        return now - self.whole >= WHOLE

    @property
    def since(self) -> str:
        """The `updated_at` after which tasks are read again."""
        if self.settled or self.latest == _EVER:
            return self.latest
        return _stamp(micros_of(self.latest) - LATE)

    def then(self, latest: str, now: Micros) -> Seen:
        """Return where a look stops that read the tasks up to `latest`.

        >>> noon = "2026-01-05T12:00:00.000000Z"
        >>> seen = Seen().then(noon, now=1_000_000).then(noon, now=11_000_000)
        >>> seen.first, seen.settled, seen.then("2026-01-05T12:00:01.000000Z", 12_000_000).settled
        (1000000, True, False)
        """
        first = self.first if latest == self.latest else 0
        return replace(self, latest=latest, first=first or now, listed=now)


def poll(
    client: Client,
    project: int,
    asked: Callable[[], Prepared],
    cursor: Cursor | None,
    now: Micros,
) -> tuple[list[Event], Cursor]:
    """Return what stands on touched tasks, in the order of their times, and the next cursor.

    `asked` looks up what the project asks for now. `now` is the time by a clock that goes on
    between polls. Nothing new costs one request.
    """
    seen = Seen.parse(cursor)
    latest = client.newest_change(project) or _EVER
    whole = seen.due(now)
    if latest == seen.latest and seen.settled and not whole:
        return [], seen.cursor()
    prepared = asked()
    after = where("updated_at", "greater", _EVER if whole else seen.since, "Datetime")
    found: dict[str, Event] = {}
    answers = dict(seen.answers)
    for task in filter(marked, client.tasks(project, after, fields=FIELDS)):
        if not is_of(task, prepared.campaign):
            continue
        before = answers.get(str(task["id"]), {})
        events = _events(task, prepared.schema, prepared.layout, before)
        found |= {one.fingerprint: one for one in events}
        answers[str(task["id"])] = _answers(task)
    then = replace(
        seen.then(latest, now),
        whole=now if whole else seen.whole,
        answers={task: ids for task, ids in answers.items() if ids},
    )
    return sorted(found.values(), key=lambda event: event.at), then.cursor()


def _events(
    task: Row, schema: LabelSchema, layout: Layout, before: Mapping[str, str]
) -> Iterator[Event]:
    for annotation in task.get("annotations") or []:
        yield _event(annotation, task, schema, layout)
    yield from _deleted(task, before)


def _event(annotation: Row, task: Row, schema: LabelSchema, layout: Layout) -> Event:
    try:
        return decode_annotation(annotation, task, schema, layout)
    except DataError as error:
        marks, at = marks_in(task["data"]), micros_of(annotation["updated_at"])
        return Event(
            kind=EventKind.SUBMITTED,
            fingerprint=f"{annotation['id']}@{at}",
            key=marks.key,
            item_id=marks.item_id,
            person=str(annotation.get("completed_by") or UNKNOWN),
            at=at,
            answer_id=str(annotation["id"]),
            problem=str(error),
        )


def _deleted(task: Row, before: Mapping[str, str]) -> Iterator[Event]:
    """Yield the deletion of every answer that stood there, by whoever touched the task last.

    An author who has answered anew meanwhile has taken the old answer back, whoever deleted it.
    """
    marks: Marks = marks_in(task["data"])
    there = _answers(task)
    by = [str(one["user_id"]) for one in task.get("updated_by") or []]
    for answer, author in before.items():
        if answer in there:
            continue
        anew = [
            micros_of(one["created_at"])
            for one in task.get("annotations") or []
            if str(one["completed_by"]) == author and str(one["id"]) not in before
        ]
        yield Event(
            kind=EventKind.DELETED,
            fingerprint=f"{answer}@deleted",
            key=marks.key,
            item_id=marks.item_id,
            person=author if anew else by[0] if by else UNKNOWN,
            at=min(anew) - 1 if anew else micros_of(task["updated_at"]),
            answer_id=answer,
        )


def _answers(task: Row) -> dict[str, str]:
    return {str(one["id"]): str(one["completed_by"]) for one in task.get("annotations") or []}


def _stamp(at: Micros) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

"""What people did since the last look, without trusting a counter of the server.

The server touches `updated_date` of a job with everything that is done to it. A poll lists the jobs
that were touched, reads those that are finished, and reports the frames whose answer is not the one
that the cursor remembers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from auto_labeling.backends.cvat.client import contains
from auto_labeling.backends.cvat.jobs import finished, is_answer
from auto_labeling.backends.cvat.people import UNKNOWN, People, assignee, assignee_number
from auto_labeling.backends.cvat.reading import Read, Reader
from auto_labeling.backends.cvat.seen import NOTHING, JobSeen, Seen
from auto_labeling.backends.cvat.session import Row
from auto_labeling.backends.cvat.stamps import EVER, micros_of
from auto_labeling.formats.cvat import Answer
from auto_labeling.records import Cursor, Event, EventKind, Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """What a poll found."""

    events: list[Event]
    cursor: Cursor
    done: frozenset[int]
    """Tasks that were looked at and have a finished job."""


def poll(reader: Reader, cursor: Cursor | None, now: Micros) -> Polled:
    """Return what was answered in jobs that were touched, in the order of their times.

    `now` is the time by a clock that goes on between polls. Nothing new costs one request. Raises
    `BlockedError` where the project is gone, with all that was in it.
    """
    seen = Seen.parse(cursor)
    count, newest = reader.client.newest_job(reader.prepared.project, _word(reader))
    if not count:
        reader.client.project(reader.prepared.project)
    latest = EVER if newest is None else str(newest["updated_date"])
    whole = seen.due(now) or count != seen.count
    if latest == seen.latest and seen.settled and not whole:
        return Polled(events=[], cursor=seen.cursor(), done=frozenset())
    listed = _listed(reader, EVER if whole else seen.since)
    done = {one: job for one, job in listed.items() if finished(job, review=reader.review)}
    jobs = {**seen.jobs, **{one: _given_to(job, seen) for one, job in listed.items()}}
    events = _read(reader, done, jobs)
    if whole:
        for number in jobs.keys() - listed.keys():
            events += _lost(number, jobs.pop(number), reader)
    then = Seen(
        latest=latest,
        first=seen.first if latest == seen.latest else now,
        listed=now,
        whole=now if whole else seen.whole,
        count=count,
        jobs={number: one for number, one in jobs.items() if one != JobSeen()},
    )
    return Polled(
        events=sorted(events, key=lambda event: event.at),
        cursor=then.cursor(),
        done=frozenset(int(job["task_id"]) for job in done.values()),
    )


def _word(reader: Reader) -> str:
    """Return what stands in the names of the campaign's tasks."""
    return f"{reader.prepared.campaign} "


def _listed(reader: Reader, since: str) -> dict[int, Row]:
    """Return the jobs that people answer and that were touched since."""
    touched = [] if since == EVER else [{">=": [{"var": "updated_date"}, since]}]
    of_ours = contains("task_name", _word(reader))
    found = reader.client.jobs(reader.prepared.project, of_ours, *touched)
    return {int(job["id"]): job for job in found if is_answer(job)}


def _read(reader: Reader, done: Mapping[int, Row], jobs: dict[int, JobSeen]) -> list[Event]:
    """Return what is new in finished jobs, and note it in `jobs`."""
    events: list[Event] = []
    due = [job for one, job in done.items() if jobs[one].at != job["updated_date"]]
    for read in reader.read(due):
        number = int(read.job["id"])
        before = jobs[number]
        jobs[number] = _after(before, read)
        events += _events(read, before, jobs[number], reader.people)
    return events


def _given_to(job: Row, seen: Seen) -> JobSeen:
    """Return what is known of a job, with whom it is given to while it is annotated."""
    known = seen.jobs.get(int(job["id"]), JobSeen())
    return replace(known, who=assignee_number(job)) if job["stage"] == "annotation" else known


def _after(before: JobSeen, read: Read) -> JobSeen:
    who = before.who
    if who is None and read.job["stage"] != "annotation":  # it went to a reviewer before we looked
        who = read.frames.who[read.place]
    after = replace(before, at=str(read.job["updated_date"]), who=who, table=read.table)
    return after.with_frames(read.digests())


def _events(read: Read, before: JobSeen, after: JobSeen, people: People) -> Iterator[Event]:
    """Yield what is new on the frames of a job."""
    given_to = assignee(read.job)
    author = given_to if after.who in (None, assignee_number(read.job)) else people.login(after.who)
    reviewer = None if read.job["stage"] == "annotation" else given_to
    number, at = int(read.job["id"]), micros_of(read.job["updated_date"])
    for frame, (item, answer) in enumerate(zip(read.frames.items, read.answers, strict=True)):
        old = before.frames[frame] if before.frames else None
        if old == after.frames[frame]:
            continue
        kind = _kind(old, answer)
        annotator = author or read.unassigned(frame)
        read_well = kind in (EventKind.SUBMITTED, EventKind.EDITED)
        yield Event(
            kind=kind,
            fingerprint=after.fingerprint(number, frame),
            key=read.frames.key,
            item_id=item,
            person=annotator if old is None else reviewer or annotator,
            at=at,
            answer_id=f"{number}.{frame}",
            value=answer.value if read_well else None,
            touched_suggestion=answer.touched if read_well else None,
            extra=answer.extra if read_well else _NO_EXTRA,
            problem=answer.problem if read_well else None,
        )


_NO_EXTRA: Mapping[str, object] = {}


def _kind(old: str | None, answer: Answer) -> EventKind:
    """Return what became of a frame: nothing where something stood is an answer taken back."""
    if answer.value is None and answer.problem is None:
        return EventKind.SKIPPED if old is None else EventKind.DELETED
    return EventKind.SUBMITTED if old is None else EventKind.EDITED


def _lost(number: int, seen: JobSeen, reader: Reader) -> Iterator[Event]:
    """Yield the deletion of the answers in a job that is gone, by somebody."""
    if not seen.frames:
        return
    frames = reader.tables.read(seen.table)
    for frame, item in enumerate(frames.items):
        if seen.frames[frame] != NOTHING:
            yield Event(
                kind=EventKind.DELETED,
                fingerprint=f"{number}.{frame}@deleted",
                key=frames.key,
                item_id=item,
                person=UNKNOWN,
                at=micros_of(seen.at) + 1,
                answer_id=f"{number}.{frame}",
            )

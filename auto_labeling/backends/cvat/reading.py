"""What stands in finished jobs, read so that nothing of an unfinished one gets in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from auto_labeling.backends.cvat.client import Client
from auto_labeling.backends.cvat.frames import Frames, FrameTables
from auto_labeling.backends.cvat.jobs import drawn_by_people, finished, opinions
from auto_labeling.backends.cvat.marks import Mark, Stage, mark_in
from auto_labeling.backends.cvat.people import People, nobody
from auto_labeling.backends.cvat.project import Prepared, labels_of
from auto_labeling.backends.cvat.refusals import Gone
from auto_labeling.backends.cvat.seen import NOTHING
from auto_labeling.backends.cvat.session import Row
from auto_labeling.formats.cvat import Answer, Labels, read_frames
from auto_labeling.formats.value import encode_value
from auto_labeling.records import PersonId

_LOST = Answer(problem="the picture is no longer in the job")
_AT_ONCE = 50
"""Jobs that are held in memory at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A finished job with what stands on its frames."""

    job: Row
    table: str
    frames: Frames
    answers: Sequence[Answer]
    place: int
    """Its place among the jobs of its task, from 0 on; 0 for one that somebody annotates."""

    def unassigned(self, frame: int) -> PersonId:
        """Return who answered a frame of a job that is given to nobody."""
        return nobody(self.frames.first[frame] + self.place)

    def digests(self) -> tuple[str, ...]:
        """Return a digest of each answer."""
        return tuple(map(digest, self.answers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads jobs of one project."""

    client: Client
    prepared: Prepared
    tables: FrameTables
    people: People
    review: bool

    def read(self, jobs: Sequence[Row]) -> Iterator[Read]:
        """Yield those of these jobs that were still finished, and the same, once they were read.

        What somebody opened again meanwhile is left for the next look, as is a task half made.
        """
        if not jobs:
            return
        labels = labels_of(self.client, self.prepared)
        for start in range(0, len(jobs), _AT_ONCE):
            some = jobs[start : start + _AT_ONCE]
            marks = self._marks({int(job["task_id"]) for job in some})
            places = self._places({int(job["task_id"]) for job in some if not _annotated(job)})
            found = [
                self._job(job, marks[int(job["task_id"])], labels, places)
                for job in some
                if int(job["task_id"]) in marks
            ]
            ids = {int(one.job["id"]) for one in found if one is not None}
            after = {int(job["id"]): job for job in self.client.jobs_with(ids)}
            yield from (
                one
                for one in found
                if one is not None and self._same(one.job, after.get(int(one.job["id"])))
            )

    def _job(self, job: Row, mark: Mark, labels: Labels, places: Mapping[int, int]) -> Read | None:
        """Return a job as it is read; None where it is gone."""
        number = int(job["id"])
        try:
            there = self.client.annotations(number)
            pictures = self.client.pictures(number)
        except Gone:
            return None
        frames = self.tables.read(mark.table)
        sizes = [(int(one["width"]), int(one["height"])) for one in pictures["frames"]]
        found = read_frames(there, self.prepared.schema, labels, sizes, frames.suggested)
        # Whoever takes a picture out takes it out of every replica: what others drew there stands.
        drawn = {row["frame"] for row in drawn_by_people(there)}
        taken_out = set(pictures.get("deleted_frames") or ()) - drawn
        return Read(
            job=job,
            table=mark.table,
            frames=frames,
            answers=[
                Answer() if at in taken_out else found.get(at, _LOST)
                for at in range(len(frames.items))
            ],
            place=places.get(number, 0),
        )

    def _same(self, before: Row, after: Row | None) -> bool:
        return (
            after is not None
            and after["updated_date"] == before["updated_date"]
            and finished(after, review=self.review)
        )

    def _marks(self, tasks: Collection[int]) -> dict[int, Mark]:
        """Return the marks of tasks that are made, withdrawn ones among them."""
        rows = self.client.tasks(self.prepared.project, tasks)
        marks = {int(row["id"]): mark_in(row["name"], self.prepared.campaign) for row in rows}
        return {
            task: mark
            for task, mark in marks.items()
            if mark is not None and mark.stage is not Stage.MAKING
        }

    def _places(self, tasks: Collection[int]) -> dict[int, int]:
        """Return job -> its place among the jobs of its task that people answer."""
        by_task: dict[int, list[Row]] = {}
        for job in self.client.jobs_of(tasks):
            by_task.setdefault(int(job["task_id"]), []).append(job)
        return {
            int(job["id"]): place
            for group in by_task.values()
            for place, job in enumerate(opinions(group))
        }


def _annotated(job: Row) -> bool:
    """Return whether a job says who annotates it: a reviewer takes that person's place."""
    return bool(job["assignee"]) and job["stage"] == "annotation"


def digest(answer: Answer) -> str:
    """Return 8 hex digits that tell one answer from another, whatever the order of its parts.

    >>> digest(Answer(value=("dog", "cat"))) == digest(Answer(value=("cat", "dog")))
    True
    """
    if answer.value is None and answer.problem is None:
        return NOTHING
    if answer.value is None or isinstance(answer.value, str):
        parts = [] if answer.value is None else [encode_value(answer.value)]
    else:
        parts = sorted(encode_value((one,)) for one in answer.value)  # type: ignore[arg-type]
    extra = json.dumps(dict(answer.extra), sort_keys=True, default=str)
    text = json.dumps([parts, extra, answer.problem])
    return hashlib.sha256(text.encode()).hexdigest()[: len(NOTHING)]

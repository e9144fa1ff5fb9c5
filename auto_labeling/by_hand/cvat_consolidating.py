"""The finished jobs of a task in CVAT as one label a picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auto_labeling.backends.cvat.by_hand_calls import HandClient
from auto_labeling.backends.cvat.jobs import finished, opinions
from auto_labeling.backends.cvat.people import assignee
from auto_labeling.backends.cvat.session import Row
from auto_labeling.errors import DataError
from auto_labeling.formats.cvat import Document, Labels, asked_by, read_frames
from auto_labeling.formats.labeled import Labeled
from auto_labeling.ports import Vote
from auto_labeling.quality import usual
from auto_labeling.records import LabelSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What stands in the jobs of a task that count."""

    task: int
    labels: Sequence[Row]
    frames: Sequence[Row]
    deleted: frozenset[int]
    """Frames that people took out."""
    jobs: Sequence[tuple[Row, Row]]
    """Each with what stands in it; first opinions first."""

    def asked(self, kind: str | None) -> LabelSchema:
        """Return what people were asked; by what is drawn, unless `kind` says so."""
        rows: dict[str, list[Any]] = {"tags": [], "shapes": []}
        for at, (_, there) in enumerate(self.jobs):
            for name, found in rows.items():  # opinions apart: two tags of two people are not both
                found += [
                    {**row, "frame": row["frame"] + at * len(self.frames)} for row in there[name]
                ]
        try:
            return asked_by(Document(labels=self.labels, annotations=rows), kind)
        except DataError as error:
            why = str(error).partition(": ")[2]
            raise DataError(f"task {self.task}: {why}; say which with kind=...") from error


def answered(client: HandClient, task: Row, *, unfinished: bool) -> Answered:
    """Read a task. Raises `DataError` where nothing in it counts."""
    number = int(task["id"])
    if not task.get("size"):
        raise DataError(f"task {number}: it has no pictures yet, and so no annotations")
    jobs = [
        job
        for job in opinions(client.jobs_of([number]))
        if unfinished or finished(job, review=False)
    ]
    if not jobs:
        raise DataError(
            f"task {number}: none of its jobs is finished; unfinished=True reads what stands in "
            "them all the same"
        )
    pictures = client.task_pictures(number)
    return Answered(
        task=number,
        labels=client.task_labels(number),
        frames=pictures["frames"],
        deleted=frozenset(pictures.get("deleted_frames") or ()),
        jobs=[(job, client.annotations(int(job["id"]))) for job in jobs],
    )


def consolidated(answered: Answered, schema: LabelSchema) -> list[Labeled]:
    """Return the pictures that have a label, in the order of their frames.

    The replicas of a job are opinions; of one person's several the last one counts. Classes go by
    majority, and a tie is no label. Drawings are not merged: where several people drew, the drawing
    that the others agree with most stands (see `MostAgreed`). Raises `DataError` for what cannot be
    read.
    """
    resolved = usual(schema).resolve(_votes(answered, schema), schema)
    verdicts = {one.item_id: one for one in resolved}
    return [
        Labeled(
            number=at + 1,
            item_id=str(frame["name"]),
            value=verdict.value,
            picture=str(frame["name"]),
            size=(int(frame["width"]), int(frame["height"])),
            confidence=verdict.confidence,
            votes=verdict.votes,
            fields={"image": str(frame["name"])},
        )
        for at, frame in enumerate(answered.frames)
        if (verdict := verdicts.get(str(at))) is not None and verdict.value is not None
    ]


def _votes(answered: Answered, schema: LabelSchema) -> list[Vote]:
    votes: dict[tuple[int, str], Vote] = {}
    for frame, person, value in _values(answered, schema):
        votes[frame, person] = Vote(item_id=str(frame), person=person, value=value)
    return list(votes.values())


def _values(answered: Answered, schema: LabelSchema) -> Iterator[tuple[int, str, Any]]:
    """Yield frame, person and answer."""
    labels = Labels.of(answered.labels, schema)
    sizes = [(int(one["width"]), int(one["height"])) for one in answered.frames]
    for job, there in answered.jobs:
        answers: Mapping[int, Any] = read_frames(there, schema, labels, sizes)
        for frame in range(int(job["start_frame"]), int(job["stop_frame"]) + 1):
            if frame in answered.deleted:
                continue
            if problem := answers[frame].problem:
                name = answered.frames[frame]["name"]
                raise DataError(
                    f"task {answered.task}, job {job['id']}, frame {frame} ({name}): {problem}"
                )
            if answers[frame].value is not None:
                yield frame, assignee(job) or f"job {job['id']}", answers[frame].value

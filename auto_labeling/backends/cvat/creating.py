"""Tasks out of uploads: made, filled with pictures, suggestions and people, and named last.

The name is what makes a task ours. What a kill left half made has another, and is found by it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auto_labeling.backends.cvat.client import Client
from auto_labeling.backends.cvat.frames import Frames, FrameTables
from auto_labeling.backends.cvat.jobs import opinions
from auto_labeling.backends.cvat.marks import FOR_A_RULING, Mark, Stage
from auto_labeling.backends.cvat.people import People, assignees
from auto_labeling.backends.cvat.pictures import Pictures, Shown
from auto_labeling.backends.cvat.project import Prepared, labels_of
from auto_labeling.backends.cvat.refusals import Gone
from auto_labeling.backends.cvat.session import Row
from auto_labeling.backends.cvat.waiting import reason_of_failure
from auto_labeling.errors import BlockedError, DataError, RejectedError, TransientError
from auto_labeling.formats.cvat import Labels, count_of, suggested
from auto_labeling.records import LabelSchema, Purpose, RemoteRef, Suggestion, Upload

_AT_ONCE = 10
"""Tasks whose pictures the server takes in while the next are sent."""
_MOST_REPLICAS = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A task whose pictures are on their way."""

    upload: Upload
    mark: Mark
    frames: Frames
    task: int
    request: str
    shown: Shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Makes the tasks of one project."""

    client: Client
    prepared: Prepared
    tables: FrameTables
    pictures: Pictures
    people: People
    quality: int
    """Of the pictures that people see, in percent."""

    def make(self, uploads: Sequence[Upload]) -> dict[str, RemoteRef]:
        """Make one task an upload, several on their way at once, and return them by key.

        Nothing is made before all of them could be.
        """
        planned = [self._planned(upload) for upload in uploads]
        wanted = any(upload.suggestions for upload in uploads)
        labels = labels_of(self.client, self.prepared) if wanted else None
        made: dict[str, RemoteRef] = {}
        coming: deque[Begun] = deque()
        try:
            for upload, shown, counts in planned:
                coming.append(self._begin(upload, shown, counts))
                if len(coming) == _AT_ONCE:
                    self._finish(coming.popleft(), labels, made)
            for one in coming:
                self._finish(one, labels, made)
        except Gone as error:  # another driver has put in order what we were about
            raise TransientError(f"{error.reason} before it was made") from error
        return made

    def _planned(self, upload: Upload) -> tuple[Upload, Shown, Mapping[int, int]]:
        if upload.overlap > _MOST_REPLICAS:
            raise RejectedError(
                f"upload {upload.key}: CVAT takes at most {_MOST_REPLICAS} opinions on an item at "
                f"once, got {upload.overlap}"
            )
        self.people.expect([login for login in assignees(upload.asks) if login])
        return upload, self.pictures.of(upload), _counts(upload, self.prepared.schema)

    def _begin(self, upload: Upload, shown: Shown, counts: Mapping[int, int]) -> Begun:
        given_to = assignees(upload.asks)
        who = [None if login is None else self.people.number(login) for login in given_to]
        frames = Frames.of(upload, counts, who)
        mark = Mark(
            campaign=self.prepared.campaign,
            key=upload.key,
            table=self.tables.keep(frames),
            stage=Stage.MAKING,
        )
        task = self._empty_task(mark, upload)
        settings: Row = {"image_quality": self.quality}
        if shown.way == "uploaded":
            files = list(zip(shown.names, shown.paths, strict=True))
            request = self.client.upload(task, files, settings)
        else:
            settings |= shown.reference(self.pictures.cloud_storage)
            request = self.client.refer(task, settings | {"sorting_method": "predefined"})
        return Begun(
            upload=upload, mark=mark, frames=frames, task=task, request=request, shown=shown
        )

    def _empty_task(self, mark: Mark, upload: Upload) -> int:
        replicas = upload.overlap
        consensus = {"consensus_replicas": replicas} if replicas > 1 else {}
        row = self.client.make_task(
            name=mark.name,
            project_id=self.prepared.project,
            segment_size=len(upload.items),
            overlap=0,  # of one job and the next, in frames
            **consensus,
        )
        if consensus and not row.get("consensus_enabled"):
            self.client.delete_task(int(row["id"]))
            raise BlockedError(
                f"{self.client.url} makes no replicas of a job, and {replicas} opinions on an item "
                "are asked for",
                remedy="Upgrade CVAT to a version that does, or set quality.overlap to 1.",
            )
        return int(row["id"])

    def _finish(self, one: Begun, labels: Labels | None, made: dict[str, RemoteRef]) -> None:
        self._wait(one)
        frames = self.client.frames(one.task)
        names = [str(frame["name"]) for frame in frames]
        if names != one.shown.frame_names():
            self.client.delete_task(one.task)
            raise RejectedError(
                f"{self.client.url}: task {one.task}: expected the pictures "
                f"{', '.join(one.shown.frame_names())} in this order, got {', '.join(names)}"
            )
        self._fill(one, frames, labels)
        finished = Mark(campaign=one.mark.campaign, key=one.mark.key, table=one.mark.table)
        note = FOR_A_RULING if _is_for_a_ruling(one.upload) else ""
        self.client.change_task(one.task, name=finished.name + note)
        made[one.upload.key] = RemoteRef(key=one.upload.key, remote_id=str(one.task))

    def _fill(self, one: Begun, frames: Sequence[Row], labels: Labels | None) -> None:
        """Put suggestions and people into the jobs of a task that has its pictures."""
        who = one.frames.who
        if who == (None,) and not one.upload.suggestions:
            return
        jobs = opinions(self.client.jobs_of([one.task]))
        if len(jobs) != len(who):
            raise TransientError(
                f"{self.client.url}: task {one.task}: expected {len(who)} jobs, got {len(jobs)}"
            )
        if labels is not None and one.upload.suggestions:
            self._suggest(one.upload, jobs, labels, frames)
        give_out(self.client, jobs, who)

    def _wait(self, one: Begun) -> None:
        """Return once the server has taken the pictures in."""
        why = reason_of_failure(self.client, one.request, f"what was sent to task {one.task}")
        if why is not None:
            self.client.delete_task(one.task)
            raise BlockedError(
                f"{self.client.url}: a task of {len(one.upload.items)} pictures could not be "
                f"made: {why}",
                remedy="Mend what it names; the campaign goes on then.",
            )

    def _suggest(
        self, upload: Upload, jobs: Sequence[Row], labels: Labels, frames: Sequence[Row]
    ) -> None:
        """Put the suggestions into every job: what is written to the task reaches no replica."""
        start = _starts(upload, self.prepared, labels, frames)
        for job in jobs:
            kept = self.client.annotate(int(job["id"]), start)
            for kind, sent in start.items():
                if len(kept[kind]) != len(sent):
                    raise RejectedError(
                        f"{self.client.url}: job {job['id']}: it kept {len(kept[kind])} of "
                        f"{len(sent)} suggested {kind}"
                    )


def _is_for_a_ruling(upload: Upload) -> bool:
    return any(ask.purpose is Purpose.ADJUDICATE for ask in upload.asks)


def give_out(client: Client, jobs: Sequence[Row], who: Sequence[int | None]) -> None:
    """Give jobs that are nobody's to these users."""
    for job, number in zip(jobs, who, strict=True):
        if number is not None and not job["assignee"]:
            client.change_job(int(job["id"]), assignee=number)


def _starts(
    upload: Upload, prepared: Prepared, labels: Labels, frames: Sequence[Row]
) -> dict[str, list[dict[str, Any]]]:
    """Return the suggestions of an upload as the annotations of a job."""
    start: dict[str, list[dict[str, Any]]] = {"tags": [], "shapes": []}
    by_item: Mapping[str, Suggestion] = {one.item_id: one for one in upload.suggestions}
    for at, (item, frame) in enumerate(zip(upload.items, frames, strict=True)):
        if item.item_id in by_item:
            size = (int(frame["width"]), int(frame["height"]))
            try:
                found = suggested(at, by_item[item.item_id], prepared.schema, labels, size)
            except DataError as error:
                raise RejectedError(f"item {item.item_id!r}: {error}") from error
            for kind, drawn in found.items():
                start[kind] += drawn
    return start


def _counts(upload: Upload, schema: LabelSchema) -> dict[int, int]:
    """Return frame -> how many tags and shapes are suggested on it."""
    by_item = {one.item_id: one for one in upload.suggestions}
    try:
        return {
            at: count_of(by_item[item.item_id], schema)
            for at, item in enumerate(upload.items)
            if item.item_id in by_item
        }
    except DataError as error:
        raise RejectedError(f"upload {upload.key}: {error}") from error

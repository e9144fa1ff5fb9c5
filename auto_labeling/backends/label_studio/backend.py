"""Label Studio behind AnnotationBackend."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from auto_labeling.backends.kept import KeptProject
from auto_labeling.backends.label_studio import polling
from auto_labeling.backends.label_studio.client import Client, Row
from auto_labeling.backends.label_studio.joining import join, joined_to, leave
from auto_labeling.backends.label_studio.marks import CAMPAIGN, first_opinions, more
from auto_labeling.backends.label_studio.pictures import Pictures
from auto_labeling.backends.label_studio.project import Prepared, Projects
from auto_labeling.backends.label_studio.queues import assignees, pass_on, rulers
from auto_labeling.backends.label_studio.showing import Showing
from auto_labeling.backends.label_studio.withdrawing import withdraw
from auto_labeling.errors import RejectedError
from auto_labeling.formats.codec import KEY, OPINIONS
from auto_labeling.formats.label_studio import encode_tasks
from auto_labeling.ports import Clock, Traits
from auto_labeling.records import (
    CampaignId,
    CancelResult,
    Cursor,
    Event,
    LabelSchema,
    PersonId,
    RemoteProject,
    RemoteRef,
    Upload,
)

_SHAPES = frozenset({"single", "multi", "boxes", "polygons", "masks"})
_BATCH = 2_000
"""Uploads that are looked up, made and recorded at once."""
_IMPORT = 1_000
"""Tasks an import; the server takes larger ones, but holds its only writer for as long."""
_IMPORT_BYTES = 20_000_000


class LabelStudioBackend:
    """A project on a Label Studio server."""

    def __init__(
        self, *, client: Client, projects: Projects, pictures: Pictures, clock: Clock
    ) -> None:
        self._client = client
        self._projects = projects
        self._pictures = pictures
        self._clock = clock
        self._showing = Showing(client, adopted=projects.adopted is not None)
        self._people: dict[int, str] = {}

    @property
    def traits(self) -> Traits:
        """One task an item; more opinions join the task that people know."""
        return Traits(
            shapes=_SHAPES,
            overlap="later",
            has_time_spent=True,
            has_queues=True,
            batch=_BATCH,
            can_lose=True,
        )

    def prepare(self, campaign: CampaignId, schema: LabelSchema) -> RemoteProject:
        """Find, make or adopt the project, and check that it still asks what was agreed."""
        self.__dict__.pop("_prepared", None)
        prepared = self._projects.prepare(campaign, schema)
        return RemoteProject(
            project_id=str(prepared.project),
            url=f"{self._client.url}/projects/{prepared.project}",
        )

    def find(self, keys: Collection[str]) -> Mapping[str, tuple[RemoteRef, ...]]:
        """Look the keys up among the tasks' data.

        A task whose number of opinions was not set yet, because we died in between, gets it now.
        """
        if not self._was_prepared:
            return {}
        found: dict[str, list[RemoteRef]] = {}
        project = self._prepared.project
        fields = "id,data,overlap"
        for task in self._client.tasks_among(project, f"data.{KEY}", sorted(keys), fields):
            if not more(task["data"]):
                self._set_opinions(task["id"], first_opinions(task["data"]), task["overlap"])
            key = task["data"][KEY]
            found.setdefault(key, []).append(RemoteRef(key=key, remote_id=str(task["id"])))
        for ref in joined_to(self._client, project, set(keys) - set(found)):
            found.setdefault(ref.key, []).append(ref)
        return {key: tuple(refs) for key, refs in found.items()}

    def create(self, uploads: Sequence[Upload]) -> Mapping[str, RemoteRef]:
        """Import one task an upload, pictures first; further opinions join the task there is."""
        prepared = self._projects.again(self._prepared)
        made = join(self._client, prepared.project, prepared.campaign, uploads)
        first = [upload for upload in uploads if upload.key not in made]
        with self._showing.of(prepared.project, first):
            for batch in self._batches(first, prepared):
                tasks = [task for _, task in batch]
                ids = self._client.import_tasks(prepared.project, tasks)
                for task_id, (key, task) in zip(ids, batch, strict=True):
                    made[key] = RemoteRef(key=key, remote_id=str(task_id))
                    self._set_opinions(task_id, task["data"][OPINIONS], prepared.overlap)
        return made

    def changes(self, cursor: Cursor | None) -> tuple[Sequence[Event], Cursor]:
        """Read the tasks that were touched; see `polling`."""
        prepared = self._prepared
        events, then = polling.poll(
            self._client,
            prepared.project,
            lambda: self._projects.again(prepared),
            cursor,
            self._clock.now(),
        )
        numbers = {int(one.person) for one in events if one.person and one.person.isdigit()}
        if not numbers <= self._people.keys():
            self._people = self._client.people()
        return [replace(event, person=self._login(event.person)) for event in events], then

    def cancel(self, refs: Collection[RemoteRef]) -> Mapping[RemoteRef, CancelResult]:
        """Retire tasks without an answer; see `withdrawing`."""
        if not refs:
            return {}
        project = self._prepared.project
        joined = set(joined_to(self._client, project, {ref.key for ref in refs})) & set(refs)
        whole = {int(ref.remote_id) for ref in refs if ref not in joined}
        answered = withdraw(self._client, project, whole)
        kept = leave(self._client, project, joined)
        kept |= {ref for ref in refs if ref not in joined and int(ref.remote_id) in answered}
        return {
            ref: CancelResult.ANSWERED if ref in kept else CancelResult.CANCELLED for ref in refs
        }

    def hand_over(self, ref: RemoteRef, giver: str, taker: str) -> bool:
        """Move the task from one person's tab to another's."""
        return pass_on(self._client, self._prepared.project, int(ref.remote_id), giver, taker)

    @property
    def _was_prepared(self) -> bool:
        """Whether there may be anything of ours: the tool need not be asked where there is not."""
        return KeptProject(self._projects.place.folder).is_there()

    @cached_property
    def _prepared(self) -> Prepared:
        return self._projects.prepared()

    def _batches(
        self, uploads: Sequence[Upload], prepared: Prepared
    ) -> list[list[tuple[str, Row]]]:
        """Return the tasks of the uploads in imports of a bearable size."""
        batches: list[list[tuple[str, Row]]] = []
        weight = 0
        for upload in uploads:
            if len(upload.items) != 1:
                raise RejectedError(
                    f"upload {upload.key}: expected one item, got {len(upload.items)}"
                )
            served = self._pictures.served(prepared.project, upload)
            [task] = encode_tasks(served, prepared.schema, prepared.layout)
            task["data"] |= assignees(upload.asks) | rulers(upload.asks)
            task["data"] |= {CAMPAIGN: prepared.campaign} if prepared.campaign else {}
            heavy = len(json.dumps(task, ensure_ascii=False))
            if not batches or len(batches[-1]) == _IMPORT or weight + heavy > _IMPORT_BYTES:
                batches.append([])
                weight = 0
            weight += heavy
            batches[-1].append((upload.key, task))
        return batches

    def _set_opinions(self, task: int, wanted: int, there: int) -> None:
        if wanted != there:
            self._client.change_task(task, overlap=wanted)

    def _login(self, person: PersonId | None) -> PersonId | None:
        """Return the login of a user's number; of one who is gone, the number."""
        if person is None or not person.isdigit():
            return person
        return self._people.get(int(person), f"user {person}")

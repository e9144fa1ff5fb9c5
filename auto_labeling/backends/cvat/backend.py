"""CVAT behind AnnotationBackend."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from auto_labeling.backends.cvat import polling
from auto_labeling.backends.cvat.client import Client
from auto_labeling.backends.cvat.creating import Maker
from auto_labeling.backends.cvat.frames import FrameTables
from auto_labeling.backends.cvat.handing_over import pass_on
from auto_labeling.backends.cvat.leftovers import repaired
from auto_labeling.backends.cvat.marks import Stage, mark_in
from auto_labeling.backends.cvat.merging import merge_finished
from auto_labeling.backends.cvat.people import People
from auto_labeling.backends.cvat.pictures import Pictures
from auto_labeling.backends.cvat.project import Prepared, Projects
from auto_labeling.backends.cvat.reading import Reader
from auto_labeling.backends.cvat.withdrawing import withdraw
from auto_labeling.backends.kept import KeptProject
from auto_labeling.ports import Place, Traits
from auto_labeling.records import (
    CampaignId,
    CancelResult,
    Cursor,
    Event,
    LabelSchema,
    RemoteProject,
    RemoteRef,
    Upload,
)

_SHAPES = frozenset({"single", "multi", "boxes", "polygons", "masks"})
_BATCH = 50
"""Uploads that are looked up, made and recorded at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How the campaign wants its tasks."""

    items_per_job: int
    quality: int
    review: bool
    merge: bool


class CVATBackend:
    """A project on a CVAT server."""

    def __init__(
        self, *, client: Client, projects: Projects, pictures: Pictures, ways: Ways, place: Place
    ) -> None:
        self._client = client
        self._projects = projects
        self._pictures = pictures
        self._ways = ways
        self._place = place
        self._tables = FrameTables(place.folder / "frames")
        self._people = People(client)

    @property
    def traits(self) -> Traits:
        """One task an upload, with a job for each opinion."""
        return Traits(
            unit="chunk",
            chunk_size=self._ways.items_per_job,
            shapes=_SHAPES,
            kinds=frozenset({"image"}),
            has_queues=True,
            batch=_BATCH,
            can_lose=True,
        )

    def prepare(self, campaign: CampaignId, schema: LabelSchema) -> RemoteProject:
        """Find, make or adopt the project, and check its labels and that people have accounts."""
        self.__dict__.pop("_prepared", None)
        prepared = self._projects.prepare(campaign, schema)
        self._people.expect(self._place.people())
        return RemoteProject(
            project_id=str(prepared.project),
            url=f"{self._client.url}/projects/{prepared.project}",
        )

    def find(self, keys: Collection[str]) -> Mapping[str, tuple[RemoteRef, ...]]:
        """Look the keys up in the names of tasks.

        What was left half made is deleted, unless somebody sees it already: then it is finished.
        """
        if not self._was_prepared:
            return {}
        prepared = self._prepared
        found: dict[str, tuple[RemoteRef, ...]] = {}
        for task in self._client.tasks_named(prepared.project, sorted(keys)):
            mark = mark_in(task["name"], prepared.campaign)
            if mark is None or mark.stage is Stage.WITHDRAWN:
                continue
            if mark.stage is Stage.MADE or repaired(self._client, self._tables, task, mark):
                ref = RemoteRef(key=mark.key, remote_id=str(task["id"]))
                found[mark.key] = (*found.get(mark.key, ()), ref)
        return found

    def create(self, uploads: Sequence[Upload]) -> Mapping[str, RemoteRef]:
        """Make one task an upload; see `creating`."""
        maker = Maker(
            client=self._client,
            prepared=self._prepared,
            tables=self._tables,
            pictures=self._pictures,
            people=self._people,
            quality=self._ways.quality,
        )
        return maker.make(uploads)

    def changes(self, cursor: Cursor | None) -> tuple[Sequence[Event], Cursor]:
        """Read the finished jobs that were touched; see `polling`."""
        reader = Reader(
            client=self._client,
            prepared=self._prepared,
            tables=self._tables,
            people=self._people,
            review=self._ways.review,
        )
        polled = polling.poll(reader, cursor, self._place.clock.now())
        if self._ways.merge:
            merge_finished(self._client, polled.done)
        return polled.events, polled.cursor

    def cancel(self, refs: Collection[RemoteRef]) -> Mapping[RemoteRef, CancelResult]:
        """Rename tasks in which nobody has begun; see `withdrawing`."""
        if not refs:
            return {}
        answered = withdraw(self._client, self._prepared, {int(ref.remote_id) for ref in refs})
        return {
            ref: CancelResult.ANSWERED if int(ref.remote_id) in answered else CancelResult.CANCELLED
            for ref in refs
        }

    def hand_over(self, ref: RemoteRef, giver: str, taker: str) -> bool:
        """Give somebody's job to somebody else; see `handing_over`."""
        return pass_on(self._client, self._people, int(ref.remote_id), giver, taker)

    @property
    def _was_prepared(self) -> bool:
        """Whether there may be anything of ours: the tool need not be asked where there is not."""
        return KeptProject(self._place.folder).is_there()

    @cached_property
    def _prepared(self) -> Prepared:
        return self._projects.prepared()

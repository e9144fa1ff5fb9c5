"""A project at a CVAT, what speaks to it, and what people and others do in it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from auto_labeling.backends.cvat.backend import CVATBackend
from auto_labeling.backends.cvat.client import Client
from auto_labeling.backends.cvat.settings import CVAT, Project
from auto_labeling.clocks import SystemClock
from auto_labeling.errors import TransientError
from auto_labeling.ports import Place
from auto_labeling.records import Event, Item, LabelSchema, RemoteRef, Suggestion, Upload, Value
from tests.backends.annotators import TokenOf
from tests.contracts.asking import text_items, upload_of
from tests.cvat.people import Crew, Office, picture_of

SCHEMA = LabelSchema(task="single", classes=("yes", "no"))


@dataclass
class Room:
    """What a test needs of a server; every room has a campaign and a project of its own."""

    office: Office
    folder: Path
    schema: LabelSchema = SCHEMA
    campaign: str = field(default_factory=lambda: f"room-{uuid.uuid4().hex[:8]}")
    project: int = 0
    people: Sequence[str] = ()

    def backend(self, **settings: Any) -> CVATBackend:
        """Open the project; it is made the first time."""
        backend = self.opened(**settings)
        made = backend.prepare(self.campaign, self.schema)
        if not self.project:
            self.project = int(made.project_id)
            self.office.projects.append(self.project)
        return backend

    def opened(self, **settings: Any) -> CVATBackend:
        """Open the tool without a call to it."""
        told = {
            "url": self.office.url,
            "user": self.office.admin.name,
            "password": {"env": "PASSWORD"},
            "project": Project(adopt=self.project or None),
        }
        place = Place(
            folder=self.folder / "tool",
            base=self.folder,
            seed=0,
            clock=SystemClock(),
            secrets=TokenOf(self.office.admin.password),
            item_ids=tuple,
            kinds=lambda: frozenset({"image"}),
            people=lambda: list(self.people),
        )
        return CVAT(**told | settings).open(place)

    @property
    def crew(self) -> Crew:
        """The people of this project; what they have acted on is not remembered."""
        return Crew(self.office, self.project)

    def items(self, count: int, prefix: str = "item") -> list[Item]:
        """Return items with pictures of 12 x 8."""
        return [picture_of(item, self.folder / "pictures") for item in text_items(count, prefix)]

    def uploads(self, count: int, **told: Any) -> list[Upload]:
        """Return uploads of one item each."""
        return [upload_of([item], **told) for item in self.items(count)]

    def tasks(self) -> list[dict[str, Any]]:
        """Return the tasks of the project, oldest first."""
        return self.office.tasks(self.project)

    def names(self) -> list[str]:
        """Return the names of the tasks, without the campaign's."""
        return [task["name"].removeprefix(f"{self.campaign} ") for task in self.tasks()]

    def answer(self, ref: RemoteRef, upload: Upload, name: str, person: int = 0) -> None:
        """Let somebody give all items of an upload one tag, and finish."""
        crew = self.crew
        for item in upload.items:
            crew.answer(ref, item, name, person)


def suggested(upload: Upload, *values: Value, score: float = 0.75) -> Upload:
    """Return the upload with a suggestion for each of its first items."""
    pairs = zip(upload.items, values, strict=False)
    return replace(
        upload,
        suggestions=tuple(
            Suggestion(item_id=item.item_id, value=value, score=score, model_version="r1")
            for item, value in pairs
        ),
    )


def assigned(upload: Upload, *logins: str | None) -> Upload:
    """Return the upload with its asks given to these people, opinion by opinion."""
    first = min(ask.ordinal for ask in upload.asks)
    asks = [replace(ask, assignee=logins[ask.ordinal - first]) for ask in upload.asks]
    return replace(upload, asks=tuple(asks))


def said(events: Sequence[Event]) -> list[tuple[str, str, Any]]:
    """Return what happened, to which item, and what was answered."""
    return [(event.kind.value, event.item_id, event.value) for event in events]


def dying(monkeypatch: pytest.MonkeyPatch, call: str, after: int = 0) -> None:
    """Let a call of the client fail from the `after`-th on, as if the server were gone."""
    real: Callable[..., Any] = getattr(Client, call)
    calls = 0

    def fail(client: Client, *told: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > after:
            raise TransientError("the server is gone")
        return real(client, *told, **more)

    monkeypatch.setattr(Client, call, fail)

"""People at a real Label Studio: they act through its API with tokens of their own."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from auto_labeling.backends.label_studio.settings import LabelStudio, Project
from auto_labeling.clocks import SystemClock
from auto_labeling.ports import AnnotationBackend, Place
from auto_labeling.records import Item, LabelSchema, RemoteRef, Value
from auto_labeling.studio import Person, Studio
from tests.contracts.backend import BackendContract, Habit

_LATER_S = 1.1
"""An edit comes later than the second touch that the server gives every new answer."""


class TokenOf:
    """Secrets with one token in them."""

    def __init__(self, token: str) -> None:
        self._token = token

    def resolve(self, reference: Mapping[str, str]) -> str:
        return self._token


def place(folder: Path, token: str, kinds: frozenset[str] = frozenset({"text"})) -> Place:
    return Place(
        folder=folder,
        base=folder,
        seed=0,
        clock=SystemClock(),
        secrets=TokenOf(token),
        item_ids=tuple,
        kinds=lambda: kinds,
    )


class LabelStudioContract(BackendContract):
    """Each folder is a project of its own on one server."""

    kind = "label_studio"
    kinds: ClassVar[frozenset[str]] = frozenset({"text"})
    studio: Studio
    crew: tuple[Person, ...]

    @pytest.fixture(autouse=True)
    def server(self, studio: Studio, crew: tuple[Person, ...]) -> None:
        self.studio, self.crew = studio, crew

    def open(self, folder: Path, schema: LabelSchema, habit: Habit) -> AnnotationBackend:
        title = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
        settings = LabelStudio(
            url=self.studio.url, token={"env": "TOKEN"}, project=Project(title=title)
        )
        return settings.open(place(folder, self.studio.token, self.kinds))

    def answer(self, ref: RemoteRef, item: Item, value: Value, person: int = 0) -> None:
        self.annotate(ref, self.result(value), person)

    def skip(self, ref: RemoteRef, item: Item) -> None:
        self.annotate(ref, [], was_cancelled=True)

    def edit(self, ref: RemoteRef, item: Item, value: Value) -> None:
        time.sleep(_LATER_S)
        self.call("PATCH", f"/api/annotations/{self.own(ref)}/", {"result": self.result(value)})

    def delete(self, ref: RemoteRef, item: Item) -> None:
        self.call("DELETE", f"/api/annotations/{self.own(ref)}/")

    def draft(self, ref: RemoteRef, item: Item, value: Value) -> None:
        body = {"result": self.result(value), "lead_time": 1.0}
        self.call("POST", f"/api/tasks/{ref.remote_id}/drafts", body)

    def annotate(
        self, ref: RemoteRef, result: list[dict[str, Any]], person: int = 0, **more: bool
    ) -> None:
        body = {"result": result, "lead_time": 3.5, **more}
        self.call("POST", f"/api/tasks/{ref.remote_id}/annotations/", body, person)

    def own(self, ref: RemoteRef) -> int:
        """Return the answer of person 0 on a task."""
        task = self.call("GET", f"/api/tasks/{ref.remote_id}/")
        [mine] = [one for one in task["annotations"] if _who(one) == self.crew[0].id]
        return int(mine["id"])

    def call(self, verb: str, path: str, body: Any = None, person: int = 0) -> Any:
        with self.studio.client(self.crew[person].token) as browser:
            answer = browser.request(verb, path, json=body).raise_for_status()
        return answer.json() if answer.content else None

    @staticmethod
    def result(value: Value) -> list[dict[str, Any]]:
        names = [value] if isinstance(value, str) else list(value)
        tags = {"from_name": "label", "to_name": "item", "type": "choices"}
        return [tags | {"value": {"choices": names}}] if names else []


def _who(annotation: Mapping[str, Any]) -> int:
    by = annotation["completed_by"]
    return int(by["id"] if isinstance(by, Mapping) else by)

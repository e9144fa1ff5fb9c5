"""A project on the real server, what speaks to it, and what people and others do in it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from auto_labeling.backends.label_studio.backend import LabelStudioBackend
from auto_labeling.backends.label_studio.settings import LabelStudio, Project
from auto_labeling.records import CampaignId, Item, LabelSchema, Suggestion, Upload
from auto_labeling.studio import Person, Studio
from tests.backends.annotators import place
from tests.support.campaigns import tiny
from tests.support.studio import tasks_of

CAMPAIGN = "room-0badcafe"
SCHEMA = LabelSchema(task="single", classes=("yes", "no"))


@dataclass
class Room:
    """What a test needs of a server; every room has a project of its own."""

    studio: Studio
    crew: tuple[Person, ...]
    folder: Path
    title: str = field(default_factory=lambda: uuid.uuid4().hex)

    def backend(
        self, *, kinds: frozenset[str] = frozenset({"text"}), prepare: bool = True, **settings: Any
    ) -> LabelStudioBackend:
        """Open the project; it is made the first time that it is prepared."""
        told = {"url": self.studio.url, "token": {}, "project": Project(title=self.title)}
        backend = LabelStudio(**told | settings).open(place(self.folder, self.studio.token, kinds))
        if prepare:
            backend.prepare(CAMPAIGN, SCHEMA)
        return backend

    @property
    def project(self) -> int:
        """Return the number of the project."""
        with self.studio.client() as admin:
            told = {"title": self.title}
            [found] = admin.get("/api/projects/", params=told).raise_for_status().json()["results"]
        return int(found["id"])

    def tasks(self) -> list[dict[str, Any]]:
        """Return the tasks of the project, whole."""
        return tasks_of(self.studio, self.project)

    def answer(self, task: Any, name: str, person: int = 0, **more: Any) -> int:
        """Let a person answer; return the number of the answer."""
        tags = {"from_name": "label", "to_name": "item", "type": "choices"}
        body = {"result": [tags | {"value": {"choices": [name]}}], **more}
        with self.studio.client(self.crew[person].token) as browser:
            path = f"/api/tasks/{task}/annotations/"
            return int(browser.post(path, json=body).raise_for_status().json()["id"])

    def shown(self) -> list[str]:
        """Return the versions of the suggestions on the task that the administrator is shown."""
        found = self.call("GET", f"/api/projects/{self.project}/next")
        return [str(one["model_version"]) for one in found["predictions"]]

    def call(self, verb: str, path: str, body: Any = None) -> Any:
        """Do something as the administrator."""
        with self.studio.client() as admin:
            answer = admin.request(verb, path, json=body).raise_for_status()
        return answer.json() if answer.content else None

    def change_config(self, old: str, new: str) -> None:
        """Change the labeling configuration, as somebody does in the settings."""
        path = f"/api/projects/{self.project}/"
        config = self.call("GET", path)["label_config"]
        assert old in config
        self.call("PATCH", path, {"label_config": config.replace(old, new)})


def begin(path: Path, url: str, token: Path, title: str, **overrides: Any) -> CampaignId:
    """Begin a tiny campaign in a project of this title; see `campaigns.tiny`."""
    backend = {
        "kind": "label_studio",
        "url": url,
        "token": {"file": str(token)},
        "project": {"title": title},
        "truth": None,
        "annotators": None,
        **overrides.pop("backend", {}),
    }
    return tiny(path, backend=backend, wait={"poll_s": 0.01}, **overrides)


def suggested(
    upload: Upload, value: Any, item: Item, version: str = "r1", score: float = 0.75
) -> Upload:
    """Return the upload with a suggestion for an item of it."""
    one = Suggestion(item_id=item.item_id, value=value, score=score, model_version=version)
    return replace(upload, suggestions=(one,))


def answers_of(task: Mapping[str, Any]) -> list[int]:
    """Return the numbers of the answers on a task."""
    return [int(one["id"]) for one in task["annotations"]]

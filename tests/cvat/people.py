"""People who act in a CVAT, each with a login of their own: the faithful server's, or a real one's.

A real one is used where CVAT_URL, CVAT_USERNAME and CVAT_PASSWORD are set; its people sign up by
themselves, as anybody can where registration is open.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from auto_labeling.backends.cvat.jobs import opinions
from auto_labeling.formats.cvat import label_specs
from auto_labeling.records import Item, LabelSchema, RemoteRef, Value
from tests.support.cvat_server import CvatServer

CREW = ("al-mia", "al-li", "al-sam")
_PASSWORD = "al-Secret-2026"


@dataclass(frozen=True)
class Login:
    """Somebody's name and password."""

    name: str
    password: str


@dataclass
class Office:
    """A CVAT with an administrator and a crew; every test makes a project of its own in it."""

    url: str
    admin: Login
    crew: tuple[Login, ...]
    projects: list[int] = field(default_factory=list)
    _browsers: dict[str, httpx.Client] = field(default_factory=dict)
    _closing: ExitStack = field(default_factory=ExitStack)

    def call(
        self, verb: str, path: str, body: Any = None, who: Login | None = None, **query: Any
    ) -> Any:
        """Do something as the administrator, or as somebody."""
        answer = self._browser(who or self.admin).request(
            verb, path, json=body, params=query or None
        )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def make_project(self, schema: LabelSchema, name: str = "a project of a test") -> int:
        """Make a project with the labels of a schema."""
        made = self.call("POST", "/api/projects", {"name": name, "labels": label_specs(schema)})
        self.projects.append(int(made["id"]))
        return self.projects[-1]

    def tasks(self, project: int) -> list[dict[str, Any]]:
        """Return the tasks of a project, oldest first."""
        return self.rows("/api/tasks", project_id=project)

    def jobs(self, task: Any) -> list[dict[str, Any]]:
        """Return all jobs of a task, oldest first."""
        return self.rows("/api/jobs", task_id=task)

    def labels(self, project: int) -> dict[str, int]:
        """Return name -> number of a project's labels."""
        return {row["name"]: row["id"] for row in self.rows("/api/labels", project_id=project)}

    def close(self) -> None:
        """Delete what tests have made, and log out."""
        for project in self.projects:
            with suppress(httpx.HTTPStatusError):  # a test has deleted it
                self.call("DELETE", f"/api/projects/{project}")
        self._closing.close()

    def rows(self, path: str, who: Login | None = None, **query: Any) -> list[dict[str, Any]]:
        """Return a whole list as the administrator sees it, or somebody, oldest first."""
        found: list[dict[str, Any]] = []
        page = 1
        while True:
            answer = self.call("GET", path, None, who, page=page, page_size=100, **query)
            found += answer["results"]
            if not answer["next"]:
                return sorted(found, key=lambda row: int(row["id"]))
            page += 1

    def _browser(self, who: Login) -> httpx.Client:
        if who.name not in self._browsers:
            browser = httpx.Client(base_url=self.url, timeout=60.0, trust_env=False)
            self._closing.enter_context(browser)
            body = {"username": who.name, "password": who.password}
            browser.post("/api/auth/login", json=body).raise_for_status()
            browser.headers["X-CSRFToken"] = browser.cookies["csrftoken"]
            browser.headers["Referer"] = self.url
            self._browsers[who.name] = browser
        return self._browsers[who.name]


@contextmanager
def opened_office() -> Iterator[Office]:
    """Open the real CVAT that the environment names, or the faithful one."""
    if "CVAT_URL" in os.environ:
        admin = Login(os.environ["CVAT_USERNAME"], os.environ["CVAT_PASSWORD"])
        url = os.environ["CVAT_URL"].rstrip("/")
        office = Office(url, admin, tuple(_signed_up(url, name) for name in CREW))
        try:
            yield office
        finally:
            office.close()
        return
    with CvatServer() as server:
        people = tuple(server.add_user(name) for name in CREW)
        office = Office(
            server.url,
            Login(server.admin.name, server.admin.password),
            tuple(Login(one.name, one.password) for one in people),
        )
        yield office
        office.close()


def _signed_up(url: str, name: str) -> Login:
    """Return the login of somebody who signs up, unless they have done so before."""
    body = {
        "username": name,
        "email": f"{name}@cvat.example",
        "password1": _PASSWORD,
        "password2": _PASSWORD,
        "confirmations": [],
    }
    login = {"username": name, "password": _PASSWORD}
    with httpx.Client(base_url=url, timeout=60.0, trust_env=False) as browser:
        if browser.post("/api/auth/login", json=login).is_error:
            made = browser.post("/api/auth/register", json=body)
            if made.is_error:
                pytest.fail(
                    f"open registration there, or make {name} with the password {_PASSWORD}"
                )
    return Login(name, _PASSWORD)


@dataclass
class Crew:
    """Whoever answers the jobs of a project; a job is finished once every frame was acted on."""

    office: Office
    project: int
    acted: dict[tuple[str, int], set[int]] = field(default_factory=dict)

    def answer(self, ref: RemoteRef, item: Item, value: Value, person: int = 0) -> None:
        """Give an item its tags and, when it was the last one, finish the job."""
        self.act(ref, item, tags_of(value), person)

    def skip(self, ref: RemoteRef, item: Item, person: int = 0) -> None:
        """Leave an item as it is."""
        self.act(ref, item, [], person)

    def act(self, ref: RemoteRef, item: Item, names: list[str], person: int = 0) -> None:
        """Tag an item, and finish the job once all was acted on."""
        job = self.job(ref, person)
        frame = self.frame(ref, item)
        self.tag(job, frame, names, person)
        acted = self.acted.setdefault((ref.remote_id, person), set())
        acted.add(frame)
        if len(acted) == job["frame_count"]:
            self.turn(job, "completed", person)

    def change(self, ref: RemoteRef, item: Item, names: list[str], person: int = 0) -> None:
        """Open a job again, change the tags of an item, and finish it again."""
        job = self.job(ref, person)
        self.turn(job, "in progress", person)
        self.tag(job, self.frame(ref, item), names, person)
        self.turn(job, "completed", person)

    def draft(self, ref: RemoteRef, item: Item, value: Value, person: int = 0) -> None:
        """Tag an item and leave the job unfinished."""
        job = self.job(ref, person)
        self.turn(job, "in progress", person)
        self.tag(job, self.frame(ref, item), tags_of(value), person)

    def job(self, ref: RemoteRef, person: int = 0) -> dict[str, Any]:
        """Return the job that a person answers: their own, or the first that is nobody's."""
        name = self.office.crew[person].name
        jobs = opinions(self.office.jobs(ref.remote_id))
        mine = [job for job in jobs if job["assignee"] and job["assignee"]["username"] == name]
        if mine:
            return mine[0]
        free = next(job for job in jobs if not job["assignee"])
        number = self.number(person)
        return dict(self.office.call("PATCH", f"/api/jobs/{free['id']}", {"assignee": number}))

    def number(self, person: int) -> int:
        """Return somebody's number."""
        return int(self.office.call("GET", "/api/users/self", who=self.office.crew[person])["id"])

    def frame(self, ref: RemoteRef, item: Item) -> int:
        """Return the frame on which an item is seen: its picture is known by its content."""
        digest = hashlib.sha256(Path(str(item.uri)).read_bytes()).hexdigest()[:16]
        meta = self.office.call("GET", f"/api/tasks/{ref.remote_id}/data/meta")
        [frame] = [at for at, one in enumerate(meta["frames"]) if digest in one["name"]]
        return frame

    def tag(self, job: Mapping[str, Any], frame: int, names: list[str], person: int = 0) -> None:
        """Give a frame these tags in place of those it has."""
        self.draw(job, frame, [self.labelled(frame, name) for name in names], [], person)

    def draw(
        self,
        job: Mapping[str, Any],
        frame: int,
        tags: list[dict[str, Any]],
        shapes: list[dict[str, Any]],
        person: int = 0,
    ) -> None:
        """Put tags and shapes on a frame in place of those it has."""
        path, who = f"/api/jobs/{job['id']}/annotations/", self.office.crew[person]
        there = self.office.call("GET", path, who=who)
        kept = {
            kind: [one for one in there[kind] if one["frame"] != frame]
            for kind in ("tags", "shapes", "tracks")
        }
        body = {
            **kept,
            "version": 0,
            "tags": kept["tags"] + tags,
            "shapes": kept["shapes"] + shapes,
        }
        self.office.call("PUT", path, body, who=who)

    def labelled(self, frame: int, name: str) -> dict[str, Any]:
        """Return a tag as somebody gives it."""
        number = self.office.labels(self.project)[name]
        return {"frame": frame, "label_id": number, "source": "manual", "attributes": []}

    def turn(self, job: Mapping[str, Any], state: str, person: int = 0) -> None:
        """Change the state of a job, as its person."""
        who = self.office.crew[person]
        self.office.call("PATCH", f"/api/jobs/{job['id']}", {"state": state}, who=who)


def tags_of(value: Value) -> list[str]:
    """Return the names of the tags that an answer is made of."""
    return [value] if isinstance(value, str) else [str(name) for name in value]


def picture_of(item: Item, folder: Path, size: tuple[int, int] = (12, 8)) -> Item:
    """Return an item with a picture that no other item has, drawn into a folder."""
    digest = hashlib.sha256(item.item_id.encode()).digest()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{digest.hex()[:16]}.png"
    if not path.exists():
        canvas = Image.new("RGB", size)
        canvas.putdata([tuple(digest[at : at + 3]) for at in range(0, 30, 3)])
        canvas.save(path)
    return Item(item_id=item.item_id, uri=str(path))

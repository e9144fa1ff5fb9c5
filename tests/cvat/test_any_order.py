"""Whatever people do between looks that may fail, what was reported in the end is what stands."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from auto_labeling.backends.cvat.backend import CVATBackend
from auto_labeling.backends.cvat.client import Client
from auto_labeling.backends.cvat.jobs import finished, opinions
from auto_labeling.errors import TransientError
from auto_labeling.records import Cursor, Event, EventKind, RemoteRef, Upload
from tests.contracts.asking import upload_of
from tests.cvat.room import Room

SEEDS = [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 30))]
_STEPS = 50
_NOTHING = (EventKind.SKIPPED, EventKind.DELETED)


@dataclass
class Life:
    """People at work in some tasks, and somebody who looks now and then."""

    room: Room
    backend: CVATBackend
    rng: random.Random
    refs: dict[str, RemoteRef]
    uploads: list[Upload]
    cursor: Cursor | None = None
    taken: set[str] = field(default_factory=set)
    last: dict[str, Event] = field(default_factory=dict)
    """Answer -> what was reported of it last."""

    def jobs(self) -> list[tuple[Upload, dict[str, Any]]]:
        return [
            (upload, job)
            for upload in self.uploads
            for job in opinions(self.room.office.jobs(self.refs[upload.key].remote_id))
        ]

    def step(self) -> None:
        """Let something happen to somebody's job."""
        upload, job = self.rng.choice(self.jobs())
        match self.rng.choice(
            ["draw"] * 3 + ["finish"] * 2 + ["open", "review", "give", "take out"]
        ):
            case "draw" if job["state"] != "completed":
                self.draw(job)
            case "finish":
                self.change(job, state="completed")
            case "open":
                self.change(job, state="in progress", stage="annotation")
            case "review" if self.rng.random() < 0.3:
                self.change(job, stage="validation")
            case "give":
                crew = self.room.crew
                self.change(job, assignee=self.rng.choice([None, crew.number(0), crew.number(1)]))
            case "take out" if self.rng.random() < 0.3:
                gone = self.rng.sample(range(3), self.rng.choice([0, 1]))
                path = f"/api/jobs/{job['id']}/data/meta"
                self.room.office.call("PATCH", path, {"deleted_frames": gone})
            case _ if self.rng.random() < 0.1:
                self.backend.cancel([self.refs[upload.key]])

    def change(self, job: dict[str, Any], **fields: Any) -> None:
        self.room.office.call("PATCH", f"/api/jobs/{job['id']}", fields)

    def draw(self, job: dict[str, Any]) -> None:
        path, frame = f"/api/jobs/{job['id']}/annotations/", self.rng.randrange(3)
        names = self.rng.sample(["yes", "no"], self.rng.choice([0, 1, 1, 1, 2]))
        there = self.room.office.call("GET", path)
        others = [tag for tag in there["tags"] if tag["frame"] != frame]
        ours = [self.room.crew.labelled(frame, name) for name in names]
        self.room.office.call("PUT", path, {**there, "tags": others + ours})

    def look(self, fails_at: int = 0) -> None:
        """Poll as a campaign does; the call of this number fails."""
        calls = 0
        real = Client._call

        def call(client: Client, *told: Any, **more: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == fails_at:
                raise TransientError("the server is gone")
            return real(client, *told, **more)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Client, "_call", call)
            try:
                events, self.cursor = self.backend.changes(self.cursor)
            except TransientError:
                return
        for event in events:
            if event.fingerprint not in self.taken:  # as the ledger does
                self.taken.add(event.fingerprint)
                self.last[event.answer_id] = event


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_reported_last_is_what_stands(room: Room, seed: int) -> None:
    rng = random.Random(seed)
    backend = room.backend(merge=rng.random() < 0.5)
    uploads = [
        upload_of(room.items(3, f"part {part}"), opinions=rng.choice([1, 2])) for part in range(3)
    ]
    life = Life(room, backend, rng, dict(backend.create(uploads)), uploads)
    for _ in range(_STEPS):
        life.step()
        if rng.random() < 0.2:
            life.look(fails_at=rng.randrange(0, 20))
    life.look()
    classes = {number: name for name, number in room.office.labels(room.project).items()}
    for upload, job in life.jobs():
        there = room.office.call("GET", f"/api/jobs/{job['id']}/annotations/")
        for frame, item in enumerate(upload.items):
            event = life.last.get(f"{job['id']}.{frame}")
            if not finished(job, review=False):
                continue
            assert event is not None
            assert (event.item_id, event.key) == (item.item_id, upload.key)
            match [classes[tag["label_id"]] for tag in there["tags"] if tag["frame"] == frame]:
                case []:
                    assert event.kind in _NOTHING
                case [name]:
                    assert (event.kind in _NOTHING, event.value) == (False, name)
                case _:
                    assert event.problem is not None

"""A campaign in a project of others leaves all that is theirs as it was."""

from __future__ import annotations

import json
from typing import Any

from auto_labeling.records import CancelResult, LabelSchema
from tests.contracts.asking import upload_of
from tests.cvat.people import CREW
from tests.cvat.room import Room, assigned, suggested


def test_an_adopted_project_keeps_everything_that_is_not_ours(room: Room) -> None:
    office, crew = room.office, room.office.crew
    room.project = office.make_project(
        LabelSchema(task="single", classes=("yes", "no", "night"), abstain=("unclear",))
    )
    theirs = Room(office, room.folder / "theirs", project=room.project, people=CREW)
    other = theirs.backend()
    some = [suggested(assigned(one, *CREW[:2]), "yes") for one in theirs.uploads(3, opinions=2)]
    kept = other.create(some)
    theirs.answer(kept[some[0].key], some[0], "no")
    job = theirs.crew.job(kept[some[0].key])
    office.call("PATCH", f"/api/jobs/{job['id']}", {"stage": "validation"})
    theirs.crew.draft(kept[some[1].key], some[1].items[0], "no")
    names = ("without pictures", f"{room.campaign}, first batch", f"{room.campaign} {'0' * 32} x")
    for name in names:
        office.call("POST", "/api/tasks", {"name": name, "project_id": room.project})
    hook = {
        "target_url": "http://127.0.0.1:9/theirs",
        "type": "project",
        "project_id": room.project,
        "events": ["update:job"],
        "content_type": "application/json",
        "is_active": False,
    }
    office.call("POST", "/api/webhooks", hook)
    old = {int(task["id"]) for task in office.tasks(room.project)}
    before = everything(room, old)

    backend = room.backend()
    uploads = [suggested(one, "yes") for one in room.uploads(4, opinions=2)]
    refs = backend.create(uploads)
    assert backend.find(refs).keys() == refs.keys()
    answered, withdrawn, *_ = (refs[one.key] for one in uploads)
    room.answer(answered, uploads[0], "yes")
    events, cursor = backend.changes(None)
    assert {event.key for event in events} == {answered.key}
    backend.create([upload_of(room.items(1), ordinal=2)])
    assert backend.cancel([withdrawn, answered]) == {
        withdrawn: CancelResult.CANCELLED,
        answered: CancelResult.ANSWERED,
    }
    backend.changes(cursor)
    backend.hand_over(refs[uploads[2].key], crew[0].name, crew[1].name)
    backend.prepare(room.campaign, room.schema)

    assert everything(room, old) == before
    ours = [task for task in room.tasks() if task["id"] not in old]
    assert len(ours) == 5
    assert all(task["name"].startswith(f"{room.campaign} ") for task in ours)


COUNTED = frozenset({"updated_date", "tasks", "task_subsets"})
"""What the server says of a project on account of all its tasks, ours as well."""


def everything(room: Room, tasks: set[int]) -> dict[str, str]:
    """Return all that a project held before we came, byte by byte."""
    office, project = room.office, room.project
    found: dict[str, Any] = {
        "project": {
            name: value
            for name, value in office.call("GET", f"/api/projects/{project}").items()
            if name not in COUNTED
        },
        "labels": office.rows("/api/labels", project_id=project),
        "webhooks": office.rows("/api/webhooks", project_id=project),
    }
    for task in sorted(tasks):
        found[f"task {task}"] = office.call("GET", f"/api/tasks/{task}")
        for job in office.jobs(task):
            path = f"/api/jobs/{job['id']}"
            found[path] = [job, office.call("GET", f"{path}/annotations/")]
            found[f"{path} meta"] = office.call("GET", f"{path}/data/meta")
    return {name: json.dumps(value, indent=1) for name, value in found.items()}

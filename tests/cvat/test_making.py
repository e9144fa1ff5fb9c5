"""What of a task is there after whatever cut its making short."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from auto_labeling.backends.cvat.client import Client
from auto_labeling.backends.cvat.jobs import opinions
from auto_labeling.errors import BlockedError, RejectedError, TransientError
from auto_labeling.records import CancelResult, RemoteRef
from tests.cvat.people import CREW
from tests.cvat.room import Room, assigned, dying, said, suggested


def test_a_project_is_made_once_and_found_by_another_process(room: Room, tmp_path: Path) -> None:
    first = room.backend()
    made = first.prepare(room.campaign, room.schema)
    elsewhere = Room(room.office, tmp_path / "elsewhere", campaign=room.campaign)
    assert elsewhere.opened().prepare(room.campaign, room.schema) == made
    assert set(room.office.labels(room.project)) == {"yes", "no"}


@pytest.mark.parametrize(
    ("call", "after"),
    [("upload", 0), ("upload", 1), ("request", 0), ("frames", 0), ("annotate", 0), ("annotate", 1),
     ("change_job", 0), ("change_job", 1), ("change_task", 0), ("change_task", 1)],
)  # fmt: skip
def test_what_was_left_half_made_is_made_anew(
    room: Room, monkeypatch: pytest.MonkeyPatch, call: str, after: int
) -> None:
    room.people = CREW[:2]
    backend = room.backend()
    uploads = [
        suggested(assigned(upload, *CREW[:2]), "yes") for upload in room.uploads(3, opinions=2)
    ]
    keys = [upload.key for upload in uploads]
    with monkeypatch.context() as patch:
        dying(patch, call, after)
        with pytest.raises(TransientError):
            backend.create(uploads)
    assert room.tasks()
    there = backend.find(keys)
    made = backend.create([upload for upload in uploads if upload.key not in there])
    found = backend.find(keys)
    assert {key: len(copies) for key, copies in found.items()} == dict.fromkeys(keys, 1)
    assert len(room.tasks()) == 3
    assert not any("being made" in name for name in room.names())
    assert set(made) | set(there) == set(keys)


def test_what_somebody_began_in_a_task_that_was_left_half_made_is_kept(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = room.backend()
    [upload] = room.uploads(1)
    with monkeypatch.context() as patch:
        dying(patch, "change_task")
        with pytest.raises(TransientError):
            backend.create([upload])
    [task] = room.tasks()
    ref = RemoteRef(key=upload.key, remote_id=str(task["id"]))
    room.answer(ref, upload, "yes")
    events, cursor = backend.changes(None)
    assert events == []
    assert backend.find([upload.key]) == {upload.key: (ref,)}
    assert said(backend.changes(cursor)[0]) == [("submitted", "item-0", "yes")]


def test_people_who_had_not_got_their_job_yet_get_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = room.backend()
    [upload] = [assigned(upload, *CREW[:2]) for upload in room.uploads(1, opinions=2)]
    with monkeypatch.context() as patch:
        dying(patch, "change_job", after=1)
        with pytest.raises(TransientError):
            backend.create([upload])
    [task] = room.tasks()
    ref = RemoteRef(key=upload.key, remote_id=str(task["id"]))
    room.answer(ref, upload, "yes", person=0)  # who has got theirs
    assert backend.find([upload.key]) == {upload.key: (ref,)}
    jobs = opinions(room.office.jobs(ref.remote_id))
    assert [job["assignee"]["username"] for job in jobs] == list(CREW[:2])


def test_a_task_that_another_driver_takes_away_while_it_is_made_is_made_again(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend, other = room.backend(), room.backend()
    [upload] = room.uploads(1)
    real = Client.frames

    def in_between(client: Client, task: int) -> Any:
        monkeypatch.undo()
        assert other.find([upload.key]) == {}
        return real(client, task)

    monkeypatch.setattr(Client, "frames", in_between)
    with pytest.raises(TransientError, match="is gone before it was made"):
        backend.create([upload])
    ref = backend.create([upload])[upload.key]
    assert backend.find([upload.key]) == {upload.key: (ref,)}
    assert len(room.tasks()) == 1


def test_a_creation_that_was_begun_and_lost_leaves_nothing_behind(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = room.backend()
    [upload] = room.uploads(1)
    real = Client.make_task

    def lost(client: Client, **told: Any) -> Any:
        real(client, **told)
        raise TransientError("it answered 502")

    with monkeypatch.context() as patch:
        patch.setattr(Client, "make_task", lost)
        with pytest.raises(TransientError):
            backend.create([upload])
    assert len(room.tasks()) == 1
    assert backend.find([upload.key]) == {}
    assert room.tasks() == []


def test_a_campaign_touches_nothing_of_others_in_the_project(room: Room) -> None:
    backend = room.backend()
    other = Room(room.office, room.folder / "other", project=room.project)
    theirs = other.backend()
    [upload] = room.uploads(1)
    ours = backend.create([upload])[upload.key]
    copy = theirs.create([upload])[upload.key]
    room.answer(copy, upload, "no")
    assert backend.find([upload.key]) == {upload.key: (ours,)}
    assert backend.changes(None)[0] == []
    assert backend.cancel([ours]) == {ours: CancelResult.CANCELLED}
    assert said(theirs.changes(None)[0]) == [("submitted", "item-0", "no")]


def test_a_server_that_makes_no_replicas_is_named(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = room.backend()
    real = Client.make_task

    def deaf(client: Client, **told: Any) -> Any:
        told.pop("consensus_replicas", None)
        return real(client, **told)

    monkeypatch.setattr(Client, "make_task", deaf)
    with pytest.raises(BlockedError, match="makes no replicas of a job, and 2 opinions"):
        backend.create(room.uploads(1, opinions=2))
    assert room.tasks() == []


def test_more_opinions_than_cvat_takes_are_refused(room: Room) -> None:
    with pytest.raises(RejectedError, match="at most 11 opinions on an item at once, got 12"):
        room.backend().create(room.uploads(1, opinions=12))


def test_the_parent_is_merged_for_those_who_look_there(room: Room) -> None:
    backend = room.backend(merge=True)
    [upload] = room.uploads(1, opinions=2)
    ref = backend.create([upload])[upload.key]
    room.answer(ref, upload, "yes", person=0)
    early, cursor = backend.changes(None)
    parent = next(job for job in room.office.jobs(ref.remote_id) if job["type"] == "annotation")
    assert parent["state"] == "new"
    room.answer(ref, upload, "yes", person=1)
    late, cursor = backend.changes(cursor)
    assert {event.person for event in [*early, *late]} == set(CREW[:2])
    for _ in range(200):
        parent = room.office.call("GET", f"/api/jobs/{parent['id']}")
        if parent["state"] == "completed":
            break
        time.sleep(0.05)
    assert parent["state"] == "completed"
    assert backend.changes(cursor)[0] == []


def test_no_answer_waits_for_a_merge_that_is_under_way(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = room.backend(merge=True)
    [upload] = room.uploads(1, opinions=2)
    ref = backend.create([upload])[upload.key]
    for person in (0, 1):
        room.answer(ref, upload, "yes", person)
    dying(monkeypatch, "merge")
    assert len(backend.changes(None)[0]) == 2


def test_what_somebody_notes_in_the_name_of_a_task_loses_nothing(room: Room) -> None:
    backend = room.backend()
    [upload] = room.uploads(1)
    ref = backend.create([upload])[upload.key]
    [task] = room.tasks()
    noted = {"name": f"urgent: {task['name']} (for Mia)"}
    room.office.call("PATCH", f"/api/tasks/{task['id']}", noted)
    assert backend.find([upload.key]) == {upload.key: (ref,)}  # so that it is not asked twice
    assert backend.cancel([ref]) == {ref: CancelResult.CANCELLED}
    assert backend.find([upload.key]) == {}
    room.answer(ref, upload, "yes")
    assert said(backend.changes(None)[0]) == [("submitted", "item-0", "yes")]

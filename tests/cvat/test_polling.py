"""What is read of jobs that people finish, open again and delete."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auto_labeling.backends.cvat import polling
from auto_labeling.backends.cvat.client import Client
from auto_labeling.errors import BlockedError, RejectedError
from auto_labeling.records import LabelSchema
from tests.contracts.asking import upload_of
from tests.cvat.people import CREW
from tests.cvat.room import Room, assigned, said

BOXES = LabelSchema(task="boxes", classes=("car", "bus"))


def test_a_job_that_was_opened_again_reports_what_changed_and_nothing_else(room: Room) -> None:
    backend = room.backend()
    upload = upload_of(room.items(3))
    ref = backend.create([upload])[upload.key]
    room.answer(ref, upload, "yes")
    before, cursor = backend.changes(None)
    assert len(before) == 3
    crew = room.crew
    seen = {event.fingerprint for event in before}
    for name, kind in (("no", "edited"), ("yes", "edited"), ("no", "edited")):
        crew.change(ref, upload.items[1], [name])
        [event], cursor = backend.changes(cursor)
        assert said([event]) == [(kind, "item-1", name)]
        assert event.answer_id in {one.answer_id for one in before}
        assert event.fingerprint not in seen
        seen.add(event.fingerprint)
    crew.change(ref, upload.items[1], [])
    [event], cursor = backend.changes(cursor)
    assert said([event]) == [("deleted", "item-1", None)]
    crew.change(ref, upload.items[1], ["yes"])
    [event], cursor = backend.changes(cursor)
    assert said([event]) == [("edited", "item-1", "yes")]


def test_what_stands_in_a_job_while_it_is_open_is_never_read(room: Room) -> None:
    backend = room.backend()
    [upload] = room.uploads(1)
    ref = backend.create([upload])[upload.key]
    room.answer(ref, upload, "yes")
    _, cursor = backend.changes(None)
    crew = room.crew
    job = crew.job(ref)
    crew.turn(job, "in progress")
    crew.tag(job, 0, ["no"])
    events, cursor = backend.changes(cursor)
    assert events == []
    crew.turn(job, "completed")
    assert said(backend.changes(cursor)[0]) == [("edited", "item-0", "no")]


def test_a_job_that_is_opened_while_it_is_read_is_left_for_the_next_look(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = room.backend()
    [upload] = room.uploads(1)
    ref = backend.create([upload])[upload.key]
    room.answer(ref, upload, "yes")
    real = Client.annotations

    def reopened(client: Client, job: int) -> Any:
        monkeypatch.undo()
        room.crew.turn({"id": job}, "in progress")
        room.crew.tag({"id": job}, 0, ["no"])
        return real(client, job)

    monkeypatch.setattr(Client, "annotations", reopened)
    events, cursor = backend.changes(None)
    assert events == []
    room.crew.turn(room.crew.job(ref), "completed")
    assert said(backend.changes(cursor)[0]) == [("submitted", "item-0", "no")]


def test_a_task_that_was_deleted_takes_no_answer_with_it(room: Room) -> None:
    backend = room.backend()
    gone, kept = room.uploads(2)
    refs = backend.create([gone, kept])
    for upload in (gone, kept):
        room.answer(refs[upload.key], upload, "yes")
    before, cursor = backend.changes(None)
    room.office.call("DELETE", f"/api/tasks/{refs[gone.key].remote_id}")
    [event], cursor = backend.changes(cursor)
    assert said([event]) == [("deleted", "item-0", None)]
    assert event.person == "unknown"  # who is none of those who answered
    assert event.answer_id in {one.answer_id for one in before}
    assert backend.changes(cursor)[0] == []
    assert backend.find([gone.key, kept.key]).keys() == {kept.key}


def test_a_project_that_was_deleted_is_named(room: Room) -> None:
    backend = room.backend()
    [upload] = room.uploads(1)
    room.answer(backend.create([upload])[upload.key], upload, "yes")
    _, cursor = backend.changes(None)
    room.office.call("DELETE", f"/api/projects/{room.project}")
    room.office.projects.remove(room.project)
    with pytest.raises(BlockedError, match=r"project \d+ is gone"):
        backend.changes(cursor)


def test_a_picture_that_somebody_took_out_is_skipped(room: Room) -> None:
    room.schema = BOXES
    backend = room.backend()
    upload = upload_of(room.items(2))
    ref = backend.create([upload])[upload.key]
    crew = room.crew
    job = crew.job(ref)
    room.office.call("PATCH", f"/api/jobs/{job['id']}/data/meta", {"deleted_frames": [1]})
    crew.turn(job, "completed")
    assert said(backend.changes(None)[0]) == [
        ("submitted", "item-0", ()),
        ("skipped", "item-1", None),
    ]


def test_a_picture_that_somebody_else_took_out_keeps_its_answer(room: Room) -> None:
    backend = room.backend()
    upload = upload_of(room.items(2), opinions=2)
    ref = backend.create([upload])[upload.key]
    crew = room.crew
    room.answer(ref, upload, "yes", person=0)
    _, cursor = backend.changes(None)
    theirs = crew.job(ref, person=1)
    room.office.call("PATCH", f"/api/jobs/{theirs['id']}/data/meta", {"deleted_frames": [1]})
    crew.turn(theirs, "completed", person=1)
    crew.change(ref, upload.items[0], ["no"], person=0)
    events, _ = backend.changes(cursor)
    assert sorted(said([event for event in events if event.person == CREW[0]])) == [
        ("edited", "item-0", "no")
    ]
    assert [event.kind.value for event in events if event.person == CREW[1]] == ["skipped"] * 2


def test_a_picture_without_a_class_is_an_empty_set_where_there_may_be_several(room: Room) -> None:
    room.schema = LabelSchema(task="multi", classes=("yes", "no"))
    backend = room.backend()
    upload = upload_of(room.items(2))
    ref = backend.create([upload])[upload.key]
    crew = room.crew
    crew.answer(ref, upload.items[0], ("yes", "no"))
    crew.answer(ref, upload.items[1], ())
    events, cursor = backend.changes(None)
    assert said(events) == [("submitted", "item-0", ("yes", "no")), ("submitted", "item-1", ())]
    crew.change(ref, upload.items[0], [])
    assert said(backend.changes(cursor)[0]) == [("edited", "item-0", ())]


def test_nothing_new_costs_one_request(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling.Seen, "settled", True)
    backend = room.backend()
    [upload] = room.uploads(1)
    ref = backend.create([upload])[upload.key]
    room.answer(ref, upload, "yes")
    _, cursor = backend.changes(None)
    calls = 0
    real = Client._call

    def counted(client: Client, *told: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        return real(client, *told, **more)

    monkeypatch.setattr(Client, "_call", counted)
    assert backend.changes(cursor)[0] == []
    assert calls == 1


def test_what_came_while_the_servers_clock_was_behind_is_read_in_the_end(room: Room) -> None:
    backend = room.backend()
    [upload] = room.uploads(1)
    ref = backend.create([upload])[upload.key]
    _, cursor = backend.changes(None)
    ahead = json.loads(cursor) | {"latest": "2999-01-01T00:00:00.000000Z"}
    room.answer(ref, upload, "yes")
    assert backend.changes(json.dumps(ahead))[0] == []
    events, _ = backend.changes(json.dumps(ahead | {"whole": 0}))
    assert said(events) == [("submitted", "item-0", "yes")]


def test_a_cursor_of_another_tool_is_refused(room: Room) -> None:
    with pytest.raises(RejectedError, match="cursor: expected one of CVAT"):
        room.backend().changes('{"answers": {}}')


def test_a_lost_list_of_frames_is_named(room: Room) -> None:
    backend = room.backend()
    [upload] = room.uploads(1)
    room.answer(backend.create([upload])[upload.key], upload, "yes")
    for path in (room.folder / "tool" / "frames").iterdir():
        path.unlink()
    with pytest.raises(BlockedError, match=r"frames.*cannot be read.*Restore it"):
        backend.changes(None)


def test_a_label_that_was_renamed_is_named(room: Room) -> None:
    backend = room.backend()
    number = room.office.labels(room.project)["yes"]
    room.office.call(
        "PATCH", f"/api/projects/{room.project}", {"labels": [{"id": number, "name": "Yes"}]}
    )
    with pytest.raises(BlockedError, match=r"expected a label 'yes'.*Put them back"):
        backend.prepare(room.campaign, room.schema)


def test_no_login_is_kept(room: Room) -> None:
    backend = room.backend()
    [upload] = [assigned(upload, *CREW[:2]) for upload in room.uploads(1, opinions=2)]
    ref = backend.create([upload])[upload.key]
    room.answer(ref, upload, "yes", person=1)
    _, cursor = backend.changes(None)
    kept = [path.read_text(encoding="utf-8") for path in (room.folder / "tool").rglob("*.json")]
    assert kept
    assert not any(login in text for login in CREW for text in (cursor, *kept))

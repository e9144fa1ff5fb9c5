"""What the Label Studio backend does when it is interrupted, and when people come in between."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auto_labeling.backends.label_studio import polling, withdrawing
from auto_labeling.backends.label_studio.client import Client
from auto_labeling.errors import TransientError
from auto_labeling.records import CancelResult, EventKind, Upload
from auto_labeling.studio import Person, Studio
from tests.contracts.asking import text_items, upload_of
from tests.studio.room import CAMPAIGN, SCHEMA, Room, answers_of, suggested

pytestmark = pytest.mark.slow


@pytest.fixture
def room(studio: Studio, crew: tuple[Person, ...], tmp_path: Path) -> Room:
    return Room(studio, crew, tmp_path)


def test_the_number_of_opinions_is_set_where_the_upload_died_before_that(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = room.backend()
    [upload] = [upload_of(text_items(1), opinions=3)]

    def fail(*_: Any, **__: Any) -> None:
        raise TransientError("the server is gone")

    with monkeypatch.context() as patch:
        patch.setattr(Client, "change_task", fail)
        with pytest.raises(TransientError):
            backend.create([upload])
    [task] = room.tasks()
    assert task["overlap"] == 1
    found = backend.find([upload.key])
    [task] = room.tasks()
    assert task["overlap"] == 3
    assert [ref.remote_id for ref in found[upload.key]] == [str(task["id"])]


def test_keys_are_found_among_others_however_many_are_looked_up(room: Room) -> None:
    backend = room.backend()
    uploads = [upload_of([item]) for item in text_items(260)]
    backend.create(uploads[::2])
    backend.create(uploads[:1])
    found = backend.find([upload.key for upload in uploads])
    assert found.keys() == {upload.key for upload in uploads[::2]}
    assert len(found[uploads[0].key]) == 2
    assert sum(len(copies) for copies in found.values()) == 131


def test_many_keys_are_found_where_more_others_lie_between_them(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auto_labeling.backends.label_studio.client._AS_DEAR", 20)
    backend = room.backend()
    uploads = sorted((upload_of([item]) for item in text_items(260)), key=lambda one: one.key)
    backend.create(uploads)
    wanted = {upload.key for upload in uploads[::2]}
    assert backend.find(wanted).keys() == wanted


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_answer_in_the_moment_of_a_withdrawal_is_kept(
    room: Room, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    backend = room.backend()
    upload = upload_of(text_items(1))
    ref = backend.create([upload])[upload.key]

    change = Client.change_task

    def with_an_answer(client: Client, task: int, **fields: Any) -> None:
        monkeypatch.undo()
        if moment == "before":
            room.answer(ref.remote_id, "yes")
        change(client, task, **fields)
        if moment == "after":
            room.answer(ref.remote_id, "yes")

    monkeypatch.setattr(Client, "change_task", with_an_answer)
    assert backend.cancel([ref]) == {ref: CancelResult.ANSWERED}
    assert backend.find([upload.key]) == {upload.key: (ref,)}
    events, _ = backend.changes(None)
    assert [event.value for event in events] == ["yes"]
    [task] = room.tasks()
    assert len(answers_of(task)) == 1


def test_a_late_answer_to_what_was_withdrawn_is_read(room: Room) -> None:
    backend = room.backend()
    upload = upload_of(text_items(1))
    ref = backend.create([upload])[upload.key]
    _, cursor = backend.changes(None)
    assert backend.cancel([ref]) == {ref: CancelResult.CANCELLED}
    assert backend.find([upload.key]) == {}
    room.answer(ref.remote_id, "no")
    events, _ = backend.changes(cursor)
    assert [(event.kind, event.key, event.value) for event in events] == [
        (EventKind.SUBMITTED, upload.key, "no")
    ]


def test_what_was_withdrawn_is_deleted_only_a_day_later_and_only_while_it_is_empty(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = room.backend()
    uploads = [upload_of([item]) for item in text_items(3)]
    refs = backend.create(uploads)
    empty, answered, last = (refs[upload.key] for upload in uploads)
    backend.cancel([empty, answered])
    room.answer(answered.remote_id, "yes")
    backend.cancel([last])
    assert {str(task["id"]) for task in room.tasks()} == {ref.remote_id for ref in refs.values()}
    monkeypatch.setattr(withdrawing, "_EMPTY_FOR", timedelta(0))
    backend.cancel([last])
    assert [str(task["id"]) for task in room.tasks()] == [answered.remote_id]


def test_what_somebody_began_is_not_deleted(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = room.backend()
    upload = upload_of(text_items(1))
    ref = backend.create([upload])[upload.key]
    room.call("POST", f"/api/tasks/{ref.remote_id}/drafts", {"result": [], "lead_time": 1.0})
    monkeypatch.setattr(withdrawing, "_EMPTY_FOR", timedelta(0))
    assert backend.cancel([ref]) == {ref: CancelResult.CANCELLED}
    assert len(room.tasks()) == 1


def test_people_see_the_suggestions_of_the_newest_model(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = room.backend()
    old, new, newest = (
        suggested(upload_of([item]), "yes", item, f"round-{at}")
        for at, item in enumerate(text_items(3))
    )
    backend.create([old])
    assert room.shown() == ["round-0"]
    room.answer(room.tasks()[-1]["id"], "yes")
    backend.create([new])
    assert room.shown() == ["round-1"]
    room.answer(room.tasks()[-1]["id"], "yes")
    with monkeypatch.context() as patch:
        patch.setattr(Client, "change_project", lambda *_, **__: None)  # as if we died before it
        backend.create([newest])
    assert room.shown() == []
    backend.prepare(CAMPAIGN, SCHEMA)
    assert room.shown() == ["round-2"]


def test_what_came_while_the_servers_clock_was_behind_is_read_in_the_end(room: Room) -> None:
    backend = room.backend()
    upload = upload_of(text_items(1))
    ref = backend.create([upload])[upload.key]
    _, cursor = backend.changes(None)
    ahead = json.loads(cursor) | {"latest": "2999-01-01T00:00:00.000000Z"}
    room.answer(ref.remote_id, "yes")
    events, _ = backend.changes(json.dumps(ahead))
    assert events == []
    events, _ = backend.changes(json.dumps(ahead | {"whole": ahead["whole"] - polling.WHOLE}))
    assert [event.value for event in events] == ["yes"]


def test_a_task_moves_from_one_tab_to_another_unless_it_is_begun(room: Room) -> None:
    backend = room.backend()
    items = text_items(2)
    uploads = [assigned(upload_of([item], opinions=2), "mia", "li") for item in items]
    made = backend.create(uploads)
    idle, begun = (made[upload.key] for upload in uploads)
    room.call("POST", f"/api/tasks/{begun.remote_id}/drafts", {"result": [], "lead_time": 1.0})
    assert backend.hand_over(idle, "mia", "sam")
    assert not backend.hand_over(begun, "mia", "sam")
    assert not backend.hand_over(idle, "mia", "sam"), "it is no longer hers"
    fields = {str(task["id"]): task["data"]["al_assignees"] for task in room.tasks()}
    assert fields == {idle.remote_id: "|sam|li|", begun.remote_id: "|mia|li|"}


def assigned(upload: Upload, *logins: str) -> Upload:
    """Return the upload whose opinions these people are to give."""
    asks = zip(upload.asks, logins, strict=True)
    return replace(upload, asks=tuple(replace(ask, assignee=login) for ask, login in asks))

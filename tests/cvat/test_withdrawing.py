"""What is withdrawn from people, and what they have done by then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from auto_labeling.backends.cvat import withdrawing
from auto_labeling.backends.cvat.client import Client
from auto_labeling.errors import TransientError
from auto_labeling.records import CancelResult
from tests.cvat.room import Room, dying, said, suggested


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_answer_in_the_moment_of_a_withdrawal_is_kept(
    room: Room, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    backend = room.backend()
    [upload] = room.uploads(1)
    ref = backend.create([upload])[upload.key]
    job = room.crew.job(ref)
    change = Client.change_task

    def with_an_answer(client: Client, task: int, **fields: Any) -> None:
        monkeypatch.undo()
        if moment == "before":
            room.answer(ref, upload, "yes")
        change(client, task, **fields)
        if moment == "after":
            room.answer(ref, upload, "yes")

    monkeypatch.setattr(Client, "change_task", with_an_answer)
    assert backend.cancel([ref]) == {ref: CancelResult.ANSWERED}
    assert backend.find([upload.key]) == {upload.key: (ref,)}
    assert said(backend.changes(None)[0]) == [("submitted", "item-0", "yes")]
    assert room.crew.job(ref)["id"] == job["id"]  # it is theirs again


def test_what_was_withdrawn_is_on_nobodys_list_and_a_late_answer_to_it_is_read(room: Room) -> None:
    backend = room.backend()
    [upload] = room.uploads(1)
    ref = backend.create([upload])[upload.key]
    room.crew.job(ref)
    _, cursor = backend.changes(None)
    assert backend.cancel([ref]) == {ref: CancelResult.CANCELLED}
    assert backend.find([upload.key]) == {}
    [job] = room.office.jobs(ref.remote_id)
    assert job["assignee"] is None
    room.answer(ref, upload, "no")
    [event], _ = backend.changes(cursor)
    assert (event.key, event.value) == (upload.key, "no")


def test_a_withdrawal_that_died_half_way_is_finished(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = room.backend()
    [upload] = room.uploads(1)
    ref = backend.create([upload])[upload.key]
    room.crew.job(ref)
    with monkeypatch.context() as patch:
        dying(patch, "change_job")
        with pytest.raises(TransientError):
            backend.cancel([ref])
    assert backend.cancel([ref]) == {ref: CancelResult.CANCELLED}
    [job] = room.office.jobs(ref.remote_id)
    assert job["assignee"] is None


def test_who_answers_what_is_given_to_nobody_any_more_is_nobody(room: Room) -> None:
    backend = room.backend()
    [upload] = room.uploads(1)
    ref = backend.create([upload])[upload.key]
    job = room.crew.job(ref)
    _, cursor = backend.changes(None)
    backend.cancel([ref])
    room.office.call("PATCH", f"/api/jobs/{job['id']}", {"state": "completed"})
    [event], _ = backend.changes(cursor)
    assert (event.kind.value, event.person) == ("skipped", "unassigned (opinion 1)")


def test_what_was_withdrawn_is_deleted_only_a_day_later_and_only_while_it_is_empty(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = room.backend()
    uploads = room.uploads(3)
    refs = backend.create(uploads)
    empty, answered, last = (refs[upload.key] for upload in uploads)
    backend.cancel([empty, answered])
    room.answer(answered, uploads[1], "yes")
    backend.cancel([last])
    assert {str(task["id"]) for task in room.tasks()} == {ref.remote_id for ref in refs.values()}
    monkeypatch.setattr(withdrawing, "_EMPTY_FOR", timedelta(0))
    backend.cancel([last])
    assert [str(task["id"]) for task in room.tasks()] == [answered.remote_id]


def test_a_task_with_nothing_but_suggestions_in_it_can_be_withdrawn(room: Room) -> None:
    backend = room.backend()
    upload = suggested(room.uploads(1)[0], "yes")
    ref = backend.create([upload])[upload.key]
    room.crew.turn(room.crew.job(ref), "in progress")  # as when somebody opens it
    assert backend.cancel([ref]) == {ref: CancelResult.CANCELLED}


def test_what_somebody_began_to_draw_is_not_withdrawn(room: Room) -> None:
    backend = room.backend()
    [upload] = room.uploads(1)
    ref = backend.create([upload])[upload.key]
    room.crew.draft(ref, upload.items[0], "yes")
    assert backend.cancel([ref]) == {ref: CancelResult.ANSWERED}

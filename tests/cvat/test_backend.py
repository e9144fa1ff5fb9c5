"""What the CVAT backend does when it is interrupted, and when people come in between."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from auto_labeling.backends.cvat import connection, handing_over, polling, withdrawing
from auto_labeling.backends.cvat.client import Client
from auto_labeling.backends.cvat.jobs import opinions
from auto_labeling.errors import BlockedError, RejectedError, TransientError
from auto_labeling.records import CancelResult, Item, LabelSchema, RemoteRef
from auto_labeling.shapes import Box, Mask, Polygon
from tests.contracts.asking import upload_of
from tests.cvat.people import CREW, Office
from tests.cvat.room import Room, assigned, said, suggested

BOXES = LabelSchema(task="boxes", classes=("car", "bus"))


@pytest.fixture
def room(cvat: Office, tmp_path: Path) -> Room:
    return Room(cvat, tmp_path)


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


# --- made once ---


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


# --- people ---


def test_every_opinion_has_a_job_of_its_own_with_the_suggestion_and_its_person(room: Room) -> None:
    room.people = CREW
    backend = room.backend()
    upload = upload_of(room.items(2), opinions=3)
    upload = suggested(assigned(upload, CREW[2].upper(), CREW[0], None), "no", "yes")
    ref = backend.create([upload])[upload.key]
    jobs = opinions(room.office.jobs(ref.remote_id))
    assert [job["assignee"] and job["assignee"]["username"] for job in jobs] == [
        CREW[2], CREW[0], None,
    ]  # fmt: skip
    labels = room.office.labels(room.project)
    for job in jobs:
        there = room.office.call("GET", f"/api/jobs/{job['id']}/annotations/")
        assert sorted((tag["frame"], tag["label_id"], tag["source"]) for tag in there["tags"]) == [
            (0, labels["no"], "auto"),
            (1, labels["yes"], "auto"),
        ]


def test_items_of_one_task_may_stand_at_different_opinions(room: Room) -> None:
    backend = room.backend()
    fresh, known = room.items(2)
    asks = (*upload_of([fresh]).asks, *upload_of([known], ordinal=2).asks)
    upload = replace(upload_of([fresh, known]), asks=asks)
    ref = backend.create([upload])[upload.key]
    crew = room.crew
    [job] = room.office.jobs(ref.remote_id)
    for item in upload.items:  # by the administrator, because the job is nobody's
        frame = crew.frame(ref, item)
        there = room.office.call("GET", f"/api/jobs/{job['id']}/annotations/")
        body = {**there, "tags": [*there["tags"], crew.labelled(frame, "yes")]}
        room.office.call("PUT", f"/api/jobs/{job['id']}/annotations/", body)
    room.office.call("PATCH", f"/api/jobs/{job['id']}", {"state": "completed"})
    people = {event.item_id: event.person for event in backend.changes(None)[0]}
    assert people == {
        fresh.item_id: "unassigned (opinion 1)",
        known.item_id: "unassigned (opinion 3)",
    }


def test_people_without_an_account_are_named(room: Room) -> None:
    backend = room.backend()
    room.people = ["nobody-of-that-name"]
    with pytest.raises(BlockedError, match=r"has no user 'nobody-of-that-name'.*Make the user"):
        backend.prepare(room.campaign, room.schema)
    [upload] = room.uploads(1)
    with pytest.raises(BlockedError, match=r"has no user 'nobody-of-that-name'.*Make the user"):
        backend.create([assigned(upload, "nobody-of-that-name")])
    assert room.tasks() == []


def test_a_job_goes_from_one_person_to_another_unless_it_is_begun(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = room.backend()
    uploads = [assigned(upload, *CREW[:2]) for upload in room.uploads(3, opinions=2)]
    idle, opened, drawn = backend.create(uploads).values()
    crew = room.crew
    crew.turn(crew.job(opened), "in progress")
    crew.draft(drawn, uploads[2].items[0], "yes")
    for ref, done in ((idle, True), (opened, False), (drawn, False)):
        assert backend.hand_over(ref, CREW[0].upper(), CREW[2]) is done
        whose = [job["assignee"]["username"] for job in opinions(room.office.jobs(ref.remote_id))]
        assert whose == [CREW[2] if done else CREW[0], CREW[1]]
    assert not backend.hand_over(idle, CREW[0], CREW[2]), "it is no longer theirs"
    monkeypatch.setattr(handing_over, "_AT_WORK", timedelta(0))
    assert backend.hand_over(opened, CREW[0], CREW[2]), "they have left it"


def test_an_answer_of_a_reviewed_job_is_its_annotators(room: Room) -> None:
    backend = room.backend(review=True)
    [upload] = room.uploads(1)
    ref = backend.create([upload])[upload.key]
    job = room.crew.job(ref)
    early, cursor = backend.changes(None)
    room.answer(ref, upload, "yes")
    late, cursor = backend.changes(cursor)
    assert early == late == []
    reviewer = room.crew.number(1)
    room.office.call(
        "PATCH", f"/api/jobs/{job['id']}", {"stage": "validation", "assignee": reviewer}
    )
    assert backend.changes(cursor)[0] == []
    room.office.call(
        "PATCH", f"/api/jobs/{job['id']}", {"stage": "acceptance", "state": "completed"}
    )
    [event], _ = backend.changes(cursor)
    assert (event.value, event.person) == ("yes", CREW[0])


def test_what_a_reviewer_changes_is_the_reviewers(room: Room) -> None:
    backend = room.backend()
    [upload] = room.uploads(1)
    ref = backend.create([upload])[upload.key]
    room.answer(ref, upload, "yes")
    [given], cursor = backend.changes(None)
    job = room.crew.job(ref)
    reviewer = room.crew.number(1)
    room.office.call(
        "PATCH", f"/api/jobs/{job['id']}", {"stage": "validation", "assignee": reviewer}
    )
    assert backend.changes(cursor)[0] == []
    room.crew.tag(job, 0, ["no"], person=1)
    [edited], _ = backend.changes(cursor)
    assert (edited.kind.value, edited.value, edited.person) == ("edited", "no", CREW[1])
    assert (given.person, given.answer_id) == (CREW[0], edited.answer_id)


# --- polling ---


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


# --- withdrawing ---


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


# --- pictures ---


@pytest.mark.parametrize("fault", ["empty", "text", "truncated", "gone"])
def test_a_picture_that_cannot_be_shown_is_named_before_anything_is_sent(
    room: Room, fault: str
) -> None:
    backend = room.backend()
    good = room.items(1)
    path = room.folder / "broken.jpg"
    Image.effect_noise((64, 64), 50).save(path)
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "text": b"no picture"}.get(fault, whole[: len(whole) // 2]))
    if fault == "gone":
        path.unlink()
    uploads = [upload_of(good), upload_of([Item(item_id="odd one", uri="broken.jpg")])]
    with pytest.raises(BlockedError, match=r"item 'odd one': the picture .*broken.jpg cannot be"):
        backend.create(uploads)
    assert room.tasks() == []


def test_boxes_lie_on_a_picture_as_people_see_it(room: Room) -> None:
    room.schema = BOXES
    path = room.folder / "turned.jpg"
    picture = Image.new("RGB", (40, 20))
    exif = picture.getexif()
    exif[0x0112] = 6  # turned by a quarter: people see 20 x 40
    picture.save(path, exif=exif)
    backend = room.backend()
    car = Box(label="car", x=0.5, y=0.25, width=0.25, height=0.5)
    upload = suggested(upload_of([Item(item_id="turned", uri=str(path))]), (car,))
    ref = backend.create([upload])[upload.key]
    crew = room.crew
    job = crew.job(ref)
    there = room.office.call("GET", f"/api/jobs/{job['id']}/annotations/")
    assert there["shapes"][0]["points"] == [10, 10, 15, 30]
    crew.turn(job, "completed")
    [event], _ = backend.changes(None)
    [drawn] = event.value
    assert (drawn.x, drawn.y, drawn.width, drawn.height) == (0.5, 0.25, 0.25, 0.5)
    assert event.touched_suggestion is False


def test_frames_stand_in_the_order_of_the_items_and_tell_nothing_of_their_files(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_AT_ONCE", 120)  # so that some go together and some alone
    backend = room.backend()
    items = []
    for number in (3, 1, 2):
        folder = room.folder / f"of patient {number}"
        folder.mkdir()
        Image.new("RGB", (8 * number**3, 8), (0, 0, number)).save(folder / "same name.png")
        items.append(Item(item_id=f"p{number}", uri=str(folder / "same name.png")))
    upload = upload_of(items)
    ref = backend.create([upload])[upload.key]
    meta = room.office.call("GET", f"/api/tasks/{ref.remote_id}/data/meta")
    assert [frame["width"] for frame in meta["frames"]] == [216, 8, 64]
    assert not any("name" in frame["name"] or "/" in frame["name"] for frame in meta["frames"])


def test_a_picture_may_have_any_name(room: Room) -> None:
    backend = room.backend()
    path = room.folder / "scan"
    Image.new("RGB", (8, 8)).save(path, format="PNG")
    upload = upload_of([Item(item_id="scan", uri="scan")])
    ref = backend.create([upload])[upload.key]
    meta = room.office.call("GET", f"/api/tasks/{ref.remote_id}/data/meta")
    assert meta["frames"][0]["name"].endswith(".png")


def test_pictures_in_places_of_several_kinds_are_refused(room: Room) -> None:
    backend = room.backend()
    mixed = [*room.items(1), Item(item_id="far", uri="https://example.org/a.png")]
    with pytest.raises(RejectedError, match="expected pictures of one kind of place"):
        backend.create([upload_of(mixed)])
    with pytest.raises(BlockedError, match=r"s3://bucket/a.png lies where CVAT cannot read it"):
        backend.create([upload_of([Item(item_id="far", uri="s3://bucket/a.png")])])
    twice = [Item(item_id=n, uri=f"https://example.org/{n}/a.png") for n in ("x", "y")]
    with pytest.raises(RejectedError, match="tells remote pictures apart"):
        backend.create([upload_of(twice)])
    with pytest.raises(RejectedError, match="CVAT shows pictures, and this is a text"):
        backend.create([upload_of([Item(item_id="t", text="t")])])


SHAPES = {
    "boxes": Box(label="car", x=0.25, y=0.25, width=0.5, height=0.5),
    "polygons": Polygon(label="bus", points=((0, 0), (0.5, 0), (0.5, 0.75))),
    "masks": Mask(label="car", height=8, width=12, runs=(9, 3, 5, 4, 75)),
}


@pytest.mark.parametrize("task", SHAPES)
def test_shapes_come_back_as_they_were_suggested_unless_somebody_changes_them(
    room: Room, task: Any
) -> None:
    room.schema = LabelSchema(task=task, classes=("car", "bus"))
    backend = room.backend()
    upload = upload_of(room.items(2))
    upload = suggested(upload, (SHAPES[task],), (SHAPES[task],))
    ref = backend.create([upload])[upload.key]
    crew = room.crew
    job = crew.job(ref)
    crew.draw(job, 1, [], [])  # there is nothing of the kind on the second one
    crew.turn(job, "completed")
    first, second = backend.changes(None)[0]
    [drawn] = first.value
    assert replace(drawn, score=None, attributes={}) == SHAPES[task]
    assert (first.touched_suggestion, second.value, second.touched_suggestion) == (False, (), True)


def test_what_cannot_be_read_is_reported_with_its_reason(room: Room) -> None:
    backend = room.backend()
    upload = upload_of(room.items(2))
    ref = backend.create([upload])[upload.key]
    crew = room.crew
    job = crew.job(ref)
    crew.tag(job, 0, ["yes", "no"])
    crew.tag(job, 1, ["no"])
    crew.turn(job, "completed")
    events, cursor = backend.changes(None)
    both, one = events
    assert (both.kind.value, both.value, one.value) == ("submitted", None, "no")
    assert "expected one class" in str(both.problem)
    crew.change(ref, upload.items[0], ["yes"])
    assert said(backend.changes(cursor)[0]) == [("edited", both.item_id, "yes")]


# --- consensus ---


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

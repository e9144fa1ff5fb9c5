"""Whose a job of CVAT is, and whose the answers in it are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from auto_labeling.backends.cvat import handing_over
from auto_labeling.backends.cvat.jobs import opinions
from auto_labeling.errors import BlockedError
from tests.contracts.asking import upload_of
from tests.cvat.people import CREW
from tests.cvat.room import Room, assigned, suggested


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
    uploads = [assigned(upload, *CREW[:2]) for upload in room.uploads(4, opinions=2)]
    idle, opened, drawn, finished = backend.create(uploads).values()
    crew = room.crew
    crew.turn(crew.job(opened), "in progress")
    crew.draft(drawn, uploads[2].items[0], "yes")
    crew.skip(finished, uploads[3].items[0])
    for ref, done in ((idle, True), (opened, False), (drawn, False), (finished, False)):
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


def test_an_answer_that_we_first_see_at_its_reviewer_is_whose_it_was_given_to(room: Room) -> None:
    backend = room.backend()
    upload = assigned(upload_of(room.items(1), opinions=2), CREW[0], CREW[2])
    ref = backend.create([upload])[upload.key]
    for person, name in ((0, "yes"), (2, "no")):
        room.answer(ref, upload, name, person)
    reviewer = room.crew.number(1)
    for job in opinions(room.office.jobs(ref.remote_id)):
        told = {"stage": "validation", "assignee": reviewer}
        room.office.call("PATCH", f"/api/jobs/{job['id']}", told)
    events, _ = backend.changes(None)
    assert {event.person: event.value for event in events} == {CREW[0]: "yes", CREW[2]: "no"}


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

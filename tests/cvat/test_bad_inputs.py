"""What goes wrong around a campaign in a CVAT: one clear sentence each, and nothing lost."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from auto_labeling.backends.cvat import connection, creating
from auto_labeling.backends.cvat.client import Client
from auto_labeling.backends.cvat.jobs import opinions
from auto_labeling.campaign.driver import perform
from auto_labeling.campaign.rounds import RoundState, Step
from auto_labeling.campaign.schema import answers, asks, campaigns, quarantine
from auto_labeling.campaign.steps.collecting import sync
from auto_labeling.campaign.transition import state_of
from auto_labeling.campaign.upload import repair
from auto_labeling.errors import BlockedError, RejectedError, TransientError
from auto_labeling.formats import cvat as codec
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Box, Mask, Polygon
from tests.contracts.asking import upload_of
from tests.cvat.campaigns import Desk, begin, peopled
from tests.cvat.people import Office
from tests.cvat.room import Room, said, suggested
from tests.support.campaigns import drive_until, driving, ledger_of

SENTENCE = re.compile(r"[^\n]{10,300}")
BOXES = LabelSchema(task="boxes", classes=("car", "bus"))
CAR = Box(label="car", x=0.25, y=0.25, width=0.5, height=0.5)


@dataclass
class Waiting:
    """A campaign whose first round, a task of three pictures, waits for people."""

    path: Path
    campaign: str
    office: Office
    truth: Mapping[str, str]

    @property
    def project(self) -> int:
        return int(self.rows(campaigns)[0].project["id"])

    def tasks(self) -> list[dict[str, Any]]:
        return self.office.tasks(self.project)

    def job(self) -> tuple[Desk, dict[str, Any]]:
        """Return the newest job and who it is given to, at their desk."""
        [job] = opinions(self.office.jobs(self.tasks()[-1]["id"]))
        [who] = [one for one in self.office.crew if one.name == job["assignee"]["username"]]
        return Desk(self.office, who, self.office.labels(self.project)), job

    def right(self, desk: Desk, job: Mapping[str, Any]) -> dict[int, str]:
        return {at: self.truth[one] for at, one in enumerate(desk.pictures(job))}

    def answer(self) -> None:
        """Let everything be answered."""
        desk, job = self.job()
        desk.tag(job, self.right(desk, job))
        desk.turn(job, "completed")

    def rows(self, table: Any) -> list[Any]:
        with ledger_of(self.path) as ledger, ledger.read() as connection:
            return list(connection.execute(select(table)).all())

    def states(self) -> list[str]:
        return sorted(ask.state for ask in self.rows(asks))

    def given(self) -> list[str]:
        return sorted(json.loads(row.value) for row in self.rows(answers) if row.current)

    def relabel(self, was: str, **change: str) -> None:
        """Change a label, as anybody can who leads the project."""
        number = self.office.labels(self.project)[was]
        labels = [{"id": number, "name": was, **change}]
        self.office.call("PATCH", f"/api/projects/{self.project}", {"labels": labels})


def begun(folder: Path, office: Office, **overrides: Any) -> Waiting:
    """Return a campaign that has asked nobody yet."""
    path, campaign = folder / "workspace", f"shades-{uuid.uuid4().hex[:8]}"
    truth = begin(path, office, campaign_id=campaign, **overrides)
    return Waiting(path, campaign, office, truth)


@pytest.fixture
def waiting(cvat: Office, tmp_path: Path) -> Waiting:
    made = begun(tmp_path, cvat)
    drive_until(made.path, made.campaign, RoundState.SENT)
    cvat.projects.append(made.project)
    return made


def blocked(call: Callable[[], Any]) -> BlockedError:
    """Return the error that stops a call until a person has acted."""
    with pytest.raises(BlockedError) as caught:
        call()
    assert SENTENCE.fullmatch(caught.value.reason)
    assert SENTENCE.fullmatch(caught.value.remedy)
    return caught.value


def looked(waiting: Waiting) -> None:
    """Look once at what people did."""
    with driving(waiting.path, waiting.campaign) as opened:
        perform(opened, Step.COLLECT)


# --- answers ---


def test_an_answer_that_is_none_is_put_aside_until_it_is_mended(waiting: Waiting) -> None:
    desk, job = waiting.job()
    right = waiting.right(desk, job)
    box = {
        "type": "rectangle",
        "frame": 1,
        "label_id": desk.labels["dark"],
        "points": [1, 1, 9, 9],
        "source": "manual",
    }
    tags = [
        {"frame": 0, "label_id": desk.labels["dark"]},
        {"frame": 0, "label_id": desk.labels["grey"]},
        {"frame": 2, "label_id": desk.labels[right[2]]},
    ]
    body = {"version": 0, "tags": tags, "shapes": [box], "tracks": []}
    waiting.office.call("PUT", f"/api/jobs/{job['id']}/annotations/", body, who=desk.who)
    desk.turn(job, "completed")
    looked(waiting)
    aside = {row.item: row.reason for row in waiting.rows(quarantine)}
    assert sorted(aside.values()) == [
        "expected one class, got ['dark', 'grey']",
        "expected tag 'dark', got rectangle",
    ]
    assert (waiting.given(), waiting.states()) == ([right[2]], ["answered", "sent", "sent"])
    waiting.answer()
    looked(waiting)
    assert waiting.given() == sorted(right.values())
    assert waiting.states() == ["answered"] * 3


def test_boxes_that_are_none_are_told_one_by_one(room: Room) -> None:
    room.schema = BOXES
    backend = room.backend()
    upload = upload_of(room.items(6))
    ref = backend.create([upload])[upload.key]
    job, labels = room.crew.job(ref), room.office.labels(room.project)

    def rectangle(frame: int, *points: float, **more: Any) -> dict[str, Any]:
        row = {"frame": frame, "type": "rectangle", "points": list(points), "source": "manual"}
        return {**row, "label_id": labels["car"], **more}

    shapes = [
        rectangle(0, 3, 3, 3, 6),
        rectangle(1, 8, 2, 40, 6),
        rectangle(2, 1, 1, 9, 6, type="ellipse"),
        rectangle(3, 3, 2, 9, 6),
        rectangle(3, 1, 1, 2, 1),
        rectangle(5, -0.4, 0, 12.4, 8),
    ]
    body = {"version": 0, "tags": [], "shapes": shapes, "tracks": []}
    path, mia = f"/api/jobs/{job['id']}", room.office.crew[0]
    room.office.call("PUT", f"{path}/annotations/", body, who=mia)
    room.crew.turn(job, "completed")
    events = {event.item_id: event for event in backend.changes(None)[0]}
    problems = {item: event.problem for item, event in events.items() if event.problem}
    assert problems.keys() == {"item-0", "item-1", "item-2", "item-3"}
    for item, complaint in {
        "item-0": "expected an area above zero",
        "item-1": "within 12 x 8 pixels, got (40, 6)",
        "item-2": "expected rectangle 'car', got ellipse",
        "item-3": "expected an area above zero",
    }.items():
        assert complaint in str(problems[item])
        assert events[item].value is None
    assert events["item-4"].value == ()
    assert events["item-5"].value == (Box(label="car", x=0, y=0, width=1, height=1),)


def test_what_lies_on_a_frame_that_is_none_is_nobodys_answer(room: Room) -> None:
    backend = room.backend()
    [upload] = room.uploads(1)
    ref = backend.create([upload])[upload.key]
    job = room.crew.job(ref)
    tags = [room.crew.labelled(0, "yes"), room.crew.labelled(7, "no")]
    body = {"version": 0, "tags": tags, "shapes": [], "tracks": []}
    room.office.call("PUT", f"/api/jobs/{job['id']}/annotations/", body)
    room.crew.turn(job, "completed")
    assert said(backend.changes(None)[0]) == [("submitted", "item-0", "yes")]


# --- suggestions ---


@pytest.mark.parametrize(
    ("value", "score", "complaint"),
    [
        ((CAR, replace(CAR, label="tram")), 0.5, "expected a class out of ['car', 'bus']"),
        (("car",), 0.5, "expected a Box, got 'car'"),
        ((Polygon(label="car", points=((0, 0), (1, 0), (0, 1))),), 0.5, "expected a Box"),
        ((CAR,), 17.0, "expected a score in [0, 1], got 17"),
        ((CAR,), float("nan"), "expected a score in [0, 1], got nan"),
    ],
)
def test_a_suggestion_that_is_none_never_leaves(
    room: Room, value: Any, score: float, complaint: str
) -> None:
    room.schema = BOXES
    backend = room.backend()
    good, bad = room.uploads(2)
    uploads = [suggested(good, (CAR,)), suggested(bad, value, score=score)]
    with pytest.raises(RejectedError, match=f"item 'item-1': .*{re.escape(complaint)}"):
        backend.create(uploads)
    assert room.tasks() == []


def test_a_suggested_mask_of_another_size_never_arrives(room: Room) -> None:
    room.schema = LabelSchema(task="masks", classes=("car",))
    backend = room.backend()
    [upload] = room.uploads(1)
    small = Mask(label="car", height=2, width=3, runs=(0, 6))
    with pytest.raises(
        RejectedError, match=r"'item-0'.*expected 12 x 8 pixels, as the picture has"
    ):
        backend.create([suggested(upload, (small,))])
    assert backend.find([upload.key]) == {}
    assert room.tasks() == []


def test_what_of_a_suggestion_is_not_sent_touches_nothing(room: Room) -> None:
    room.schema = BOXES
    backend = room.backend()
    [upload] = room.uploads(1)
    sliver = Box(label="car", x=1, y=0, width=1e-7, height=1)
    ref = backend.create([suggested(upload, (CAR, sliver))])[upload.key]
    job = room.crew.job(ref)
    there = room.office.call("GET", f"/api/jobs/{job['id']}/annotations/")
    assert [shape["points"] for shape in there["shapes"]] == [[3, 2, 9, 6]]
    room.crew.turn(job, "completed")
    [event], _ = backend.changes(None)
    assert (event.value, event.touched_suggestion) == ((CAR,), False)


def test_frames_that_the_server_drops_without_a_word_are_noticed(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task drops what lies on a frame of no job, and says nothing; a job keeps it."""
    backend = room.backend()
    [upload] = room.uploads(1)

    def astray(frame: int, *told: Any) -> Any:
        return codec.suggested(frame + 5, *told)

    def annotate(client: Client, job: int, annotations: Any) -> Any:
        [task] = room.tasks()
        path = f"/api/tasks/{task['id']}/annotations/"
        return room.office.call("PUT", path, {"version": 0, "tracks": [], **annotations})

    monkeypatch.setattr(creating, "suggested", astray)
    monkeypatch.setattr(Client, "annotate", annotate)
    with pytest.raises(RejectedError, match=r"job \d+: it kept 0 of 1 suggested tags"):
        backend.create([suggested(upload, "yes")])


# --- labels ---


def test_a_project_without_a_class_is_named_before_anything_is_made(room: Room) -> None:
    room.project = room.office.make_project(LabelSchema(task="single", classes=("yes", "No")))
    error = blocked(room.backend)
    assert f"project {room.project}" in error.reason
    assert "expected a label 'no'" in error.reason
    assert "Put them back" in error.remedy


def test_a_label_of_a_type_that_cannot_take_the_answers_is_named(room: Room) -> None:
    room.project = room.office.make_project(LabelSchema(task="boxes", classes=("yes", "no")))
    assert "expected 'yes' to be a label of type tag or any" in blocked(room.backend).reason


@pytest.mark.parametrize(
    ("change", "complaint", "back"),
    [
        ({"name": "Dark"}, "expected a label 'dark'", {"name": "dark"}),
        ({"type": "rectangle"}, "expected 'dark' to be a label of type tag", {"type": "tag"}),
    ],
)
def test_a_changed_label_blocks_until_it_is_put_back(
    waiting: Waiting, change: dict[str, str], complaint: str, back: dict[str, str]
) -> None:
    waiting.answer()
    waiting.relabel("dark", **change)
    error = blocked(lambda: looked(waiting))
    assert complaint in error.reason
    with ledger_of(waiting.path) as ledger:
        assert state_of(ledger, waiting.campaign).blocked_reason == error.reason
    assert waiting.given() == []
    waiting.relabel(change.get("name", "dark"), **back)
    looked(waiting)
    assert len(waiting.given()) == 3
    with ledger_of(waiting.path) as ledger:
        assert state_of(ledger, waiting.campaign).blocked_reason is None


def test_a_class_that_somebody_added_is_no_answer(waiting: Waiting) -> None:
    labels = [{"name": "dusk", "type": "tag"}]
    waiting.office.call("PATCH", f"/api/projects/{waiting.project}", {"labels": labels})
    desk, job = waiting.job()
    right = waiting.right(desk, job)
    desk.tag(job, right | {0: "dusk"})
    desk.turn(job, "completed")
    looked(waiting)
    assert sorted(row.kind for row in waiting.rows(answers)) == ["answer", "answer", "skip"]
    assert waiting.states() == ["answered", "answered", "skipped"]


# --- pictures ---


def test_a_pool_of_broken_pictures_names_them(cvat: Office, tmp_path: Path) -> None:
    made = begun(tmp_path, cvat, broken={"cut.jpg": 0.5, "empty.png": 0.0})
    found = {Path(row.where_found).name: row.reason for row in made.rows(quarantine)}
    assert found == {
        "cut.jpg": "it cannot be decoded: damaged, cut short, or not an image",
        "empty.png": "it is empty (0 bytes)",
    }


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_picture_that_breaks_under_us_blocks_until_it_is_back(
    cvat: Office, tmp_path: Path, share: float
) -> None:
    made = begun(tmp_path, cvat)
    drive_until(made.path, made.campaign, RoundState.RESERVED)
    folder = tmp_path / "workspace-pictures"
    whole = {path: path.read_bytes() for path in folder.iterdir()}
    for path, content in whole.items():
        path.write_bytes(content[: int(share * len(content))])
    error = blocked(lambda: drive_until(made.path, made.campaign, RoundState.SENT))
    assert str(folder) in error.reason
    assert "pool's files are as they were" in error.remedy
    for path, content in whole.items():
        path.write_bytes(content)
    drive_until(made.path, made.campaign, RoundState.SENT)
    cvat.projects.append(made.project)
    [task] = made.tasks()
    assert task["size"] == 3


@pytest.mark.slow
def test_a_thousand_pictures_go_up_in_portions_and_stay_in_order(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_AT_ONCE", 10_000)
    sent: list[int] = []
    real = connection.PictureUploader._send

    def counted(uploader: Any, url: str, files: Any, quality: int) -> None:
        sent.append(len(files))
        real(uploader, url, files, quality)

    monkeypatch.setattr(connection.PictureUploader, "_send", counted)
    backend = room.backend(items_per_job=1000)
    upload = upload_of(room.items(1000))
    ref = backend.create([upload])[upload.key]
    assert sum(sent) == 1000
    assert 5 < len(sent) < 100
    job = room.crew.job(ref)
    assert job["frame_count"] == 1000
    meta = room.office.call("GET", f"/api/tasks/{ref.remote_id}/data/meta")
    for at in (0, 9, 99, 999):
        assert room.crew.frame(ref, upload.items[at]) == at
    assert len(meta["frames"]) == 1000
    tags = [room.crew.labelled(at, "no" if at % 3 else "yes") for at in range(1000)]
    room.crew.draw(job, -1, tags, [])
    room.crew.turn(job, "completed")
    events, _ = backend.changes(None)
    assert [(event.item_id, event.value) for event in events] == [
        (f"item-{at}", "no" if at % 3 else "yes") for at in range(1000)
    ]


def test_a_creation_that_the_server_gives_up_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    with peopled() as (server, office):
        room = Room(office, tmp_path)
        backend = room.backend()
        [upload] = room.uploads(1)
        server.fail_next_creation("OSError: [Errno 28] No space left on device")
        error = blocked(lambda: backend.create([upload]))
        assert "No space left on device" in error.reason
        assert room.tasks() == []
        assert backend.create([upload]).keys() == {upload.key}


# --- who may ---


def test_an_account_that_may_not_is_named_until_it_may(cvat: Office, tmp_path: Path) -> None:
    project = cvat.make_project(LabelSchema(task="single", classes=("dark", "grey", "light")))
    mia = cvat.crew[0]
    tool = {"user": mia.name, "project": {"adopt": project}}
    made = begun(tmp_path, cvat, backend=tool, people=[])
    password = tmp_path / "workspace-password"
    password.write_text(mia.password)
    error = blocked(lambda: drive_until(made.path, made.campaign, RoundState.SENT))
    assert "the account may not see or change project" in error.reason
    assert mia.password not in str(error)
    assert cvat.tasks(project) == []
    number = cvat.call("GET", "/api/users/self", who=mia)["id"]
    cvat.call("PATCH", f"/api/projects/{project}", {"assignee_id": number})
    drive_until(made.path, made.campaign, RoundState.SENT)
    assert [task["size"] for task in cvat.tasks(project)] == [3]


def test_a_token_that_ends_blocks_until_its_file_holds_a_new_one(tmp_path: Path) -> None:
    with peopled() as (server, office):
        file = tmp_path / "token"
        boss = server.add_user("boss", admin=True)
        file.write_text(server.token(boss))
        tool = {"user": None, "password": None, "token": {"file": str(file)}}
        made = begun(tmp_path, office, backend=tool)
        drive_until(made.path, made.campaign, RoundState.SENT)
        made.answer()
        with driving(made.path, made.campaign) as opened:
            opened.backend.find(["0" * 32])
            server.expire(boss)
            error = blocked(lambda: perform(opened, Step.COLLECT))
            assert "refused the login" in error.reason
            assert "backend.token" in error.remedy
            assert file.read_text() not in str(error)
            assert state_of(opened.ledger, made.campaign).blocked_reason == error.reason
            file.write_text(server.token(boss))
            assert perform(opened, Step.COLLECT).wait_until is None
        assert len(made.given()) == 3


def test_a_session_that_ends_is_nobodys_business(tmp_path: Path) -> None:
    with peopled() as (server, office):
        made = begun(tmp_path, office)
        drive_until(made.path, made.campaign, RoundState.SENT)
        made.answer()
        with driving(made.path, made.campaign) as opened:
            opened.backend.find(["0" * 32])
            server.expire(server.admin)
            with pytest.raises(TransientError, match="the session has ended"):
                perform(opened, Step.COLLECT)
            assert perform(opened, Step.COLLECT).wait_until is None


# --- what somebody deletes ---


def test_a_project_that_is_deleted_under_us_blocks(waiting: Waiting) -> None:
    project = waiting.project
    waiting.office.call("DELETE", f"/api/projects/{project}")
    waiting.office.projects.remove(project)
    with driving(waiting.path, waiting.campaign) as opened:
        error = blocked(lambda: opened.backend.prepare(waiting.campaign, opened.config.labels))
        assert error.reason == f"{waiting.office.url}: project {project} is gone"
        assert error.remedy.startswith("Restore it")
        blocked(lambda: perform(opened, Step.COLLECT))


def test_a_task_that_somebody_deleted_is_made_again_while_answers_are_due(
    waiting: Waiting,
) -> None:
    [task] = waiting.tasks()
    waiting.office.call("DELETE", f"/api/tasks/{task['id']}")
    with driving(waiting.path, waiting.campaign) as opened:
        repair(opened)
        [anew] = waiting.tasks()
        assert (anew["name"], anew["size"]) == (task["name"], 3)
        assert anew["id"] != task["id"]
        waiting.answer()
        assert sync(opened) == 3
    waiting.office.call("DELETE", f"/api/tasks/{anew['id']}")
    with driving(waiting.path, waiting.campaign) as opened:
        sync(opened)
        repair(opened)
    assert waiting.tasks() == []
    assert len([row for row in waiting.rows(answers) if row.current]) == 3


def test_a_task_that_goes_while_it_is_read_is_left_for_the_next_look(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = room.backend()
    uploads = room.uploads(2)
    refs = backend.create(uploads)
    for upload in uploads:
        room.answer(refs[upload.key], upload, "yes")
    gone = refs[uploads[0].key]
    real = Client.annotations

    def without(client: Client, job: int) -> Any:
        monkeypatch.undo()
        room.office.call("DELETE", f"/api/tasks/{gone.remote_id}")
        return real(client, job)

    monkeypatch.setattr(Client, "annotations", without)
    events, cursor = backend.changes(None)
    assert said(events) == [("submitted", "item-1", "yes")]
    assert backend.changes(cursor)[0] == []

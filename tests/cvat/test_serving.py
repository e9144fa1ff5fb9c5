"""What serves a campaign, with a CVAT at its other end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from cvat_sdk import Client, Config
from cvat_sdk.auto_annotation import annotate_task
from PIL import Image
from sqlalchemy import select

from auto_labeling.campaign.schema import CAMPAIGN, campaigns, items, of
from auto_labeling.cli.serve import SIGNING_KEPT_IN
from auto_labeling.files import sha256_of
from auto_labeling.records import Side
from auto_labeling.serving.cvat import AutoAnnotation
from tests.cvat.people import Office
from tests.cvat.test_hooks import called
from tests.support.campaigns import ledger_of, tiny
from tests.support.served import PATIENCE_S, Driver, Served, wait_for
from tests.support.shades import SHADES, campaign_of, write_pictures


class Room(Driver):
    """A campaign about pictures in a CVAT, whose people answer when they are told to."""

    def __init__(self, cvat: Office, path: Path, campaign: str, shades: Mapping[str, str]) -> None:
        super().__init__(path, campaign)
        self.cvat = cvat
        self.shades = shades  # item -> its shade
        self.served = Served(path)

    @property
    def project(self) -> int:
        with ledger_of(self.path) as ledger, ledger.read() as connection:
            query = select(campaigns.c.project).where(campaigns.c.campaign == self.campaign)
            return int(connection.scalar(query)["id"])

    def judges(self) -> set[str]:
        """Return the items that judge the model."""
        query = select(items.c.item).where(
            items.c.campaign == CAMPAIGN, items.c.side == Side.CONTROL
        )
        with ledger_of(self.path) as ledger, ledger.read() as connection:
            return set(connection.scalars(query, of(self.campaign)))

    def open_jobs(self) -> list[dict[str, Any]]:
        """Return the jobs that are not finished."""
        tasks = [task["id"] for task in self.cvat.tasks(self.project)]
        jobs = [job for task in tasks for job in self.cvat.jobs(task)]
        return [job for job in jobs if job["state"] != "completed"]

    def frames(self, task: int) -> list[str]:
        """Return the names of a task's frames."""
        meta = self.cvat.call("GET", f"/api/tasks/{task}/data/meta")
        return [str(frame["name"]) for frame in meta["frames"]]

    def item_of(self, name: str) -> str:
        """Return the item whose picture has this name in a task of ours."""
        return next(item for item in self.shades if item in name)

    def answer_all(self) -> None:
        """Answer and finish every job."""
        person = self.cvat.crew[0]
        me = self.cvat.call("GET", "/api/users/self", who=person)["id"]
        labels = self.cvat.labels(self.project)
        for job in self.open_jobs():
            tags = [
                {"frame": frame, "label_id": labels[self.shades[self.item_of(name)]]}
                for frame, name in enumerate(self.frames(job["task_id"]))
            ]
            path = f"/api/jobs/{job['id']}"
            self.cvat.call("PATCH", path, {"assignee": me})
            body = {"version": 0, "tags": tags, "shapes": [], "tracks": []}
            self.cvat.call("PUT", f"{path}/annotations/", body, who=person)
            self.cvat.call("PATCH", path, {"state": "completed"}, who=person)


def begin(
    folder: Path, cvat: Office, keys: Mapping[str, Any] | None = None, **settings: Any
) -> Room:
    """Return a campaign that has asked nobody yet; `keys` stand instead of its own."""
    shades = write_pictures(folder / "pictures")
    password = folder / "password"
    password.write_text(cvat.admin.password)
    tool = {
        "kind": "cvat",
        "url": cvat.url,
        "user": cvat.admin.name,
        "password": {"file": str(password)},
        "items_per_job": 4,
        "truth": None,
        "annotators": None,
        **settings,
    }
    ours = {
        "stop": {"max_rounds": 6},
        "wait": {"poll_s": 3600},
        "model": {"kind": "logistic_regression"},
        **(keys or {}),
    }
    path = folder / "workspace"
    told = campaign_of(shades, folder / "truth.csv", **ours)
    campaign = tiny(path, **told | {"backend": tool})
    return Room(cvat, path, campaign, {sha256_of(one)[:16]: shades[one] for one in shades})


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, cvat: Office) -> Iterator[Room]:
    """A campaign with a model, that waits for its second round."""
    made = begin(tmp_path_factory.mktemp("serving"), cvat)
    made.look()
    made.answer_all()
    made.look()
    yield made
    cvat.projects.append(made.project)


@pytest.fixture
def function(room: Room) -> Iterator[AutoAnnotation]:
    made = AutoAnnotation(workspace=room.path, campaign=room.campaign)
    yield made
    made.close()


@pytest.fixture
def client(cvat: Office, tmp_path: Path) -> Iterator[Client]:
    with Client(cvat.url, config=Config(cache_dir=tmp_path / "cache")) as made:
        made.login((cvat.admin.name, cvat.admin.password))
        yield made


def tags_of(room: Room, task: int) -> list[Mapping[str, Any]]:
    tags: Sequence[Mapping[str, Any]] = room.cvat.call("GET", f"/api/tasks/{task}/annotations/")[
        "tags"
    ]
    return sorted(tags, key=lambda tag: int(tag["frame"]))


def test_a_task_of_the_campaign_is_annotated_but_for_its_judges(
    room: Room, client: Client, function: AutoAnnotation
) -> None:
    judges, names = room.judges(), {at: name for name, at in room.cvat.labels(room.project).items()}
    annotated = 0
    for task in sorted({job["task_id"] for job in room.open_jobs()}):
        annotate_task(client, task, function)
        found = [room.item_of(name) for name in room.frames(task)]
        tags = tags_of(room, task)
        assert [tag["frame"] for tag in tags] == [
            at for at, item in enumerate(found) if item not in judges
        ]
        for tag in tags:
            assert names[tag["label_id"]] in SHADES
            assert tag["source"] == "auto"
            [score] = tag["attributes"]
            assert 1 / 3 <= float(score["value"]) <= 1
        annotated += len(tags)
    assert annotated


def test_judges_are_known_in_tasks_of_others_too(
    room: Room, client: Client, function: AutoAnnotation, tmp_path: Path
) -> None:
    pictures = sorted((room.path.parent / "pictures").iterdir())
    stranger = tmp_path / "stranger.png"
    Image.new("RGB", (64, 48), (205, 205, 205)).save(stranger)
    labels = [{"name": name, "type": "tag"} for name in SHADES]
    told = {"name": "a task of somebody", "labels": labels}
    task = client.tasks.create_from_data(told, resources=[*pictures, stranger]).id
    try:
        # Labels of others have no attribute for the score.
        annotate_task(client, task, function, allow_unmatched_labels=True)
        tags = tags_of(room, task)
        names = room.frames(task)
    finally:
        client.tasks.api.destroy(task)
    items = {path.name: sha256_of(path)[:16] for path in pictures}
    judges = room.judges()
    expected = [at for at, name in enumerate(names) if items.get(name) not in judges]
    assert 0 < len(expected) < len(names)
    assert [tag["frame"] for tag in tags] == expected
    assert not any(tag["attributes"] for tag in tags)


def test_what_somebody_is_not_sure_enough_of_is_left_out(
    room: Room, client: Client, function: AutoAnnotation
) -> None:
    task = room.open_jobs()[0]["task_id"]

    def scores(sure: float) -> list[float]:
        annotate_task(client, task, function, clear_existing=True, conf_threshold=sure)
        return [float(tag["attributes"][0]["value"]) for tag in tags_of(room, task)]

    found = scores(0.0)
    middle = (min(found) + max(found)) / 2
    assert scores(middle) == [one for one in found if one >= middle]
    assert scores(1.0) == []


def test_an_adopted_project_is_asked_for_nothing_that_it_has_not(
    cvat: Office, client: Client, tmp_path: Path
) -> None:
    labels = [{"name": name, "type": "any", "attributes": []} for name in (*SHADES, "their own")]
    theirs = cvat.call("POST", "/api/projects", {"name": "theirs", "labels": labels})["id"]
    cvat.projects.append(theirs)
    room = begin(tmp_path, cvat, project={"adopt": theirs})
    room.look()
    room.answer_all()
    room.look()
    function = AutoAnnotation(workspace=room.path, campaign=room.campaign)
    task = room.open_jobs()[0]["task_id"]
    annotate_task(client, task, function)
    function.close()
    assert tags_of(room, task)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, cvat: Office) -> Iterator[Room]:
    """A campaign that is served, beside one in a Label Studio that is out of order."""
    made = begin(tmp_path_factory.mktemp("hooked"), cvat)
    token = made.path.parent / "token"
    token.write_text("0" * 40)
    gone = {"kind": "label_studio", "url": "http://127.0.0.1:9", "token": {"file": str(token)}}
    tiny(made.path, backend={**gone, "truth": None, "annotators": None})
    made.look()
    made.served.start()
    yield made
    made.served.kill()
    cvat.projects.append(made.project)


def hooks_of(room: Room) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = room.cvat.call("GET", "/api/webhooks", project_id=room.project)[
        "results"
    ]
    return found


@called
@pytest.mark.slow
def test_where_no_driver_waits_a_finished_job_brings_a_tick(served: Room) -> None:
    wait_for(lambda: hooks_of(served) != [], "the webhook is made")
    number = served.round()
    assert served.is_sent(number)
    served.answer_all()
    wait_for(lambda: served.is_sent(number + 1), "a tick was made")


@called
@pytest.mark.slow
def test_a_finished_job_wakes_a_driver_that_waits_for_an_hour(served: Room) -> None:
    wait_for(lambda: not served.is_driven(), "nobody drives")
    number = served.round()
    served.driving.clear()
    driver = threading.Thread(target=served.look, kwargs={"wait": True, "max_rounds": 1})
    driver.start()
    assert served.driving.wait(PATIENCE_S)
    time.sleep(2)  # it has looked, and waits
    served.answer_all()
    driver.join(PATIENCE_S)
    assert not driver.is_alive()
    assert served.round() == number + 1


@called
@pytest.mark.slow
def test_a_webhook_is_made_once_and_its_key_lies_in_one_file(served: Room) -> None:
    wait_for(lambda: hooks_of(served) != [], "the webhook is made")
    [hook] = hooks_of(served)
    key = (served.path / SIGNING_KEPT_IN).read_text().strip()
    said = served.served.leave()
    assert key not in said
    assert "Traceback" not in said
    (served.path / SIGNING_KEPT_IN).unlink()
    served.served.start()

    def listens() -> bool:
        sent = served.cvat.call("POST", f"/api/webhooks/{hook['id']}/ping")
        return bool(sent["status_code"] == 200)

    wait_for(listens, "the project knows the new key")
    assert [one["id"] for one in hooks_of(served)] == [hook["id"]]
    assert (served.path / SIGNING_KEPT_IN).read_text().strip() != key


@called
@pytest.mark.slow
def test_a_campaign_that_learns_nothing_is_woken_as_well(cvat: Office, tmp_path: Path) -> None:
    boxes = {"labels": {"task": "boxes", "classes": list(SHADES)}, "model": {"kind": "none"}}
    made = begin(tmp_path, cvat, keys=boxes)
    made.look()
    made.served.start()
    try:
        wait_for(lambda: hooks_of(made) != [], "the webhook is made")
        number = made.round()
        for job in made.open_jobs():
            cvat.call("PATCH", f"/api/jobs/{job['id']}", {"state": "completed"})
        wait_for(lambda: made.is_sent(number + 1), "a tick was made")
    finally:
        made.served.kill()
        cvat.projects.append(made.project)

"""`CVATClient` over HTTP: tasks are made once, and what stands in the way is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from auto_labeling import CVATClient
from auto_labeling.backends.cvat.by_hand_calls import HandClient
from auto_labeling.errors import (
    BlockedError,
    ConfigurationError,
    DataError,
    RejectedError,
    TransientError,
)
from tests.by_hand.cvat_desk import CAR, Desk, names
from tests.cvat.test_client import answering
from tests.support.cvat_server import CvatServer


def test_a_task_is_made_once_for_a_name_and_a_subset(desk: Desk) -> None:
    name = next(names)
    told = desk.office.call("POST", "/api/tasks", {"name": name, "labels": [{"name": "cat"}]})
    own = CVATClient(desk.office.url, (desk.office.crew[0].name, desk.office.crew[0].password))
    desk.made.add(int(told["id"]))
    mine = own.create_task(name, ["car", "van"])
    assert mine not in desk.made  # that one is somebody else's
    assert own.create_task(name, ["van", "car"]) == mine
    train = own.create_task(name, ["car", "van"], "Train")
    assert train != mine
    assert own.create_task(name, ["car", "van"], subset="Train") == train
    desk.made |= {mine, train}
    row = desk.office.call("GET", f"/api/tasks/{train}")
    assert (row["name"], row["subset"], row["project_id"]) == (name, "Train", None)
    with pytest.raises(ConfigurationError, match=rf"labels: task {mine}, .* others: car \(any\), "):
        own.create_task(name, ["car", "bus"])
    with pytest.raises(ConfigurationError, match=rf"overlap: task {mine}, .* without replicas"):
        own.create_task(name, ["car", "van"], overlap=2)


def test_labels_may_be_given_as_cvat_has_them(desk: Desk) -> None:
    side = {"name": "side", "mutable": False, "input_type": "text", "values": [""]}
    labels = [{"name": "ねこ", "type": "polygon", "attributes": [side]}, "car"]
    task = desk.task(*labels)
    rows = desk.office.call("GET", "/api/labels", task_id=task)["results"]
    assert [(row["name"], row["type"]) for row in rows] == [("ねこ", "polygon"), ("car", "any")]
    assert [[one["name"] for one in row["attributes"]] for row in rows] == [["side"], ["score"]]
    for wrong in ([], "car", ["car", "car"], [" car"], [{"type": "any"}]):
        with pytest.raises(ConfigurationError, match="labels: expected"):
            desk.client.create_task("wrong", wrong)


def test_every_opinion_is_a_replica_and_jobs_are_cut(desk: Desk) -> None:
    task = desk.task(overlap=2, items_per_job=2)
    desk.client.upload_images(task, desk.pictures(3), [[CAR], [], [CAR]])
    jobs = desk.jobs(task)
    assert [(job["start_frame"], job["stop_frame"]) for job in jobs] == [(0, 1)] * 2 + [(2, 2)] * 2
    assert [[one["frame"] for one in desk.there(job)["shapes"]] for job in jobs] == [
        [0],
        [0],
        [2],
        [2],
    ]
    refused: list[dict[str, Any]] = [{"overlap": 0}, {"overlap": 12}, {"items_per_job": 0}]
    for wrong in refused:
        with pytest.raises(ConfigurationError, match=next(iter(wrong))):
            desk.client.create_task("wrong", ["car"], **wrong)


@pytest.mark.parametrize("kind", ["mask", "polygon"])
def test_a_segmentation_task_has_its_pictures_and_is_made_once(desk: Desk, kind: Any) -> None:
    paths = desk.pictures(2, size=(20 + len(kind), 10))
    task = desk.client.create_segmentation_task(paths, ["nucleus"], kind=kind)
    desk.made.add(task)
    assert desk.client.create_segmentation_task(paths, ["nucleus"], kind=kind) == task
    other = desk.client.create_segmentation_task(paths[:1], ["nucleus"], kind=kind)
    named = desk.client.create_segmentation_task(paths, ["nucleus"], name=next(names), kind=kind)
    desk.made |= {other, named}
    assert len({task, other, named}) == 3
    rows = desk.office.call("GET", "/api/labels", task_id=task)["results"]
    assert [(row["name"], row["type"]) for row in rows] == [("nucleus", kind)]
    assert desk.frames(task) == ["0.png", "1.png"]
    with pytest.raises(ConfigurationError, match="kind: expected mask or polygon, got 'box'"):
        desk.client.create_segmentation_task(paths, ["nucleus"], kind="box")  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"gone.png is not there"):
        desk.client.create_segmentation_task([desk.folder / "gone.png"], ["nucleus"])


def test_tasks_that_are_not_there_or_have_nothing_are_named(desk: Desk) -> None:
    for call in (
        lambda: desk.client.export_annotations(987654),
        lambda: desk.client.upload_images(987654, desk.pictures(1)),
    ):
        with pytest.raises(BlockedError, match=r"task 987654 is gone\. Name one that is there\.$"):
            call()
    with pytest.raises(DataError, match=r"it has no pictures yet, and so no annotations$"):
        desk.client.export_annotations(desk.task())


def test_somebody_else_s_task_is_refused(desk: Desk) -> None:
    task = desk.task()
    mia = desk.office.crew[0]
    client = CVATClient(desk.office.url, (mia.name, mia.password))
    with pytest.raises(BlockedError, match=rf"may not see or change task {task} .* Have it"):
        client.upload_images(task, desk.pictures(1))


def test_credentials_are_a_login_or_a_token(desk: Desk, tmp_path: Path) -> None:
    admin = desk.office.admin
    for wrong in ((admin.name, "wrong"), "no-such-token", "täken"):
        with pytest.raises(BlockedError, match=r"refused the login for .*\. Give credentials that"):
            CVATClient(desk.office.url, wrong).create_task("x", ["car"])
    for misformed in ("", ("admin",), ("a", "b", "c"), None, 7):
        with pytest.raises(
            ConfigurationError, match=r"credentials: expected \(name, password\), or"
        ):
            CVATClient(desk.office.url, misformed)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=r"host: expected http://... or https"):
        CVATClient("localhost:8080", (admin.name, admin.password))
    with pytest.raises(ConfigurationError, match="host: expected no login in it") as error:
        CVATClient(f"http://me:{admin.password}@localhost:8080", (admin.name, admin.password))
    assert admin.password not in str(error.value)
    assert admin.password not in repr(vars(desk.client))


def test_a_server_that_is_down_and_a_login_that_has_ended_are_named(tmp_path: Path) -> None:
    with CvatServer() as server:
        client = CVATClient(server.url, (server.admin.name, server.admin.password))
        task = client.create_task("street", ["car"])
        server.stop()
        with pytest.raises(TransientError, match=f"^{server.url}: "):
            client.create_task("street", ["car"])
        server.start()
        server.expire(server.admin)
        with pytest.raises(TransientError, match="the session has ended; the next call begins an"):
            client.create_task("street", ["car"])
        assert client.create_task("street", ["car"]) == task
        holder = CVATClient(server.url, f"{server.token(server.admin)}\n")
        assert holder.create_task("street", ["car"]) == task
        server.expire(server.admin)
        with pytest.raises(BlockedError, match=r"refused the login for .*, or a token\.$"):
            holder.create_task("street", ["car"])


def test_a_server_that_is_no_cvat_is_named() -> None:
    with answering(404, b"<html>nothing here") as url:
        why = rf"^{url} does not answer as a CVAT does \(.*\)\. Mend `host`, or start the server"
        with pytest.raises(BlockedError, match=why):
            CVATClient(url, "a-token").create_task("street", ["car"])


def test_a_server_that_makes_no_replicas_is_named(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = HandClient.make_task

    def deaf(client: HandClient, **told: Any) -> Any:
        return real(client, **{name: told[name] for name in told if name != "consensus_replicas"})

    monkeypatch.setattr(HandClient, "make_task", deaf)
    name = next(names)
    with pytest.raises(BlockedError, match="makes no replicas of a job, and 2 opinions on a pictu"):
        desk.client.create_task(name, ["car"], overlap=2)
    assert desk.office.call("GET", "/api/tasks", name=name)["results"] == []


def test_a_creation_that_failed_is_made_good_by_the_next_call(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (8, 8)).save(path)
    with CvatServer() as server:
        client = CVATClient(server.url, (server.admin.name, server.admin.password))
        task = client.create_task("street", ["car"])
        server.fail_next_creation()
        with pytest.raises(RejectedError, match=rf"task {task} did not get its pictures: .* space"):
            client.upload_images(task, [path])
        assert client.upload_images(task, [path]) == ["a.png"]

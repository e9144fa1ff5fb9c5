"""Ground truth by hand, what CVAT measures by it, and how an audit shows that."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from auto_labeling import CVATClient
from auto_labeling.backends.cvat.quality_calls import QualityClient
from auto_labeling.by_hand.cvat_quality import add_ground_truth, quality
from auto_labeling.errors import BlockedError, ConfigurationError, DataError, RejectedError
from auto_labeling.shapes import Box
from tests.cli.conftest import Desk
from tests.cvat.people import Login, Office
from tests.cvat.site import Site, noise
from tests.support.cvat_server import CvatServer

CAR = {"label_id": "car", "type": "rectangle", "points": [4, 6, 20, 18]}
BOX = Box(label="car", x=0.125, y=0.25, width=0.5, height=0.5)
MIA, LI = 0, 1


@pytest.fixture
def site(cvat: Office) -> Site:
    return Site.of(cvat, ("car", "van"), "rectangle")


@pytest.fixture
def hand(site: Site) -> QualityClient:
    admin = site.office.admin
    return QualityClient(site.office.url, lambda: admin.password, user=admin.name)


@pytest.fixture
def task(site: Site, tmp_path: Path) -> int:
    """Return a task of four pictures in two finished jobs; li gave one box the wrong class."""
    task = site.task(noise(tmp_path, 4)[0], segment_size=2)
    first, second = site.jobs(task)
    site.answer(first, {}, MIA, shapes=[{**CAR, "frame": 0}, {**CAR, "frame": 1}])
    site.answer(second, {}, LI, shapes=[{**CAR, "frame": 2, "label_id": "van"}])
    return task


TRUTH: Mapping[Any, Any] = {"0-00.png": [BOX], 2: [("car", 4, 6, 20, 18)], "0-03.png": []}


def test_jobs_are_measured_by_the_truth_that_was_added(
    site: Site, hand: QualityClient, task: int
) -> None:
    with pytest.raises(RejectedError, match="require a Ground Truth job"):
        quality(hand, task)
    made = add_ground_truth(hand, task, TRUTH)
    [job] = site.jobs(task, "ground_truth")
    assert (job["id"], job["stage"], job["state"]) == (made, "acceptance", "completed")
    there = site.office.call("GET", f"/api/jobs/{made}/annotations/")
    assert [(one["frame"], one["source"]) for one in there["shapes"]] == [
        (0, "manual"),
        (2, "manual"),
    ]
    found = quality(hand, task)
    mia, li = (login.name for login in site.office.crew[:2])
    assert found.measured.frames == 3
    assert found.people[mia].accuracy == 1.0
    assert found.people[li].accuracy == 0.0
    assert [(one.picture, one.kind) for one in found.conflicts] == [
        ("0-02.png", "mismatching_label")
    ]
    assert not any(one.stale for one in found.jobs)


def test_a_script_s_client_does_the_same(site: Site, task: int) -> None:
    admin = site.office.admin
    client = CVATClient(site.office.url, (admin.name, admin.password))
    client.add_ground_truth(task, TRUTH)
    assert client.quality(task).measured.frames == 3
    with pytest.raises(BlockedError, match="Name one that is there"):
        client.quality(999_999)


def test_a_second_call_gives_other_answers_to_the_same_pictures(
    site: Site, hand: QualityClient, task: int
) -> None:
    made = add_ground_truth(hand, task, TRUTH)
    assert add_ground_truth(hand, task, TRUTH) == made
    van = {**dict(TRUTH), 2: [{"label": "van", "bbox": [4, 6, 16, 12]}]}
    assert add_ground_truth(hand, task, van) == made
    assert quality(hand, task).measured.accuracy == 1.0
    with pytest.raises(ConfigurationError, match=r"on 0-00\.png, 0-02\.png, 0-03\.png, expected"):
        add_ground_truth(hand, task, {"0-01.png": [BOX]})
    assert len(site.jobs(task, "ground_truth")) == 1


def test_a_job_that_was_made_and_left_is_completed(
    site: Site, hand: QualityClient, task: int
) -> None:
    left = int(hand.make_truth(task, [0, 2, 3])["id"])
    assert add_ground_truth(hand, task, TRUTH) == left
    assert quality(hand, task).measured.frames == 3


@pytest.mark.parametrize(
    ("answers", "error", "said"),
    [
        ({}, ConfigurationError, "expected them by picture"),
        ([BOX], ConfigurationError, "expected them by picture"),
        ({"9.png": [BOX]}, ConfigurationError, "got '9.png'"),
        ({4: [BOX]}, ConfigurationError, "got 4"),
        ({0: [BOX], "0-00.png": []}, ConfigurationError, "got two for '0-00.png'"),
        ({0: [("cow", 4, 6, 20, 18)]}, DataError, "expected a class out of"),
        ({0: ["car"]}, DataError, "takes a rectangle, got a tag"),
        ({0: [("car", 4, 6, 60, 18)]}, DataError, r"0-00\.png.*within 32 x 24"),
    ],
)
def test_what_is_no_ground_truth_is_refused_before_anything_is_made(
    site: Site,
    hand: QualityClient,
    task: int,
    answers: Any,
    error: type[Exception],
    said: str,
) -> None:
    with pytest.raises(error, match=said):
        add_ground_truth(hand, task, answers)
    assert site.jobs(task, "ground_truth") == []


def test_an_audit_shows_what_was_measured(
    site: Site,
    hand: QualityClient,
    task: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add_ground_truth(hand, task, TRUTH)
    admin, desk = site.office.admin, Desk(tmp_path, capsys)
    monkeypatch.setenv("CVAT_PASSWORD", admin.password)
    monkeypatch.setenv("COLUMNS", "100")
    where = ("--url", site.office.url, "--project", str(site.project))
    words = ("audit", "--tool", "cvat", "--user", admin.name, *where)
    assert desk.type(*words) == 0, desk.err
    assert "no figures: nobody has asked CVAT for a report" in desk.out
    quality(hand, task)
    found = desk.json(*words)["quality"]
    mia, li = (login.name for login in site.office.crew[:2])
    assert {who: one["accuracy"] for who, one in found["people"].items()} == {mia: 1.0, li: 0.0}
    assert [(one["task"], one["person"], one["conflicts"]) for one in found["jobs"]] == [
        (task, mia, {}),
        (task, li, {"mismatching_label": 1}),
    ]
    assert [one["picture"] for one in found["conflicts"]] == ["0-02.png"]
    assert found["unmeasured"] == {}
    assert desk.type(*words) == 0, desk.err
    assert "What CVAT measured against ground truth:" in desk.out
    assert "mismatching_label 1" in desk.out
    assert "changed since" not in desk.out
    measured = desk.out[desk.out.index("What CVAT measured") :].splitlines()
    assert all(len(line) <= 100 for line in measured), desk.out
    site.answer(site.jobs(task)[1], {}, LI)
    assert desk.type(*words) == 0, desk.err
    assert "changed since" in desk.out


def test_a_report_that_is_being_made_is_waited_for_and_another_is_asked_for(
    server: CvatServer, tmp_path: Path
) -> None:
    mia, li = server.add_user("mia"), server.add_user("li")
    crew = (Login(mia.name, mia.password), Login(li.name, li.password))
    office = Office(server.url, Login(server.admin.name, server.admin.password), crew)
    site = Site.of(office, ("car",), "rectangle")
    task = site.task(noise(tmp_path, 1)[0])
    hand = QualityClient(server.url, lambda: server.admin.password, user=server.admin.name)
    add_ground_truth(hand, task, {0: [BOX]})
    with ExitStack() as held:
        held.enter_context(server.held_requests())
        hand.ask_for_report(task)
        # Drawn after the first report was asked for, and before it is made or not: nobody knows.
        site.answer(site.jobs(task)[0], {}, MIA, shapes=[{**CAR, "frame": 0}])
        opening = threading.Timer(0.2, held.close)
        opening.start()
        found = quality(hand, task)
        opening.join()
    assert found.measured.accuracy == 1.0
    assert len(server.store.quality_reports) == 2 * 2  # each about the task and about its job
    office.close()

"""`auto-label audit --tool cvat` of a project that others made; nothing is written there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from auto_labeling.auditing import audit
from auto_labeling.backends.cvat.existing import picture, read_project
from auto_labeling.backends.cvat.existing_calls import ExistingClient
from auto_labeling.errors import DataError
from auto_labeling.files import sha256_of
from auto_labeling.formats.cvat import read_xml, write_xml
from auto_labeling.pool.cvat_export import CVATExport
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Box
from tests.cli.conftest import Desk
from tests.cvat.people import Login, Office
from tests.cvat.site import SIZE, Site, noise
from tests.support.cvat_server import CvatServer

SCHEMA = LabelSchema(task="single", classes=("dark", "light"))
MIA, LI, SAM = 0, 1, 2


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("CVAT_ACCESS_TOKEN", raising=False)
    monkeypatch.delenv("CVAT_PASSWORD", raising=False)
    return Desk(tmp_path, capsys)


@pytest.fixture
def site(cvat: Office) -> Site:
    return Site.of(cvat, SCHEMA.classes)


def words(site: Site, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what a person types, with the password where it is looked for."""
    monkeypatch.setenv("CVAT_PASSWORD", site.office.admin.password)
    where = ["--url", site.office.url, "--project", str(site.project)]
    return ["audit", "--tool", "cvat", "--user", site.office.admin.name, *where]


def client_of(site: Site) -> ExistingClient:
    admin = site.office.admin
    return ExistingClient(site.office.url, lambda: admin.password, user=admin.name)


@pytest.fixture
def watched() -> Iterator[tuple[CvatServer, Office]]:
    """Run a server that says what it was asked for."""
    with CvatServer() as server:
        crew = tuple(server.add_user(name) for name in ("mia", "li", "sam"))
        logins = tuple(Login(one.name, one.password) for one in crew)
        office = Office(server.url, Login(server.admin.name, server.admin.password), logins)
        yield server, office
        office.close()


@pytest.mark.slow
def test_a_project_of_others_is_read_and_nothing_is_written(
    watched: tuple[CvatServer, Office], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, office = watched
    site = Site.of(office, SCHEMA.classes)
    pictures, shades = noise(desk.folder / "pictures", 60)
    Image.new("L", SIZE, 235).save(pictures["0-04.png"])  # nothing is lighter
    large = site.task(pictures, segment_size=20)
    for start, job in zip((0, 20, 40), site.jobs(large), strict=True):
        tags = {frame: [shades[frame]] for frame in range(start, start + 20)}
        if not start:
            tags[4] = ["dark"]  # a wrong label that only its picture gives away
            tags[7] = []
            tags[8] = ["dark", "light"]
        site.answer(job, tags, MIA)
    some, kinds = noise(desk.folder / "pictures", 6, seed=1)
    copies = {**some, "copy.png": pictures["0-10.png"]}
    shared = site.task(copies, consensus_replicas=2)
    replicas = site.jobs(shared, "consensus_replica")
    said = {frame: [kind] for frame, kind in enumerate([*kinds, "dark"])}
    site.answer(replicas[0], said, MIA)
    site.answer(replicas[1], {**said, 1: ["light"]}, LI)
    others, _ = noise(desk.folder / "others", 2)
    unfinished = site.task(others)
    site.answer(site.jobs(unfinished)[0], {0: ["dark"], 1: ["dark"]}, SAM, state="in progress")

    typed = words(site, monkeypatch)
    server.calls.clear()
    found = desk.json(*typed, "--kind", "single", "--save", "kept.xml")
    # Two tags on one picture: without the kind it looks as if several were asked for.
    assert desk.json(*typed)["task"] == "multi"
    assert desk.type(*typed, "--kind", "single", "--save", "kept.xml", "--force") == 0, desk.err
    assert len(server.calls) > 2 * 69
    login = {("POST", "/api/auth/login")}
    assert {call for call in server.calls if call[0] != "GET"} == login

    assert (found["tool"], found["task"], found["jobs"]) == (
        "cvat",
        "single",
        {"all": 6, "finished": 5},
    )
    assert (found["tasks"], found["answered"], found["skips"]) == (69, 65, 1)
    assert found["answers"] == 58 + 2 * 7
    assert found["undecided"] == ["1-01.png"]
    assert found["agreement"]["tasks"] == 7
    assert found["agreement"]["share"] == pytest.approx(6 / 7)
    assert {one["person"]: one["answers"] for one in found["people"]} == {"mia": 65, "li": 7}
    assert list(found["unreadable"]) == ["0-08.png"]
    assert found["overwritten"] is None
    wrong = [one["task"] for one in found["likely_wrong"]["labels"]]
    assert "0-04.png" in wrong[:3], found["likely_wrong"]
    assert found["duplicates"]["compared"] == 69
    torn = next(one for one in found["duplicates"]["groups"] if "copy.png" in one["task_ids"])
    assert torn == {
        "task_ids": ["0-10.png", "copy.png"],
        "equal": True,
        "labels": ["dark", "light"],
    }
    # Two tasks show other pictures under one name.
    again = f"0-00.png (task {unfinished})"
    assert found["places"][again] == {"task": unfinished, "frame": 0}
    assert found["places"]["0-59.png"] == {"task": large, "frame": 59}
    assert found["quality"]["jobs"] == []

    assert "5 of 6 are finished" in desk.out
    assert "Krippendorff's alpha" in desk.out
    assert f"0-04.png [{large}/4]" in desk.out
    assert "unknown: the tool does not keep what an answer was before" in desk.out
    assert "overwrote" not in desk.out
    assert len(desk.out.splitlines()) <= 40, desk.out
    assert all(len(line) <= 100 for line in desk.out.splitlines()), desk.out
    assert office.admin.password not in desk.out

    line = "labeled: [{kind: cvat_export, export: kept.xml, files: FOLDER}]"
    assert desk.out.splitlines()[-1] == line
    rows = CVATExport(export="kept.xml", files="pictures").read(desk.folder, SCHEMA)
    names = [Path(reference).name for reference in rows.references]
    labels = dict(zip(names, rows.labels or (), strict=True))
    expected = dict(zip(pictures, shades, strict=True)) | dict(zip(some, kinds, strict=True))
    for name in ("0-00.png", "0-01.png"):
        del expected[name]  # ambiguous
    for name in ("0-07.png", "0-08.png", "1-01.png"):
        del expected[name]
    assert labels == expected | {"0-04.png": "dark"}


def test_what_was_drawn_is_compared_by_its_classes_and_tracks_are_not_read(
    cvat: Office, tmp_path: Path
) -> None:
    site = Site.of(cvat, ("car", "van"), "rectangle")
    pictures, _ = noise(tmp_path, 4)
    task = site.task(pictures, consensus_replicas=2)
    first, second = site.jobs(task, "consensus_replica")
    car = {"frame": 0, "label_id": "car", "type": "rectangle", "points": [4, 6, 20, 18]}
    site.answer(first, {}, MIA, shapes=[car, {**car, "frame": 1}])
    bent = {**car, "frame": 2, "type": "polygon", "points": [4, 6, 20, 18, 4, 18]}
    site.answer(second, {}, LI, shapes=[car, {**car, "frame": 1, "label_id": "van"}, bent])
    with pytest.raises(DataError, match="got boxes, polygons; say which"):
        read_project(client_of(site), site.project)
    read = read_project(client_of(site), site.project, "boxes")
    assert (read.schema.task, read.schema.classes) == ("boxes", ("car", "van"))
    said = [dict(one.votes()) for one in read.tasks]
    box = Box(label="car", x=0.125, y=0.25, width=0.5, height=0.5)
    mia, li = (login.name for login in cvat.crew[:2])
    assert said[0] == {mia: (box,), li: (box,)}
    assert [said[1][who][0].label for who in (mia, li)] == ["car", "van"]  # type: ignore[union-attr]
    assert (said[2], read.tasks[2].problems) == (
        {mia: ()},
        ("expected rectangle 'car', got polygon",),
    )
    assert said[3] == {mia: (), li: ()}


def test_every_frame_of_a_track_is_unreadable_and_not_saved(cvat: Office, tmp_path: Path) -> None:
    site = Site.of(cvat, ("car",), "rectangle")
    task = site.task(noise(tmp_path, 4)[0])
    [job] = site.jobs(task)
    car = {"frame": 0, "label_id": "car", "type": "rectangle", "points": [4, 6, 20, 18]}
    film = [{**car, "frame": at, "outside": at == 2, "attributes": []} for at in (0, 2)]
    tracks = [{"frame": 0, "label_id": "car", "attributes": [], "shapes": film}]
    site.answer(job, {}, MIA, shapes=[car, {**car, "frame": 3}], tracks=tracks)
    read = read_project(client_of(site), site.project)
    why = ("expected rectangle 'car', got track",)
    assert [one.problems for one in read.tasks] == [why, why, (), ()]
    assert [len(one.opinions) for one in read.tasks] == [0, 0, 1, 1]
    saved = read_xml(write_xml(read.document))
    assert [one.name for one in saved.pictures] == ["0-02.png", "0-03.png"]
    assert [row["frame"] for row in saved.annotations["shapes"]] == [1]
    assert read.tracked == 2


def test_whoever_is_nobody_is_told_apart_and_what_was_taken_out_is_left_out(
    site: Site, tmp_path: Path
) -> None:
    pictures, _ = noise(tmp_path, 4)
    task = site.task(pictures, consensus_replicas=2)
    for job, kind in zip(site.jobs(task, "consensus_replica"), SCHEMA.classes, strict=True):
        site.answer(job, {frame: [kind] for frame in range(4)})
    path = f"/api/tasks/{task}/data/meta"
    site.office.call("PATCH", path, {"deleted_frames": [2]})
    read = read_project(client_of(site), site.project)
    assert [one.task_id for one in read.tasks] == ["0-00.png", "0-01.png", "0-03.png"]
    assert [dict(one.votes()) for one in read.tasks] == 3 * [
        {"unassigned (opinion 1)": "dark", "unassigned (opinion 2)": "light"}
    ]


def test_a_honeypot_is_the_picture_that_it_shows_again(site: Site, tmp_path: Path) -> None:
    pictures, _ = noise(tmp_path, 8)
    task = site.task_with_honeypots(list(pictures.values()), ["0-00.png", "0-01.png"])
    jobs = site.jobs(task)
    assert len(jobs) == 2
    for person, job in enumerate(jobs):
        frames = range(job["start_frame"], job["stop_frame"] + 1)
        site.answer(job, {frame: [SCHEMA.classes[person]] for frame in frames}, person)
    read = read_project(client_of(site), site.project)
    assert len(read.tasks) == 8
    shared = {one.task_id: dict(one.votes()) for one in read.tasks if len(one.votes()) == 2}
    mia, li = (login.name for login in site.office.crew[:2])
    both = {mia: "dark", li: "light"}
    assert shared == {"0-00.png": both, "0-01.png": both}
    assert read.unmeasured == {task: "nobody has asked CVAT for a report"}


def test_a_job_that_is_opened_again_while_it_is_read_is_not_read(
    site: Site, tmp_path: Path
) -> None:
    task = site.task(noise(tmp_path, 2)[0], segment_size=1)
    kept, opened = site.jobs(task)
    site.answer(kept, {0: ["dark"]}, MIA)
    site.answer(opened, {1: ["dark"]}, MIA)

    class Meanwhile(ExistingClient):
        def annotations(self, job: int) -> dict[str, Any]:
            found = super().annotations(job)
            if job == opened["id"]:
                self.change_job(job, state="in progress")
            return found

    admin = site.office.admin
    client = Meanwhile(site.office.url, lambda: admin.password, user=admin.name)
    read = read_project(client, site.project, "single")
    assert (read.jobs, read.finished) == (2, 1)
    assert [bool(one.opinions) for one in read.tasks] == [True, False]


def test_the_same_picture_in_two_tasks_of_ours_is_one(site: Site, tmp_path: Path) -> None:
    pictures, _ = noise(tmp_path, 1)
    [path] = pictures.values()
    digest = sha256_of(path)[:16]
    for person, number in ((MIA, 0), (LI, 7)):
        task = site.task({f"{number:04}-{digest}.png": path})
        site.answer(site.jobs(task)[0], {0: ["dark"]}, person)
    read = read_project(client_of(site), site.project)
    [one] = read.tasks
    assert (one.task_id, len(one.votes())) == (f"0000-{digest}.png", 2)


def test_a_project_in_which_nothing_is_answered(site: Site, tmp_path: Path) -> None:
    site.task(noise(tmp_path, 3)[0])
    read = read_project(client_of(site), site.project)
    assert (len(read.tasks), read.jobs, read.finished) == (3, 1, 0)
    anything = Site.of(site.office, ("cat",), "any")
    with pytest.raises(DataError, match=rf"project {anything.project}: expected one task out of"):
        read_project(client_of(anything), anything.project)
    assert read_project(client_of(anything), anything.project, "boxes").schema.task == "boxes"


def test_what_cannot_be_read_is_one_sentence(
    site: Site, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = ["audit", "--tool", "cvat", "--url", site.office.url, "--project"]
    assert desk.type(*told, "1") == 6
    assert "CVAT_ACCESS_TOKEN is not set" in desk.err
    assert desk.type(*told, "1", "--user", "admin") == 6
    assert "CVAT_PASSWORD is not set" in desk.err
    Path("secret").write_text("wrong")
    mine = ["--user", site.office.admin.name, "--token-file", "secret"]
    assert desk.type(*told, "1", *mine) == 6
    assert "refused the login" in desk.err
    assert "--project or the token" in desk.err
    assert "wrong" not in desk.err.replace("wrong answers", "")
    Path("secret").write_text(site.office.admin.password)
    assert desk.type(*told, "99999", *mine) == 6
    assert "project 99999 is gone" in desk.err
    empty = str(Site.of(site.office, ("cat",), "any").project)
    assert desk.type(*told, empty, *mine) == 2
    assert "--kind" in desk.err
    assert len(desk.err.splitlines()) == 1
    assert desk.type(*told, empty, *mine, "--kind", "masks") == 0
    for wrong in (["--control", "x"], ["--tool", "prodigy"], ["--kind", "tracks", *mine]):
        assert desk.type(*told, empty, *wrong) == 2, wrong
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", "x")
    studio = ["audit", "--url", site.office.url, "--project", "1"]
    for wrong in (["--user", "x"], ["--organization", "x"], ["--kind", "single"]):
        assert desk.type(*studio, *wrong) == 2
        assert "with --tool cvat only" in desk.err


def test_a_film_is_no_picture(site: Site, tmp_path: Path) -> None:
    film = site.task(noise(tmp_path, 2)[0])

    class Films(ExistingClient):
        def tasks_in(self, project: int) -> Iterator[dict[str, Any]]:
            for row in super().tasks_in(project):
                yield {**row, "mode": "interpolation"}

    admin = site.office.admin
    client = Films(site.office.url, lambda: admin.password, user=admin.name)
    read = read_project(client, site.project, "single")
    [one] = read.tasks
    assert (one.item, one.problems) == (None, (f"task {film}: expected pictures, got a film",))
    found = audit(read.tasks, read.schema, lambda name: picture(client, read, name))
    assert (found.tasks, found.answered, len(found.problems)) == (1, 0, 1)


def test_whoever_may_not_see_a_project_is_told_so(
    site: Site, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    mia = site.office.crew[MIA]
    monkeypatch.setenv("PASSWORD_OF_MIA", mia.password)
    told = ["--user", mia.name, "--token-env", "PASSWORD_OF_MIA", "--project", str(site.project)]
    assert desk.type("audit", "--tool", "cvat", "--url", site.office.url, *told) == 6
    assert f"may not see or change project {site.project}" in desk.err


def test_a_token_is_enough(
    watched: tuple[CvatServer, Office], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, office = watched
    site = Site.of(office, SCHEMA.classes)
    monkeypatch.setenv("CVAT_ACCESS_TOKEN", server.token(server.admin))
    server.calls.clear()
    where = ("--url", office.url, "--project", str(site.project))
    assert desk.json("audit", "--tool", "cvat", *where)["tasks"] == 0
    assert {verb for verb, _ in server.calls} == {"GET"}

"""A campaign in a CVAT that buys boxes: drawn by people, agreed upon, exported, read by others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from cvat_sdk import Client, Config
from cvat_sdk.auto_annotation import annotate_task
from pycocotools.coco import COCO
from sqlalchemy import select

from auto_labeling import assemble, models
from auto_labeling.campaign.driver import drive
from auto_labeling.campaign.schema import CAMPAIGN as OF_CAMPAIGN
from auto_labeling.campaign.schema import items, of
from auto_labeling.cli import main
from auto_labeling.files import sha256_of
from auto_labeling.pool.pool import Pool
from auto_labeling.records import Side
from auto_labeling.serving.cvat import AutoAnnotation
from auto_labeling.workspace import Workspace
from tests.cvat.campaigns import CAMPAIGN, Desk, begin, peopled
from tests.cvat.people import Office
from tests.serving.spots import Spot, Spotting, campaign_about, write_spots
from tests.support.accounts import campaign_problems
from tests.support.campaigns import driving, ledger_of, tiny

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]


def test_boxes_are_drawn_agreed_upon_and_exported(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    with peopled() as (_, office):
        shades = begin(
            path,
            office,
            labels={"task": "boxes", "classes": ["dark", "grey", "light"]},
            model={"kind": "none"},
            quality={"overlap": 2},
            backend={"items_per_job": 4},
            stop={"max_rounds": 2},
            strategy={"scorer": None, "kind": "auto", "batch": 6},
        )
        for _ in range(2):
            look(path)
            for who in office.crew:
                draw_all(Desk(office, who, {}), shades)
        look(path)
    with ledger_of(path) as ledger, ledger.read() as connection:
        assert campaign_problems(connection, CAMPAIGN) == []
    said = assemble.account_of(Workspace.of(path), CAMPAIGN)
    assert said.items["labeled"] == 12
    assert said.budget.committed_answers == 24
    found = exported(path)
    assert len(found.getImgIds()) == 12
    for picture in found.loadImgs(found.getImgIds()):
        file = next((tmp_path / "ws-pictures").rglob(picture["file_name"]))
        shade = shades[sha256_of(file)[:16]]
        [drawn] = found.loadAnns(found.getAnnIds(imgIds=[picture["id"]]))
        assert found.loadCats([drawn["category_id"]])[0]["name"] == shade
        assert drawn["bbox"] in (pytest.approx([10, 20, 30, 40]), pytest.approx([11, 20, 30, 40]))


def test_a_task_is_annotated_with_what_a_detector_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(models.TABLE, "spotting", Spotting)
    path = tmp_path / "ws"
    spots = write_spots(tmp_path / "pictures", 16)
    known = {sha256_of(one)[:16]: spots[one] for one in spots}
    with peopled() as (_, office):
        begin_spots(path, office, spots)
        look(path)
        for who in office.crew:
            draw_spots(Desk(office, who, {}), known)
        look(path)
        judges = judged(path)
        assert judges
        function = AutoAnnotation(workspace=path, campaign=CAMPAIGN)
        with Client(office.url, config=Config(cache_dir=tmp_path / "cache")) as client:
            client.login((office.admin.name, office.admin.password))
            told = [
                (content, row)
                for task in waiting(office)
                for content, row in annotated(office, client, task, function)
            ]
        function.close()
    assert told
    assert not judges & {content for content, _ in told}
    for content, row in told:
        [spot] = [one for one in known[content] if list(one.edges) == pytest.approx(row["points"])]
        assert (row["source"], row["type"]) == ("auto", "rectangle")
        assert float(row["attributes"][0]["value"]) == pytest.approx(spot.score, abs=1e-4)
        assert spot.score >= 0.5


def begin_spots(path: Path, office: Office, spots: Mapping[Path, Sequence[Spot]]) -> None:
    password = path.with_name("password")
    password.write_text(office.admin.password)
    told = campaign_about(
        spots,
        path.with_name("truth.csv"),
        people=[{"user": login.name} for login in office.crew],
        preannotate={"at_least": 0.5, "blind": "0%"},
        stop={"max_rounds": 3},
    )
    told["backend"] = {
        "kind": "cvat",
        "url": office.url,
        "user": office.admin.name,
        "password": {"file": str(password)},
        "items_per_job": 4,
        "truth": None,
        "annotators": None,
    }
    tiny(path, campaign_id=CAMPAIGN, **told)


def draw_spots(desk: Desk, known: Mapping[str, Sequence[Spot]]) -> None:
    for job in desk.jobs():
        labels = desk.office.labels(job["project_id"])
        shapes = [
            rectangle(frame, labels[spot.label], spot.edges)
            for frame, content in enumerate(desk.pictures(job))
            for spot in known[content]
        ]
        body = {"version": 0, "tags": [], "shapes": shapes, "tracks": []}
        desk.office.call("PUT", f"/api/jobs/{job['id']}/annotations/", body, who=desk.who)
        desk.turn(job, "completed")


def judged(path: Path) -> set[str]:
    """Return how the content hashes of the items begin that judge the model."""
    query = select(items.c.item).where(items.c.campaign == OF_CAMPAIGN, items.c.side != Side.TRAIN)
    with ledger_of(path) as ledger, ledger.read() as connection:
        ids = set(connection.scalars(query, of(CAMPAIGN)))
    pool = Pool.open(Workspace.of(path).campaign(CAMPAIGN) / "inputs")
    known = zip(pool.ids, pool.content_hashes, strict=True)
    return {content[:16] for item, content in known if item in ids}


def waiting(office: Office) -> list[int]:
    """Return the tasks of jobs that nobody has finished."""
    jobs = office.rows("/api/jobs", office.admin)
    return sorted({job["task_id"] for job in jobs if job["state"] != "completed"})


def annotated(
    office: Office, client: Client, task: int, function: AutoAnnotation
) -> list[tuple[str, dict[str, Any]]]:
    """Return content and shape of what the detector draws in a task, in place of all there is."""
    annotate_task(client, task, function, clear_existing=True)
    frames = office.call("GET", f"/api/tasks/{task}/data/meta")["frames"]
    shapes = office.call("GET", f"/api/tasks/{task}/annotations/")["shapes"]
    return [(frames[row["frame"]]["name"][5:21], row) for row in shapes]


def rectangle(frame: int, label: int, edges: Sequence[float]) -> dict[str, Any]:
    """Return a box of pixels as somebody draws it."""
    return {
        "type": "rectangle",
        "frame": frame,
        "label_id": label,
        "points": list(edges),
        "source": "manual",
        "attributes": [],
    }


def look(path: Path) -> None:
    with driving(path, CAMPAIGN) as opened:
        drive(opened, wait=False)


def draw_all(desk: Desk, shades: Mapping[str, str]) -> None:
    """Draw a box on every picture that waits for somebody, each of them a little otherwise."""
    left = 10 + desk.office.crew.index(desk.who) % 2
    for job in desk.jobs():
        if job["state"] == "completed":
            continue
        labels = desk.office.labels(job["project_id"])
        shapes = [
            rectangle(frame, labels[shades[content]], (left, 20, left + 30, 60))
            for frame, content in enumerate(desk.pictures(job))
        ]
        body = {"version": 0, "tags": [], "shapes": shapes, "tracks": []}
        desk.office.call("PUT", f"/api/jobs/{job['id']}/annotations/", body, who=desk.who)
        desk.turn(job, "completed")


def exported(path: Path) -> COCO:
    """Return what COCO's tools read of what `auto-label export` writes."""
    file = path.with_name("labels.json")
    words = ["export", CAMPAIGN, "--format", "coco", "--to", str(file), "--workspace", str(path)]
    assert main(words) == 0
    return COCO(str(file))

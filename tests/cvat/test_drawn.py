"""A campaign in a CVAT that buys boxes: drawn by people, agreed upon, exported, read by others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pycocotools.coco import COCO

from auto_labeling import assemble
from auto_labeling.campaign.driver import drive
from auto_labeling.cli import main
from auto_labeling.files import sha256_of
from auto_labeling.workspace import Workspace
from tests.cvat.campaigns import CAMPAIGN, Desk, begin, peopled
from tests.support.accounts import campaign_problems
from tests.support.campaigns import driving, ledger_of

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
        shapes: list[dict[str, Any]] = [
            {
                "type": "rectangle",
                "frame": frame,
                "label_id": labels[shades[content]],
                "points": [left, 20, left + 30, 60],
                "source": "manual",
                "attributes": [],
            }
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

"""One pass over campaigns: what it says of each, and that one which fails stops no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auto_labeling.cli import driving
from auto_labeling.records import CampaignId
from auto_labeling.workspace import Workspace
from tests.cli.conftest import Desk

PRODIGY = {"kind": "files", "folder": "handover", "format": "prodigy"}
NOBODY = {"truth": None, "annotators": None}

ONE_ROUND = ("--plain", "--max-rounds", "1")


def answer(name: str, value: str, at: int, first: int | None = None) -> None:
    """Let mia answer what lies in the folder, or only the first of it."""
    (file,) = Path("handover/tasks").glob("*.jsonl")
    tasks = [json.loads(line) for line in file.read_text().splitlines()][:first]
    given = {"accept": [value], "answer": "accept", "_annotator_id": "mia", "_timestamp": at}
    lines = [json.dumps(task | given) for task in tasks]
    Path(f"handover/answers/{name}.jsonl").write_text("\n".join(lines))


def test_it_says_what_came_of_edits_after_the_stop(desk: Desk) -> None:
    config = desk.write(backend=PRODIGY | NOBODY, stop={"max_rounds": 1})
    assert desk.type("run", config, "--plain", "--no-wait") == 4
    answer("first", "ant", 1_795_000_000)
    assert desk.type("tick", "tiny", "--plain") == 0
    answer("second", "bee", 1_795_000_100, first=1)
    assert desk.type("tick", "tiny", "--plain") == 0
    said = "stopped; 1 late answers or edits were taken in; a new data set holds them"
    assert said in desk.out.replace("\n", " ")
    assert desk.type("tick", "tiny", "--plain") == 0
    assert "stopped; nothing new came in\n" in desk.out


def test_a_campaign_that_fails_stops_no_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("first.yaml", "second.yaml")
    broken, sound = (desk.json("run", desk.write(name), *ONE_ROUND)["campaign"] for name in names)
    drive = driving.drive_plainly

    def drives(workspace: Workspace, campaign: CampaignId, *, wait: bool) -> None:
        if campaign == broken:
            raise KeyError("a mistake of ours")
        drive(workspace, campaign, wait=wait)

    monkeypatch.setattr(driving, "drive_plainly", drives)
    assert desk.type("tick", "--all", "--plain") == 1
    assert f"{broken}: something went wrong" in desk.out
    assert f"{sound}: " in desk.out
    assert desk.json("status", sound)["open_answers"] == 6

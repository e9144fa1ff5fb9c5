"""A campaign in a real Label Studio whose items may have several labels."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import select

from auto_labeling import assemble
from auto_labeling.campaign import labels
from auto_labeling.campaign.driver import drive
from auto_labeling.campaign.schema import campaigns
from auto_labeling.formats.value import names_in_cell
from auto_labeling.studio import Person, Studio
from auto_labeling.workspace import Workspace
from tests.support.campaigns import data_of, driving, ledger_of, tiny_sets
from tests.support.studio import tasks_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_people_give_sets_of_labels_and_see_suggested_ones(
    tmp_path: Path, studio: Studio, crew: tuple[Person, ...]
) -> None:
    path, token = tmp_path / "ws", tmp_path / "token"
    token.write_text(studio.token)
    campaign = tiny_sets(
        path,
        backend={
            "kind": "label_studio",
            "url": studio.url,
            "token": {"file": str(token)},
            "truth": None,
            "annotators": None,
        },
        stop={"max_rounds": 2},
        preannotate={"blind": "0%"},
    )
    truth = truth_of(path)
    for _ in range(2):
        look(path, campaign)
        answer_all(studio, crew[0], project_of(path), truth)
    look(path, campaign)
    with ledger_of(path) as ledger, ledger.read() as connection:
        known = {label.item_id: label.value for label in labels.read(connection, campaign)}
    assert known == {item: tuple(truth[item]) for item in known}
    assert len(known) == 12
    said = assemble.account_of(Workspace.of(path), campaign)
    assert {point.metric for point in said.curve} == {"accuracy"}
    shown = [
        result["value"]["choices"]
        for task in tasks_of(studio, project_of(path))
        for prediction in task["predictions"]
        for result in prediction["result"]
    ]
    assert shown
    assert {name for names in shown for name in names} <= {"ant", "bee", "cat"}


def look(path: Path, campaign: str) -> None:
    with driving(path, campaign) as opened:
        drive(opened, wait=False)


def truth_of(path: Path) -> Mapping[str, list[str]]:
    with (data_of(path) / "truth.csv").open(encoding="utf-8") as file:
        return {row["id"]: names_in_cell(row["label"]) for row in csv.DictReader(file)}


def project_of(path: Path) -> int:
    with ledger_of(path) as ledger, ledger.read() as connection:
        return int(connection.scalar(select(campaigns.c.project))["id"])


def answer_all(
    studio: Studio, person: Person, project: int, truth: Mapping[str, list[str]]
) -> None:
    """Let a person answer whatever waits."""
    tags = {"from_name": "label", "to_name": "item", "type": "choices"}
    with studio.client(person.token) as browser:
        for task in tasks_of(studio, project):
            names = truth[task["data"]["al_item"]]
            if not task["annotations"]:
                result = [tags | {"value": {"choices": names}}] if names else []
                path = f"/api/tasks/{task['id']}/annotations/"
                browser.post(path, json={"result": result}).raise_for_status()

"""Gold and adjudication in a real Label Studio, from the first ruling to how right people are."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from auto_labeling.campaign.driver import drive
from auto_labeling.campaign.schema import asks, campaigns, gold, labels
from auto_labeling.studio import Person, Studio
from tests.studio.room import begin
from tests.support.campaigns import CLASSES, data_of, driving, ledger_of
from tests.support.examination import examined
from tests.support.gold import accuracy_on_gold
from tests.support.studio import tasks_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
Task = Mapping[str, Any]


class Floor:
    """A campaign, its project, and people who do what their tabs show."""

    def __init__(self, path: Path, studio: Studio, campaign: str) -> None:
        self.path, self.studio, self.campaign = path, studio, campaign
        with (data_of(path) / "truth.csv").open(encoding="utf-8") as file:
            self.truth = {row["id"]: row["label"] for row in csv.DictReader(file)}

    def goes_on(self) -> None:
        with driving(self.path, self.campaign) as opened:
            drive(opened, wait=False)

    def rows(self, table: Any, **where: Any) -> list[Any]:
        query = select(table).where(*(table.c[name] == value for name, value in where.items()))
        with ledger_of(self.path) as ledger, ledger.read() as connection:
            return list(connection.execute(query))

    def tasks(self) -> list[Task]:
        [row] = self.rows(campaigns)
        return tasks_of(self.studio, int(row.project["id"]))

    def answers(self, person: Person, say: Callable[[str], str]) -> list[Task]:
        """Let a person answer what is in their tab, and return it."""
        tags = {"from_name": "label", "to_name": "item", "type": "choices"}
        theirs = [
            task
            for task in self.tasks()
            if f"|{person.login}|" in task["data"].get("al_assignees", "")
            and person.id not in {one["completed_by"] for one in task["annotations"]}
        ]
        with self.studio.client(person.token) as browser:
            for task in theirs:
                result = [tags | {"value": {"choices": [say(task["data"]["al_item"])]}}]
                path = f"/api/tasks/{task['id']}/annotations/"
                body = {"result": result, "lead_time": 2.0}
                browser.post(path, json=body).raise_for_status()
        return theirs

    def right(self, item: str) -> str:
        return self.truth[item]

    def wrong(self, item: str) -> str:
        return next(name for name in CLASSES if name != self.truth[item])


def test_who_rules_what_is_hidden_and_who_is_right(
    tmp_path: Path, studio: Studio, crew: tuple[Person, ...]
) -> None:
    path, token = tmp_path / "ws", tmp_path / "token"
    token.write_text(studio.token)
    mia, li, sam = crew
    campaign = begin(
        path,
        studio.url,
        token,
        "gold and adjudication",
        people=[
            {"user": mia.login, "role": "adjudicator"},
            {"user": li.login},
            {"user": sam.login},
        ],
        quality={
            "overlap": 2,
            "max_overlap": 2,
            "gold": {"count": 2, "share": "60%"},
            "adjudicators": [mia.login],
            "reserve": "20%",
        },
        strategy={"batch": 4},
        stop={"max_rounds": 2},
    )
    floor = Floor(path, studio, campaign)
    floor.goes_on()
    apart = {row.item for row in floor.rows(gold)}
    assert {task["data"]["al_item"] for task in floor.answers(mia, floor.right)} == apart
    [tied, *_] = [task["data"]["al_item"] for task in floor.answers(li, floor.right)]
    floor.answers(sam, lambda item: floor.wrong(item) if item == tied else floor.right(item))
    floor.goes_on()

    [asked] = floor.answers(mia, floor.right)
    assert asked["data"]["al_item"] == tied
    assert asked["data"]["al_adjudicators"] == f"|{mia.login}|"
    assert len(asked["annotations"]) == 2, "who rules sees the votes"
    floor.goes_on()
    [label] = floor.rows(labels, item=tied)
    assert (label.value, label.confidence, label.votes) == (f'"{floor.right(tied)}"', 1.0, 2)

    hidden = {row.item for row in floor.rows(asks, purpose="gold")}
    assert hidden
    assert hidden <= apart
    now = [task for task in floor.tasks() if not task["annotations"]]
    shown = {task["data"]["al_item"] for task in now}
    assert hidden < shown, "a fresh task, among others"
    assert len({(*sorted(task["data"]), task["overlap"]) for task in now}) == 1
    floor.answers(li, floor.right)
    floor.answers(sam, floor.wrong)
    floor.goes_on()
    for _ in range(3):  # what li and sam disagree on
        floor.answers(mia, floor.right)
        floor.goes_on()
    examined(path, campaign)
    found = accuracy_on_gold(path, campaign)
    with driving(path, campaign) as opened:
        named = {opened.pseudonyms.login_of(person): one.value for person, one in found.items()}
    assert named == {li.login: 1.0, sam.login: 0.0}
    assert not {row.item for row in floor.rows(labels)} & apart
    assert all(floor.right(row.item) == row.value.strip('"') for row in floor.rows(labels))

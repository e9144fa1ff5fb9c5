"""A server behind which one request in five fails, and a campaign that does not notice."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from sqlalchemy import select

from auto_labeling import assemble
from auto_labeling.backends.label_studio import client
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.driver import persist
from auto_labeling.campaign.projection import projection
from auto_labeling.campaign.rounds import Step, next_step
from auto_labeling.campaign.schema import answers, campaigns, quarantine, uploads
from auto_labeling.campaign.steps import ending
from auto_labeling.campaign.transition import state_of
from auto_labeling.errors import TransientError
from auto_labeling.studio import Person, Studio
from auto_labeling.workspace import Workspace
from tests.studio.room import begin
from tests.support.campaigns import CLASSES, data_of
from tests.support.examination import examined
from tests.support.proxy import Fault, Proxy
from tests.support.studio import tasks_of

pytestmark = pytest.mark.timeout(900)

CAMPAIGN = "tiny-0badcafe"
IN_TIME_S = 2.5
"""More than a busy machine needs for most answers."""
SEEDS = [
    pytest.param(seed, marks=pytest.mark.slow if seed < 3 else pytest.mark.soak)
    for seed in range(30)
]


@dataclass
class Town:
    """People who act in a project, always the same, between the driver's steps."""

    studio: Studio
    crew: tuple[Person, ...]
    truth: Mapping[str, str]

    def act(self, project: int) -> None:
        """Do what is next on every task; on its oldest copy, as nobody answers the same twice."""
        oldest: dict[str, dict[str, Any]] = {}
        for task in tasks_of(self.studio, project):
            if "al_key" in task["data"]:
                oldest.setdefault(task["data"]["al_key"], task)
        for task in oldest.values():
            self._look_at(task)

    def _look_at(self, task: Mapping[str, Any]) -> None:
        """Two answer; here and there the first thinks again, or they differ and a third decides."""
        item, there = task["data"]["al_item"], task["annotations"]
        habit = crc32(item.encode()) % 4
        if habit == 0 and len(there) == 1 and _choice(there[0]) != self.truth[item]:
            self._say(0, "PATCH", f"/api/annotations/{there[0]['id']}/", self.truth[item])
        elif len(there) < task["overlap"]:
            wrong = (habit, len(there)) in {(0, 0), (1, 1)}
            name = _another(self.truth[item]) if wrong else self.truth[item]
            self._say(len(there), "POST", f"/api/tasks/{task['id']}/annotations/", name)

    def _say(self, person: int, verb: str, path: str, name: str) -> None:
        tags = {"from_name": "label", "to_name": "item", "type": "choices"}
        body = {"result": [tags | {"value": {"choices": [name]}}], "lead_time": 2.0}
        with self.studio.client(self.crew[person].token) as browser:
            browser.request(verb, path, json=body).raise_for_status()


@dataclass(frozen=True)
class Outcome:
    """What a campaign came to."""

    projection: dict[str, Any]
    project: int


def run(path: Path, url: str, town: Town, title: str) -> Outcome:
    """Run a campaign to its end against the server, or what stands in front of it, at `url`."""
    token = path.with_name(f"{path.name}-token")
    token.write_text(town.studio.token)
    begin(
        path,
        url,
        token,
        title,
        campaign_id=CAMPAIGN,
        backend={"timeout_s": IN_TIME_S},
        strategy={"batch": 4},
        stop={"max_rounds": 2},
        quality={"overlap": 2, "max_overlap": 3},
        preannotate={"blind": "0%"},
    )
    with (data_of(path) / "truth.csv").open(encoding="utf-8") as file:
        town.truth = {row["id"]: row["label"] for row in csv.DictReader(file)}
    while not _driven(path, town):
        pass
    with opened(path) as campaign:
        return Outcome(projection(campaign.ledger, CAMPAIGN), _project(campaign))


def opened(path: Path) -> Any:
    """Open the campaign, to look at it."""
    return assemble.opened(Workspace.of(path), CAMPAIGN)


def _driven(path: Path, town: Town) -> bool:
    """Drive until the campaign stops or the driver gives up; whether it stopped."""
    workspace = Workspace.of(path)
    with (
        assemble.held(workspace, CAMPAIGN) as fence,
        assemble.opened(workspace, CAMPAIGN, fence=fence) as held,
    ):
        campaign = replace(held, pause=lambda seconds: None)
        while step := next_step(state_of(campaign.ledger, CAMPAIGN)):
            if step is Step.COLLECT:
                town.act(_project(campaign))
            try:
                persist(campaign, step)
            except TransientError:
                return False
    return True


def _project(campaign: Campaign) -> int:
    with campaign.ledger.read() as connection:
        return int(connection.scalar(select(campaigns.c.project))["id"])


def _another(name: str) -> str:
    return CLASSES[(CLASSES.index(name) + 1) % len(CLASSES)]


def _choice(annotation: Mapping[str, Any]) -> str:
    return str(annotation["result"][0]["value"]["choices"][0])


@pytest.fixture(scope="module")
def calm(
    studio: Studio, crew: tuple[Person, ...], tmp_path_factory: pytest.TempPathFactory
) -> Outcome:
    """The campaign as it goes where nothing fails."""
    path = tmp_path_factory.mktemp("calm") / "workspace"
    return run(path, studio.url, Town(studio, crew, {}), "nothing fails")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_campaign_goes_on_as_if_nothing_had_failed(
    studio: Studio,
    crew: tuple[Person, ...],
    calm: Outcome,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    # Or an import that is never answered would hold the test up for a quarter of an hour.
    monkeypatch.setattr(client, "_IMPORT_S", IN_TIME_S)
    path = tmp_path / "workspace"
    with Proxy(studio.url, seed=seed, first={"/import": Fault.LATE}) as proxy:
        found = run(path, proxy.url, Town(studio, crew, {}), f"everything fails {seed}")
        proxy.calm_down()
        look_again(path)
        examined(path, CAMPAIGN)
    assert proxy.failed.total() > 10
    assert found.projection == calm.projection
    tasks = tasks_of(studio, found.project)
    assert any("al_withdrawn" in task["data"] for task in tasks)  # what arrived late
    expect_one_live_copy(path, tasks)
    expect_every_answer(path, tasks)


def look_again(path: Path) -> None:
    """Look a last time, as a finished campaign does whenever it is run."""
    workspace = Workspace.of(path)
    with (
        assemble.held(workspace, CAMPAIGN) as fence,
        assemble.opened(workspace, CAMPAIGN, fence=fence) as campaign,
    ):
        ending.look_again(campaign)


def expect_one_live_copy(path: Path, tasks: list[dict[str, Any]]) -> None:
    """Every upload that was not withdrawn is there once: as a task, or on one that it joined."""
    with opened(path) as campaign, campaign.ledger.read() as connection:
        wanted = connection.scalars(
            select(uploads.c.upload).where(uploads.c.cancelled_at.is_(None))
        )
        keys = sorted(wanted)
    live = [task["data"] for task in tasks if "al_key" in task["data"]]
    more = " ".join(data.get("al_more", "") for data in live).split()
    assert more
    assert sorted([data["al_key"] for data in live] + [one.split(":")[0] for one in more]) == keys


def expect_every_answer(path: Path, tasks: list[dict[str, Any]]) -> None:
    """Each answer on the server counts, in its last version, and none was put aside."""
    with opened(path) as campaign, campaign.ledger.read() as connection:
        current = connection.execute(select(answers).where(answers.c.current)).all()
        assert connection.execute(select(quarantine)).all() == []
    given = Counter(
        (str(one["id"]), f'"{_choice(one)}"') for task in tasks for one in task["annotations"]
    )
    assert given
    assert Counter((row.answer_id, row.value) for row in current) == given


def test_every_fault_is_drawn() -> None:
    with Proxy("http://127.0.0.1:1", seed=0, share=1.0) as proxy:
        drawn = {proxy.fate("/") for _ in range(100)}
    assert drawn == set(Fault)

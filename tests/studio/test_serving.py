"""`auto-label serve`, called by a real Label Studio."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from label_studio_sdk import LabelStudio
from sqlalchemy import select

from auto_labeling.campaign.schema import campaigns, items
from auto_labeling.cli.serve import KEPT_IN
from auto_labeling.records import Side
from auto_labeling.serving.app import CAMPAIGN_HEADER
from auto_labeling.serving.interim import Interim
from auto_labeling.serving.secret import HEADER, USER
from auto_labeling.studio import Person, Studio
from tests.support.campaigns import data_of, ledger_of, tiny
from tests.support.served import PATIENCE_S, Driver, Served, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LONG_S = 3600


class Office(Driver):
    """A campaign in a project of a real server, whose people answer at once or not at all."""

    def __init__(self, folder: Path, studio: Studio, crew: tuple[Person, ...]) -> None:
        self.studio = studio
        self.crew = crew
        path = folder / "workspace"
        token = folder / "token"
        token.write_text(studio.token)
        campaign = tiny(
            path,
            backend={
                "kind": "label_studio",
                "url": studio.url,
                "token": {"file": str(token)},
                "truth": None,
                "annotators": None,
            },
            stop={"max_rounds": 6},
            wait={"poll_s": LONG_S},
        )
        super().__init__(path, campaign)
        with (data_of(self.path) / "truth.csv").open(encoding="utf-8") as file:
            self.truth = {row["id"]: row["label"] for row in csv.DictReader(file)}
        self.served = Served(path)

    @property
    def secret(self) -> str:
        return (self.path / KEPT_IN).read_text().strip()

    @property
    def project(self) -> int:
        with ledger_of(self.path) as ledger, ledger.read() as connection:
            return int(connection.scalar(select(campaigns.c.project))["id"])

    def judges(self) -> set[str]:
        """Return the items that judge the model."""
        with ledger_of(self.path) as ledger, ledger.read() as connection:
            return set(connection.scalars(select(items.c.item).where(items.c.side == Side.CONTROL)))

    def tasks(self, **told: Any) -> list[dict[str, Any]]:
        with self.studio.client() as admin:
            params = {"project": self.project, "fields": "all", "page_size": 500, **told}
            found: list[dict[str, Any]] = (
                admin.get("/api/tasks/", params=params).raise_for_status().json()["tasks"]
            )
        return found

    def answer_all(self, tasks: Sequence[Mapping[str, Any]] | None = None) -> None:
        """Answer these tasks, or every one that nobody has answered."""
        choice = {"from_name": "label", "to_name": "item", "type": "choices"}
        with self.studio.client(self.crew[0].token) as person:
            for task in self.tasks() if tasks is None else tasks:
                if not task["annotations"]:
                    names = [self.truth[task["data"]["al_item"]]]
                    body = {"result": [choice | {"value": {"choices": names}}]}
                    person.post(f"/api/tasks/{task['id']}/annotations/", json=body)

    def hooks(self) -> list[dict[str, Any]]:
        with self.studio.client() as admin:
            told = {"project": self.project}
            found: list[dict[str, Any]] = admin.get("/api/webhooks/", params=told).json()
        return found

    def shown(self) -> str:
        """Return the version of the predictions that the project shows."""
        with self.studio.client() as admin:
            return str(admin.get(f"/api/projects/{self.project}/").json()["model_version"])


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory,
    studio: Studio,
    crew: tuple[Person, Person, Person],
) -> Iterator[Office]:
    """A campaign with a round behind it, served: starting all of it takes a while."""
    made = Office(tmp_path_factory.mktemp("serving"), studio, crew)
    made.look()
    made.answer_all()
    made.look()
    made.served.start()
    yield made
    made.served.kill()


@pytest.fixture
def trained(office: Office) -> Office:
    """The office while a round waits for people, and nobody drives."""
    wait_for(lambda: not office.is_driven(), "nobody drives")
    wait_for(lambda: office.hooks() != [], "the webhook is made")
    office.look()
    assert office.is_sent(office.round())
    return office


@contextmanager
def sdk_of(studio: Studio) -> Iterator[Any]:
    """Yield Label Studio's own client."""
    make: Any = LabelStudio
    with httpx.Client(timeout=60, trust_env=False) as http:
        yield make(base_url=studio.url, api_key=studio.token, httpx_client=http)


def test_the_model_answers_for_label_studio(trained: Office) -> None:
    with sdk_of(trained.studio) as sdk:
        made = sdk.ml.create(
            project=trained.project,
            url=trained.served.url,
            title="auto-labeling",
            auth_method="BASIC_AUTH",
            basic_auth_user=USER,
            basic_auth_pass=trained.secret,
        )
        assert made.readable_state == "Connected"
        assert made.model_version.startswith("tiny-")
        assert len(trained.hooks()) == 1, "the ML backend brought none with a payload"
        expect_predictions(trained, made.model_version)
        expect_training(trained, sdk, made.id)


def expect_predictions(office: Office, version: str) -> None:
    waiting = [task for task in office.tasks() if not task["annotations"]]
    assert len(waiting) == 6
    with office.studio.client() as admin:  # opening a task asks for its prediction
        task = admin.get(f"/api/tasks/{waiting[0]['id']}/").raise_for_status().json()
    assert [one["model_version"] for one in task["predictions"]] == [version]
    # The others are fetched without anybody's asking, and the project goes by them.
    wait_for(lambda: office.shown() == version, "the project shows the new model")
    judges, scores = office.judges(), {}
    for task in office.tasks():
        if not task["annotations"]:
            # Two where it was opened while all were fetched: the server does not look twice.
            assert {one["model_version"] for one in task["predictions"]} == {version}
            one = task["predictions"][0]
            assert bool(one["result"]) == (task["data"]["al_item"] not in judges)
            scores[task["id"]] = one["score"]
    assert len(set(scores.values())) > 1
    shown = [task["id"] for task in in_uncertainty_order(office) if task["id"] in scores]
    assert [scores[task] for task in shown] == sorted(scores.values())


def in_uncertainty_order(office: Office) -> list[dict[str, Any]]:
    """Return the tasks of a tab that is ordered by prediction score, least sure first."""
    data = {"title": "least sure first", "ordering": ["tasks:predictions_score"]}
    with office.studio.client() as admin:
        view = admin.post("/api/dm/views/", json={"project": office.project, "data": data})
    return office.tasks(view=view.raise_for_status().json()["id"])


def expect_training(office: Office, sdk: Any, backend: int) -> None:
    waiting = [task for task in office.tasks() if not task["annotations"]]
    office.answer_all(waiting[:3])
    sdk.ml.train(backend)
    wait_for(lambda: office.served.health()["training"] == "done", "it has trained")
    served = f"tiny-{trained_between_rounds(office)[:12]}"
    wait_for(lambda: sdk.ml.get(backend).model_version == served, "the model is served")
    wait_for(lambda: office.shown() == served, "the project shows it")
    still = {task["id"] for task in waiting[3:]}
    for task in office.tasks():
        versions = {one["model_version"] for one in task["predictions"]}
        assert len(versions) == 2 or task["id"] not in still


def trained_between_rounds(office: Office) -> str:
    """Return the sha256 of the model that was asked for."""
    made = Interim.read(office.workspace.campaign(office.campaign))
    assert made is not None
    return made.model


def test_an_answer_wakes_a_driver_that_waits_for_an_hour(trained: Office) -> None:
    number = trained.round()
    trained.driving.clear()
    driver = threading.Thread(target=trained.look, kwargs={"wait": True, "max_rounds": 1})
    driver.start()
    assert trained.driving.wait(PATIENCE_S)
    trained.answer_all()
    driver.join(PATIENCE_S)
    assert not driver.is_alive()
    assert trained.round() == number + 1


def test_where_no_driver_waits_an_answer_brings_a_tick(trained: Office) -> None:
    number = trained.round()
    trained.answer_all()
    wait_for(lambda: trained.is_sent(number + 1), "a tick was made")


def test_strangers_are_refused(trained: Office) -> None:
    told = {"action": "ANNOTATION_CREATED"}
    for headers in ({}, {HEADER: "a guess"}):
        for path in ("webhook", "webhooks/label-studio", "train"):
            address = f"{trained.served.url}/{path}"
            answer = httpx.post(
                address, json=told, headers=headers, trust_env=False, timeout=PATIENCE_S
            )
            assert answer.status_code == 401


def test_a_webhook_is_made_once(trained: Office) -> None:
    [hook] = trained.hooks()
    assert hook["headers"] == {HEADER: trained.secret, CAMPAIGN_HEADER: trained.campaign}
    assert (hook["send_payload"], hook["send_for_all_actions"]) == (False, False)
    assert trained.secret not in trained.served.leave()
    stale = {**hook["headers"], HEADER: "an older one"}
    with trained.studio.client() as admin:
        told = {name: hook[name] for name in ("project", "url", "send_payload", "actions")}
        admin.post("/api/webhooks/", json={**told, "headers": stale}).raise_for_status()
    assert len(trained.hooks()) == 2
    trained.served.start()
    wait_for(lambda: len(trained.hooks()) == 1, "the stale one is gone")
    assert trained.hooks() == [hook]
    trained.served.leave()
    (trained.path / KEPT_IN).unlink()
    trained.served.start()
    # Between the two there is none, and for a moment the old one without its actions.
    wait_for(lambda: {one["id"] for one in trained.hooks()} - {hook["id"]}, "it is made anew")
    [other] = trained.hooks()
    assert other["headers"][HEADER] == trained.secret != hook["headers"][HEADER]

"""A workspace with tiny campaigns, and the application that serves it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from auto_labeling import assemble
from auto_labeling.campaign.schema import campaigns, uploads
from auto_labeling.campaign.waking import FileWaker
from auto_labeling.records import CampaignId
from auto_labeling.serving.app import Service, make_app
from auto_labeling.serving.errands import Errands
from auto_labeling.serving.register import Register
from auto_labeling.serving.secret import HEADER, Secret
from auto_labeling.serving.shelf import Shelf
from auto_labeling.workspace import Workspace

SECRET = "a secret of these tests"
SIGNING = "not-a-secret"
HOSTS = ("http://one.lan:8080", "http://two.lan/studio")


@dataclass
class Counter:
    """A served workspace, and what it sent out for."""

    workspace: Workspace
    sent: list[tuple[str, CampaignId]] = field(default_factory=list)
    errand_succeeds: bool = True

    def __post_init__(self) -> None:
        self.ledger = assemble.open_ledger(self.workspace)
        self.register = Register(self.ledger)
        opened = partial(assemble.opened, self.workspace)
        self.shelf = Shelf(self.workspace, self.ledger, opened)
        self.errands = Errands(self._send, is_driven=self.register.is_driven, rest_s=0.01)
        self.waker = FileWaker(self.workspace, lambda _: None)
        self.client = TestClient(
            make_app(
                Service(
                    secret=Secret(SECRET),
                    signing=Secret(SIGNING),
                    register=self.register,
                    shelf=self.shelf,
                    errands=self.errands,
                    waker=self.waker,
                )
            ),
            headers={HEADER: SECRET},
            raise_server_exceptions=False,
        )

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        """Call an endpoint with the secret."""
        return self.client.post(path, json=body if body is not None else {}, **more)

    def predict(self, tasks: list[Mapping[str, Any]], **more: Any) -> list[dict[str, Any]]:
        """Ask for predictions, and return them."""
        answer = self.post("/predict", {"tasks": tasks, **more})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["results"]
        return found

    def key_of(self, campaign: CampaignId) -> str:
        """Return the key of an upload of a campaign."""
        with self.ledger.read() as connection:
            query = select(uploads.c.upload).where(uploads.c.campaign == campaign).limit(1)
            return str(connection.scalar(query))

    def put_into(self, campaign: CampaignId, project: int, host: str = HOSTS[0]) -> None:
        """Write that a campaign lives in a project of a Label Studio."""
        told = {"id": str(project), "url": f"{host}/projects/{project}"}
        with self.ledger.write() as connection:
            connection.execute(
                update(campaigns).where(campaigns.c.campaign == campaign).values(project=told)
            )

    def _send(self, errand: str, campaign: CampaignId) -> bool:
        self.sent.append((errand, campaign))
        return self.errand_succeeds


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    made = Counter(Workspace.of(tmp_path / "workspace"))
    yield made
    made.errands.close()
    made.ledger.close()

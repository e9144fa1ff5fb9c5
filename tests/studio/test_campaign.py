"""A whole campaign on a real Label Studio, with everything happening to it that happens."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from auto_labeling import assemble
from auto_labeling.campaign import intake
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.rounds import RoundState
from auto_labeling.campaign.schema import answers, asks, budgets, campaigns, rounds, uploads
from auto_labeling.campaign.transition import state_of
from auto_labeling.studio import Studio, sign_up, start
from auto_labeling.workspace import Workspace
from tests.studio.crowd import Act, Worker
from tests.support.campaigns import CLASSES, data_of, ledger_of, tiny
from tests.support.studio import require_studio

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PATIENCE_S = 240
DRIVES = """
import sys, time
from pathlib import Path
from auto_labeling import assemble
from auto_labeling.campaign.driver import drive
from auto_labeling.errors import TransientError
from auto_labeling.workspace import Workspace

workspace, campaign = Workspace.of(Path(sys.argv[1])), sys.argv[2]
while True:
    try:
        with assemble.held(workspace, campaign) as fence:
            with assemble.opened(workspace, campaign, fence=fence) as opened:
                drive(opened)
        break
    except TransientError:
        time.sleep(0.5)
"""


class Office:
    """A server that can fall over, a driver that can be killed, and four people."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace = folder / "workspace"
        self.studio: Studio = start(folder / "studio")
        self.people = [
            sign_up(self.studio, f"{name}@example.org") for name in ("mia", "li", "sam", "kim")
        ]
        self.driver: subprocess.Popen[bytes] | None = None
        self.done = threading.Event()
        self.threads: list[threading.Thread] = []

    def begin(self) -> None:
        """Begin a campaign of four rounds with three opinions an item."""
        token = self.folder / "token"
        token.write_text(self.studio.token)
        self.campaign = tiny(
            self.workspace,
            backend={
                "kind": "label_studio",
                "url": self.studio.url,
                "token": {"file": str(token)},
                "truth": None,
                "annotators": None,
            },
            strategy={"batch": 3},
            quality={"overlap": 3},
            stop={"max_rounds": 4},
            wait={"poll_s": 0.5},
        )
        with (data_of(self.workspace) / "truth.csv").open(encoding="utf-8") as file:
            self.truth = {row["id"]: row["label"] for row in csv.DictReader(file)}

    def drive(self) -> None:
        """Start a driver in a process of its own."""
        words = [sys.executable, "-c", DRIVES, str(self.workspace), self.campaign]
        self.driver = subprocess.Popen(words)

    def kill_driver(self) -> None:
        """Kill it, and start another."""
        assert self.driver is not None
        self.driver.send_signal(signal.SIGKILL)
        self.driver.wait()
        self.drive()

    def power_cut(self) -> None:
        """Kill the server, and start it again where it was."""
        port = self.studio.port
        self.studio.kill()
        time.sleep(1)
        self.studio = start(self.folder / "studio", port=port)

    def open_doors(self, acts: Mapping[str, Mapping[str, Act]]) -> list[Worker]:
        """Let everybody work, each in a thread; `acts` by name, then item."""
        workers = [
            Worker(
                person=person,
                url=self.studio.url,
                project=self.project,
                truth=self.truth,
                acts=dict(acts.get(person.login.partition("@")[0], {})),
                further=person.login.startswith("kim"),
            )
            for person in self.people
        ]
        self.threads = [threading.Thread(target=w.work, args=(self.done,)) for w in workers]
        for thread in self.threads:
            thread.start()
        return workers

    def close(self) -> None:
        """Send everybody home."""
        self.done.set()
        for thread in self.threads:
            thread.join()
        if self.driver is not None and self.driver.poll() is None:
            self.driver.kill()
            self.driver.wait()
        self.studio.stop()

    @property
    def project(self) -> int:
        with ledger_of(self.workspace) as ledger, ledger.read() as connection:
            return int(connection.scalar(select(campaigns.c.project))["id"])

    def round(self) -> int:
        with ledger_of(self.workspace) as ledger, ledger.read() as connection:
            return int(connection.scalar(select(func.max(rounds.c.number))) or 0)

    def items(self) -> list[str]:
        """Return what the first round asks about."""
        with ledger_of(self.workspace) as ledger, ledger.read() as connection:
            return sorted(set(connection.scalars(select(asks.c.item).where(asks.c.round == 1))))

    def sent(self) -> bool:
        """Whether the first round is in the tool."""
        with ledger_of(self.workspace) as ledger:
            return state_of(ledger, self.campaign).state is RoundState.SENT

    def knows(self, annotation: int) -> bool:
        """Whether the ledger has an answer."""
        with ledger_of(self.workspace) as ledger, ledger.read() as connection:
            query = select(answers.c.seq).where(answers.c.answer_id == str(annotation))
            return connection.scalar(query) is not None

    def votes(self) -> dict[tuple[str, str], str]:
        """Return (item, login) -> the answer that counts."""
        who = {pseudonym: login for login, pseudonym in self.logins().items()}
        with ledger_of(self.workspace) as ledger, ledger.read() as connection:
            query = select(answers).where(
                answers.c.current, answers.c.kind == "answer", ~answers.c.unsolicited
            )
            rows = connection.execute(query).all()
        return {(row.item, who[row.person]): str(intake.decode(row.value)) for row in rows}

    def kinds(self) -> set[str]:
        """Return what was ever recorded of answers."""
        with ledger_of(self.workspace) as ledger, ledger.read() as connection:
            return set(connection.scalars(select(answers.c.kind)))

    def logins(self) -> dict[str, str]:
        """Return login -> pseudonym."""
        stored = Workspace.of(self.workspace).people(self.campaign).read_text(encoding="utf-8")
        return dict(json.loads(stored)["people"])


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    require_studio()
    office = Office(tmp_path)
    try:
        yield office
    finally:
        office.close()


def wait_for(true: Callable[[], bool], what: str) -> None:
    """Return once it is true, or fail."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(0.2)


def test_four_rounds_through_everything_that_happens(office: Office) -> None:
    office.begin()
    office.drive()
    wait_for(office.sent, "the first round is in the tool")
    edited, skipped, overwritten = office.items()
    mia, li, *_ = office.people

    def edits(worker: Worker, task: Mapping[str, Any]) -> bool:
        mine = worker.by(task, mia.id)
        if not mine:
            worker.answer(task, office.truth[edited])
        elif office.knows(mine[0]["id"]):
            worker.change(mine[0]["id"], another(office.truth[edited]))
            worker.given[edited] = another(office.truth[edited])
            return True
        return False

    def skips(worker: Worker, task: Mapping[str, Any]) -> bool:
        worker.answer(task, "", was_cancelled=True)
        return True

    def overwrites(worker: Worker, task: Mapping[str, Any]) -> bool:
        theirs = worker.by(task, mia.id)
        if not theirs or not office.knows(theirs[0]["id"]):
            return False
        worker.change(theirs[0]["id"], another(office.truth[overwritten]))
        return True

    def deletes(worker: Worker, task: Mapping[str, Any]) -> bool:
        theirs = worker.by(task, li.id)
        if not theirs or not office.knows(theirs[0]["id"]):
            return False
        worker.delete(theirs[0]["id"])
        return True

    workers = office.open_doors(
        {
            "mia": {edited: edits},
            "li": {skipped: skips},
            "sam": {overwritten: overwrites, edited: deletes},
        }
    )
    wait_for(lambda: office.round() >= 2, "the second round begins")
    office.kill_driver()
    office.power_cut()
    wait_for(lambda: office.round() >= 3, "the third round begins")
    office.power_cut()
    office.kill_driver()
    assert office.driver is not None
    assert office.driver.wait(PATIENCE_S) == 0
    office.done.set()
    for thread in office.threads:
        thread.join()

    expected = {
        (item, worker.person.login): name
        for worker in workers
        for item, name in worker.given.items()
    }
    assert office.votes() == expected
    assert expected[edited, mia.login] != office.truth[edited]
    assert office.kinds() >= {"answer", "skip", "overwrite"}
    assert office.round() == 4
    with assemble.opened(Workspace.of(office.workspace), office.campaign) as campaign:
        expect_one_live_copy(campaign)
        expect_caps_held(campaign)


def another(name: str) -> str:
    """Return a class that it is not."""
    return next(one for one in CLASSES if one != name)


def expect_one_live_copy(campaign: Campaign) -> None:
    with campaign.ledger.read() as connection:
        keys = connection.scalars(select(uploads.c.upload).where(uploads.c.cancelled_at.is_(None)))
        wanted = set(keys)
    found = campaign.backend.find(wanted)
    assert {key: len(copies) for key, copies in found.items()} == dict.fromkeys(wanted, 1)


def expect_caps_held(campaign: Campaign) -> None:
    with campaign.ledger.read() as connection:
        row = connection.execute(select(budgets)).one()
        paid = connection.scalar(
            select(func.count()).where(
                answers.c.current, answers.c.kind == "answer", ~answers.c.unsolicited
            )
        )
    assert row.reserved_answers == 0
    assert row.committed_answers == paid
    assert row.committed_answers <= row.cap_answers
    assert row.committed_micros <= row.cap_micros

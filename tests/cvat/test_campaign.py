"""A whole campaign in a CVAT, with everything happening to it that happens."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from auto_labeling.backends.cvat.jobs import opinions
from auto_labeling.backends.cvat.seen import Seen
from auto_labeling.campaign import intake
from auto_labeling.campaign.driver import perform
from auto_labeling.campaign.rounds import RoundState, Step
from auto_labeling.campaign.schema import answers, campaigns, quarantine, uploads
from auto_labeling.campaign.transition import state_of
from auto_labeling.workspace import Workspace
from tests.cvat.campaigns import CAMPAIGN, Desk, begin, key_in, other, ours, peopled
from tests.cvat.crowd import Act, Worker
from tests.cvat.people import Office
from tests.support.campaigns import drive_until, driving, ledger_of
from tests.support.cvat_server import CvatServer
from tests.support.examination import examined

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

PATIENCE_S = 240
DRIVES = """
import os, signal, sys, time
from pathlib import Path
from auto_labeling import assemble
from auto_labeling.backends.cvat.client import Client
from auto_labeling.campaign.driver import drive
from auto_labeling.campaign.steps import collecting
from auto_labeling.errors import BlockedError, TransientError
from auto_labeling.workspace import Workspace

def dies(*told, **more):
    os.kill(os.getpid(), signal.SIGKILL)

workspace, campaign = Workspace.of(Path(sys.argv[1])), sys.argv[2]
collecting.REPAIR_EVERY = 1_000_000  # what somebody deletes is made again at once
for call in sys.argv[3:]:
    setattr(Client, call, dies)
while True:
    try:
        with assemble.held(workspace, campaign) as fence:
            with assemble.opened(workspace, campaign, fence=fence) as opened:
                drive(opened)
        break
    except (BlockedError, TransientError):
        time.sleep(0.2)
"""


class House:
    """A server that can be stopped, a driver that can be killed, and three people."""

    def __init__(self, folder: Path, server: CvatServer, office: Office) -> None:
        self.path = folder / "workspace"
        self.server = server
        self.office = office
        self.driver: subprocess.Popen[bytes] | None = None
        self.done = threading.Event()
        self.workers: list[Worker] = []
        self.threads: list[threading.Thread] = []

    def begin(self) -> None:
        """Begin a campaign of four rounds with two opinions an item."""
        self.truth = begin(
            self.path,
            self.office,
            backend={"items_per_job": 3},
            strategy={"batch": 6},
            quality={"overlap": 2},
            budget={"answers": 90},
            stop={"max_rounds": 4},
            wait={"poll_s": 0.3},
            preannotate={"blind": "0%"},
        )

    def drive(self, *deadly: str) -> subprocess.Popen[bytes]:
        """Start a driver in a process of its own, which dies when it makes one of these calls."""
        words = [sys.executable, "-c", DRIVES, str(self.path), CAMPAIGN, *deadly]
        self.driver = subprocess.Popen(words)
        return self.driver

    def kill_driver(self) -> None:
        """Kill it wherever it is."""
        assert self.driver is not None
        self.driver.kill()
        assert self.driver.wait() == -signal.SIGKILL

    def falls(self, deadly: str) -> list[dict[str, Any]]:
        """Let a driver die at a call, and return the tasks that it leaves half made."""
        assert self.drive(deadly).wait(PATIENCE_S) == -signal.SIGKILL
        return [task for task in self.tasks() if "being made" in task["name"]]

    def is_finished(self, task: Mapping[str, Any]) -> bool:
        """Whether people have finished all jobs of a task."""
        jobs = opinions(self.office.jobs(task["id"]))
        return {job["state"] for job in jobs} == {"completed"}

    def power_cut(self) -> None:
        """Stop the server until everybody has noticed, and start it again."""
        before = [worker.missed for worker in self.workers]
        self.server.stop()
        wait_for(
            lambda: all(
                worker.missed > missed for worker, missed in zip(self.workers, before, strict=True)
            ),
            "everybody misses the server",
        )
        self.server.start()

    def relabel(self, number: int, name: str) -> None:
        """Change the name of a label, as anybody can who leads the project."""
        labels = [{"id": number, "name": name}]
        self.office.call("PATCH", f"/api/projects/{self.project}", {"labels": labels})

    def open_doors(self, acts: Mapping[int, Act]) -> None:
        """Let everybody work, each in a thread; `acts` by job."""
        labels = self.office.labels(self.project)
        for who in self.office.crew:
            desk = Desk(self.office, who, labels)
            self.workers.append(Worker(desk, self.truth, dict(acts)))
            thread = threading.Thread(target=self.workers[-1].work, args=(self.done,))
            self.threads.append(thread)
            thread.start()

    def go_home(self) -> None:
        """Send everybody home."""
        self.done.set()
        for thread in self.threads:
            thread.join()

    def close(self) -> None:
        self.go_home()
        if self.driver is not None and self.driver.poll() is None:
            self.driver.kill()
            self.driver.wait()

    @property
    def project(self) -> int:
        return int(self.field(campaigns.c.project)["id"])

    def tasks(self) -> list[dict[str, Any]]:
        return self.office.tasks(self.project)

    def field(self, column: Any) -> Any:
        """Return a field of the campaign's row."""
        with ledger_of(self.path) as ledger, ledger.read() as connection:
            return connection.scalar(select(column))

    def rows(self, table: Any) -> list[Any]:
        with ledger_of(self.path) as ledger, ledger.read() as connection:
            return list(connection.execute(select(table)).all())

    def state(self) -> Any:
        with ledger_of(self.path) as ledger:
            return state_of(ledger, CAMPAIGN)

    def knows(self, job: Mapping[str, Any]) -> bool:
        """Whether the ledger has what was said in a job."""
        return any(row.answer_id == f"{job['id']}.0" for row in self.rows(answers))

    def has_looked(self, since: str) -> bool:
        """Whether the driver has polled what was there at a time of the server's."""
        return Seen.parse(self.field(campaigns.c.cursor)).latest >= since

    def logins(self) -> dict[str, str]:
        """Return pseudonym -> login."""
        stored = Workspace.of(self.path).people(CAMPAIGN).read_text(encoding="utf-8")
        return {pseudonym: login for login, pseudonym in json.loads(stored)["people"].items()}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with peopled() as (server, office):
        house = House(tmp_path, server, office)
        try:
            yield house
        finally:
            house.close()


def wait_for(true: Callable[[], bool], what: str) -> None:
    """Return once it is true, or fail."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, f"waited in vain until {what}"
        time.sleep(0.1)


def test_four_rounds_through_everything_that_happens(house: House) -> None:
    house.begin()
    [empty] = house.falls("upload")
    assert "size" not in empty  # it has no pictures yet
    filled, *_ = house.falls("change_task")
    assert filled["size"] == 3
    assert key_in(filled) == key_in(empty)
    assert filled["id"] != empty["id"]

    house.drive()
    wait_for(lambda: house.state().state is RoundState.SENT, "the first round is in the tool")
    thought_of, removed = house.tasks()
    edits_in, drafts_in = opinions(house.office.jobs(thought_of["id"]))
    answered_in, waits_in = opinions(house.office.jobs(removed["id"]))
    drafts: list[str] = []

    def edits(worker: Worker, job: Mapping[str, Any]) -> bool:
        right = worker.right(job)
        if job["state"] != "completed":
            worker.finish(job, right)
        elif house.knows(job):
            worker.desk.turn(job, "in progress")
            worker.finish(job, {**right, 0: other(right[0])})
            return True
        return False

    def draws_and_leaves_one_untagged(worker: Worker, job: Mapping[str, Any]) -> bool:
        right = worker.right(job)
        if not drafts:
            worker.desk.tag(job, {frame: other(name) for frame, name in right.items()})
            drafts.append(worker.desk.turn(job, "in progress")["updated_date"])
        elif house.has_looked(drafts[0]):
            worker.finish(job, {frame: right[frame] for frame in (0, 2)})
            return True
        return False

    def is_removed_after(worker: Worker, job: Mapping[str, Any]) -> bool:
        if job["state"] != "completed":
            worker.finish(job, worker.right(job))
        elif house.knows(job):
            house.office.call("DELETE", f"/api/tasks/{removed['id']}")
            return True
        return False

    house.open_doors(
        {
            edits_in["id"]: edits,
            drafts_in["id"]: draws_and_leaves_one_untagged,
            answered_in["id"]: is_removed_after,
            waits_in["id"]: lambda worker, job: False,
        }
    )
    wait_for(lambda: house.state().round >= 2, "the second round begins")
    house.kill_driver()
    house.power_cut()
    early, *_ = house.falls("change_task")  # people have it by now, and begin in it
    wait_for(lambda: house.is_finished(early), "people finish what was left half made")
    house.drive()
    dark = house.office.labels(house.project)["dark"]
    house.relabel(dark, "Dark")
    wait_for(lambda: house.state().blocked_reason is not None, "the label is missed")
    assert "expected a label 'dark'" in house.state().blocked_reason
    house.relabel(dark, "dark")
    wait_for(lambda: house.state().round >= 3, "the third round begins")
    house.power_cut()
    house.kill_driver()
    assert house.drive().wait(PATIENCE_S) == 0
    house.go_home()

    assert [worker.troubles for worker in house.workers] == [[], [], []]
    assert house.state().round == 4
    expect_what_was_said(house)
    said = {f"{drafts_in['id']}.{frame}": None for frame in range(3)}
    kinds = Counter(row.kind for row in house.rows(answers) if row.answer_id in said)
    assert kinds == {"answer": 2, "skip": 1}  # and nothing of the draft
    edited = [row.kind for row in house.rows(answers) if row.answer_id == f"{edits_in['id']}.0"]
    assert edited == ["answer", "answer"]
    expect_one_live_task(house, removed)
    assert early["id"] in {task["id"] for task in house.tasks() if ours(task)}
    account = examined(house.path, CAMPAIGN)
    assert account.budget.reserved_answers == 0


def test_what_somebody_does_not_begin_goes_to_somebody_else(house: House) -> None:
    truth = begin(house.path, house.office, wait={"reassign": "1s", "poll_s": 0.1})
    drive_until(house.path, CAMPAIGN, RoundState.SENT)
    [task] = house.tasks()

    def job() -> dict[str, Any]:
        [only] = opinions(house.office.jobs(task["id"]))
        return dict(only)

    first = job()["assignee"]["username"]
    with driving(house.path, CAMPAIGN) as opened:

        def was_handed_over() -> bool:
            perform(opened, Step.COLLECT)
            return bool(job()["assignee"]["username"] != first)

        wait_for(was_handed_over, "somebody else has it")
    [who] = [one for one in house.office.crew if one.name == job()["assignee"]["username"]]
    desk = Desk(house.office, who, house.office.labels(house.project))
    names = {at: truth[one] for at, one in enumerate(desk.pictures(job()))}
    desk.tag(job(), names)
    desk.turn(job(), "completed")
    with driving(house.path, CAMPAIGN) as opened:
        assert perform(opened, Step.COLLECT).wait_until is None
    logins = house.logins()
    given = [(logins[row.person], intake.decode(row.value)) for row in house.rows(answers)]
    assert sorted(given) == sorted((who.name, name) for name in names.values())


def expect_what_was_said(house: House) -> None:
    """Every answer counts as it was last given, by whom it was, and no other."""
    logins = house.logins()
    counted = {
        row.answer_id: (logins[row.person], intake.decode(row.value))
        for row in house.rows(answers)
        if row.current and row.kind == "answer" and not row.unsolicited
    }
    assert counted == {
        f"{job}.{frame}": (worker.desk.who.name, name)
        for worker in house.workers
        for job, names in worker.said.items()
        for frame, name in names.items()
    }
    assert house.rows(quarantine) == []


def expect_one_live_task(house: House, removed: Mapping[str, Any]) -> None:
    """Every key is there once, that of the task that was removed as well, and nothing half made."""
    tasks = house.tasks()
    wanted = [row.upload for row in house.rows(uploads) if row.cancelled_at is None]
    assert sorted(key_in(task) for task in tasks if ours(task)) == sorted(wanted)
    assert key_in(removed) in wanted
    assert removed["id"] not in {task["id"] for task in tasks}
    assert not [task["name"] for task in tasks if "being made" in task["name"]]

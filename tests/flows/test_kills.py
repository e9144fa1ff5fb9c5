from __future__ import annotations

import fcntl
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from auto_labeling.workspace import Workspace
from tests.support.campaigns import data_of
from tests.support.flows import NAME, ROOT, begin, outcome, outcome_without_prefect
from tests.support.stores import copies_in, give_stores

pytestmark = pytest.mark.slow
RUNS = """
import sys
from auto_labeling import launch
from auto_labeling.workspace import Workspace

launch.run_campaign(Workspace.of(sys.argv[1]), sys.argv[2])
"""
PATIENCE_S = 120.0
ROUND_BEGUN = "SELECT 1 FROM picks WHERE round = 1"
UPLOADING = "SELECT 1 FROM uploads WHERE round = 2 AND remote_id IS NULL"
REPORTING = "SELECT 1 FROM log_points WHERE round >= 2 AND tried AND NOT logged"


@dataclass(frozen=True)
class Command:
    """A process that runs the campaign flow, as `auto-label run` does."""

    workspace: Workspace

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", RUNS, str(self.workspace.root), NAME],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def kill_when(self, query: str) -> None:
        """Kill it at the first look at which the ledger says so."""
        process = self.start()
        until = time.monotonic() + PATIENCE_S
        ledger = f"file:{self.workspace.ledger}?mode=ro"
        with closing(sqlite3.connect(ledger, uri=True, timeout=30)) as connection:
            while connection.execute(query).fetchone() is None:
                assert process.poll() is None, process.communicate()[0]
                assert time.monotonic() < until
                time.sleep(0.001)
        process.kill()
        process.communicate()
        assert process.returncode == -signal.SIGKILL

    def has_a_server(self) -> bool:
        """Whether the workspace's server is alive: it holds a lock while it is."""
        with (self.workspace.prefect / "server.url").open("a") as address:
            try:
                fcntl.flock(address, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False


def test_a_flow_that_is_killed_three_times_ends_as_if_it_had_not_been(
    server: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    workspace = Workspace(tmp_path / "workspace")
    begin(workspace, tracking={"kind": "mlflow"})
    give_stores(workspace, tmp_path_factory)
    command = Command(workspace)
    for moment in (ROUND_BEGUN, UPLOADING, REPORTING):
        command.kill_when(moment)
    last = command.start()
    said, _ = last.communicate(timeout=PATIENCE_S)
    assert last.returncode == 0, said
    assert outcome(workspace) == outcome_without_prefect(
        tmp_path / "plain", data_of(workspace.root)
    )
    there = copies_in(f"sqlite:///{workspace.mlflow}", NAME)
    assert set(there.values()) == {1}
    assert {number for number, _, _ in there} == {-1, 1, 2, 3}
    assert workspace.report(NAME).exists()
    assert not command.has_a_server()

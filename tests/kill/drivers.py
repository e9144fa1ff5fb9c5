"""Drivers that can be killed: the test's end of the fork server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATIENCE_S = 120.0


@dataclass(slots=True)
class Tally:
    """What the whole test run did to its campaigns."""

    kills: int = 0
    pauses: int = 0
    resumes: int = 0
    campaigns: int = 0
    looks: int = 0
    mismatches: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"kill test: {self.campaigns} campaigns, {self.kills} kills, {self.pauses} pauses, "
            f"{self.resumes} resumes, {self.looks} looks at the budget, "
            f"{len(self.mismatches)} mismatches"
        )


@dataclass(slots=True)
class Driver:
    """A forked process that drives, or drove, a campaign."""

    server: ForkServer
    pid: int
    diary: Path

    def wait(self, seconds: float = PATIENCE_S, *, strike: bool = False) -> str:
        """Return 'ended', 'killed', 'stopped' or 'running'; with `strike` kill it after `seconds`.

        A driver that is still running, or stopped, can be waited for again.
        """
        asked = {"pid": self.pid, "seconds": seconds, "strike": strike}
        return str(self.server.ask(asked)["state"])

    def go_on(self) -> None:
        """Wake a driver that was stopped."""
        os.kill(self.pid, signal.SIGCONT)

    @property
    def instants(self) -> list[str]:
        """The named instants that it passed."""
        return [line for line in self._lines() if not line.startswith("=")]

    @property
    def outcome(self) -> dict[str, Any]:
        """What it said at its end; empty where it was killed."""
        said = [line for line in self._lines() if line.startswith("=")]
        found: dict[str, Any] = json.loads(said[-1][1:]) if said else {}
        return found

    def _lines(self) -> list[str]:
        return self.diary.read_text(encoding="utf-8").splitlines()


class ForkServer:
    """The process that forks drivers; see `tests.kill.forkserver`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._jobs = 0
        one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kill.forkserver"],
            cwd=Path(__file__).parents[2],
            env=os.environ | one_thread,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()

    def start(self, job: Mapping[str, Any]) -> Driver:
        """Fork a driver for a job."""
        self._jobs += 1
        diary = self._folder / f"diary-{self._jobs:05d}"
        pid = self.ask({"job": {**job, "diary": str(diary)}})["pid"]
        return Driver(server=self, pid=pid, diary=diary)

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send a line and return the answer."""
        if self._process.stdin is None:
            raise RuntimeError("the fork server has no input")
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._read()

    def close(self) -> None:
        """End the server; a driver that is still there ends with its own work."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process.wait(timeout=PATIENCE_S)

    def _read(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            raise RuntimeError(f"the fork server ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer

"""`auto-label serve` as a process of its own, and drivers beside it."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from auto_labeling import assemble
from auto_labeling.campaign.driver import drive
from auto_labeling.campaign.ledger import Fence
from auto_labeling.campaign.rounds import RoundState, Step
from auto_labeling.campaign.transition import state_of
from auto_labeling.errors import LeaseHeld
from auto_labeling.workspace import Workspace
from tests.support.campaigns import ledger_of

PATIENCE_S = 180
"""How long anything may take on a machine that is busy with other things."""


class Served:
    """A workspace, and whoever serves it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.workspace = Workspace.of(path)
        self.url = f"http://127.0.0.1:{_free_port()}"
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start `auto-label serve`, as tools reach it."""
        port = self.url.rpartition(":")[2]
        words = ["serve", "--port", port, "--public-url", self.url, "--plain"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "auto_labeling.cli", *words, "--workspace", str(self.path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        wait_for(self.answers, "it serves")

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def health(self) -> Mapping[str, Any]:
        answer = httpx.get(f"{self.url}/health", trust_env=False, timeout=PATIENCE_S)
        said: Mapping[str, Any] = answer.json()
        return said

    def leave(self) -> str:
        """End it as Ctrl-C does, and return what it said."""
        if self.process is None:
            return ""
        self.process.send_signal(2)
        said, _ = self.process.communicate(timeout=PATIENCE_S)
        assert self.process.returncode == 0, said
        self.process = None
        return said

    def kill(self) -> None:
        """End it, if it is still there."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()


class Driver:
    """Drives one campaign in this process."""

    def __init__(self, path: Path, campaign: str) -> None:
        self.path = path
        self.workspace = Workspace.of(path)
        self.campaign = campaign
        self.driving = threading.Event()
        """Set once it drives, and has looked at the tool."""

    def look(self, *, wait: bool = False, max_rounds: int | None = None) -> None:
        """Drive it, once whoever drives it has ended."""
        with ExitStack() as stack:
            fences: list[Fence] = []

            def is_ours() -> bool:
                with suppress(LeaseHeld):  # by a tick that an answer brought
                    hold = assemble.held(self.workspace, self.campaign)
                    fences.append(stack.enter_context(hold))
                return fences != []

            wait_for(is_ours, "nobody else drives")
            [fence] = fences
            opened = assemble.opened(self.workspace, self.campaign, fence=fence)
            campaign = replace(stack.enter_context(opened), watch=self._note)
            drive(campaign, wait=wait, max_rounds=max_rounds)

    def _note(self, instant: str) -> None:
        if instant == f"{Step.COLLECT}:after":
            self.driving.set()

    def round(self) -> int:
        with ledger_of(self.path) as ledger:
            return state_of(ledger, self.campaign).round

    def is_sent(self, number: int) -> bool:
        with ledger_of(self.path) as ledger:
            state = state_of(ledger, self.campaign)
        return (state.round, state.state) == (number, RoundState.SENT)

    def is_driven(self) -> bool:
        return assemble.driver_of(self.workspace, self.campaign) is not None


def wait_for(true: Callable[[], bool], what: str) -> float:
    """Return after how many seconds it was true, or fail."""
    begun = time.monotonic()
    while not true():
        assert time.monotonic() < begun + PATIENCE_S, f"waited in vain until {what}"
        time.sleep(0.1)
    return time.monotonic() - begun


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])

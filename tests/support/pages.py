"""A page of docs/ as somebody follows it: every block is run, and every act is done."""

from __future__ import annotations

import gc
import io
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from auto_labeling.cli import entry
from auto_labeling.studio.port import bound
from tests.support.served import PATIENCE_S, wait_for

BLOCKS = re.compile(r"^```(python|yaml|sh)\n(.*?)^```$|^<!-- (.*?) -->$", re.DOTALL | re.MULTILINE)
"""What is run, and what people do meanwhile: `(kind, block, act)`."""
SAID = re.compile(r"^print\(.*\)  # (.*)$", re.MULTILINE)
SERVED = "http://127.0.0.1:9090"
"""Where `auto-label serve` is on a page."""
WAITS = 4


class Reader:
    """Somebody who does what a page says, line by line, in an empty folder.

    As a context: what they have left running ends with the block.
    """

    typed = ""
    """What they type where a command asks them."""
    kinds = frozenset({"python", "yaml", "sh", ""})
    """Of which the page has some."""

    def __init__(self, page: Path, until: str = "") -> None:
        self.page = page
        self.until = until
        """The heading at which they stop; '' reads to the end."""
        self.names: dict[str, Any] = {}
        """What Python on the page has named."""
        self.acts: dict[str, Callable[[], object]] = {}
        """What people do, by how the page calls it."""
        self.gone_home = threading.Event()
        self.working: list[Future[None]] = []
        self.running = ExitStack()
        self.port = self.running.enter_context(bound("127.0.0.1", 0)).getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.gone_home.set()
        self.running.close()
        self.names.clear()
        gc.collect()  # now, and not in a test that forbids the connection the SDK leaves open
        for one in self.working:
            one.result()

    def follow(self, places: Mapping[str, str], capsys: pytest.CaptureFixture[str]) -> None:
        """Do all that the page says, with the real addresses in place of those on it."""
        text, heading, _ = self.page.read_text(encoding="utf-8").partition(self.until or "\0")
        assert bool(heading) == bool(self.until), self.page
        for shown, real in {SERVED: f"http://127.0.0.1:{self.port}", **places}.items():
            text = text.replace(shown, real)
        found = BLOCKS.findall(text)
        assert {kind for kind, _, _ in found} == self.kinds, self.page
        for kind, block, act in found:
            if kind == "python":
                self.python(block, capsys)
            elif kind == "yaml":
                Path("campaign.yaml").write_text(block)
            elif kind == "sh":
                self.shell(block)
            else:
                self.acts[act]()

    def python(self, block: str, capsys: pytest.CaptureFixture[str]) -> None:
        """Run a block; every line that it prints is the one that the page says."""
        capsys.readouterr()
        exec(compile(block, self.page.name, "exec"), self.names)
        printed = capsys.readouterr().out.splitlines()
        assert printed == SAID.findall(block), (printed, block)

    def shell(self, block: str) -> None:
        """Run the commands of a block."""
        for line in block.splitlines():
            program, *words = shlex.split(self.typed_here(line), comments=True)
            self.run(program, words, line)

    def typed_here(self, line: str) -> str:
        """Return a command with the numbers that things have here."""
        return line

    def run(self, program: str, words: list[str], line: str) -> None:
        """Run a command; what ends with & is left running."""
        assert program == "auto-label", line
        plain = ["--plain"] if words[0] in ("run", "tick", "serve") else []
        if words[-1] == "&":
            self.leave_running([*words[:-1], *plain, "--port", str(self.port)])
            return
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.stdin", io.StringIO(self.typed))
            assert entry.main([*words, *plain]) in (0, WAITS), line

    def leave_running(self, words: list[str]) -> None:
        """Start a command that serves, and return once it does."""
        with Path("served.log").open("wb") as log:
            command = [sys.executable, "-m", "auto_labeling.cli", *words]
            server = subprocess.Popen(command, stdout=log, stderr=log)
        self.running.callback(end, server)

        def answers() -> bool:
            assert server.poll() is None, Path("served.log").read_text()
            try:
                address = f"http://127.0.0.1:{self.port}/health"
                return httpx.get(address, trust_env=False).is_success
            except httpx.HTTPError:
                return False

        wait_for(answers, "it serves")

    def keep_at_it(self, act: Callable[[], object]) -> None:
        """Do something again and again beside the page, until its end."""

        def work() -> None:
            while not self.gone_home.wait(0.2):
                act()

        people = self.running.enter_context(ThreadPoolExecutor(1))
        self.working.append(people.submit(work))


def end(server: subprocess.Popen[bytes]) -> None:
    """End a server as Ctrl-C does."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(PATIENCE_S)
    finally:
        server.kill()


class Programmer(Reader):
    """Somebody with data of their own, and without a campaign."""

    kinds = frozenset({"python"})

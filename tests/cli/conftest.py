from __future__ import annotations

import json
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from auto_labeling import assemble
from auto_labeling.cli import entry
from auto_labeling.workspace import Workspace
from tests.support.campaigns import merged, template, write_points


@dataclass
class Desk:
    """A folder in which somebody types commands, with forty points in it."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    out: str = field(default="", init=False)
    err: str = field(default="", init=False)

    @property
    def workspace(self) -> Path:
        return self.folder / ".auto-label"

    def write(self, name: str = "campaign.yaml", **overrides: Any) -> str:
        """Write a campaign file and return its name."""
        raw = merged(template(), overrides)
        (self.folder / name).write_text(yaml.safe_dump(raw))
        return name

    def type(self, *words: str) -> int:
        """Run a command in this process and return its exit code."""
        self.capsys.readouterr()
        code = entry.main(list(words))
        self.out, self.err = self.capsys.readouterr()
        return code

    def json(self, *words: str) -> Any:
        """Run a command and return the one JSON document that it prints."""
        self.type(*words, "--json")
        return json.loads(self.out)

    def spawn(self, *words: str, until: str | None = None, user: int = 0) -> Done:
        """Run a command in a process of its own; interrupt it once it has said `until`."""
        out, err = (self.folder.parent / f"{self.folder.name}.{name}" for name in ("out", "err"))
        child = _forked(words, out, err, user)
        if until is not None:
            while until not in out.read_text():
                time.sleep(0.05)
            os.kill(child, signal.SIGINT)
        _, status = os.waitpid(child, 0)
        return Done(os.waitstatus_to_exitcode(status), out.read_text(), err.read_text())


@dataclass(frozen=True)
class Done:
    """How a process ended, and what it said."""

    code: int
    out: str
    err: str


def _forked(words: Sequence[str], out: Path, err: Path, user: int) -> int:
    """Fork, because importing everything anew takes seconds; return the number of the child."""
    out.touch()
    err.touch()
    with warnings.catch_warnings():
        # The numeric libraries' threads, of which the child uses none.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid:
        return pid
    # What a shell starts in the background ignores it, and so would this child.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with out.open("w", buffering=1) as sys.stdout, err.open("w", buffering=1) as sys.stderr:
        if user and os.getuid() == 0:
            os.setuid(user)  # root may write anywhere
        code = entry.main(list(words))
    os._exit(code)


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    for name in ("PREFECT_API_URL", "AUTO_LABEL_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    write_points(tmp_path, 40)
    return Desk(tmp_path, capsys)


@pytest.fixture
def unanswered(desk: Desk) -> Callable[[], str]:
    """Begin a campaign whose people are reached by files, and have not answered."""

    def begin() -> str:
        name = desk.write(backend=None)
        raw = yaml.safe_load(Path(name).read_text())
        raw["backend"] = {"kind": "files", "folder": "handover"}
        Path(name).write_text(yaml.safe_dump(raw))
        assert desk.type("run", name, "--plain", "--no-wait") == 4
        return name

    return begin


@pytest.fixture
def created(desk: Desk) -> str:
    """Begin a campaign, make no step of it, and return its file."""
    config = desk.write()
    assemble.find_or_create(Workspace.of(desk.workspace), config)
    return config


@pytest.fixture
def begun(desk: Desk) -> str:
    """Begin a campaign, make one round of it, and return its file."""
    config = desk.write()
    assert desk.type("run", config, "--plain", "--max-rounds", "1") == 0
    return config

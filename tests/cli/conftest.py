from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from auto_labeling.cli import entry
from tests.support.campaigns import merged, template, write_points

ROOT = Path(__file__).parents[2]


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

    def spawn(self, *words: str, **settings: Any) -> subprocess.CompletedProcess[str]:
        """Run a command in a process of its own."""
        return subprocess.run(
            command(*words),
            cwd=self.folder,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **settings,
        )


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "auto_labeling.cli", *words]


def environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "MLFLOW_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "COLUMNS": "80"}


@pytest.fixture
def desk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Desk:
    for name in ("PREFECT_API_URL", "AUTO_LABEL_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
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

"""Label Studio, which reports usage and errors to its makers by default, speaks to nobody here."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from auto_labeling.studio import Studio, start
from auto_labeling.studio.environment import VARIABLE, Environment
from tests.privacy.scene import guarded
from tests.support.studio import answer, project_of, require_studio, tasks_of


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """A Label Studio whose every connection and look-up is written down, or refused."""
    require_studio()
    real = Environment.find()
    told = guarded(tmp_path)
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "lib").symlink_to(real.root / "lib")
    real.new_data(tmp_path / "studio" / "data")
    guard = tmp_path / "guard"
    names = f"PYTHONPATH={shlex.quote(str(guard))} ATTEMPTS={shlex.quote(told['ATTEMPTS'])}"
    python = tmp_path / "venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\n{names} exec {shlex.quote(str(real.python))} "$@"\n')
    python.chmod(0o755)
    monkeypatch.setenv(VARIABLE, str(tmp_path / "venv"))
    with start(tmp_path / "studio") as running:
        yield running


@pytest.mark.slow
def test_label_studio_speaks_to_nobody_else(watched: Studio, tmp_path: Path) -> None:
    told = Path(f"/proc/{watched.process.pid}/environ").read_text()
    assert "ATTEMPTS=" in told, "the guard is there"
    project = project_of(watched, ["rain"])
    answer(watched, tasks_of(watched, project)[0]["id"], "yes")
    with watched.client() as browser:
        for page in ("/", "/user/login/", "/api/version", f"/projects/{project}/data"):
            assert browser.get(page, follow_redirects=True).is_success
        assert browser.get("/heidi-tips/").status_code == httpx.codes.NOT_FOUND
    attempts = (tmp_path / "attempts").read_text().splitlines()
    assert [one for one in attempts if one.startswith("OUT")] == []

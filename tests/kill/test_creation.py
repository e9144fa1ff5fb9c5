"""A campaign that was killed while it was begun does not exist, and can be begun again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auto_labeling import assemble
from auto_labeling.files import sha256_of
from auto_labeling.workspace import Workspace
from tests.kill.drivers import Driver
from tests.kill.trial import Stage
from tests.kill.world import CAMPAIGN, CHUNKED, WOUND_UP, Scene

pytestmark = pytest.mark.slow
StageOf = Callable[[Scene], Stage]


@pytest.mark.parametrize("scene", [WOUND_UP], ids=lambda scene: scene.name)
def test_a_creation_killed_at_random(scene: Scene, stage_of: StageOf, tmp_path: Path) -> None:
    stage = stage_of(scene)
    _kill_creations(stage, tmp_path, np.random.default_rng(14), 6)


@pytest.mark.soak
@pytest.mark.parametrize("scene", [CHUNKED, WOUND_UP], ids=lambda scene: scene.name)
def test_soak_creation(scene: Scene, stage_of: StageOf, tmp_path: Path) -> None:
    _kill_creations(stage_of(scene), tmp_path, np.random.default_rng(15), 30)


def _kill_creations(stage: Stage, folder: Path, rng: np.random.Generator, times: int) -> None:
    """Kill the beginning of one campaign again and again, and then let it begin."""
    workspace = Workspace(folder / "workspace")
    undisturbed = Workspace(folder / "undisturbed")
    ticks = _create(stage, undisturbed).outcome["ticks"]
    for tick in rng.integers(1, ticks + 1, times):
        driver = _create(stage, workspace, int(tick))
        stage.tally.kills += not driver.outcome
        if _rows(workspace).get("campaigns"):
            assert _rows(workspace) == _rows(undisturbed)
            assert _inputs(workspace) == _inputs(undisturbed)
        else:
            assert assemble.find(workspace, str(stage.config)) is None
            assert not any(_rows(workspace).values())
    stage.tally.campaigns += 1
    assert _create(stage, workspace).outcome["created"] == CAMPAIGN
    assert _rows(workspace) == _rows(undisturbed)
    assert _inputs(workspace) == _inputs(undisturbed)


def _create(stage: Stage, workspace: Workspace, tick: int | None = None) -> Driver:
    driver = stage.server.start(
        {
            "workspace": str(workspace.root),
            "config": str(stage.config),
            "create_only": True,
            "at_tick": None if tick is None else [tick, "SIGKILL"],
        }
    )
    driver.wait()
    return driver


def _rows(workspace: Workspace) -> dict[str, list[Any]]:
    """Return every row of the ledger, by table; nothing where there is no ledger yet."""
    if not workspace.ledger.exists():
        return {}
    with closing(sqlite3.connect(workspace.ledger)) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name != 'alembic_version'"
        ).fetchall()
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall()
            for (table,) in tables
        }


def _inputs(workspace: Workspace) -> dict[str, str]:
    """Return the digest of every file that the campaign took in."""
    inputs = workspace.campaign(CAMPAIGN) / "inputs"
    return {
        str(path.relative_to(inputs)): sha256_of(path)
        for path in inputs.rglob("*")
        if path.is_file()
    }

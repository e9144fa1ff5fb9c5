"""One Prefect server for all flow tests; each test has a workspace of its own on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auto_labeling.workspace import Workspace
from tests.support.flows import served, server_held
from tests.support.stores import keep_prefect


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with server_held(tmp_path_factory.mktemp("server") / "prefect") as home:
        keep_prefect(home, tmp_path_factory)
        yield home


@pytest.fixture
def workspace(server: Path, tmp_path: Path) -> Workspace:
    return served(tmp_path / "workspace", server)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch, workspace: Workspace) -> None:
    """Tasks are tried again at once."""
    from flows import loop
    from tasks import annotation, inference, quality, reporting, selection, sensors, training

    def at_once(task: Any) -> Any:
        return task.with_options(retry_delay_seconds=0)

    monkeypatch.setattr(
        loop,
        "TASKS",
        {step: one if one is inference.score else at_once(one) for step, one in loop.TASKS.items()},
    )
    for room in (annotation, inference, quality, reporting, selection, sensors, training):
        for name, one in vars(room).items():
            if hasattr(one, "with_options"):
                monkeypatch.setattr(room, name, at_once(one))


@pytest.fixture
def seen(server: Path) -> Any:
    """What the server recorded: flow runs, task runs, artifacts."""
    from tests.support.seen import Seen

    return Seen(server / "prefect.db")

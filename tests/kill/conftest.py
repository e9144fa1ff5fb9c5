"""One fork server for all kill tests, and each scene set up once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.kill.drivers import ForkServer, Tally
from tests.kill.trial import Stage, set_up
from tests.kill.world import Scene

TALLY = Tally()


@pytest.fixture(scope="session")
def tally() -> Tally:
    return TALLY


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    started = ForkServer(tmp_path_factory.mktemp("diaries"))
    yield started
    started.close()


@pytest.fixture(scope="session")
def stage_of(
    server: ForkServer, tally: Tally, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Scene], Stage]:
    stages: dict[str, Stage] = {}

    def found(scene: Scene) -> Stage:
        if scene.name not in stages:
            folder: Path = tmp_path_factory.mktemp(scene.name)
            stages[scene.name] = set_up(scene, server, tally, folder)
        return stages[scene.name]

    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TALLY.campaigns:
        terminalreporter.write_line(str(TALLY))

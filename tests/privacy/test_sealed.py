from __future__ import annotations

from pathlib import Path

import pytest

from auto_labeling import assemble
from auto_labeling.workspace import Workspace
from tests.privacy.scene import CAMPAIGN, CANARY, CHANGED, LOGIN, Played, play
from tests.privacy.search import files_with, holds
from tests.support.stores import give_stores

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("played")
    give_stores(Workspace(folder / "workspace"), tmp_path_factory)
    done = play(folder)
    assert done.status == 0, done.said
    return done


def tools(played: Played) -> tuple[Path, ...]:
    """Where the simulated people keep what they were shown."""
    return tuple(campaign / "tool" for campaign in played.campaigns())


def test_the_campaign_ran_and_its_mirrors_were_written(played: Played) -> None:
    workspace = played.workspace
    newest = assemble.find(workspace, CAMPAIGN)
    assert newest is not None
    account = assemble.account_of(workspace, newest)
    assert account.state.stopped
    assert account.items["labeled"] > 0
    assert workspace.report(newest).exists()
    assert holds(workspace.mlflow.read_bytes(), newest)
    kept = workspace.prefect.glob("prefect.db*")  # what the server wrote last may be in its log
    assert any(holds(part.read_bytes(), newest) for part in kept)


def test_nobody_outside_this_machine_was_asked_for_anything(played: Played) -> None:
    assert "here" in played.attempts
    assert sorted(set(played.attempts) - {"here", "unix"}) == []


def test_a_sealed_text_is_in_no_byte_of_the_workspace(played: Played) -> None:
    assert files_with(played.workspace.root, CANARY, apart_from=tools(played)) == []
    assert files_with(played.folder / "user", CANARY) == []
    assert files_with(played.folder / "elsewhere", CANARY) == []
    assert not holds(played.said.encode(), CANARY)


def test_a_sealed_text_that_was_changed_is_said_without_its_words(played: Played) -> None:
    (line,) = [line for line in played.said.splitlines() if line.startswith("BLOCKED")]
    assert "changed.csv" in line
    assert not holds(played.said.encode(), CHANGED)
    assert files_with(played.workspace.root, CHANGED, apart_from=tools(played)) == []


def test_a_login_is_in_its_own_file_and_nowhere_else(played: Played) -> None:
    root = played.workspace.root
    people = root / "people"
    assert len(files_with(people, LOGIN)) == 2
    assert files_with(root, LOGIN, apart_from=(people, *tools(played))) == []
    assert not holds(played.said.encode(), LOGIN)


def test_nothing_reports_its_use(played: Played) -> None:
    assert "ANALYTICS False" in played.said
    assert "PREFECT true MLFLOW true" in played.said
    assert "TELEMETRY None" in played.said

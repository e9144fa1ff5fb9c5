from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from auto_labeling import assemble
from auto_labeling.workspace import Workspace
from tests.cli.conftest import Desk


def test_0_a_campaign_that_ends_by_itself(desk: Desk) -> None:
    done = desk.spawn("run", desk.write(), "--plain")
    assert done.code == 0
    assert "All 3 rounds are done" in done.out
    assert done.err == ""


def unforeseen(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fails(*_: Any) -> None:
        raise error

    monkeypatch.setattr("auto_labeling.assemble.account_of", fails)


def test_1_something_unforeseen_leaves_a_log_and_no_traceback(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write()
    assert desk.type("run", "campaign.yaml", "--plain") == 0
    unforeseen(monkeypatch, KeyError("person-1"))
    assert desk.type("tick", "--plain") == 1
    assert "Traceback" not in desk.err
    assert "KeyError" in desk.err
    (log,) = (desk.workspace / "logs").iterdir()
    assert str(log) in desk.err
    assert "Traceback" in log.read_text()


def test_1_a_log_of_a_sealed_campaign_repeats_no_words(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.write(privacy={"payloads": "sealed"})
    assert desk.type("run", "campaign.yaml", "--plain") == 0
    unforeseen(monkeypatch, ValueError("no such patient"))
    assert desk.type("tick", "--plain") == 1
    (log,) = (desk.workspace / "logs").iterdir()
    assert "ValueError" in log.read_text()
    assert "patient" not in log.read_text()


def test_2_a_word_that_is_no_command(desk: Desk) -> None:
    done = desk.spawn("statsu")
    assert done.code == 2
    assert "Did you mean 'status'" in done.err
    assert "Traceback" not in done.err


def test_3_a_budget_that_is_spent(desk: Desk) -> None:
    config = desk.write(budget={"answers": 5, "money": "0.25"}, stop={"max_rounds": 9})
    assert desk.spawn("run", config, "--plain").code == 3
    assert desk.type("run", config, "--plain") == 3, "the account is printed again"
    assert "budget" in desk.out


def test_4_people_who_have_not_answered(desk: Desk, unanswered: Callable[[], str]) -> None:
    config = unanswered()
    done = desk.spawn("tick", config, "--plain")
    assert done.code == 4
    assert "open" in done.out


def test_5_another_driver(desk: Desk, unanswered: Callable[[], str]) -> None:
    config = unanswered()
    workspace = Workspace.of(desk.workspace)
    with assemble.held(workspace, assemble.known(workspace)[0]):
        assert desk.spawn("tick", config, "--plain").code == 5
        assert desk.type("resume", "--plain") == 5
        assert "is driving it" in desk.err


def test_6_a_pool_that_is_gone(desk: Desk, unanswered: Callable[[], str]) -> None:
    config = desk.write()
    assert desk.type("run", config, "--plain", "--max-rounds", "1") == 0
    (desk.folder / "pool.npy").rename(desk.folder / "elsewhere.npy")
    done = desk.spawn("run", config, "--plain")
    assert done.code == 6
    assert desk.type("status") == 0
    assert "Blocked" in desk.out


def test_130_ctrl_c_loses_nothing(desk: Desk, unanswered: Callable[[], str]) -> None:
    done = desk.spawn("run", unanswered(), "--plain", until="asked for")
    assert done.code == 130
    assert "Nothing is lost" in done.err
    assert "Traceback" not in done.err
    assert desk.type("status") == 0, "and the lease was given back"
    assert "none:" in desk.out

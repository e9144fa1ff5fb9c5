"""Of two drivers one works; one that slept past its lease is refused, and leaves nothing behind."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from auto_labeling import assemble
from auto_labeling.clocks import SimulatedClock
from auto_labeling.workspace import Workspace
from tests.kill.drivers import Driver
from tests.kill.examination import budget_trouble, surplus, unanswered
from tests.kill.trial import Stage, Trial
from tests.kill.world import CAMPAIGN, CHUNKED, PATIENT, SCENES, Scene

pytestmark = pytest.mark.slow
StageOf = Callable[[Scene], Stage]
SHORT = {"lease_s": 0.3, "heartbeat_s": 60.0}
"""No beat: a driver that is stopped in the middle of one keeps everybody from writing."""


@pytest.fixture
def trial(stage_of: StageOf, tmp_path: Path) -> Trial:
    return stage_of(PATIENT).trial(tmp_path)


def test_two_drivers_at_once_do_the_work_of_one(trial: Trial) -> None:
    with trial.watched():
        expect_one_worker([trial.start(), trial.start()])
    trial.expect_undisturbed()


def test_drivers_that_begin_at_once_begin_one_campaign(stage_of: StageOf, tmp_path: Path) -> None:
    stage = stage_of(PATIENT)
    job = {"workspace": str(tmp_path), "config": str(stage.config), "own_id": True}
    expect_one_worker([stage.server.start(job) for _ in range(3)])
    assert len(assemble.known(Workspace(tmp_path))) == 1


def test_a_second_driver_is_refused_while_the_first_sleeps_within_its_lease(trial: Trial) -> None:
    first = trial.start(strikes=[["collect:before", 1, "SIGSTOP"]])
    assert first.wait() == "stopped"
    second = trial.start()
    assert second.wait() == "ended"
    assert second.outcome["error"] == "LeaseHeld"
    first.go_on()
    assert first.wait() == "ended"
    trial.expect_undisturbed()


def test_what_a_late_driver_makes_it_takes_back(trial: Trial) -> None:
    late = overtaken(trial, "create:before")
    next_one = trial.start(strikes=[["collect:before", 1, "SIGSTOP"]])
    assert next_one.wait() == "stopped"
    late.go_on()
    expect_refused(late)
    assert "create:after" in late.instants
    assert surplus(trial.workspace) == {}
    next_one.go_on()
    assert next_one.wait() == "ended"
    trial.expect_undisturbed()


def test_what_a_late_driver_makes_and_leaves_is_withdrawn_at_the_next_look(trial: Trial) -> None:
    late = overtaken(trial, "create:before", ["create:after", 1, "SIGKILL"])
    next_one = trial.start(strikes=[["collect:before", 1, "SIGSTOP"]])
    assert next_one.wait() == "stopped"
    late.go_on()
    assert late.wait() == "killed"
    assert surplus(trial.workspace)
    next_one.go_on()
    assert next_one.wait() == "ended"
    trial.expect_undisturbed()


def test_copies_that_were_answered_are_kept_and_nothing_is_lost(trial: Trial) -> None:
    late = overtaken(trial, "create:before", ["create:after", 1, "SIGKILL"])
    next_one = trial.start(strikes=[["collect:before", 1, "SIGSTOP"]])
    assert next_one.wait() == "stopped"
    late.go_on()
    assert late.wait() == "killed"
    SimulatedClock(trial.workspace.campaign(CAMPAIGN) / "clock").sleep(60)
    next_one.go_on()
    assert next_one.wait() == "ended"
    assert next_one.outcome.get("state") == "stopped", next_one.outcome
    assert surplus(trial.workspace)
    assert unanswered(trial.workspace, surplus(trial.workspace)) == []
    assert budget_trouble(trial.workspace) is None


@pytest.mark.parametrize("dies", [False, True])
def test_a_driver_that_wakes_after_the_end_leaves_nothing(trial: Trial, dies: bool) -> None:
    late = overtaken(trial, "create:before", *([["create:after", 1, "SIGKILL"]] if dies else []))
    trial.ends()
    late.go_on()
    if dies:
        assert late.wait() == "killed"
        assert surplus(trial.workspace)
        trial.ends()  # a late look at a campaign that has stopped
    else:
        expect_refused(late)
    trial.expect_undisturbed()


def test_a_driver_that_sleeps_while_it_keeps_a_model(trial: Trial) -> None:
    into_place = ["os.rename models", 2, "SIGSTOP"]  # the first makes the draft whole
    late = trial.start(lease=SHORT, strikes=[into_place])
    wait_for_lease(trial, late)
    trial.ends()
    late.go_on()
    expect_refused(late)
    trial.expect_undisturbed()


def test_a_driver_paused_at_random_changes_nothing(stage_of: StageOf, tmp_path: Path) -> None:
    pause_at_random(stage_of(PATIENT), tmp_path, np.random.default_rng(12), 2)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_soak_paused_at_random(scene: Scene, stage_of: StageOf, tmp_path: Path) -> None:
    pause_at_random(stage_of(scene), tmp_path, np.random.default_rng(13), 8)


def test_the_ledger_itself_refuses_to_pass_a_cap(stage_of: StageOf, tmp_path: Path) -> None:
    trial = stage_of(CHUNKED).trial(tmp_path)
    with closing(sqlite3.connect(trial.workspace.ledger)) as connection:
        for kind in ("answers", "micros"):
            with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
                connection.execute(f"UPDATE budgets SET reserved_{kind} = cap_{kind} + 1")


def overtaken(trial: Trial, instant: str, *further: list[object]) -> Driver:
    """Start a driver that is stopped at an instant, and wait until its lease has run out."""
    driver = trial.start(lease=SHORT, strikes=[[instant, 1, "SIGSTOP"], *further])
    wait_for_lease(trial, driver)
    return driver


def wait_for_lease(trial: Trial, driver: Driver) -> None:
    """Wait until a driver has been stopped, and its lease has run out."""
    assert driver.wait() == "stopped"
    time.sleep(SHORT["lease_s"] + 0.05)
    trial.stage.tally.pauses += 1


def expect_one_worker(drivers: list[Driver]) -> None:
    """Expect that each driver either worked or was refused; a late one may find the work done."""
    assert {driver.wait() for driver in drivers} == {"ended"}
    said = [driver.outcome.get("error", driver.outcome.get("state")) for driver in drivers]
    assert "stopped" in said
    assert set(said) <= {"stopped", "LeaseHeld"}, said


def expect_refused(driver: Driver) -> None:
    """Expect that the ledger refused what a driver wanted to write."""
    assert driver.wait() == "ended"
    assert driver.outcome.get("error") == "LeaseLost", driver.outcome


def pause_at_random(stage: Stage, folder: Path, rng: np.random.Generator, times: int) -> None:
    """Stop drivers at random ticks; another finishes the campaign, and then they go on."""
    for number, tick in enumerate(rng.integers(1, stage.ticks, times)):
        trial = stage.trial(folder / str(number))
        late = trial.start(lease=SHORT, at_tick=[int(tick), "SIGSTOP"])
        wait_for_lease(trial, late)
        trial.ends()
        late.go_on()
        assert late.wait() == "ended"
        assert late.outcome.get("error", "LeaseLost") == "LeaseLost", late.outcome
        trial.expect_undisturbed()

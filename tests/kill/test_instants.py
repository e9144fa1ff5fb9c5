"""SIGKILL before, inside and after every step, and at any other instant: nothing ends otherwise."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from auto_labeling.campaign.rounds import Step
from tests.kill.trial import Stage
from tests.kill.world import (
    CHUNKED,
    HALTED,
    OVERDUE,
    PATIENT,
    RULED,
    SCENES,
    TAUGHT,
    WOUND_UP,
    Scene,
)

StageOf = Callable[[Scene], Stage]
INSTANTS = {
    *(f"{step}:{when}" for step in Step for when in ("before", "between", "after")),
    *(f"upload:{when}" for when in ("before", "between", "after")),
    *(f"withdraw:{when}" for when in ("before", "between", "after")),
    *(
        f"{call}:{when}"
        for call in ("cancel", "changes", "create", "find")
        for when in ("before", "after")
    ),
}
"""Every instant that has a name: of steps, of their uploads, and of calls to the tool."""
TOUCHES = [
    f"{what} {where}"
    for where in ("people", "manifests", "models", "cache")
    for what in ("open", "os.rename")
]
"""Every way in which a file comes to lie in a folder, in the order of a campaign."""
pytestmark = pytest.mark.slow
BLOWS = 5
"""Kills a campaign, where it is struck at random."""


def in_scenes(*chosen: Scene) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("scene", chosen, ids=lambda scene: scene.name)


def test_every_named_instant_occurs_in_what_is_struck_in_turn(stage_of: StageOf) -> None:
    assert {*stage_of(CHUNKED).instants, *stage_of(HALTED).instants} == INSTANTS


def test_pseudo_labels_are_in_use_and_audited_in_what_is_struck(stage_of: StageOf) -> None:
    rows = stage_of(TAUGHT).rows
    assert len(rows["audits"]) >= 3
    assert len(rows["pseudo_rounds"]) == 4


@in_scenes(CHUNKED, RULED, TAUGHT)
def test_a_campaign_killed_at_every_instant_in_turn(
    scene: Scene, stage_of: StageOf, tmp_path: Path
) -> None:
    kill_in_turn(stage_of(scene), tmp_path, 1)


def test_a_campaign_killed_at_every_instant_of_a_stop(stage_of: StageOf, tmp_path: Path) -> None:
    trial = stage_of(HALTED).trial(tmp_path)
    with trial.watched():
        assert trial.killed_at("select:after", 2)  # somebody asks to stop in the second round
        for instant in ("withdraw:before", "cancel:after", "withdraw:between", "withdraw:after"):
            assert trial.killed_at(instant)
        for instant in ("finish:before", "finish:between", "finish:after"):
            assert trial.killed_at(instant)
        trial.ends()


@in_scenes(HALTED)
def test_a_campaign_killed_between_two_writes(
    scene: Scene, stage_of: StageOf, tmp_path: Path
) -> None:
    kill_between_writes(stage_of(scene), tmp_path, np.random.default_rng(6), 15)


@in_scenes(PATIENT, OVERDUE, WOUND_UP)
def test_a_campaign_killed_at_random(scene: Scene, stage_of: StageOf, tmp_path: Path) -> None:
    kill_at_random(stage_of(scene), tmp_path, np.random.default_rng(7))


@in_scenes(CHUNKED, HALTED)
def test_no_file_is_ever_written_under_its_own_name(scene: Scene, stage_of: StageOf) -> None:
    stage = stage_of(scene)
    ours = [path for path in stage.written if path.startswith(str(stage.begun.parent))]
    assert len(ours) > 20
    assert not [path for path in ours if not re.search(r"\.(tmp|new|lock|partial/.*)$", path)]


def test_a_campaign_killed_while_files_are_written(stage_of: StageOf, tmp_path: Path) -> None:
    trial = stage_of(PATIENT).trial(tmp_path)
    with trial.watched():
        assert all(trial.killed_at(touch) for touch in TOUCHES)
        trial.ends()


@pytest.mark.soak
@pytest.mark.parametrize("count", [1, 2])
@in_scenes(*SCENES)
def test_soak_in_turn(scene: Scene, count: int, stage_of: StageOf, tmp_path: Path) -> None:
    kill_in_turn(stage_of(scene), tmp_path, count)


@pytest.mark.soak
@pytest.mark.timeout(900)
@in_scenes(PATIENT, HALTED)
def test_soak_one_kill_a_campaign(scene: Scene, stage_of: StageOf, tmp_path: Path) -> None:
    stage = stage_of(scene)
    passed = Counter(stage.instants)
    for instant in dict.fromkeys(stage.instants):
        for count in range(1, min(passed[instant], 2) + 1):
            trial = stage.trial(tmp_path / f"{instant} {count}")
            trial.killed_at(instant, count)
            trial.ends()


@pytest.mark.soak
@pytest.mark.timeout(900)
@in_scenes(*SCENES)
def test_soak_between_two_writes(scene: Scene, stage_of: StageOf, tmp_path: Path) -> None:
    for seed in range(3):
        rng = np.random.default_rng(seed)
        kill_between_writes(stage_of(scene), tmp_path / str(seed), rng, 30)


@pytest.mark.soak
@pytest.mark.timeout(900)
@in_scenes(*SCENES)
def test_soak_at_random(scene: Scene, stage_of: StageOf, tmp_path: Path) -> None:
    stage, rng, kills = stage_of(scene), np.random.default_rng(9), 0
    for number in itertools.count():
        kills += kill_at_random(stage, tmp_path / str(number), rng)
        if kills >= 200 / len(SCENES):
            break


@pytest.mark.soak
@pytest.mark.timeout(900)
@in_scenes(*SCENES)
def test_soak_at_random_ticks(scene: Scene, stage_of: StageOf, tmp_path: Path) -> None:
    stage, rng = stage_of(scene), np.random.default_rng(10)
    for number in range(10):
        trial = stage.trial(tmp_path / str(number))
        for tick in gaps(rng.uniform(1, stage.ticks, BLOWS)):
            trial.killed_at_tick(int(tick) + 1)
        trial.ends()


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("touch", TOUCHES)
def test_soak_while_files_are_written(touch: str, stage_of: StageOf, tmp_path: Path) -> None:
    for count in range(1, 6):
        trial = stage_of(PATIENT).trial(tmp_path / str(count))
        trial.killed_at(touch, count)
        trial.ends()


def kill_in_turn(stage: Stage, folder: Path, count: int) -> None:
    """Kill one campaign at every instant, each time when a driver passes it the `count`-th time."""
    trial = stage.trial(folder)
    with trial.watched():
        struck = [trial.killed_at(instant, count) for instant in dict.fromkeys(stage.instants)]
        trial.ends()
    assert any(struck) if count > 1 else all(struck)


def kill_between_writes(stage: Stage, folder: Path, rng: np.random.Generator, times: int) -> None:
    """Kill one campaign again and again after a few writes: the first of each is for the lease."""
    trial = stage.trial(folder)
    with trial.watched():
        for count in rng.integers(2, 8, times):
            trial.killed_at("write", int(count))
        trial.ends()


def kill_at_random(stage: Stage, folder: Path, rng: np.random.Generator) -> int:
    """Kill one campaign at random instants of its time and return how often that was done."""
    trial, kills = stage.trial(folder), 0
    with trial.watched():
        for seconds in gaps(rng.uniform(0, stage.seconds, BLOWS)):
            kills += trial.killed_after(float(seconds))
        trial.ends()
    return kills


def gaps(instants: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each instant lies behind the one before it."""
    return np.diff(np.sort(instants), prepend=0.0)

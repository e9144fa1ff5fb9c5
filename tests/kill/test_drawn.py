"""SIGKILL in campaigns in which people draw: votes and suggestions stay what they are."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from tests.kill.drawn_world import DRAWN
from tests.kill.test_instants import StageOf, kill_at_random, kill_between_writes, kill_in_turn

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_people_are_shown_suggestions_in_what_is_struck(stage_of: StageOf) -> None:
    rows = stage_of(DRAWN).rows["suggested"]
    assert len(rows) >= 5
    assert any("box" in row for row in rows)


def test_a_drawn_campaign_killed_at_every_instant_in_turn(
    stage_of: StageOf, tmp_path: Path
) -> None:
    kill_in_turn(stage_of(DRAWN), tmp_path, 1)


def test_a_drawn_campaign_killed_between_two_writes(stage_of: StageOf, tmp_path: Path) -> None:
    kill_between_writes(stage_of(DRAWN), tmp_path, np.random.default_rng(6), 15)


def test_a_drawn_campaign_killed_while_it_is_scored(stage_of: StageOf, tmp_path: Path) -> None:
    trial = stage_of(DRAWN).trial(tmp_path)
    with trial.watched():
        assert all(trial.killed_at(f"{what} cache") for what in ("open", "os.rename"))
        trial.ends()


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_soak_a_drawn_campaign_at_every_instant_later(stage_of: StageOf, tmp_path: Path) -> None:
    for count in (2, 3):
        kill_in_turn(stage_of(DRAWN), tmp_path / str(count), count)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_soak_a_drawn_campaign_at_random(stage_of: StageOf, tmp_path: Path) -> None:
    stage, rng, kills = stage_of(DRAWN), np.random.default_rng(9), 0
    for number in itertools.count():
        kills += kill_at_random(stage, tmp_path / str(number), rng)
        if kills >= 60:
            break

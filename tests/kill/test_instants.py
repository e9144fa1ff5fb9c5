"""SIGKILL before, inside and after every step, and at random instants: nothing comes out different."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from auto_labeling.campaign.rounds import Step
from tests.kill.trial import Stage
from tests.kill.world import CHUNKED, HALTED, OVERDUE, PATIENT, SCENES, WOUND_UP, Scene

WHEN = ("before", "between", "after")
StageOf = Callable[[Scene], Stage]


def scenes(*chosen: Scene) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("scene", chosen, ids=lambda scene: scene.name)


@scenes(CHUNKED, HALTED)
def test_a_campaign_killed_at_every_instant_in_turn(
    scene: Scene, stage_of: StageOf, tmp_path: Path
) -> None:
    stage = stage_of(scene)
    trial = stage.trial(tmp_path)
    with trial.watched() as monitor:
        for instant in dict.fromkeys(stage.instants):
            trial.struck(at=[instant, 1])
        trial.ends()
    assert monitor.troubles == []
    assert monitor.looks > 0

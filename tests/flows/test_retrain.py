from __future__ import annotations

import pytest

from auto_labeling import assemble, launch
from auto_labeling.campaign.rounds import RoundState
from auto_labeling.serving.interim import Interim
from auto_labeling.workspace import Workspace
from tests.support.campaigns import drive_until, tiny

pytestmark = pytest.mark.slow


def test_a_model_is_trained_between_rounds_whoever_drives(workspace: Workspace) -> None:
    campaign = tiny(workspace.root, pool={"heldout": "heldout.csv"})
    drive_until(workspace.root, campaign, RoundState.TRAINED)
    assert launch.run_retrain(workspace, campaign) == 6
    made = Interim.read(workspace.campaign(campaign))
    assert made is not None
    with assemble.held(workspace, campaign):
        assert launch.run_retrain(workspace, campaign) == 6
    assert Interim.read(workspace.campaign(campaign)) == made

from __future__ import annotations

import pytest

from auto_labeling import assemble, launch
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.rounds import CampaignState, Step
from auto_labeling.campaign.steps import STEPS
from auto_labeling.campaign.transition import Transition
from auto_labeling.errors import BlockedError
from auto_labeling.workspace import Workspace
from tests.support.flows import begin, outcome
from tests.support.seen import Seen

pytestmark = pytest.mark.slow


def test_a_tick_carries_every_campaign_as_far_as_it_goes(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, seen: Seen
) -> None:
    for name in ("blocked", "held", "free", "waiting"):
        begin(workspace, name=name, stop={"max_rounds": 1})
    freeze = STEPS[Step.FREEZE]

    def blocks_one(campaign: Campaign, state: CampaignState) -> Transition:
        if campaign.campaign_id == "blocked":
            raise BlockedError("the disk is full", remedy="Make room.")
        return freeze(campaign, state)

    monkeypatch.setattr("auto_labeling.campaign.driver.STEPS", {**STEPS, Step.FREEZE: blocks_one})
    with assemble.held(workspace, "held"):
        became = tick_until_nothing_moves(workspace)
    assert became["blocked"] == "blocked: the disk is full"
    assert became["held"] == "held by another driver"
    assert outcome(workspace, "free")["stopped"] == outcome(workspace, "waiting")["stopped"]
    monkeypatch.undo()
    assert set(launch.run_tick(workspace, None)) == {"blocked", "held"}


def tick_until_nothing_moves(workspace: Workspace) -> dict[str, str]:
    """Tick until the free campaigns have stopped, with days of people's time between two ticks."""
    became: dict[str, str] = {}
    for _ in range(6):
        became |= launch.run_tick(workspace, None)
        if set(assemble.unstopped(workspace)) == {"blocked", "held"}:
            return became
        let_time_pass(workspace)
    raise AssertionError(became)


def let_time_pass(workspace: Workspace) -> None:
    for name in assemble.unstopped(workspace):
        with assemble.opened(workspace, name) as campaign:
            campaign.clock.sleep(86_400)


def test_a_tick_returns_where_people_are_waited_for(workspace: Workspace, seen: Seen) -> None:
    slow = {"annotators": [{"name": "mia", "accuracy": 0.9, "seconds": 600}]}
    begin(workspace, name="patient", stop={"max_rounds": 1}, backend=slow)
    assert launch.run_tick(workspace, "patient") == {"patient": "sent"}
    assert launch.run_tick(workspace, "patient") == {"patient": "sent"}
    let_time_pass(workspace)
    assert launch.run_tick(workspace, "patient") == {"patient": "stopped"}
    assert launch.run_tick(workspace, None) == {}

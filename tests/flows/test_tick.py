from __future__ import annotations

import pytest

from auto_labeling import assemble, launch
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.rounds import CampaignState, RoundState, Step
from auto_labeling.campaign.steps import STEPS, ending
from auto_labeling.campaign.transition import Transition
from auto_labeling.errors import BlockedError, RejectedError
from auto_labeling.workspace import Workspace
from tests.support.flows import begin, outcome
from tests.support.seen import Seen

pytestmark = pytest.mark.slow

SLOW = {"annotators": [{"name": "mia", "accuracy": 0.9, "seconds": 600}]}


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


def test_a_campaign_that_fails_stops_no_other_and_fails_the_run(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, seen: Seen
) -> None:
    from flows.sync import sync

    for name in ("broken", "sound"):
        begin(workspace, name=name, stop={"max_rounds": 1}, backend=SLOW)
    reserve, look_again = STEPS[Step.RESERVE], ending.look_again

    def reserves(campaign: Campaign, state: CampaignState) -> Transition:
        expect_sound(campaign)
        return reserve(campaign, state)

    def looks_again(campaign: Campaign) -> int:
        expect_sound(campaign)
        return look_again(campaign)

    monkeypatch.setattr("auto_labeling.campaign.driver.STEPS", {**STEPS, Step.RESERVE: reserves})
    monkeypatch.setattr(ending, "look_again", looks_again)
    with pytest.raises(ExceptionGroup, match="1 of 2 campaigns failed: broken"):
        launch.run_tick(workspace, None)
    assert assemble.account_of(workspace, "sound").state.state is RoundState.SENT
    let_time_pass(workspace)
    with launch.prefect(workspace), pytest.raises(ExceptionGroup, match="failed: broken"):
        sync()
    assert assemble.account_of(workspace, "sound").answers["given"] == 6
    with pytest.raises(RejectedError, match="no such project"):
        launch.run_tick(workspace, "broken")


def expect_sound(campaign: Campaign) -> None:
    if campaign.campaign_id == "broken":
        raise RejectedError("no such project")


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
    begin(workspace, name="patient", stop={"max_rounds": 1}, backend=SLOW)
    assert launch.run_tick(workspace, "patient") == {"patient": "sent"}
    assert launch.run_tick(workspace, "patient") == {"patient": "sent"}
    let_time_pass(workspace)
    assert launch.run_tick(workspace, "patient") == {"patient": "stopped"}
    assert launch.run_tick(workspace, None) == {}

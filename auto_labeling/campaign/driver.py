"""The plain driver: makes the steps that are ready, without Prefect. Flows loop the same way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.rounds import CampaignState, RoundState, Step, next_step
from auto_labeling.campaign.steps import STEPS, ending
from auto_labeling.campaign.transition import Transition, block, commit, state_of
from auto_labeling.errors import BlockedError, TransientError
from auto_labeling.records import Micros

ATTEMPTS = 6
FIRST_PAUSE_S = 1.0
STOP_LOOK_S = 1.0
"""How long `stop --now` waits for a driver that waits for people."""


def perform(campaign: Campaign, step: Step, before: CampaignState | None = None) -> Transition:
    """Make one step and commit it; `before` spares reading the state once more.

    Raises `TransientError` where the same call may succeed later, and `BlockedError`, with the
    reason in the ledger, where a person has to act first.
    """
    before = before or current(campaign)
    campaign.watch(f"{step}:before")
    try:
        done = STEPS[step](campaign, before)
        campaign.watch(f"{step}:between")
        commit(campaign, step, before, done)
    except BlockedError as error:
        block(campaign, error)
        raise
    campaign.watch(f"{step}:after")
    return done


def persist(campaign: Campaign, step: Step, before: CampaignState | None = None) -> Transition:
    """Make one step, and try it again while the other side stumbles."""
    for attempt in range(ATTEMPTS - 1):
        try:
            return perform(campaign, step, before)
        except TransientError:
            before = None
            campaign.pause(FIRST_PAUSE_S * 2**attempt)
    return perform(campaign, step)


def drive(campaign: Campaign, *, wait: bool = True, max_rounds: int | None = None) -> CampaignState:
    """Make steps until the campaign stops, or has to wait and may not, or has made its rounds.

    A campaign that had stopped before is looked at once more.
    """
    begun = current(campaign)
    if begun.stopped:
        ending.look_again(campaign)
    while step := next_step(state := current(campaign)):
        if made_its_rounds(state, begun.round, max_rounds):
            break
        if step is not Step.COLLECT:
            persist(campaign, step, state)
        elif not collect(campaign, wait=wait, perform=persist):
            break
    return current(campaign)


def current(campaign: Campaign) -> CampaignState:
    """Return what decides the next step: what the ledger says, and what the clock says."""
    state = state_of(campaign.ledger, campaign.campaign_id)
    return replace(state, overdue=ending.overdue(campaign))


def collect(
    campaign: Campaign,
    *,
    wait: bool,
    perform: Callable[[Campaign, Step], Transition] = perform,
) -> bool:
    """Look at what people did until enough is there; without `wait`, look once.

    Return whether the round went on.
    """
    while (until := perform(campaign, Step.COLLECT).wait_until) is not None:
        if current(campaign).withdrawing:
            return True  # the loop looks for the next step anew
        if wait or campaign.simulated_time:  # simulated people work only while somebody sleeps
            wait_for_people(campaign, until)
        if not wait:
            return False
    return True


def wait_for_people(campaign: Campaign, until: Micros) -> None:
    """Wait until then, or until somebody has acted or the open asks are to be withdrawn."""
    if campaign.simulated_time or campaign.waker is None:
        campaign.clock.sleep(max(0.0, (until - campaign.clock.now()) / 1e6))
        return
    while (left := (until - campaign.clock.now()) / 1e6) > 0:
        woken = campaign.waker.wait(campaign.campaign_id, min(left, STOP_LOOK_S))
        if woken or current(campaign).withdrawing:
            return


def made_its_rounds(state: CampaignState, first: int, max_rounds: int | None) -> bool:
    """Whether a run that began in round `first` may begin no further round."""
    return (
        max_rounds is not None
        and state.state is RoundState.PLANNED
        and state.round >= first + max_rounds
    )

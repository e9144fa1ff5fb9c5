"""What comes next, in every state there is; and that it always comes to an end."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Literal, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_labeling.campaign.rounds import CampaignState, RoundState, Step, next_step
from auto_labeling.campaign.steps import STEPS

USUAL = {
    RoundState.PLANNED: Step.SELECT,
    RoundState.SCORED: Step.SELECT,
    RoundState.SELECTED: Step.RESERVE,
    RoundState.RESERVED: Step.SEND,
    RoundState.SENT: Step.COLLECT,
    RoundState.COLLECTED: Step.RECONCILE,
    RoundState.RECONCILED: Step.FREEZE,
    RoundState.FROZEN: Step.TRAIN,
    RoundState.TRAINED: Step.EVALUATE,
    RoundState.EVALUATED: Step.DECIDE,
    RoundState.STOPPED: None,
}
Stop: TypeAlias = Literal["finish", "now"]
STOPS: tuple[Stop | None, ...] = (None, "finish", "now")
BEFORE_BUYING = {RoundState.PLANNED, RoundState.SCORED, RoundState.SELECTED}
EVERY_STATE = [
    CampaignState(
        round=1,
        state=state,
        has_model=has_model,
        more_wanted=more_wanted,
        open_asks=open_asks,
        stop_requested=stop_requested,
        overdue=overdue,
        stop_kind=stop_kind,
        blocked_reason=blocked_reason,
    )
    for (
        state,
        has_model,
        more_wanted,
        open_asks,
        stop_requested,
        overdue,
        stop_kind,
        blocked_reason,
    ) in itertools.product(
        RoundState,
        (False, True),
        (False, True),
        (0, 2),
        STOPS,
        (None, "the deadline has passed"),
        (None, "budget"),
        (None, "no disk"),
    )
]


def expected(now: CampaignState) -> Step | None:
    """The same decision, written as a list of exceptions to the usual way."""
    step = USUAL[now.state]
    stops = now.stop_requested or now.overdue
    if now.state is RoundState.PLANNED and now.has_model:
        step = Step.SCORE
    if now.state is RoundState.RECONCILED and now.more_wanted and not stops:
        step = Step.REORDER
    if (now.stop_requested == "now" or now.overdue) and now.open_asks:
        step = Step.WITHDRAW
    if now.stop_kind or (stops and now.state in BEFORE_BUYING):
        step = Step.FINISH
    return None if now.state is RoundState.STOPPED else step


def test_the_next_step_in_every_state_with_every_flag() -> None:
    assert len(EVERY_STATE) == 11 * 2 * 2 * 2 * 3 * 2 * 2 * 2
    wrong = [now for now in EVERY_STATE if next_step(now) != expected(now)]
    assert wrong == []


def test_every_step_that_can_come_can_be_made() -> None:
    can_come = {step for now in EVERY_STATE if (step := next_step(now)) is not None}
    assert can_come == set(Step) == set(STEPS)


@pytest.mark.parametrize("state", RoundState)
def test_being_blocked_changes_nothing_about_what_comes_next(state: RoundState) -> None:
    now = CampaignState(round=1, state=state)
    assert next_step(replace(now, blocked_reason="x", blocked_remedy="y")) == next_step(now)


MOVES = {
    Step.SCORE: RoundState.SCORED,
    Step.SELECT: RoundState.SELECTED,
    Step.SEND: RoundState.SENT,
    Step.RECONCILE: RoundState.RECONCILED,
    Step.FREEZE: RoundState.FROZEN,
    Step.TRAIN: RoundState.TRAINED,
    Step.EVALUATE: RoundState.EVALUATED,
    Step.FINISH: RoundState.STOPPED,
}


class World:
    """What the steps do to a state, with as much left to chance as they leave to the world."""

    def __init__(self, draw: st.DataObject, imported: bool) -> None:
        self.draw = draw
        first = RoundState.RECONCILED if imported else RoundState.PLANNED
        self.now = CampaignState(round=0 if imported else 1, state=first)
        self.money, self.patience, self.fitted = 6, 5, False

    def chance(self) -> bool:
        return self.draw.draw(st.booleans())

    def make(self, step: Step) -> None:
        now = self.now
        if step in MOVES:
            now = replace(now, state=MOVES[step])
        elif step in (Step.RESERVE, Step.REORDER):
            now = self.bought(now, further=step is Step.REORDER)
        elif step is Step.COLLECT:
            now = self.looked(now)
        elif step is Step.WITHDRAW:
            sent = now.state is RoundState.SENT
            now = replace(now, open_asks=0, state=RoundState.COLLECTED if sent else now.state)
        elif step is Step.DECIDE:
            now = self.decided(now)
        if step is Step.RECONCILE:
            now = replace(now, more_wanted=self.chance())
        self.fitted = self.fitted or (step is Step.TRAIN and self.chance())
        self.now = now
        self.somebody_interferes()

    def bought(self, now: CampaignState, *, further: bool) -> CampaignState:
        if self.money:
            self.money -= 1
            return replace(now, state=RoundState.RESERVED, open_asks=2, more_wanted=False)
        if further:
            return replace(now, more_wanted=False)
        return replace(now, state=RoundState.RESERVED, stop_kind="budget")

    def looked(self, now: CampaignState) -> CampaignState:
        self.patience -= 1
        if self.patience > 0 and self.chance():
            return now
        return replace(now, state=RoundState.COLLECTED, open_asks=0)

    def decided(self, now: CampaignState) -> CampaignState:
        if now.stopping or not self.money or self.chance():
            return replace(now, stop_kind="rule")
        return replace(now, round=now.round + 1, state=RoundState.PLANNED, has_model=self.fitted)

    def somebody_interferes(self) -> None:
        if self.now.state is not RoundState.STOPPED and self.draw.draw(st.integers(0, 15)) == 0:
            how: Stop = "now" if self.chance() else "finish"
            self.now = replace(self.now, stop_requested=how)
        if self.now.state is not RoundState.STOPPED and self.draw.draw(st.integers(0, 15)) == 0:
            self.now = replace(self.now, overdue="the deadline has passed")


@given(st.data(), st.booleans())
def test_every_campaign_comes_to_its_end_and_buys_nothing_once_it_has_to_stop(
    draw: st.DataObject, imported: bool
) -> None:
    world = World(draw, imported)
    made: list[tuple[CampaignState, Step]] = []
    while (step := next_step(world.now)) is not None:
        made.append((world.now, step))
        world.make(step)
        assert len(made) < 200, made[-20:]
    assert world.now.state is RoundState.STOPPED
    assert made[-1][1] is Step.FINISH
    asked = {step for before, step in made if before.stop_requested or before.overdue}
    assert not asked & {Step.SCORE, Step.SELECT, Step.RESERVE, Step.REORDER}

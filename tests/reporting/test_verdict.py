"""Where a campaign stands: one label and one sentence for every state it can be in."""

from __future__ import annotations

from typing import Any

import pytest

from auto_labeling.campaign.rounds import CampaignState, RoundState, Step, next_step
from auto_labeling.reporting.verdict import verdict_of
from tests.reporting.statements import full, statement, waiting


def state(kind: RoundState = RoundState.SENT, **changes: Any) -> CampaignState:
    return CampaignState(round=4, state=kind, has_model=True, **changes)


@pytest.mark.parametrize(
    ("now", "label", "tone", "sentence"),
    [
        (state(open_asks=1), "Waiting for people", "waiting", "1 answer to round 4 is open."),
        (state(open_asks=0), "Under way", "calm", "Round 4 is under way."),
        (state(RoundState.TRAINED), "Under way", "calm", "Round 4 is under way."),
        (state(blocked_reason="no disk", open_asks=5), "Blocked", "bad",
         "Round 4 is blocked: no disk."),
        (state(RoundState.EVALUATED, stop_kind="budget", stop_reason="it is spent"), "Closing",
         "calm", "It is spent."),
        (state(RoundState.TRAINED, stop_requested="now"), "Closing", "calm",
         "A person asked to stop."),
        (state(RoundState.STOPPED, stop_kind="target", stop_reason="good enough"),
         "Target reached", "good", "Good enough."),
        (state(RoundState.STOPPED, stop_kind="budget", stop_reason="spent"), "Budget spent",
         "calm", "Spent."),
        (state(RoundState.STOPPED, stop_kind="exhausted", stop_reason="all asked"),
         "Pool exhausted", "calm", "All asked."),
        (state(RoundState.STOPPED, stop_kind="person", stop_reason="mia asked"),
         "Stopped by a person", "calm", "Mia asked."),
        (state(RoundState.STOPPED, stop_kind="rule", stop_reason="all 20 rounds are done"),
         "Stopped", "calm", "All 20 rounds are done."),
        (state(RoundState.STOPPED), "Stopped", "calm", "The campaign has stopped."),
    ],
)  # fmt: skip
def test_every_state_has_its_words(
    now: CampaignState, label: str, tone: str, sentence: str
) -> None:
    found = verdict_of(waiting(state=now))
    assert (found.label, found.tone) == (label, tone)
    assert found.sentence.startswith(sentence)
    assert found.steps


@pytest.mark.parametrize("kind", [kind for kind in RoundState if kind is not RoundState.STOPPED])
def test_who_goes_on_learns_the_next_step(kind: RoundState) -> None:
    now = state(kind)
    assert isinstance(next_step(now), Step)
    assert verdict_of(waiting(state=now)).steps[-1].startswith("The next step is to ")


def test_figures_so_far_are_told_with_what_they_are_against() -> None:
    assert verdict_of(waiting()).sentence.endswith(
        "So far, accuracy is 74.8% (69.7 to 79.2%), against held-out labels."
    )
    assert verdict_of(statement()).sentence.endswith("Nothing has been judged yet.")


def test_consensus_is_never_sold_as_the_truth() -> None:
    against = "consensus on the control slice"
    assert any(
        "not against the truth" in step for step in verdict_of(full(judged_against=against)).steps
    )
    assert not any("not against the truth" in step for step in verdict_of(full()).steps)

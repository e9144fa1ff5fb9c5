"""The loop that every campaign flow is: the next step, made by its task."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import BaseModel, Field

from auto_labeling.campaign import driver
from auto_labeling.campaign.rounds import CampaignState, Step, next_step
from tasks import annotation, inference, quality, reporting, selection, sensors, training
from tasks._policy import Ref, read_only

TASKS: Mapping[Step, Callable[[Ref], object]] = {
    Step.SCORE: inference.score,
    Step.SELECT: selection.select,
    Step.RESERVE: annotation.reserve,
    Step.SEND: annotation.send,
    Step.WITHDRAW: annotation.withdraw,
    Step.RECONCILE: quality.reconcile,
    Step.REORDER: annotation.reorder,
    Step.FREEZE: quality.freeze,
    Step.TRAIN: training.train,
    Step.EVALUATE: training.evaluate,
    Step.DECIDE: training.decide,
    Step.FINISH: training.finish,
}
ACCOUNTED = (Step.DECIDE, Step.FINISH)
"""After these the account has changed enough to be shown."""


class CampaignRun(BaseModel):
    """What a person fills in to run a campaign."""

    config_path: str = Field(
        title="Campaign",
        description="The campaign file, or the id or name of a campaign of the workspace.",
    )
    max_rounds: int | None = Field(
        default=None,
        ge=1,
        title="Rounds",
        description="At most so many more rounds; None: until it ends.",
    )
    batch_size: int | None = Field(
        default=None,
        ge=1,
        title="Batch",
        description="Items a round; None: as the campaign file says.",
    )
    wait: bool = Field(
        default=True,
        title="Wait for people",
        description="Stay and wait for answers; otherwise do what is ready and end.",
    )


def advance(ref: Ref, run: CampaignRun) -> CampaignState:
    """Make steps until the campaign stops, has to wait and may not, or has made its rounds.

    A campaign that had stopped before is looked at once more.
    """
    begun = current(ref)
    if begun.stopped:
        sensors.look_again(ref)
        reporting.show(ref)  # the driver that closed it may have been killed before it could
    while step := next_step(state := current(ref)):
        if driver.made_its_rounds(state, begun.round, run.max_rounds):
            break
        if step is Step.COLLECT:
            if not sensors.wait_for_annotations(ref, wait=run.wait):
                break
            continue
        TASKS[step](ref)
        if step in ACCOUNTED:
            reporting.show(ref)
    if not state.stopped:
        reporting.report(ref)
    return current(ref)


def current(ref: Ref) -> CampaignState:
    """Return what decides the next step."""
    with read_only(ref) as campaign:
        return driver.current(campaign)

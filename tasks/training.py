"""Learn from the labels, judge what was learned, and decide whether to go on."""

from __future__ import annotations

from prefect import task

from auto_labeling.campaign.rounds import Step
from auto_labeling.serving import interim
from tasks._policy import POLICY, Ref, make, read_only


@task(name="train", **POLICY)
def train(ref: Ref) -> None:
    """Fit the model on the frozen data set."""
    make(ref, Step.TRAIN)


@task(name="evaluate", **POLICY)
def evaluate(ref: Ref) -> None:
    """Judge the model on the held-out set or the control slice."""
    make(ref, Step.EVALUATE)


@task(name="decide", **POLICY)
def decide(ref: Ref) -> None:
    """Plan another round, or say why there is none."""
    make(ref, Step.DECIDE)


@task(name="finish", **POLICY)
def finish(ref: Ref) -> None:
    """Look a last time, freeze the final data set, and close the campaign."""
    make(ref, Step.FINISH)


@task(name="retrain", **POLICY)
def retrain(ref: Ref) -> int:
    """Fit a model between rounds, and return how many items it learned from."""
    with read_only(ref) as campaign:
        made = interim.retrain(campaign)
    return 0 if made is None else made.labels

"""Choose the items of a round."""

from __future__ import annotations

from prefect import task

from auto_labeling.campaign.rounds import Step
from tasks._policy import POLICY, Ref, make


@task(name="select", **POLICY)
def select(ref: Ref) -> None:
    """Choose this round's batch and its control slice."""
    make(ref, Step.SELECT)

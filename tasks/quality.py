"""From opinions to labels."""

from __future__ import annotations

from prefect import task

from auto_labeling.campaign.rounds import Step
from tasks._policy import POLICY, Ref, make


@task(name="reconcile", **POLICY)
def reconcile(ref: Ref) -> None:
    """Make one label an item out of its votes."""
    make(ref, Step.RECONCILE)


@task(name="freeze", **POLICY)
def freeze(ref: Ref) -> None:
    """Freeze the data set of the round."""
    make(ref, Step.FREEZE)

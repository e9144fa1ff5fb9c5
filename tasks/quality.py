"""From opinions to labels, and how far people agree."""

from __future__ import annotations

from prefect import task

from auto_labeling.campaign import agreement_points
from auto_labeling.campaign.rounds import Step
from tasks._policy import POLICY, Ref, make, opened, read_only


@task(name="reconcile", **POLICY)
def reconcile(ref: Ref) -> None:
    """Make one label an item out of its votes."""
    make(ref, Step.RECONCILE)


@task(name="freeze", **POLICY)
def freeze(ref: Ref) -> None:
    """Freeze the data set of the round."""
    make(ref, Step.FREEZE)


@task(name="agreement", **POLICY)
def agreement(ref: Ref) -> dict[str, float]:
    """Return how far people agree now, by series, and note it for the mirrors."""
    with opened(ref) as campaign:
        return agreement_points.note(campaign)


@task(name="look at agreement", **POLICY)
def agreement_seen(ref: Ref) -> dict[str, float]:
    """Return the same while another driver holds the campaign: nothing is noted."""
    with read_only(ref) as campaign:
        return agreement_points.note(campaign)

"""Wait for people: polling is the truth, a webhook no more than a hint."""

from __future__ import annotations

from prefect import task

from auto_labeling.assemble import opened
from auto_labeling.campaign import driver
from tasks._policy import POLICY, Ref


@task(name="wait for annotations", **POLICY)
def wait_for_annotations(ref: Ref, *, wait: bool) -> bool:
    """Take answers in until the round may go on, and return whether it may.

    Without `wait` it looks once.
    """
    with opened(ref.place, ref.campaign_id, fence=ref.fence) as campaign:
        return driver.collect(campaign, wait=wait)

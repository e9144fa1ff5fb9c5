"""Wait for people: polling is the truth, a webhook no more than a hint."""

from __future__ import annotations

from prefect import task

from auto_labeling.campaign import driver
from auto_labeling.campaign.steps import collecting, ending
from tasks._policy import POLICY, Ref, opened


@task(name="wait for annotations", **POLICY)
def wait_for_annotations(ref: Ref, *, wait: bool) -> bool:
    """Take answers in until the round may go on, and return whether it may.

    Without `wait` it looks once.
    """
    with opened(ref) as campaign:
        return driver.collect(campaign, wait=wait)


@task(name="look again", **POLICY)
def look_again(ref: Ref) -> int:
    """Take in what came after the campaign was closed, and return how many acts were new."""
    with opened(ref) as campaign:
        return ending.look_again(campaign)


@task(name="take in", **POLICY)
def take_in(ref: Ref) -> int:
    """Take in what people did until now, and return how many acts were new."""
    with opened(ref) as campaign:
        return collecting.sync(campaign)

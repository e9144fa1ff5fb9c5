"""Buy answers: reserve them, send them, order more of them, withdraw them."""

from __future__ import annotations

from prefect import task

from auto_labeling.campaign.rounds import Step
from tasks._policy import POLICY, Ref, make


@task(name="reserve", **POLICY)
def reserve(ref: Ref) -> None:
    """Set the money aside, and shrink the batch to what the budget holds."""
    make(ref, Step.RESERVE)


@task(name="send", **POLICY)
def send(ref: Ref) -> None:
    """Bring the asks into the labeling tool, each once."""
    make(ref, Step.SEND)


@task(name="ask for more opinions", **POLICY)
def reorder(ref: Ref) -> None:
    """Order further opinions where the votes do not decide."""
    make(ref, Step.REORDER)


@task(name="withdraw", **POLICY)
def withdraw(ref: Ref) -> None:
    """Take back what nobody has answered."""
    make(ref, Step.WITHDRAW)

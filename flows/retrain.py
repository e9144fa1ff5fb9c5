"""The retrain flow: a model of all answers so far, for the predictions that people are shown."""

from __future__ import annotations

from contextlib import suppress

from prefect import flow

from auto_labeling import assemble
from auto_labeling.errors import LeaseHeld
from auto_labeling.workspace import Workspace
from tasks import sensors, training
from tasks._policy import Ref


@flow(name="retrain", persist_result=False)
def retrain(campaign: str) -> int:
    """Train on what people have answered until now, and return how many items that were.

    The rounds of the campaign go on as if nothing had happened.
    """
    workspace = Workspace.of()
    name = assemble.begun(workspace, campaign)
    ref = Ref(workspace=str(workspace.root), campaign_id=name, token=0)
    with suppress(LeaseHeld), assemble.held(workspace, name) as fence:  # else its driver looks
        sensors.take_in(Ref(workspace=ref.workspace, campaign_id=name, token=fence.token))
    return training.retrain(ref)

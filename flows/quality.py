"""The quality flow: how far the people of a campaign agree, as of now."""

from __future__ import annotations

from prefect import flow

from auto_labeling import assemble
from auto_labeling.errors import LeaseHeld
from auto_labeling.workspace import Workspace
from tasks import quality as quality_tasks
from tasks import reporting, sensors
from tasks._policy import Ref


@flow(name="quality", persist_result=False)
def quality(campaign: str) -> dict[str, float]:
    """Take in what people did, reckon how far they agree, and show it in report, MLflow and UI.

    Return the figures that are known: alpha of the blind slice with its limits, the share of equal
    answers, answers an item. A campaign that is being driven is only looked at.
    """
    workspace = Workspace.of()
    name = assemble.begun(workspace, campaign)
    ref = Ref(workspace=str(workspace.root), campaign_id=name, token=0)
    try:
        with assemble.held(workspace, name) as fence:
            held = Ref(workspace=ref.workspace, campaign_id=name, token=fence.token)
            sensors.take_in(held)
            found = quality_tasks.agreement(held)
            reporting.show(held)
    except LeaseHeld:
        found = quality_tasks.agreement_seen(ref)
    reporting.report(ref)
    return found

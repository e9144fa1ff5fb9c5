"""The sync flow: takes in what people did, puts the copies in the tool in order, and ends."""

from __future__ import annotations

from prefect import flow
from prefect.logging import get_run_logger

from auto_labeling import assemble
from auto_labeling.errors import BlockedError, LeaseHeld
from auto_labeling.workspace import Workspace
from tasks import reporting, sensors
from tasks._policy import Ref


@flow(name="sync", persist_result=False)
def sync(campaign: str | None = None) -> dict[str, int]:
    """Look at the tool for one campaign (by its file, id or name), or for all of the workspace.

    No step is made and nothing is asked. Return how many acts were new, for each campaign that
    could be looked at: a driver that is at work looks itself.
    """
    workspace = Workspace.of()
    names = (
        assemble.known(workspace)
        if campaign is None
        else [assemble.find_or_create(workspace, campaign)]
    )
    found: dict[str, int] = {}
    for name in names:
        try:
            found[name] = _look(workspace, name)
        except (LeaseHeld, BlockedError) as error:
            get_run_logger().warning("%s: %s", name, error)
    return found


def _look(workspace: Workspace, name: str) -> int:
    with assemble.held(workspace, name) as fence:
        ref = Ref(workspace=str(workspace.root), campaign_id=name, token=fence.token)
        new = sensors.look_again(ref)
        reporting.show(ref)
    return new

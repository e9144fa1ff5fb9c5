"""The sync flow: takes in what people did, puts the copies in the tool in order, and ends."""

from __future__ import annotations

from prefect import flow
from prefect.logging import get_run_logger

from auto_labeling import assemble
from auto_labeling.errors import BlockedError, LeaseHeld
from auto_labeling.workspace import Workspace
from flows.each import each
from tasks import reporting, sensors
from tasks._policy import Ref


@flow(name="sync", persist_result=False)
def sync(campaign: str | None = None) -> dict[str, int]:
    """Look at the tool for one campaign (by its file, id or name), or for all of the workspace.

    No step is made and nothing is asked. Return how many acts were new, for each campaign that
    could be looked at: a driver that is at work looks itself. One that fails fails the run, once
    the others have been looked at.
    """
    workspace = Workspace.of()
    names = assemble.known(workspace) if campaign is None else [assemble.begun(workspace, campaign)]
    found = each(names, lambda name: _look(workspace, name))
    return {name: new for name, new in found.items() if new is not None}


def _look(workspace: Workspace, name: str) -> int | None:
    """Return how many acts were new; None where the campaign cannot be looked at now."""
    try:
        with assemble.held(workspace, name) as fence:
            ref = Ref(workspace=str(workspace.root), campaign_id=name, token=fence.token)
            new = sensors.look_again(ref)
            reporting.show(ref)
    except (LeaseHeld, BlockedError) as error:
        get_run_logger().warning("%s: %s", name, error)
        return None
    return new

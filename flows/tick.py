"""The tick flow: makes the steps that are ready, for every campaign, and ends.

A schedule of ticks carries any number of campaigns for weeks, with no process alive between them.
"""

from __future__ import annotations

from prefect import flow
from prefect.logging import get_run_logger

from auto_labeling import assemble
from auto_labeling.errors import BlockedError, LeaseHeld
from auto_labeling.workspace import Workspace
from flows.each import each
from flows.loop import CampaignRun, advance
from tasks._policy import Ref


@flow(name="tick", persist_result=False)
def tick(campaign: str | None = None) -> dict[str, str]:
    """Advance one campaign (by its file, id or name), or all that have not stopped.

    Return what became of each: its state, or why it could not be advanced. One that fails fails
    the run, once the others have been advanced.
    """
    workspace = Workspace.of()
    names = assemble.unstopped(workspace) if campaign is None else [_known(workspace, campaign)]
    return each(names, lambda name: _advance(workspace, name))


def _advance(workspace: Workspace, name: str) -> str:
    logger = get_run_logger()
    try:
        with assemble.held(workspace, name) as fence:
            ref = Ref(workspace=str(workspace.root), campaign_id=name, token=fence.token)
            state = advance(ref, CampaignRun(config_path=name, wait=False))
    except LeaseHeld as error:
        logger.info(str(error))
        return "held by another driver"
    except BlockedError as error:
        # Told apart from a failure: the other campaigns go on, and this one once it is mended.
        logger.warning("%s: blocked: %s", name, error)
        return f"blocked: {error.reason}"
    logger.info("%s: %s", name, state.state)
    return str(state.state)


def _known(workspace: Workspace, campaign: str) -> str:
    return assemble.find_or_create(workspace, campaign)

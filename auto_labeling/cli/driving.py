"""Drives a campaign for a command, with Prefect or without; and what exit code its state gives."""

from __future__ import annotations

import os
from collections.abc import Callable

from auto_labeling.campaign.rounds import CampaignState, RoundState
from auto_labeling.cli import failing
from auto_labeling.records import CampaignId
from auto_labeling.workspace import Workspace


def drive_plainly(
    workspace: Workspace,
    campaign: CampaignId,
    *,
    max_rounds: int | None = None,
    batch: int | None = None,
    wait: bool = True,
    started: Callable[[], object] = lambda: None,
) -> None:
    """Make the steps of a campaign in this process, and write its report."""
    from auto_labeling import assemble
    from auto_labeling.campaign import driver

    with (
        assemble.held(workspace, campaign) as fence,
        assemble.opened(workspace, campaign, fence=fence, batch=batch) as opened,
    ):
        started()
        driver.drive(opened, wait=wait, max_rounds=max_rounds)
    write_report(workspace, campaign)


def drive_with_prefect(
    workspace: Workspace,
    campaign: CampaignId,
    *,
    max_rounds: int | None = None,
    batch: int | None = None,
    wait: bool = True,
    started: Callable[[], object] = lambda: None,
) -> None:
    """Run the campaign flow; what goes wrong in it is raised here as it was raised there."""
    from auto_labeling import launch

    quiet_prefect()
    launch.run_campaign(
        workspace,
        campaign,
        max_rounds=max_rounds,
        batch_size=batch,
        wait=wait,
        started=started,
    )


def quiet_prefect() -> None:
    """Keep Prefect's log lines off the screen; the UI has them."""
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")


def write_report(workspace: Workspace, campaign: CampaignId) -> None:
    """Write the report of a campaign anew."""
    from auto_labeling import assemble
    from auto_labeling.reporting import outputs

    outputs.write(assemble.account_of(workspace, campaign), workspace.campaign(campaign))


def exit_code(state: CampaignState) -> int:
    """Return the exit code that a state gives.

    >>> exit_code(CampaignState(round=3, state=RoundState.STOPPED, stop_kind="budget"))
    3
    """
    if state.stopped:
        return failing.BUDGET if state.stop_kind == "budget" else failing.DONE
    if state.blocked_reason is not None:
        return failing.BLOCKED
    return failing.WAITING if state.state is RoundState.SENT else failing.DONE

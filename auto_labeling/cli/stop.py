"""`stop`: end a campaign, after its round or at once."""

from __future__ import annotations

from typing import Annotated

import typer

from auto_labeling.cli.finding import campaign_of, workspace_of
from auto_labeling.cli.options import (
    CampaignArgument,
    DryRunOption,
    JsonOption,
    WorkspaceOption,
)
from auto_labeling.errors import LeaseHeld
from auto_labeling.records import CampaignId
from auto_labeling.workspace import Workspace


def stop(
    campaign: CampaignArgument = None,
    now: Annotated[
        bool, typer.Option("--now", help="Withdraw what is open instead of waiting for it.")
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """End a campaign: after its round, or with --now at once.

    It works while another process drives the campaign. Answers that were given are kept, and the
    data set is frozen.
    """
    from auto_labeling import assemble
    from auto_labeling.cli import account, driving, screen

    place = workspace_of(workspace, must_exist=True)
    name = campaign_of(place, campaign, unstopped_first=True)
    before = assemble.account_of(place, name)
    if before.state.stopped:
        said = f"{name} has stopped already: {before.state.stop_reason}"
    elif dry_run:
        said = _would(name, now=now, open_asks=before.state.open_asks)
    else:
        _ask(place, name, "now" if now else "finish")
        said = _end(place, name, now=now)
    statement = assemble.account_of(place, name)
    if json:
        screen.print_json({**account.account_json(statement, place), "said": said})
    else:
        screen.say(said)
        if statement.state.stopped:
            account.show_account(statement, place)
    code = driving.exit_code(statement.state)
    raise typer.Exit(0 if dry_run or before.state.stopped else code)


def _ask(workspace: Workspace, campaign: CampaignId, how: str) -> None:
    """Write that a person wants the campaign to end; `now` is not taken back by `finish`."""
    from sqlalchemy import or_, update

    from auto_labeling import assemble
    from auto_labeling.campaign.schema import campaigns
    from auto_labeling.campaign.transition import tell

    with (
        assemble.opened(workspace, campaign) as opened,
        # Without the driver's lease: whoever wants a campaign to end must not have to wait for the
        # process that drives it. The driver reads this one column before each step.
        opened.ledger.write() as connection,
    ):
        asked = connection.execute(
            update(campaigns)
            .where(
                campaigns.c.campaign == campaign,
                campaigns.c.stopped_at.is_(None),
                or_(campaigns.c.stop_requested.is_(None), campaigns.c.stop_requested != "now"),
            )
            .values(stop_requested=how)
        )
        if asked.rowcount:
            tell(connection, campaign, "stop_requested", opened.clock.now(), how=how)


def _end(workspace: Workspace, campaign: CampaignId, *, now: bool) -> str:
    """Close the campaign, unless somebody else drives it; return what happens next."""
    from auto_labeling import assemble
    from auto_labeling.cli import driving

    try:
        driving.drive_plainly(workspace, campaign, wait=False)
    except LeaseHeld:
        driver = assemble.driver_of(workspace, campaign) or "the process that drives it"
        when = "withdraws what is open and closes it" if now else "finishes this round, and closes"
        return f"{campaign} was asked to stop: {driver} {when}."
    state = assemble.account_of(workspace, campaign).state
    if state.stopped:
        return f"{campaign} has stopped."
    return (
        f"{campaign} was asked to stop. {state.open_asks} answers of round {state.round} are still "
        "open: `auto-label resume`, or a tick, closes it when they are in; `auto-label stop --now` "
        "withdraws them."
    )


def _would(campaign: CampaignId, *, now: bool, open_asks: int) -> str:
    if now:
        return f"{campaign} would stop at once, and {open_asks} open answers would be withdrawn."
    return f"{campaign} would stop after its round, in which {open_asks} answers are open."

"""`run` and `resume`: drive a campaign until it stops, showing how it goes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from auto_labeling.cli.finding import campaign_of, refuse_network_disk, workspace_of
from auto_labeling.cli.options import (
    CampaignArgument,
    ConfigArgument,
    DryRunOption,
    JsonOption,
    PlainOption,
    WorkspaceOption,
)
from auto_labeling.errors import AutoLabelingError
from auto_labeling.records import CampaignId
from auto_labeling.workspace import Workspace

RoundsOption = Annotated[
    int | None, typer.Option("--max-rounds", min=1, metavar="N", help="At most N more rounds.")
]
BatchOption = Annotated[
    int | None, typer.Option("--batch", min=1, metavar="N", help="Items a round, in this run only.")
]
NoWaitOption = Annotated[
    bool, typer.Option("--no-wait", help="End when it is people's turn (exit code 4).")
]
NewOption = Annotated[
    bool, typer.Option("--new", help="Begin another campaign, even if the file has one.")
]


def run(  # noqa: PLR0917 - typer makes options of them
    config: ConfigArgument,
    max_rounds: RoundsOption = None,
    batch: BatchOption = None,
    no_wait: NoWaitOption = False,
    new: NewOption = False,
    plain: PlainOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Run the campaign of a file until it stops; begin it if it is new.

    It can be killed at any moment: the same command goes on where it was. A campaign that has
    stopped is not run again: MLflow gets what it lacks, and the account is printed.
    """
    place = workspace_of(workspace)
    if dry_run:
        from auto_labeling.cli.plan import plan

        plan(config=config, workspace=workspace, json=json)
        return
    refuse_network_disk(place)
    campaign = begin(place, config, new=new, quiet=json)
    drive(
        place,
        campaign,
        max_rounds=max_rounds,
        batch=batch,
        wait=not no_wait,
        plain=plain,
        json=json,
    )


def resume(
    campaign: CampaignArgument = None,
    max_rounds: RoundsOption = None,
    batch: BatchOption = None,
    no_wait: NoWaitOption = False,
    plain: PlainOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Go on with a campaign that was begun: by its file, id or name, or the newest."""
    place = workspace_of(workspace, must_exist=True)
    refuse_network_disk(place)
    if campaign is not None and Path(campaign).is_file():
        from auto_labeling import assemble

        campaign_of(place, campaign)  # says so if there is none: only `run` begins one
        found = assemble.find_or_create(place, campaign)  # refuses a file that has changed
    else:
        found = campaign_of(place, campaign, unstopped_first=True)
    drive(
        place,
        found,
        max_rounds=max_rounds,
        batch=batch,
        wait=not no_wait,
        plain=plain,
        json=json,
    )


def drive(
    workspace: Workspace,
    campaign: CampaignId,
    *,
    max_rounds: int | None,
    batch: int | None,
    wait: bool,
    plain: bool,
    json: bool,
) -> None:
    """Drive a campaign, say how it ended, and leave with its exit code."""
    from auto_labeling import assemble
    from auto_labeling.cli import account, driving, screen

    if not assemble.account_of(workspace, campaign).state.stopped:
        with _progress(workspace, campaign, quiet=json) as started:
            chosen = driving.drive_plainly if plain else driving.drive_with_prefect
            chosen(
                workspace,
                campaign,
                max_rounds=max_rounds,
                batch=batch,
                wait=wait,
                started=started,
            )
    elif not plain:
        _mirror(workspace, campaign)
    statement = assemble.account_of(workspace, campaign)
    if json:
        screen.print_json(account.account_json(statement, workspace))
    else:
        account.show_account(statement, workspace)
    raise typer.Exit(driving.exit_code(statement.state))


def _mirror(workspace: Workspace, campaign: CampaignId) -> None:
    """Bring what is still to be shown to MLflow, or say why it has to wait."""
    from auto_labeling import launch
    from auto_labeling.cli import driving, screen

    driving.quiet_prefect()
    try:
        launch.run_mirror(workspace, campaign)
    except AutoLabelingError as error:
        screen.say(f"MLflow is behind: {error}", stderr=True)


def _progress(
    workspace: Workspace, campaign: CampaignId, *, quiet: bool
) -> AbstractContextManager[Callable[[], None]]:
    if quiet:
        return nullcontext(lambda: None)
    from auto_labeling.cli.progress import shown

    return shown(workspace, campaign)


def begin(workspace: Workspace, config: str, *, new: bool, quiet: bool) -> CampaignId:
    """Return the campaign of a file, begun if it is new, and say which of the two it was."""
    from auto_labeling import assemble
    from auto_labeling import config as config_room
    from auto_labeling.cli import screen

    found = None if new else assemble.find(workspace, config)
    if new:
        path = Path(config).expanduser().resolve()
        campaign = assemble.create(
            workspace, config_room.read(path), config_path=path, base=path.parent
        )
    else:
        campaign = assemble.find_or_create(workspace, config)
    if not quiet:
        stopped = found and assemble.account_of(workspace, campaign).state.stopped
        after = " has stopped already" if stopped else " goes on" if found else " begins"
        screen.line(f"{campaign}{after}")
    return campaign

"""`tick`: one pass over campaigns, without waiting; what a schedule calls."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import typer

from auto_labeling.cli.finding import campaign_of, refuse_network_disk, workspace_of
from auto_labeling.cli.options import (
    AllOption,
    CampaignArgument,
    JsonOption,
    PlainOption,
    WorkspaceOption,
)
from auto_labeling.errors import BlockedError, ConfigurationError
from auto_labeling.records import CampaignId
from auto_labeling.workspace import Workspace

if TYPE_CHECKING:
    from auto_labeling.campaign.statement import Statement


def tick(
    campaign: CampaignArgument = None,
    all_campaigns: AllOption = False,
    plain: PlainOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Make the steps that are ready, without waiting, and end; for schedules.

    Exit code 4 says that people are waited for. On a stopped campaign it looks for late answers
    and edits, and asks nothing.
    """
    from auto_labeling import assemble
    from auto_labeling.cli import account, screen

    if all_campaigns and campaign is not None:
        raise ConfigurationError("--all: expected it without a campaign, or a campaign without it")
    place = workspace_of(workspace, must_exist=True)
    refuse_network_disk(place)
    one = None if all_campaigns else campaign_of(place, campaign, unstopped_first=True)
    names = assemble.unstopped(place) if one is None else [one]
    with _server(place, needed=bool(names) and not plain):
        became = {name: _advance(place, name, plain=plain, alone=one is not None) for name in names}
    if json:
        statements = [assemble.account_of(place, name) for name in names]
        screen.print_json(
            [
                {**account.account_json(statement, place), "exit_code": code, "tick": said}
                for statement, (said, code) in zip(statements, became.values(), strict=True)
            ]
        )
    else:
        for name, (said, _) in became.items():
            screen.say(f"{name}: {said}")
        if not names:
            screen.say("nothing to do: no campaign is under way")
    raise typer.Exit(worst([code for _, code in became.values()]))


def _server(workspace: Workspace, *, needed: bool) -> AbstractContextManager[object]:
    """Return one Prefect server for all campaigns of a pass: starting one takes seconds."""
    if not needed:
        return nullcontext()
    from auto_labeling import launch
    from auto_labeling.cli.driving import quiet_prefect

    quiet_prefect()
    return launch.prefect(workspace)


def worst(codes: list[int]) -> int:
    """Return the code that a person should hear of first: failed, blocked, held, waiting, budget.

    >>> worst([0, 4, 6, 3]), worst([])
    (6, 0)
    """
    order = (1, 2, 6, 5, 4, 3)
    return next((code for code in order if code in codes), 0)


def _advance(
    workspace: Workspace, campaign: CampaignId, *, plain: bool, alone: bool
) -> tuple[str, int]:
    """Return what became of a campaign, in words and as an exit code."""
    from auto_labeling.cli import failing

    try:
        return _moved_on(workspace, campaign, plain=plain)
    except BlockedError as error:
        # The ledger has it: `status` says it again until it is mended.
        return f"blocked: {error}", failing.BLOCKED
    except Exception as error:
        if alone:
            raise
        failure = failing.failure_of(error, workspace.root)
        return failure.sentence, failure.exit_code  # the other campaigns go on


def _moved_on(workspace: Workspace, campaign: CampaignId, *, plain: bool) -> tuple[str, int]:
    from auto_labeling import assemble
    from auto_labeling.cli import driving
    from auto_labeling.reporting.verdict import verdict_of

    before = assemble.account_of(workspace, campaign)
    if before.state.stopped:
        return _look_late(workspace, before), driving.exit_code(before.state)
    if plain:
        driving.drive_plainly(workspace, campaign, wait=False)
    else:
        driving.drive_with_prefect(workspace, campaign, wait=False)
    statement = assemble.account_of(workspace, campaign)
    return verdict_of(statement).sentence, driving.exit_code(statement.state)


def _look_late(workspace: Workspace, before: Statement) -> str:
    """Take in what people did after the stop, and return in words what came of it.

    Edits go into a new data set; nothing is asked for.
    """
    from auto_labeling import assemble
    from auto_labeling.campaign.steps import ending
    from auto_labeling.cli.driving import write_report

    name = before.campaign_id
    with (
        assemble.held(workspace, name) as fence,
        assemble.opened(workspace, name, fence=fence) as opened,
    ):
        found = ending.look_again(opened)
    write_report(workspace, name)
    frozen = assemble.account_of(workspace, name).dataset != before.dataset
    return f"stopped; {_late(found, frozen=frozen)}"


def _late(found: int, *, frozen: bool) -> str:
    """Return what came after the stop, in words.

    >>> _late(2, frozen=False)
    '2 late answers or edits were taken in'
    """
    if not found:
        return "a new data set holds what came in before" if frozen else "nothing new came in"
    said = f"{found} late answers or edits were taken in"
    return f"{said}; a new data set holds them" if frozen else said

"""`amend`: take a changed campaign file over, with who, when and why."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auto_labeling.cli.finding import campaign_of, workspace_of
from auto_labeling.cli.options import ConfigArgument, DryRunOption, JsonOption, WorkspaceOption
from auto_labeling.errors import BudgetExceeded, ConfigurationError
from auto_labeling.records import CampaignId
from auto_labeling.workspace import Workspace

if TYPE_CHECKING:
    from auto_labeling.campaign.context import Campaign
    from auto_labeling.campaign.ledger import Fence
    from auto_labeling.config import CampaignConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What an amendment changes, or would change."""

    difference: str | None
    """None where there is nothing to amend."""
    withdrawn: int = 0
    """Open answers that the new caps do not hold."""


def amend(
    config: ConfigArgument,
    why: Annotated[
        str, typer.Option("--why", metavar="TEXT", help="Why; it stands in the report.")
    ],
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Take the changes of a campaign file over, and show them.

    Caps, people, prices, deadline, batch and stop rules may change; what the campaign is about
    may not. Answers that are still open are withdrawn first where the new caps do not hold them.
    Where a campaign is held because people disagree, this says that the guide was mended, whether
    the file has changed or not.
    """
    from auto_labeling import config as config_room
    from auto_labeling.cli import screen

    place = workspace_of(workspace, must_exist=True)
    raw = config_room.read(Path(config).expanduser().resolve())
    name = campaign_of(place, config)
    if not why.strip():
        raise ConfigurationError("--why: expected a reason, got nothing")
    made = _preview(place, name, raw) if dry_run else _amended(place, name, raw, why)
    if json:
        screen.print_json(
            {
                "campaign": name,
                "difference": made.difference or "",
                "amended": made.difference is not None and not dry_run,
                "withdrawn": made.withdrawn,
            }
        )
        return
    if made.difference is None:
        screen.say(f"{name}: the file says what the campaign was told already; nothing to amend")
        return
    for text in made.difference.splitlines():
        style = {"+": "green", "-": "red"}.get(text[:1], "")
        screen.line(text, style=style)
    done = "would be amended" if dry_run else "was amended; it holds from the next step on"
    screen.say(f"{name} {done}.")
    if made.withdrawn:
        done = "would be" if dry_run else "were"
        screen.say(
            f"{made.withdrawn} open answers {done} withdrawn: the new caps do not hold them."
        )


def _preview(workspace: Workspace, campaign: CampaignId, raw: dict[str, object]) -> Amendment:
    from auto_labeling import assemble
    from auto_labeling import config as config_room
    from auto_labeling.campaign import amending
    from auto_labeling.campaign.pseudonyms import Pseudonyms, concealed

    config = config_room.parse(raw)
    raw = concealed(raw, Pseudonyms(workspace.people(campaign)))
    statement = assemble.account_of(workspace, campaign)
    before = statement.configuration
    if fixed := config_room.fixed_keys_changed(before, raw):
        raise ConfigurationError(f"{', '.join(fixed)}: a running campaign cannot change that")
    if config_room.digest(before) == config_room.digest(raw) and not _is_held(workspace, campaign):
        return Amendment(difference=None)
    try:
        withdrawn = amending.in_the_way(config, statement.budget)
    except BudgetExceeded as error:
        raise ConfigurationError(f"budget: {error}") from error
    return Amendment(difference=config_room.difference(before, raw), withdrawn=withdrawn)


def _is_held(workspace: Workspace, campaign: CampaignId) -> bool:
    from auto_labeling import assemble
    from auto_labeling.campaign import mends

    with assemble.opened(workspace, campaign) as opened, opened.ledger.read() as connection:
        return mends.is_held(connection, campaign)


def _amended(
    workspace: Workspace, campaign: CampaignId, raw: dict[str, object], why: str
) -> Amendment:
    from auto_labeling import assemble
    from auto_labeling.campaign import checking
    from auto_labeling.config import parse

    if assemble.account_of(workspace, campaign).state.stopped:
        raise ConfigurationError(
            f"campaign {campaign}: it has stopped, and nothing of it can change; "
            "`auto-label run --new` begins another with the file as it is now"
        )
    with (
        assemble.held(workspace, campaign) as fence,
        assemble.opened(workspace, campaign, fence=fence) as opened,
    ):
        checking.check_views(parse(raw), opened.features)
        try:
            return _with_room(opened, fence, raw, why)
        except BudgetExceeded as error:
            raise ConfigurationError(f"budget: {error}") from error


def _with_room(campaign: Campaign, fence: Fence, raw: dict[str, object], why: str) -> Amendment:
    """Take the changes over; what is open is withdrawn first where the new caps do not hold it."""
    from auto_labeling.config import parse

    try:
        return Amendment(difference=_taken_over(campaign, fence, raw, why))
    except BudgetExceeded:
        withdrawn = _make_room(campaign, parse(raw))
    return Amendment(difference=_taken_over(campaign, fence, raw, why), withdrawn=withdrawn)


def _taken_over(campaign: Campaign, fence: Fence, raw: dict[str, object], why: str) -> str | None:
    """Return the difference; raise `BudgetExceeded` where the new caps hold too little."""
    from auto_labeling.campaign import amending

    return amending.amend(
        campaign.ledger,
        fence=fence,
        raw=raw,
        who=_who(),
        why=why,
        clock=campaign.clock,
        pseudonym=campaign.pseudonyms,
    )


def _make_room(campaign: Campaign, config: CampaignConfig) -> int:
    """Withdraw what is open where that lets the new caps hold, and return how many answers.

    Raises `BudgetExceeded`, and withdraws nothing, where it would not help.
    """
    from auto_labeling.campaign import amending, driver
    from auto_labeling.campaign.rounds import Step
    from auto_labeling.campaign.statement_reading import read

    before = read(campaign.ledger, campaign.campaign_id)
    if amending.in_the_way(config, before.budget):
        driver.persist(campaign, Step.WITHDRAW)
    after = read(campaign.ledger, campaign.campaign_id)
    return after.asks.get("released", 0) - before.asks.get("released", 0)


def _who() -> str:
    if named := os.environ.get("USER"):
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"user {os.getuid()}"

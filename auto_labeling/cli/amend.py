"""`amend`: take a changed campaign file over, with who, when and why."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import Annotated

import typer

from auto_labeling.cli.finding import campaign_of, workspace_of
from auto_labeling.cli.options import ConfigArgument, DryRunOption, JsonOption, WorkspaceOption
from auto_labeling.errors import BudgetExceeded, ConfigurationError
from auto_labeling.records import CampaignId
from auto_labeling.workspace import Workspace


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
    may not. Where a campaign is held because people disagree, this says that the guide was mended,
    whether the file has changed or not.
    """
    from auto_labeling import config as config_room
    from auto_labeling.cli import screen

    place = workspace_of(workspace, must_exist=True)
    raw = config_room.read(Path(config).expanduser().resolve())
    name = campaign_of(place, config)
    if not why.strip():
        raise ConfigurationError("--why: expected a reason, got nothing")
    difference = _preview(place, name, raw) if dry_run else _amended(place, name, raw, why)
    if json:
        screen.print_json(
            {
                "campaign": name,
                "difference": difference or "",
                "amended": difference is not None and not dry_run,
            }
        )
        return
    if difference is None:
        screen.say(f"{name}: the file says what the campaign was told already; nothing to amend")
        return
    for text in difference.splitlines():
        style = {"+": "green", "-": "red"}.get(text[:1], "")
        screen.line(text, style=style)
    done = "would be amended" if dry_run else "was amended; it holds from the next step on"
    screen.say(f"{name} {done}.")


def _preview(workspace: Workspace, campaign: CampaignId, raw: dict[str, object]) -> str | None:
    from auto_labeling import assemble
    from auto_labeling import config as config_room
    from auto_labeling.campaign.pseudonyms import Pseudonyms, concealed

    config_room.parse(raw)
    raw = concealed(raw, Pseudonyms(workspace.people(campaign)))
    before = assemble.account_of(workspace, campaign).configuration
    if fixed := config_room.fixed_keys_changed(before, raw):
        raise ConfigurationError(f"{', '.join(fixed)}: a running campaign cannot change that")
    if config_room.digest(before) == config_room.digest(raw) and not _is_held(workspace, campaign):
        return None
    return config_room.difference(before, raw)


def _is_held(workspace: Workspace, campaign: CampaignId) -> bool:
    from auto_labeling import assemble
    from auto_labeling.campaign import mends

    with assemble.opened(workspace, campaign) as opened, opened.ledger.read() as connection:
        return mends.is_held(connection, campaign)


def _amended(
    workspace: Workspace, campaign: CampaignId, raw: dict[str, object], why: str
) -> str | None:
    from auto_labeling import assemble
    from auto_labeling.campaign import amending, checking
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
            return amending.amend(
                opened.ledger,
                fence=fence,
                raw=raw,
                who=_who(),
                why=why,
                clock=opened.clock,
                pseudonym=opened.pseudonyms,
            )
        except BudgetExceeded as error:
            raise ConfigurationError(f"budget: {error}") from error


def _who() -> str:
    if named := os.environ.get("USER"):
        return named
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"user {os.getuid()}"

"""`retrain`: what `serve` runs when somebody asks Label Studio for a training; not listed."""

from __future__ import annotations

from auto_labeling.cli.finding import campaign_of, workspace_of
from auto_labeling.cli.options import CampaignArgument, PlainOption, WorkspaceOption
from auto_labeling.records import CampaignId
from auto_labeling.workspace import Workspace


def retrain(
    campaign: CampaignArgument = None,
    plain: PlainOption = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Train the model that is served on all answers so far; rounds go on as if it had not been."""
    from auto_labeling.cli import screen

    place = workspace_of(workspace, must_exist=True)
    name = campaign_of(place, campaign, unstopped_first=True)
    items = _plainly(place, name) if plain else _with_prefect(place, name)
    screen.say(f"{name}: trained on {items} items" if items else f"{name}: nothing is labeled yet")


def _plainly(workspace: Workspace, campaign: CampaignId) -> int:
    from contextlib import suppress

    from auto_labeling import assemble
    from auto_labeling.campaign.steps import collecting
    from auto_labeling.errors import LeaseHeld
    from auto_labeling.serving import interim

    with (
        suppress(LeaseHeld),  # then its driver takes the answers in
        assemble.held(workspace, campaign) as fence,
        assemble.opened(workspace, campaign, fence=fence) as opened,
    ):
        collecting.sync(opened)
    with assemble.opened(workspace, campaign) as opened:
        made = interim.retrain(opened)
    return 0 if made is None else made.labels


def _with_prefect(workspace: Workspace, campaign: CampaignId) -> int:
    from auto_labeling import launch
    from auto_labeling.cli.driving import quiet_prefect

    quiet_prefect()
    return launch.run_retrain(workspace, campaign)

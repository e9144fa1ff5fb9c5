"""`relabel`: ask again about labels that are probably wrong."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from auto_labeling.cli.finding import campaign_of, workspace_of
from auto_labeling.cli.options import (
    CampaignArgument,
    DryRunOption,
    JsonOption,
    WorkspaceOption,
)

_SHOWN = 10


def relabel(
    campaign: CampaignArgument = None,
    most: Annotated[
        int, typer.Option("--most", min=1, help="Ask about no more items than this.")
    ] = 50,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Ask again about labels that are probably wrong, within the budget.

    Models that never saw a label say how likely it is; people who have not answered the item say
    what it is. Their answers enter the next data set.
    """
    from auto_labeling import assemble
    from auto_labeling.campaign import relabeling
    from auto_labeling.cli import screen
    from auto_labeling.formats.value import write_label

    place = workspace_of(workspace, must_exist=True)
    name = campaign_of(place, campaign, unstopped_first=True)
    with (
        assemble.held(place, name) as fence,
        assemble.opened(place, name, fence=fence) as opened,
    ):
        found = relabeling.suspects(opened)
        ordered = [] if dry_run else relabeling.ask_again(opened, found[:most])
    asked = {ask.item_id for ask in ordered}
    rows: list[dict[str, Any]] = [
        {
            "item": one.item_id,
            "label": write_label(one.label),
            "likelier": write_label(one.likelier),
            "asked": one.item_id in asked,
        }
        for one in found
    ]
    if json:
        screen.print_json({"campaign": name, "suspects": rows, "asked": len(asked)})
        return
    screen.say(f"{name}: {len(found)} labels are probably wrong; {len(asked)} are asked again.")
    for row in rows[:_SHOWN]:
        screen.say(f"  {row['item']}: {row['label']}, rather {row['likelier']}")
    if asked:
        screen.say("`auto-label resume` sends them.")

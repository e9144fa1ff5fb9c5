"""`report`: write the HTML report of a campaign anew."""

from __future__ import annotations

from auto_labeling.cli.finding import campaign_of, workspace_of
from auto_labeling.cli.options import CampaignArgument, JsonOption, WorkspaceOption


def report(
    campaign: CampaignArgument = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Write a campaign's report anew, as one HTML file, and print where it is."""
    from auto_labeling.cli import screen
    from auto_labeling.cli.driving import write_report

    place = workspace_of(workspace, must_exist=True)
    name = campaign_of(place, campaign)
    write_report(place, name)
    path = str(place.report(name))
    if json:
        screen.print_json({"campaign": name, "report": path})
    else:
        screen.line(path)

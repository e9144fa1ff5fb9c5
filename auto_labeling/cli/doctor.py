"""`doctor`: whether everything that a campaign needs is there, and what to do where it is not."""

from __future__ import annotations

from typing import Annotated

import typer

from auto_labeling.cli.finding import workspace_of
from auto_labeling.cli.options import JsonOption, WorkspaceOption

_MARKS = {"fine": ("ok", "green"), "unsure": ("note", "yellow"), "wrong": ("WRONG", "bold red")}


def doctor(
    config: Annotated[
        str | None,
        typer.Argument(
            metavar="CONFIG",
            help="Also check the secrets that this campaign file names.",
            show_default=False,
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Check versions, disk, ledger, servers, secrets and telemetry; exit code 1 if one is wrong."""
    from auto_labeling.cli import checks, screen

    findings = checks.all_findings(workspace_of(workspace), config)
    wrong = any(one.state == "wrong" for one in findings)
    if json:
        screen.print_json(
            {
                "fine": not wrong,
                "findings": [
                    {"check": f.check, "state": f.state, "said": f.said, "remedy": f.remedy}
                    for f in findings
                ],
            }
        )
    else:
        for one in findings:
            mark, style = _MARKS[one.state]
            screen.say(
                f"{mark:<6}{one.check}: {one.said}", style="" if one.state == "fine" else style
            )
            if one.remedy:
                screen.say(f"      {one.remedy}")
    raise typer.Exit(1 if wrong else 0)

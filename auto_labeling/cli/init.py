"""`init`: write a campaign file from what lies in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auto_labeling.cli.options import DryRunOption, JsonOption
from auto_labeling.errors import ConfigurationError


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where the data lies.", show_default=False)
    ] = Path(),
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="PATH", help="The file to write; FOLDER/campaign.yaml."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace another file.")] = False,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Write a campaign file from the images, tables or arrays in a folder; asks nothing.

    Every key is explained in the file. `auto-label plan` then says what it would buy.
    """
    from auto_labeling.cli import screen
    from auto_labeling.cli.drafting import draft
    from auto_labeling.cli.surveying import survey
    from auto_labeling.files import write_atomically

    if not folder.is_dir():
        raise ConfigurationError(f"{folder}: there is no such folder; name one that holds the data")
    path = to or folder / "campaign.yaml"
    if path.exists() and not (force or dry_run):
        raise ConfigurationError(
            f"{path}: there is a campaign file already; --force replaces it, --to names another"
        )
    found = survey(folder, path.parent)
    text = draft(found, name=folder.resolve().name)
    if not dry_run:
        write_atomically(path, text)
    if json:
        screen.print_json({"config": str(path), "found": found.said, "mend": found.mend})
        return
    if dry_run:
        screen.line(text)
        return
    screen.say(f"Found {found.said}.")
    screen.line(f"Wrote {path}")
    for sentence in found.mend:
        screen.say(f"  {sentence}")
    screen.line(f"Next: auto-label plan {path}")

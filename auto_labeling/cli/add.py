"""`add`: take more rows into a campaign's pool."""

from __future__ import annotations

import json as json_text
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from auto_labeling.cli.finding import campaign_of, workspace_of
from auto_labeling.cli.options import DryRunOption, JsonOption, WorkspaceOption
from auto_labeling.errors import ConfigurationError

_PATHS = {"arrays": "features"}
"""The key that says where the rows lie, where it is not `path`."""


def add(
    campaign: Annotated[
        str, typer.Argument(metavar="CONFIG|ID", help="A campaign's file, id or name.")
    ],
    path: Annotated[
        str | None,
        typer.Argument(
            metavar="PATH", help="More of what the pool is made of.", show_default=False
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--source",
            metavar="JSON",
            help='A source as under `pool`, such as \'{"kind": "table", "path": "more.csv"}\'.',
            show_default=False,
        ),
    ] = None,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Take more rows into the pool of a campaign; they are asked about from the next round on.

    PATH is read like the pool's first source: the same kind and the same columns.
    """
    from auto_labeling import assemble
    from auto_labeling import config as config_room
    from auto_labeling.campaign import creation
    from auto_labeling.cli import screen

    place = workspace_of(workspace, must_exist=True)
    name = campaign_of(place, campaign)
    statement = assemble.account_of(place, name)
    state = statement.state
    if state.stopped or state.stop_kind is not None or state.stop_requested is not None:
        raise ConfigurationError(
            f"campaign {name}: it stops, or has stopped, and asks no more; begin another over the "
            "larger pool"
        )
    raw = _source(path, source, statement.configuration)
    config_room.source(raw)
    if dry_run:
        said: dict[str, Any] = {"campaign": name, "source": raw}
        screen.print_json(said) if json else screen.say(f"{name} would take in {raw}")
        return
    with (
        assemble.held(place, name) as fence,
        assemble.opened(place, name, fence=fence) as opened,
    ):
        added, bad = creation.add(
            opened.ledger,
            fence=fence,
            config=opened.config,
            raw_source=raw,
            base=opened.base,
            folder=opened.folder,
            clock=opened.clock,
            traits=opened.backend.traits,
            embedded=opened.embedded,
        )
    if json:
        screen.print_json({"campaign": name, "added": added, "quarantined": bad, "source": raw})
        return
    aside = f"; {bad} could not be used and were put aside, see the report" if bad else ""
    screen.say(f"{name}: {added} items were added{aside}.")


def _source(
    path: str | None, given: str | None, configuration: Mapping[str, Any]
) -> dict[str, Any]:
    if (path is None) == (given is None):
        raise ConfigurationError("add: expected either a PATH or --source, and not both")
    if given is not None:
        return _parsed(given)
    first = configuration["pool"]
    first = dict(first[0] if isinstance(first, list) else first)
    kind = str(first["kind"])
    key = _PATHS.get(kind, "path")
    # What judges is fixed when a campaign begins, and arrays beside the features have other rows.
    dropped = {"heldout", "ids", "groups", "labels"} if kind == "arrays" else {"heldout"}
    kept = {name: value for name, value in first.items() if name not in dropped}
    # Absolute: the person who types means this folder, not that of the campaign file.
    return {**kept, key: str(Path(str(path)).expanduser().absolute())}


def _parsed(given: str) -> dict[str, Any]:
    try:
        parsed = json_text.loads(given)
    except ValueError as error:
        raise ConfigurationError(f"--source: this is not JSON ({error}), got {given!r}") from error
    if not isinstance(parsed, dict):
        raise ConfigurationError(f"--source: expected keys and values, got {given!r}")
    return parsed

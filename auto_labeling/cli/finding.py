"""Which campaign a person means, and what stands in the way of opening it."""

from __future__ import annotations

from pathlib import Path

from auto_labeling.cli.disks import network_disk
from auto_labeling.errors import ConfigurationError
from auto_labeling.records import CampaignId
from auto_labeling.workspace import Workspace


def workspace_of(given: Path | None, *, must_exist: bool = False) -> Workspace:
    """Return the workspace that is meant. Raises `ConfigurationError` for an impossible one."""
    workspace = Workspace.of(given)
    if workspace.root.exists() and not workspace.root.is_dir():
        raise ConfigurationError(f"--workspace: {workspace.root} is a file, expected a folder")
    if must_exist and not workspace.ledger.exists():
        raise ConfigurationError(
            f"{workspace.root}: no campaign was begun here; `auto-label run CONFIG` begins one, "
            "or name another --workspace"
        )
    return workspace


def refuse_network_disk(workspace: Workspace) -> None:
    """Raise `ConfigurationError` if the ledger would lie where SQLite's locks do not hold."""
    kind = network_disk(workspace.root)
    if kind is not None:
        raise ConfigurationError(
            f"{workspace.root}: this is a network disk ({kind}), on which a ledger is lost sooner "
            "or later; name a folder on a local disk with --workspace"
        )


def campaign_of(
    workspace: Workspace, given: str | None, *, unstopped_first: bool = False
) -> CampaignId:
    """Return the campaign of a file, id or name, or the newest one.

    With `unstopped_first` the newest that has something to do goes before newer ones.
    """
    from auto_labeling import assemble

    known = assemble.known(workspace) if workspace.ledger.exists() else []
    if given is None:
        if not known:
            raise ConfigurationError(
                f"{workspace.root}: no campaign was begun here; `auto-label run CONFIG` begins one"
            )
        alive = assemble.unstopped(workspace) if unstopped_first else []
        return alive[-1] if alive else known[0]
    found = assemble.find(workspace, given)
    if found is not None:
        return found
    if Path(given).is_file():
        raise ConfigurationError(
            f"{given}: no campaign was begun from this file in {workspace.root}; "
            f"`auto-label run {given}` begins it"
        )
    there = f"; there are {', '.join(known[:5])}" if known else ""
    raise ConfigurationError(
        f"{given}: no campaign of that file, id or name in {workspace.root}{there}"
    )

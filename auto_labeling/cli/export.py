"""`export`: write the newest data set of a campaign where a person wants it."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from auto_labeling.cli.finding import campaign_of, workspace_of
from auto_labeling.cli.options import CampaignArgument, JsonOption, WorkspaceOption
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.records import CampaignId
from auto_labeling.workspace import Workspace

_SUFFIXES = {".parquet": "parquet", ".csv": "csv"}


def export(
    campaign: CampaignArgument = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="PATH",
            help="The file to write; CAMPAIGN.FORMAT in this folder.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[
        Literal["parquet", "csv"] | None,
        typer.Option("--format", help="By default what PATH ends in, else parquet."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace another file.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Write the newest data set: item, where it lies, label, confidence, votes, purpose, source.

    Items of purpose `control` judged the model: leave them out when you train another.
    """
    from auto_labeling.cli import screen
    from auto_labeling.files import write_atomically

    place = workspace_of(workspace, must_exist=True)
    name = campaign_of(place, campaign)
    kind = format or _SUFFIXES.get("" if to is None else to.suffix.lower(), "parquet")
    path = (to or Path(f"{name}.{kind}")).expanduser()
    digest, frame = _dataset(place, name)
    content = _written(frame, kind)
    if path.is_dir():
        raise ConfigurationError(f"--to: {path} is a folder, expected a file")
    fresh = not path.exists() or _digest(path.read_bytes()) != _digest(content)
    if path.exists() and fresh and not force:
        raise ConfigurationError(
            f"{path}: there is another file of that name; --force replaces it, or name another"
        )
    if fresh:
        write_atomically(path, content)
    if json:
        said = {"campaign": name, "dataset": digest, "path": str(path.absolute())}
        screen.print_json({**said, "items": len(frame), "format": kind})
        return
    done = "written to" if fresh else "there already, the same:"
    screen.line(f"{len(frame)} labels {done} {path}")


def _dataset(workspace: Workspace, campaign: CampaignId) -> tuple[str, Any]:
    from auto_labeling import assemble
    from auto_labeling.campaign import manifest

    digest = assemble.account_of(workspace, campaign).dataset
    if digest is None:
        raise DataError(
            f"campaign {campaign}: no data set was frozen yet; `auto-label status` says how far "
            "it is"
        )
    if not (workspace.manifest(digest) / "labels.parquet").exists():
        raise DataError(
            f"{workspace.manifest(digest)}: the data set is not there any more; put the folder "
            "back, or let the campaign freeze another with `auto-label tick`"
        )
    frame = manifest.read(workspace.root, digest)
    if frame.empty:
        raise DataError(f"campaign {campaign}: the data set holds no label yet")
    places = _places(workspace, campaign)
    frame.insert(1, "where", [places.get(item) for item in frame["item"]])
    return digest, frame


def _places(workspace: Workspace, campaign: CampaignId) -> dict[str, str]:
    """Return, by item, the words that lead a person to it: ids may be digests."""
    from auto_labeling.pool.pool import Pool

    pool = Pool.open(workspace.campaign(campaign) / "inputs")
    return {
        item: snapshot.source.where(reference)
        for snapshot, rows in pool.by_snapshot()
        for item, reference in zip(rows.ids, rows.references, strict=True)
    }


def _written(frame: Any, kind: str) -> bytes:
    buffer = BytesIO()
    if kind == "csv":
        frame.to_csv(buffer, index=False)
    else:
        frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

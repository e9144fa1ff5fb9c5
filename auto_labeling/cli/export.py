"""`export`: write the newest data set of a campaign where a person wants it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import typer

from auto_labeling.cli.finding import campaign_of, workspace_of
from auto_labeling.cli.options import CampaignArgument, JsonOption, WorkspaceOption
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.records import CampaignId
from auto_labeling.workspace import Workspace

Format: TypeAlias = Literal["parquet", "csv", "coco", "cvat", "json", "json_min", "voc", "yolo"]
_SUFFIXES: dict[str, Format] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".json": "json",
    ".xml": "cvat",
}
_NAMES = {"coco": "coco.json", "cvat": "cvat.xml", "json_min": "min.json"}
"""What a file's name ends in, where it is not the format."""


def export(
    campaign: CampaignArgument = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to",
            metavar="PATH",
            help="The file, for voc and yolo the folder, to write; CAMPAIGN.FORMAT here. For coco "
            "either: a folder has no suffix.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[
        Format | None,
        typer.Option("--format", help="By default what PATH ends in, else parquet."),
    ] = None,
    with_pseudo_labels: Annotated[
        bool,
        typer.Option(
            "--with-pseudo-labels",
            help="Append what the newest model learned from without anybody's label, as source "
            "pseudo with its weight. For parquet and csv.",
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace another file.")] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Write the newest data set: item, where it lies, label, confidence, votes, purpose, source.

    All labels are people's, unless pseudo-labels are asked for; these say `pseudo` as their source.
    Items of purpose `control` judged the model: leave them out when you train another. json and
    json_min are Label Studio's, cvat is CVAT's XML; coco, voc and yolo hold what is drawn on
    pictures. A folder (voc, yolo, and coco where PATH is one) has copies of the pictures in it, and
    what judged as its split val: other programs train on it as it is.
    """
    from auto_labeling.cli import screen
    from auto_labeling.files import write_atomically

    place = workspace_of(workspace, must_exist=True)
    name = campaign_of(place, campaign)
    kind: Format = format or _SUFFIXES.get("" if to is None else to.suffix.lower(), "parquet")
    path = (to or Path(f"{name}.{_NAMES.get(kind, kind)}")).expanduser()
    digest, frame = _dataset(place, name)
    people = len(frame)
    if with_pseudo_labels:
        frame = _with_pseudo_labels(place, name, frame, kind)
    files = _files(place, name, frame, kind, path)
    fresh = [one for one, content in files.items() if _differs(one, content())]
    taken = [one for one in fresh if one.exists()]
    if taken and not force:
        raise ConfigurationError(
            f"{taken[0]}: there is another file of that name; --force replaces it, or name another"
        )
    for one in fresh:
        write_atomically(one, files[one]())
    if json:
        said = {"campaign": name, "dataset": digest, "path": str(path.absolute())}
        more = {"pseudo_labels": len(frame) - people} if with_pseudo_labels else {}
        screen.print_json({**said, "items": people, "format": kind, **more})
        return
    done = "written to" if fresh else "there already, the same:"
    beside = f" and {len(frame) - people} pseudo-labels" if with_pseudo_labels else ""
    screen.line(f"{people} labels{beside} {done} {path}")


_Content: TypeAlias = Callable[[], bytes]
"""What a file is to hold, read when it is written: pictures need not be in memory at once."""


def _files(
    workspace: Workspace, campaign: CampaignId, frame: Any, kind: Format, path: Path
) -> dict[Path, _Content]:
    """Return what is to be written where."""
    from auto_labeling import assemble

    if kind in ("voc", "yolo") or (kind == "coco" and (path.is_dir() or not path.suffix)):
        if path.is_file():
            raise ConfigurationError(f"--to: {path} is a file, and {kind} needs a folder")
        with assemble.opened(workspace, campaign) as opened:
            return _with_pictures(opened, frame, kind, path)
    if path.is_dir():
        raise ConfigurationError(f"--to: {path} is a folder, expected a file")
    if kind in ("parquet", "csv"):
        content = _written(frame, kind)
    else:
        content = _encoded(workspace, campaign, frame, kind).encode()
    return {path: lambda: content}


def _with_pictures(opened: Any, frame: Any, kind: Format, path: Path) -> dict[Path, _Content]:
    from auto_labeling.cli.picture_sets import copied, picture_set

    found = picture_set(kind, opened.pool, frame, opened.config.labels)
    files: dict[Path, _Content] = {
        path / name: partial(str.encode, text) for name, text in found.texts.items()
    }
    files.update((path / name, partial(copied, file)) for name, file in found.pictures.items())
    return files


def _encoded(workspace: Workspace, campaign: CampaignId, frame: Any, kind: Format) -> str:
    from auto_labeling import assemble
    from auto_labeling.campaign.labeled import labeled
    from auto_labeling.formats import ENCODERS

    with assemble.opened(workspace, campaign) as opened:
        schema = opened.config.labels
        [text] = ENCODERS[kind](labeled(opened.pool, frame, schema), schema).values()
        return text


def _differs(path: Path, content: bytes) -> bool:
    return not path.exists() or _digest(path.read_bytes()) != _digest(content)


def _dataset(workspace: Workspace, campaign: CampaignId) -> tuple[str, Any]:
    from auto_labeling import assemble
    from auto_labeling.campaign import manifest
    from auto_labeling.campaign.labeled import places
    from auto_labeling.pool.pool import Pool

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
    where = places(Pool.open(workspace.campaign(campaign) / "inputs"))
    frame.insert(1, "where", [where.get(item) for item in frame["item"]])
    return digest, frame


def _with_pseudo_labels(workspace: Workspace, campaign: CampaignId, frame: Any, kind: str) -> Any:
    """Return people's labels, each weighing 1, and below them what nobody has labeled."""
    from auto_labeling import assemble
    from auto_labeling.campaign import pseudo_frame
    from auto_labeling.campaign.labeled import places
    from auto_labeling.pool.pool import Pool

    if kind not in ("parquet", "csv"):
        raise ConfigurationError(
            f"--with-pseudo-labels: {kind} cannot say that nobody gave a label; choose parquet or "
            "csv"
        )
    account = assemble.account_of(workspace, campaign).pseudo_labels
    if account is None or not account.in_use:
        why = "" if account is None or not account.reason else f": {account.reason}"
        raise DataError(f"campaign {campaign}: no pseudo-labels are in use{why}")
    where = places(Pool.open(workspace.campaign(campaign) / "inputs"))
    return pseudo_frame.beside(frame, workspace.root, account.rounds[-1], where)


def _written(frame: Any, kind: str) -> bytes:
    buffer = BytesIO()
    if kind == "csv":
        frame.to_csv(buffer, index=False)
    else:
        frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

"""The checks of `doctor`: each looks at one thing and says what to do about it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from auto_labeling.cli.disks import network_disk
from auto_labeling.errors import AutoLabelingError
from auto_labeling.workspace import Workspace

_LEAST_FREE = 1_000_000_000
_OLDEST_SQLITE = (3, 35, 0)
_TELEMETRY = {
    "DO_NOT_TRACK": ("true", "1"),
    "PREFECT_SERVER_ANALYTICS_ENABLED": ("false", "0"),
    "MLFLOW_DISABLE_TELEMETRY": ("true", "1"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found."""

    check: str
    state: Literal["fine", "unsure", "wrong"]
    said: str
    remedy: str | None = None


def all_findings(workspace: Workspace, config: str | None) -> list[Finding]:
    """Return what every check found, in the order in which things are needed."""
    return [
        _python(),
        *_versions(),
        _writable(workspace),
        _space(workspace),
        _disk(workspace),
        _sqlite(),
        _ledger(workspace),
        _prefect(),
        _mlflow(workspace),
        *_secrets(workspace, config),
        _telemetry(),
    ]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        return Finding(check="Python", state="fine", said=version)
    return Finding(
        check="Python",
        state="wrong",
        said=f"{version}, expected 3.11 to 3.13",
        remedy="Install one of them and make the environment anew with it.",
    )


def _versions() -> Iterator[Finding]:
    """Compare what is installed with what this package says it was run with."""
    from packaging.requirements import Requirement

    try:
        wanted = [Requirement(one) for one in metadata.requires("auto-labeling") or []]
    except metadata.PackageNotFoundError:
        yield Finding(
            check="packages",
            state="unsure",
            said="auto-labeling runs from its folder and is not installed, so there is nothing "
            "to compare versions with",
            remedy="`pip install -e .` in that folder installs it.",
        )
        return
    needed = [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    bad = []
    for one in needed:
        try:
            there = metadata.version(one.name)
        except metadata.PackageNotFoundError:
            bad.append((one, "is missing"))
            continue
        if not one.specifier.contains(there, prereleases=True):
            bad.append((one, f"is {there}, expected {one.specifier}"))
    if not bad:
        said = f"all {len(needed)} are of versions that are known to work together"
        yield Finding(check="packages", state="fine", said=said)
    for one, said in bad:
        yield Finding(
            check="packages",
            state="wrong",
            said=f"{one.name} {said}",
            remedy=f"pip install '{one.name}{one.specifier}'",
        )


def _writable(workspace: Workspace) -> Finding:
    folder = _nearest(workspace.root)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"0")
    except OSError as error:
        return Finding(
            check="workspace",
            state="wrong",
            said=f"{workspace.root} cannot be written ({error.strerror})",
            remedy="Grant this user write access, or name another folder with --workspace.",
        )
    there = "" if workspace.root.exists() else " (not there yet: the first run makes it)"
    return Finding(check="workspace", state="fine", said=f"{workspace.root}{there}")


def _space(workspace: Workspace) -> Finding:
    free = shutil.disk_usage(_nearest(workspace.root)).free
    said = f"{free / 1e9:,.1f} GB free"
    if free >= _LEAST_FREE:
        return Finding(check="disk space", state="fine", said=said)
    return Finding(
        check="disk space",
        state="wrong",
        said=said,
        remedy="Make room, or name a folder on another disk with --workspace.",
    )


def _disk(workspace: Workspace) -> Finding:
    kind = network_disk(workspace.root)
    if kind is None:
        return Finding(check="disk", state="fine", said="the ledger is on a local disk")
    return Finding(
        check="disk",
        state="wrong",
        said=f"the ledger would lie on a network disk ({kind}), where SQLite's locks do not hold",
        remedy="Name a folder on a local disk with --workspace; copy reports and data sets out.",
    )


def _sqlite() -> Finding:
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        return Finding(
            check="SQLite",
            state="wrong",
            said=f"{version}, expected {'.'.join(map(str, _OLDEST_SQLITE))} or later",
            remedy="Use a Python that was built with a later SQLite.",
        )
    return Finding(check="SQLite", state="fine", said=version)


def _ledger(workspace: Workspace) -> Finding:
    """Open the ledger; where there is none, try a write-ahead log on that disk."""
    if not workspace.ledger.exists():
        return _wal(_nearest(workspace.root))
    from auto_labeling import assemble

    try:
        known = assemble.known(workspace)
        ledger = assemble.open_ledger(workspace)
        with ledger.read() as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        ledger.close()
    except AutoLabelingError as error:
        return Finding(check="ledger", state="wrong", said=str(error))
    if mode != "wal":
        return _no_wal()
    return Finding(check="ledger", state="fine", said=f"{len(known)} campaigns")


def _wal(folder: Path) -> Finding:
    try:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            connection = sqlite3.connect(Path(place) / "try.db")
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            connection.close()
    except (OSError, sqlite3.Error) as error:
        return Finding(check="ledger", state="wrong", said=f"none can be made ({error})")
    return Finding(check="ledger", state="fine", said="none yet") if mode == "wal" else _no_wal()


def _no_wal() -> Finding:
    return Finding(
        check="ledger",
        state="wrong",
        said="the disk refuses SQLite's write-ahead log",
        remedy="Name a folder on a local disk with --workspace.",
    )


def _prefect() -> Finding:
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        said = "none is set: every run starts one for its own length"
        return Finding(check="Prefect server", state="fine", said=said)
    try:
        urllib.request.urlopen(f"{url}/health", timeout=5).close()  # noqa: S310 - the user's address
    except urllib.error.HTTPError as error:
        said = f"{url} answers, and wants credentials ({error.code})"
        return Finding(check="Prefect server", state="fine", said=said)
    except (OSError, ValueError):
        return Finding(
            check="Prefect server",
            state="wrong",
            said=f"{url} (PREFECT_API_URL) does not answer",
            remedy="Start it, or unset PREFECT_API_URL to have one for the length of a command.",
        )
    return Finding(check="Prefect server", state="fine", said=url)


def _mlflow(workspace: Workspace) -> Finding:
    if not workspace.mlflow.exists():
        said = "none yet: the first run that mirrors its curves makes it"
        return Finding(check="MLflow store", state="fine", said=said)
    try:
        connection = sqlite3.connect(f"{workspace.mlflow.as_uri()}?mode=ro", uri=True)
        count = connection.execute("SELECT count(*) FROM runs").fetchone()[0]
        connection.close()
    except sqlite3.Error as error:
        return Finding(
            check="MLflow store",
            state="wrong",
            said=f"{workspace.mlflow} cannot be read ({error})",
            remedy="It is a mirror: move the file away, and the next run makes another.",
        )
    return Finding(check="MLflow store", state="fine", said=f"{workspace.mlflow}, {count} runs")


def _secrets(workspace: Workspace, config: str | None) -> Iterator[Finding]:
    """Resolve every secret of the campaign file, or of the campaigns under way; print none."""
    from auto_labeling.secrets import LocalSecrets

    try:
        told = _told(workspace, config)
    except AutoLabelingError as error:
        yield Finding(check="secrets", state="wrong", said=str(error))
        return
    references = {repr(one): one for raw in told for one in _references(raw)}
    if not references:
        yield Finding(check="secrets", state="fine", said="no campaign here needs one")
    for reference in references.values():
        (kind, name), *_ = reference.items()
        try:
            LocalSecrets().resolve(reference)
        except AutoLabelingError as error:
            yield Finding(check="secrets", state="wrong", said=str(error))
        else:
            yield Finding(check="secrets", state="fine", said=f"{kind} {name} is there")


def _told(workspace: Workspace, config: str | None) -> list[Mapping[str, Any]]:
    if config is not None:
        from auto_labeling import config as config_room

        return [config_room.read(Path(config).expanduser())]
    if not workspace.ledger.exists():
        return []
    from auto_labeling import assemble

    names = assemble.unstopped(workspace)
    return [assemble.account_of(workspace, name).configuration for name in names]


def _references(raw: object) -> Iterator[Mapping[str, str]]:
    if isinstance(raw, Mapping):
        if len(raw) == 1 and set(raw) <= {"env", "file"}:
            yield raw
        else:
            for value in raw.values():
                yield from _references(value)
    elif isinstance(raw, list):
        for value in raw:
            yield from _references(value)


def _telemetry() -> Finding:
    on = [name for name, off in _TELEMETRY.items() if os.environ.get(name, "").lower() not in off]
    if on:
        return Finding(
            check="telemetry",
            state="wrong",
            said=f"on, because {', '.join(on)} is not set",
            remedy=" ".join(f"export {name}={_TELEMETRY[name][0]}" for name in on),
        )
    return Finding(check="telemetry", state="fine", said="off, for every dependency")


def _nearest(path: Path) -> Path:
    """Return the folder itself, or the nearest above it that is there."""
    return next(one for one in (path, *path.parents) if one.exists())

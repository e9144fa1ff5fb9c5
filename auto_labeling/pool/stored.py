"""One snapshot on disk: an index, features, and what was left out; never a payload."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from auto_labeling.errors import DataError
from auto_labeling.files import sha256_of
from auto_labeling.pool import TABLE
from auto_labeling.pool.source import Quarantined, Source, SourceRows
from auto_labeling.records import ItemId

FORMAT = 1
INDEX, FEATURES, ABOUT, HELDOUT = "index.parquet", "features.npy", "snapshot.json", "heldout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What was taken into a pool at one time."""

    number: int
    folder: Path
    source: Source
    base: Path
    """What the source's paths are relative to."""
    digest: str
    """sha256 over the ids and content hashes, in order."""
    size: int
    width: int
    """How many features a row has."""
    feature_names: tuple[str, ...] | None
    known: int
    """How many rows were left out because an earlier snapshot holds them."""
    known_labels: Mapping[ItemId, str]
    """By item of an earlier snapshot, the label that a labeled set gave it."""
    heldout_size: int
    heldout_source: Source | None
    """What the held-out rows were read with; None where there are none."""
    quarantined: tuple[Quarantined, ...]
    heldout_quarantined: tuple[Quarantined, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredRows:
    """The index and features of a folder, as parallel columns."""

    ids: Sequence[ItemId]
    references: Sequence[str]
    groups: Sequence[str | None]
    content_hashes: Sequence[str]
    labels: Sequence[str | None]
    """None throughout where the source has none."""
    twins: Sequence[str]
    """Equal where contents are the same to a reader; the content hashes where nobody told."""
    features: NDArray[np.float32]
    """(n, d), a memory map."""


def folder_of(pool: Path, number: int) -> Path:
    """Return where a snapshot lies.

    >>> folder_of(Path("pool"), 2).as_posix()
    'pool/snapshot-002'
    """
    return pool / f"snapshot-{number:03d}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Written:
    """A snapshot that is about to be written."""

    number: int
    base: Path
    rows: SourceRows
    known: int
    known_labels: Mapping[ItemId, str]
    heldout: SourceRows | None

    def fill(self, folder: Path) -> None:
        """Write everything into an empty folder; the same rows give the same bytes."""
        _write_rows(folder, self.rows)
        if self.heldout is not None:
            (folder / HELDOUT).mkdir()
            _write_rows(folder / HELDOUT, self.heldout)
        files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
        hashes = {file.as_posix(): sha256_of(folder / file) for file in files}
        about = {"schema_version": FORMAT, **self._about(), "files": hashes}
        text = json.dumps(about, indent=1, ensure_ascii=False, sort_keys=True)
        (folder / ABOUT).write_text(text + "\n", encoding="utf-8")

    def _about(self) -> dict[str, Any]:
        rows, heldout = self.rows, self.heldout
        return {
            "number": self.number,
            **_told(rows.source),
            "base": str(self.base.absolute()),
            "digest": rows_digest(rows.ids, rows.content_hashes),
            "size": len(rows),
            "width": rows.features.shape[1],
            "feature_names": rows.feature_names,
            "known": self.known,
            "known_labels": dict(self.known_labels),
            "heldout_size": 0 if heldout is None else len(heldout),
            "heldout_source": None if heldout is None else _told(heldout.source),
            "quarantined": [asdict(entry) for entry in rows.quarantined],
            "heldout_quarantined": [asdict(entry) for entry in heldout.quarantined]
            if heldout
            else [],
        }


def read_snapshot(folder: Path) -> Snapshot:
    """Return what a folder says about itself."""
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(folder / ABOUT) from error
    if about["schema_version"] > FORMAT:
        raise DataError(
            f"{folder}: expected a pool of format {FORMAT} or older, "
            f"got {about['schema_version']}; upgrade this installation"
        )
    names = about["feature_names"]
    return Snapshot(
        number=about["number"],
        folder=folder,
        source=_source(about),
        base=Path(about["base"]),
        digest=about["digest"],
        size=about["size"],
        width=about["width"],
        feature_names=None if names is None else tuple(names),
        known=about["known"],
        known_labels=about["known_labels"],
        heldout_size=about["heldout_size"],
        heldout_source=_judges(about),
        quarantined=_quarantined(about["quarantined"]),
        heldout_quarantined=_quarantined(about["heldout_quarantined"]),
    )


def read_rows(folder: Path) -> StoredRows:
    """Return the rows of a snapshot, or of its held-out part."""
    try:
        index = parquet.read_table(folder / INDEX).to_pydict()
        features = np.load(folder / FEATURES, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise _damaged(folder) from error
    if len(index["item_id"]) != len(features):
        raise _damaged(folder)
    return StoredRows(
        ids=index["item_id"],
        references=index["reference"],
        groups=index["group"],
        content_hashes=index["content_hash"],
        labels=index["label"],
        twins=index.get("twin") or index["content_hash"],
        features=features,
    )


def rows_digest(ids: Sequence[ItemId], content_hashes: Sequence[str]) -> str:
    """Return the sha256 over who is there and with what content: 64 hex digits."""
    digest = hashlib.sha256()
    for item_id, content_hash in zip(ids, content_hashes, strict=True):
        digest.update(f"{item_id}\x1f{content_hash}\x1e".encode())
    return digest.hexdigest()


def _write_rows(folder: Path, rows: SourceRows) -> None:
    text = pa.string()
    columns = {
        "item_id": pa.array(rows.ids, text),
        "reference": pa.array(rows.references, text),
        "group": pa.array(rows.groups, text),
        "content_hash": pa.array(rows.content_hashes, text),
        "label": pa.array(rows.labels or [None] * len(rows), text),
    }
    if rows.twins is not None:
        columns["twin"] = pa.array(rows.twins, text)
    index = pa.table(columns)
    with (folder / INDEX).open("wb") as file:
        parquet.write_table(index, file, compression="zstd")
    header = {"descr": "<f4", "fortran_order": False, "shape": rows.features.shape}
    # Written through a file and not a memory map: on a full disk a map dies of SIGBUS.
    with (folder / FEATURES).open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)  # type: ignore[no-untyped-call]
        for block in rows.features.chunks():
            file.write(np.ascontiguousarray(block, dtype="<f4").data)


def _told(source: Source) -> dict[str, Any]:
    kind = next(kind for kind, known in TABLE.items() if known is type(source))
    # Every kind is a dataclass whose fields are its YAML keys; the port cannot say so.
    names = source.__dataclass_fields__  # type: ignore[attr-defined]
    return {"kind": kind, "settings": {name: getattr(source, name) for name in names}}


def _source(told: Mapping[str, Any]) -> Source:
    return TABLE[told["kind"]](**told["settings"])


def _judges(about: Mapping[str, Any]) -> Source | None:
    if not about["heldout_size"]:
        return None
    # Snapshots of earlier versions do not tell; where those rows are files, the pool's kind knows.
    return _source(about.get("heldout_source") or about)


def _quarantined(entries: Sequence[Mapping[str, str]]) -> tuple[Quarantined, ...]:
    return tuple(Quarantined(**entry) for entry in entries)


def _damaged(path: Path) -> DataError:
    return DataError(f"{path}: the pool's own file is damaged or missing; restore it from a backup")

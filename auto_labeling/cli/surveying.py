"""What lies in a folder that a campaign could be about. Reads files, decides, asks nobody."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from auto_labeling.cli import surveying_drawings
from auto_labeling.errors import DataError
from auto_labeling.pool.columns import Columns, read_columns, table_suffix
from auto_labeling.pool.listing import SUFFIXES, walk

TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
ARRAYS = (".npy", ".npz")
LABELS = ("label", "labels", "class", "category", "target", "y")
IDS = ("id", "item", "item_id", "uuid", "key")
GROUPS = ("group", "patient", "subject", "user", "document", "session")
_JUDGES = ("heldout", "held_out", "holdout", "test", "valid", "val", "dev")
_TRUTHS = ("truth", "gold", "answers")
_MOST_CLASSES = 200
_TOO_LARGE = (
    "Some {what} hold more than a tenth of the items, so that none of them can be kept apart to "
    "judge the model: items are drawn one by one. If neighbours are alike, name a held-out set."
)
_PLACEHOLDER = ("first", "second")
_UNNAMED = (
    "labels.classes: nothing here names the classes; write yours in the place of "
    f"{' and '.join(_PLACEHOLDER)}."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was found, as the keys of a campaign file."""

    said: str
    """What the pool is, for people."""
    pool: Mapping[str, Any]
    size: int
    classes: Sequence[str]
    truth: str | None = None
    """A file with the column `label` for every item: the people can be simulated. `pool`: its own
    labels."""
    task: str = "single"
    mend: Sequence[str] = field(default_factory=tuple)
    """What a person has to look at, as sentences."""


def survey(folder: Path, base: Path) -> Survey:
    """Return what lies in `folder`, with paths relative to `base`. Raises `DataError`."""
    files = list(_files(folder))
    images = [path for path in files if path.suffix.lower() in SUFFIXES]
    tables = [path for path in files if table_suffix(path) in TABLES]
    arrays = [path for path in files if path.suffix.lower() in ARRAYS]
    judges = [path for path in (*tables, *arrays) if _named(path, _JUDGES)]
    truths = [path for path in tables if _named(path, _TRUTHS)]
    pools = [path for path in tables if path not in (*judges, *truths)]
    matrices = [path for path in arrays if path not in judges and _is_matrix(path)]
    beside = _Beside(base=base, judges=judges, truths=truths)
    if images and (drawings := surveying_drawings.find(files, images, _judging(files))):
        return _of_drawings(drawings, beside)
    if images:
        return _of_images(folder, images, files, beside)
    if pools:
        return _of_table(max(pools, key=lambda path: path.stat().st_size), files, beside)
    if matrices:
        return _of_arrays(max(matrices, key=lambda path: path.stat().st_size), files, beside)
    raise DataError(
        f"{folder}: expected images ({', '.join(sorted(SUFFIXES)[:4])}, ...), a table "
        f"({', '.join(TABLES)}) or arrays (.npy, .npz), found none of them"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Beside:
    """What lies beside the pool."""

    base: Path
    judges: Sequence[Path]
    truths: Sequence[Path]

    def relative(self, path: Path) -> str:
        return Path(os.path.relpath(path.resolve(), self.base.resolve())).as_posix()


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(names) if not name.startswith("."))


def _named(path: Path, words: Sequence[str]) -> bool:
    parts = path.name.lower().replace("-", "_").replace(".", "_").split("_")
    return any(word in parts or word in path.stem.lower().replace("-", "_") for word in words)


def _judging(files: Sequence[Path]) -> list[Path]:
    return [path for path in files if path.suffix == ".json" and _named(path, _JUDGES)]


def _of_drawings(found: surveying_drawings.Drawings, beside: _Beside) -> Survey:
    pool = {
        key: beside.relative(Path(value)) if key in found.paths else value
        for key, value in found.pool.items()
    }
    classes, mend = list(found.classes), surveying_drawings.mends(found)
    if not classes:
        classes, mend = list(_PLACEHOLDER), [*mend, _UNNAMED]
    return Survey(
        said=found.said,
        pool=pool,
        size=found.size,
        classes=classes,
        truth="pool" if found.complete and found.classes else None,
        mend=mend,
        task="boxes",
    )


def _of_images(
    folder: Path, images: Sequence[Path], files: Sequence[Path], beside: _Beside
) -> Survey:
    suffixes = {path.suffix for path in images}
    where = Path(os.path.commonpath([path.parent for path in images]))
    keys: dict[str, Any] = {"kind": "images", "path": beside.relative(where)}
    classes, mend = _classes(files, None)
    if any(path.parent != where for path in images):
        if _are_fine([str(path.parent) for path in images]):
            keys["group_by"] = "folder"
        else:
            mend = [*mend, _TOO_LARGE.format(what="folders")]
    said = f"{len(images):,} images ({', '.join(sorted(suffixes))}) in {folder}"
    return Survey(said=said, pool=keys, size=len(images), classes=classes, mend=mend)


def _of_table(path: Path, files: Sequence[Path], beside: _Beside) -> Survey:
    columns = read_columns(path)
    size = len(columns.rows)
    label = _column(columns, LABELS)
    keys: dict[str, Any] = {"kind": "table", "path": beside.relative(path)}
    text = _text_column(columns, skip={label, _column(columns, IDS), _column(columns, GROUPS)})
    if text is not None:
        keys["text"] = text
    if (name := _column(columns, IDS)) is not None:
        keys["id"] = name
    heldout = _heldout(beside, columns.names)
    group = _column(columns, GROUPS)
    coarse = group is not None and heldout is None and not _are_fine(_cells(columns, group))
    if group is not None and not coarse:
        keys["group"] = group
    known = [] if label is None else _cells(columns, label)
    if label is not None and label != "label":
        keys["label"] = label
    if heldout is not None:
        keys["heldout"] = beside.relative(heldout)
    own_truth = label == "label" and len(known) == size and keys.get("id", "id") == "id"
    truth = path if own_truth else next(iter(beside.truths), None)
    classes, mend = _classes(files, known or _labels_of(truth) or _labels_of(heldout))
    if coarse:
        mend = [*mend, _TOO_LARGE.format(what=f"groups ({group})")]
    if known and not own_truth:
        labeled = f"{len(known):,} of {size:,} rows have a {label}"
        mend = [*mend, f"{labeled}: name them under `labeled` to learn from them."]
    return Survey(
        said=f"a table of {size:,} rows in {path}",
        pool=keys,
        size=size,
        classes=classes,
        truth=None if truth is None else beside.relative(truth),
        mend=mend,
    )


def _of_arrays(path: Path, files: Sequence[Path], beside: _Beside) -> Survey:
    name, shape = _matrix(path)
    reference = beside.relative(path) + (f":{name}" if name else "")
    keys: dict[str, Any] = {"kind": "arrays", "features": reference}
    heldout = _heldout(beside, None)
    if heldout is not None:
        keys["heldout"] = beside.relative(heldout)
    truth = next(iter(beside.truths), None)
    known = _labels_of(truth) or _labels_of(heldout) or _array_labels(path, files, shape[0])
    classes, mend = _classes(files, known)
    return Survey(
        said=f"an array of {shape[0]:,} rows in {path}",
        pool=keys,
        size=shape[0],
        classes=classes,
        truth=None if truth is None else beside.relative(truth),
        mend=mend,
    )


def _classes(
    files: Sequence[Path], known: Sequence[str] | None
) -> tuple[Sequence[str], Sequence[str]]:
    """Return the classes, and what to mend about them."""
    for path in files:
        if path.name.lower() in ("classes.txt", "labels.txt"):
            lines = [one.strip() for one in path.read_text(encoding="utf-8-sig").splitlines()]
            named = tuple(dict.fromkeys(one for one in lines if one))
            if len(named) > 1:
                return named, ()
    found = sorted(
        set(known or ()), key=lambda name: (len(name), name) if name.isdigit() else (0, name)
    )
    if 2 <= len(found) <= _MOST_CLASSES:
        return found, ()
    return _PLACEHOLDER, (_UNNAMED,)


def _are_fine(groups: Sequence[str]) -> bool:
    """Whether no group is so large that it could not be kept on one side of the evaluation."""
    return max(Counter(groups).values(), default=0) <= 0.1 * len(groups)


def _column(columns: Columns, names: Sequence[str]) -> str | None:
    lower = {name.lower(): name for name in reversed(columns.names)}
    return next((lower[name] for name in names if name in lower), None)


def _cells(columns: Columns, name: str) -> list[str]:
    values = columns.table.column(name).to_pylist()
    return [str(one) for one in values if one is not None and str(one).strip()]


def _text_column(columns: Columns, skip: set[str | None]) -> str | None:
    """Return the column that reads like text: named so, or the wordiest of strings."""
    if (named := _column(columns, ("text", "review", "sentence", "content", "body"))) is not None:
        return named
    words = {}
    for name in columns.names:
        if name in skip:
            continue
        values = columns.table.column(name).slice(0, 200).to_pylist()
        texts = [one for one in values if isinstance(one, str) and not _is_number(one)]
        if texts and len(texts) > len(values) / 2:
            words[name] = sum(len(one.split()) for one in texts) / len(texts)
    best = max(words, key=lambda name: words[name], default=None)
    return best if best is not None and words[best] >= 2 else None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _heldout(beside: _Beside, names: Sequence[str] | None) -> Path | None:
    """Return the rows that judge, if there are some with labels (and the pool's columns)."""
    for path in beside.judges:
        if path.suffix == ".npz":
            with np.load(path) as held:
                if {"X", "y"} <= set(held.files):
                    return path
        elif table_suffix(path) in TABLES:
            there = set(read_columns(path).names)
            wanted = set() if names is None else {name for name in names if name in LABELS}
            if "label" in there and wanted <= there:
                return path
    return None


def _labels_of(path: Path | None) -> list[str]:
    if path is None or table_suffix(path) not in TABLES:
        return []
    columns = read_columns(path)
    return _cells(columns, "label") if "label" in columns.names else []


def _array_labels(path: Path, files: Sequence[Path], size: int) -> list[str]:
    """Return the labels of an array beside the features, or in the same npz."""
    if path.suffix.lower() == ".npz":
        with np.load(path) as held:
            for name in ("y", "labels", "label"):
                if name in held.files and held[name].shape == (size,):
                    return [str(one) for one in held[name].tolist()]
    for other in files:
        if other.suffix.lower() == ".npy" and other != path:
            array = np.load(other, mmap_mode="r")
            if array.shape == (size,) and array.dtype.kind in "iuU":
                return [str(one) for one in array.tolist()]
    return []


def _is_matrix(path: Path) -> bool:
    try:
        return bool(_matrix(path)[1])
    except (OSError, ValueError, DataError):
        return False


def _matrix(path: Path) -> tuple[str, tuple[int, ...]]:
    """Return the name (in an npz) and the shape of the array of features."""
    if path.suffix.lower() == ".npy":
        array = np.load(path, mmap_mode="r")
        if array.ndim >= 2 and array.dtype.kind in "fiub":
            return "", array.shape
    else:
        with np.load(path) as held:
            for name in ("X", "features", *held.files):
                if name in held.files and held[name].ndim >= 2:
                    return name, held[name].shape
    raise DataError(f"{path}: expected an array of rows and columns of numbers")

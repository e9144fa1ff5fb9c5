"""Rows to choose from that lie in files, and the choice as a file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.files import write_atomically
from auto_labeling.pool.columns import read_columns
from auto_labeling.pool.npy import open_array, open_features
from auto_labeling.pool.table import Table
from auto_labeling.sampling.select import select_for_labeling


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FileRows:
    """The usable rows of a file."""

    ids: Sequence[str]
    """The column `id`, a digest of the content, or in arrays the row counted from 1."""
    X: NDArray[Any]
    """(n, d) numbers; texts as the hashed words that a campaign learns from."""
    y: NDArray[Any] | None
    """(n,) labels; None where the file has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One choice from files, as a flow or a command is told it."""

    pool: Path
    labeled: Path | None = None
    """None: nothing is labeled yet, and the cold start chooses."""
    to: Path
    """The CSV file to write: rank, id, score."""
    n_samples: int = 20
    strategy: str = "uncertainty"
    model: str = "logistic_regression"
    label: str = "label"
    """The labeled file's column of labels."""
    text: str | None = None
    """The column of texts, where there are any."""
    seed: int = 0


def read_rows(path: Path, *, label: str = "label", text: str | None = None) -> FileRows:
    """Return the rows of a .csv, .tsv, .jsonl, .parquet, .npy or .npz file.

    An npz holds the features under `X` or `features`, and labels under `y`.
    """
    if path.suffix.lower() in (".npy", ".npz"):
        return _arrays(path)
    # `label` is found by itself where there is one; another name has to be there to be meant.
    named = label if label != "label" and label in read_columns(path).names else None
    rows = Table(path=str(path), text=text, label=named).read(Path())
    found = list(rows.features.chunks())
    labels = rows.labels
    known = labels is not None and any(one is not None for one in labels)
    return FileRows(
        ids=rows.ids,
        X=np.concatenate(found),
        y=np.array(labels, dtype=object) if known else None,
    )


def read_labeled(path: Path, *, label: str = "label", text: str | None = None) -> FileRows:
    """Return the rows of a file that are all labeled, or raise `DataError`."""
    rows = read_rows(path, label=label, text=text)
    if rows.y is None:
        where = "the key y" if path.suffix.lower() in (".npy", ".npz") else f"the column {label!r}"
        raise DataError(f"{path}: expected labels in {where}, got none")
    missing = [at for at, one in enumerate(rows.y) if one is None]
    if missing:
        raise DataError(
            f"{path}: expected a label in every row, {rows.ids[missing[0]]} has none "
            f"({len(missing)} of {len(rows.y)} have none)"
        )
    return rows


def choose_from_files(request: Request) -> int:
    """Choose what to label next, write it, and return how many rows were chosen."""
    pool = read_rows(request.pool, label=request.label, text=request.text)
    X: Any = pool.X[:0]
    y: Any = ()
    if request.labeled is not None:
        known = read_labeled(request.labeled, label=request.label, text=request.text)
        X, y = known.X, np.array(known.y, dtype=str)
    picks, scores = select_for_labeling(
        X,
        y,
        pool.X,
        request.n_samples,
        request.strategy,
        return_scores=True,
        model=request.model,
        random_state=request.seed,
    )
    write_atomically(request.to, _csv([pool.ids[at] for at in picks], scores))
    return len(picks)


def _csv(ids: Sequence[str], scores: NDArray[np.float64]) -> str:
    import pandas as pd

    frame = pd.DataFrame({"rank": range(1, len(ids) + 1), "id": ids, "score": scores})
    buffer = io.StringIO()
    frame.to_csv(buffer, index=False)
    return buffer.getvalue()


def _arrays(path: Path) -> FileRows:
    X = open_features(str(path), Path())
    labels = None
    if path.suffix.lower() == ".npz" and "y" in _keys(path):
        labels = open_array(f"{path}:y", Path())
        if labels.shape != (len(X),):
            raise DataError(f"{path}: expected y of shape ({len(X)},), got {labels.shape}")
    return FileRows(ids=[str(row) for row in range(1, len(X) + 1)], X=X, y=labels)


def _keys(path: Path) -> list[str]:
    with np.load(path, allow_pickle=False) as archive:
        return list(archive.files)

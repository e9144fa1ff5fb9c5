"""Comparisons on data that lies in files: what is read, and what is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from auto_labeling import config as config_room
from auto_labeling.backends.simulated import truth as truths
from auto_labeling.compare.comparison import Comparison
from auto_labeling.compare.racing import compare_strategies
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.files import write_atomically
from auto_labeling.pool.source import SourceRows
from auto_labeling.sampling.files import read_labeled

_CAMPAIGN = (".yaml", ".yml")
_TEST_SHARE = 0.3
STRATEGIES = ("auto", "margin", "random")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One comparison on files, as a flow or a command is told it."""

    data: Path
    """A table or npz of features and labels, or a campaign file whose pool's labels are known."""
    test: Path | None = None
    """Rows that judge; without, those of an npz's X_test and y_test, of the campaign's held-out
    set, or three tenths of the data."""
    strategies: tuple[str, ...] = STRATEGIES
    model: str | None = None
    """None: the campaign's, else logistic regression."""
    label: str = "label"
    text: str | None = None
    n_iterations: int = 10
    samples_per_iteration: int = 50
    n_initial: int = 20
    n_repeats: int = 10
    track: Literal["selection", "full"] = "selection"
    seed: int = 0
    n_jobs: int = 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Known:
    X: NDArray[Any]
    y: NDArray[Any]
    test: tuple[NDArray[Any], NDArray[Any]] | None = None
    model: Any = None


def compare_file(request: Request) -> Comparison:
    """Return the comparison that a request asks for."""
    read: Callable[[Request], _Known] = (
        _campaign if request.data.suffix.lower() in _CAMPAIGN else _data
    )
    known = read(request)
    X, y, X_test, y_test = _split(known, request)
    return compare_strategies(
        X,
        y,
        X_test,
        y_test,
        request.strategies,
        n_iterations=request.n_iterations,
        samples_per_iteration=request.samples_per_iteration,
        model=request.model or known.model,
        n_initial=request.n_initial,
        n_repeats=request.n_repeats,
        track=request.track,
        random_state=request.seed,
        n_jobs=request.n_jobs,
    )


def write(comparison: Comparison, folder: Path) -> tuple[Path, ...]:
    """Write curves.csv, table.csv and curves.png into a folder, and return them."""
    curves, table, picture = (folder / n for n in ("curves.csv", "table.csv", "curves.png"))
    write_atomically(curves, comparison.curves.to_csv(index=False))
    write_atomically(table, comparison.table().to_csv())
    comparison.plot_learning_curves(picture)
    return curves, table, picture


def _split(known: _Known, request: Request) -> tuple[Any, Any, Any, Any]:
    """Return training and test rows; without test rows some are drawn, the same for all repeats."""
    if request.test is not None:
        judges = read_labeled(request.test, label=request.label, text=request.text)
        return known.X, known.y, judges.X, _as_known(np.asarray(judges.y), known.y)
    if known.test is not None:
        return known.X, known.y, *known.test
    n = len(known.y)
    order = np.random.default_rng(request.seed).permutation(n)
    test, train = np.split(order, [round(_TEST_SHARE * n)])
    return known.X[train], known.y[train], known.X[test], known.y[test]


def _as_known(labels: NDArray[Any], known: NDArray[Any]) -> NDArray[Any]:
    """Return labels as words where the known ones are, and as numbers where those are numbers."""
    if known.dtype.kind not in "US" and labels.dtype.kind not in "OUS":
        return labels
    try:
        return labels.astype(known.dtype.type)  # of any width: a longer word is another class
    except (ValueError, OverflowError) as error:
        raise DataError(f"y: expected test labels like {known[0]!r} ({error})") from error


def _data(request: Request) -> _Known:
    rows = read_labeled(request.data, label=request.label, text=request.text)
    y = np.asarray(rows.y)
    if request.data.suffix.lower() == ".npz":
        with np.load(request.data, allow_pickle=False) as archive:
            if {"X_test", "y_test"} <= set(archive.files):
                return _Known(X=rows.X, y=y, test=(archive["X_test"], archive["y_test"]))
    return _Known(X=rows.X, y=y.astype(str) if y.dtype == object else y)


def _campaign(request: Request) -> _Known:
    """Return the pool of a campaign file with its labels: those in it, or the simulator's truth."""
    config, base = config_room.load(request.data), request.data.parent
    parts = [source.read(base, None) for source in config.pool]
    ids = [item for part in parts for item in part.ids]
    labels = [label for part in parts for label in part.labels or [None] * len(part)]
    if config.labels.task != "single":
        raise ConfigurationError(
            f"labels.task: expected single to compare strategies, got {config.labels.task!r}"
        )
    truth = getattr(config.backend, "truth", None)
    if truth is not None:
        known = truths.read(base / truth, lambda: ids, config.labels.task)
        labels = [str(known[item]) if item in known else None for item in ids]
    if None in labels:
        raise ConfigurationError(
            f"{request.data}: a comparison needs the label of every row of the pool, and "
            f"{labels.count(None)} of {len(labels)} have none; add a column `label`, or the truth "
            "of a simulated backend"
        )
    heldout = [source.read_heldout(base, config.labels) for source in config.pool]
    judges = [part for part in heldout if part is not None]
    return _Known(
        X=_stacked(parts),
        y=np.array(labels, dtype=str),
        test=(_stacked(judges), _labels(judges)) if judges else None,
        model=config.model.build(config.seed, base),
    )


def _stacked(parts: Sequence[SourceRows]) -> NDArray[np.float32]:
    return np.concatenate([chunk for part in parts for chunk in part.features.chunks()])


def _labels(parts: Sequence[SourceRows]) -> NDArray[Any]:
    return np.array([label for part in parts for label in part.labels or ()], dtype=str)

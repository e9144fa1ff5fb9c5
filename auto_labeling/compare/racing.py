"""`compare_strategies`: the same data, the same model, the same seeds; only the choice differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling import rows as data
from auto_labeling.arguments import whole_number
from auto_labeling.arrays import rng_for
from auto_labeling.compare.comparison import Comparison
from auto_labeling.compare.entrants import Entrant, entrants_of
from auto_labeling.compare.teaching import Lessons, lessons
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models import learning
from auto_labeling.models.threads import one_thread
from auto_labeling.ports import QueryStrategy
from auto_labeling.sampling.metrics import accuracy_of
from auto_labeling.sampling.viewing import EMBEDDED, Known, embeddings_of, view_of
from auto_labeling.view import len_of

_TRACKS = ("selection", "full")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Course:
    """What all entrants share."""

    rows: Any
    y: NDArray[Any]
    test_rows: Any
    test_y: NDArray[Any]
    embeddings: NDArray[Any] | None
    model: Any
    lessons: Lessons | None
    """What the unlabeled teach; None where no entrant learns from them."""
    initial: int
    batch: int
    iterations: int
    seed: int


def compare_strategies(  # noqa: PLR0913, PLR0917 - the contract of API.md
    X_train: Any,
    y_train: ArrayLike,
    X_test: Any,
    y_test: ArrayLike,
    strategies: Sequence[object],
    n_iterations: int = 10,
    samples_per_iteration: int = 50,
    model: Any = None,
    n_initial: int = 20,
    n_repeats: int = 10,
    track: Literal["selection", "full"] = "selection",
    random_state: int = 0,
    *,
    n_jobs: int = 1,
) -> Comparison:
    """Return the learning curves of strategies on data whose labels are all known.

    Args:
        X_train: (n, ...) the pool.
        y_train: (n,) its labels, which are looked up where a person would be asked.
        X_test: rows that judge and are never learned from.
        y_test: their labels.
        strategies: names of `auto_labeling.sampling.names`, or strategy objects; `random` is added
            where it is missing, because every difference is a difference to it.
        n_iterations: batches bought after the first labels.
        samples_per_iteration: labels a batch.
        model: anything with fit and predict_proba, a name, or None for logistic regression.
        n_initial: how many labels everybody begins with: the same random ones for every strategy of
            a repeat, unless the strategy has a `cold_start` of its own, which then chooses them.
        n_repeats: repeats, each with seeds of its own; fifty or more for a verdict.
        track: `selection` compares what is chosen with the given model and nothing else; `full`
            gives every named strategy but `random` what a campaign has: its cold start,
            pseudo-labels under their guard, and, where `model` is None or "auto", a model that is
            chosen and calibrated by cross-validation. A model that is given stays the model; one
            that cannot weigh its examples learns from labels only.
        random_state: a whole number.
        n_jobs: processes that share the repeats; -1 is one a core.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> found = compare_strategies(X[::2], y[::2], X[1::2], y[1::2], ["margin"], n_iterations=2,
    ...                            samples_per_iteration=5, n_initial=5, n_repeats=3)
    >>> found.curves.shape, sorted(found.table().index)
    ((18, 4), ['margin', 'random'])
    """
    if track not in _TRACKS:
        raise ConfigurationError(f"track: expected {' or '.join(_TRACKS)}, got {track!r}")
    if n_jobs != -1:
        whole_number("n_jobs", n_jobs, 1)
    repeats = whole_number("n_repeats", n_repeats, 1)
    entrants = entrants_of(strategies, track)
    course = _course(
        (X_train, y_train, X_test, y_test),
        model,
        entrants,
        initial=whole_number("n_initial", n_initial, 1),
        batch=whole_number("samples_per_iteration", samples_per_iteration, 1),
        iterations=whole_number("n_iterations", n_iterations),
        seed=whole_number("random_state", random_state),
    )
    return _raced(course, entrants, repeats, track, n_jobs)


def _raced(
    course: _Course, entrants: Sequence[Entrant], repeats: int, track: Any, n_jobs: int
) -> Comparison:
    import pandas as pd
    from joblib import Parallel, delayed

    pairs = [(entrant, repeat) for entrant in entrants for repeat in range(repeats)]
    runs = Parallel(n_jobs=n_jobs)(delayed(_run)(course, *pair) for pair in pairs)
    curves = pd.DataFrame(
        [
            (entrant.name, repeat, labels, score)
            for (entrant, repeat), run in zip(pairs, runs, strict=True)
            for labels, score in run
        ],
        columns=["strategy", "repeat", "n_labels", "score"],
    )
    return Comparison(curves=curves, full_data_score=_full_data_score(course), track=track)


def _course(
    four: tuple[Any, ArrayLike, Any, ArrayLike],
    model: Any,
    entrants: Sequence[Entrant],
    **counts: int,
) -> _Course:
    rows, test_rows = data.checked_rows(four[0], "X_train"), data.checked_rows(four[2], "X_test")
    y = data.checked_labels(four[1], len_of(rows))
    test_y = data.checked_labels(four[3], len_of(test_rows))
    data.expect_one_kind(y, test_y)
    if len(y) <= counts["initial"]:
        raise DataError(
            f"X_train: expected more than n_initial={counts['initial']} rows, got {len(y)}"
        )
    if not len(test_y):
        raise DataError("X_test: expected at least one row, got none")
    strategies = [s for one in entrants for s in (one.strategy, one.cold_start) if s is not None]
    embedded = any(strategy.needs & EMBEDDED for strategy in strategies)
    embedded |= any(entrant.full for entrant in entrants)
    embeddings = None
    if isinstance(rows, list) and (model is None or isinstance(model, str)):
        rows, test_rows = _as_points(rows, test_rows, counts["seed"])
        embeddings = rows
    elif embedded:
        embeddings = embeddings_of(rows, counts["seed"])
    model = learning.model_of(model)
    taught = None
    if embeddings is not None and any(entrant.full for entrant in entrants):
        taught = lessons(rows, y, embeddings, model, counts["seed"])
    return _Course(
        rows=rows, y=y, test_rows=test_rows, test_y=test_y, embeddings=embeddings,
        model=model, lessons=taught, **counts,
    )  # fmt: skip


def _as_points(rows: Any, test_rows: Any, seed: int) -> tuple[Any, Any]:
    """Return texts, of which a model that is only named reads words, embedded once for all runs.

    What embeds them has seen the texts of the pool, and no text that judges.
    """
    from auto_labeling.models.latent_texts import LatentTexts

    step = LatentTexts(components=64, random_state=seed).fit(rows)
    return step.transform(rows), step.transform(test_rows)


def _run(course: _Course, entrant: Entrant, repeat: int) -> list[tuple[int, float]]:
    """Return (labels, accuracy) after each batch of one strategy's repeat."""
    with one_thread():  # selection too, so that processes do not fight for the cores
        return list(_points(course, entrant, repeat))


def _points(course: _Course, entrant: Entrant, repeat: int) -> Iterator[tuple[int, float]]:
    labeled = _first(course, entrant, repeat)
    for iteration in range(course.iterations + 1):
        model, known = _learned(course, labeled, repeat, course.lessons if entrant.full else None)
        yield len(labeled), accuracy_of(model, course.test_rows, course.test_y)
        free = np.setdiff1d(np.arange(len(course.y)), labeled)
        if iteration == course.iterations or not len(free):
            return
        rng = rng_for(course.seed, iteration, f"batch {repeat}")
        picks = _select(course, entrant.strategy, known, labeled, free, course.batch, rng)
        labeled = np.concatenate([labeled, picks])


def _first(course: _Course, entrant: Entrant, repeat: int) -> NDArray[np.intp]:
    n, none = len(course.y), np.empty(0, dtype=np.intp)
    rng = rng_for(course.seed, repeat, "first labels")
    if entrant.cold_start is None:
        return rng.choice(n, course.initial, replace=False).astype(np.intp, copy=False)
    unlearned = Known(seed=course.seed)
    return _select(course, entrant.cold_start, unlearned, none, np.arange(n), course.initial, rng)


def _learned(
    course: _Course, labeled: NDArray[np.intp], repeat: int, unlabeled: Lessons | None = None
) -> tuple[Any, Known]:
    """Return what predicts, and what is known of the labels alone: it says what to ask next."""
    rows, y = data.take(course.rows, labeled), course.y[labeled]
    seed = course.seed + repeat
    if unlabeled is None:
        model = people = learning.fitted(course.model, rows, y, seed)
    else:
        taught = unlabeled.learned(labeled, seed)
        model, people = taught.model, taught.people
    return model, Known(model=people, rows=rows, y=y, template=course.model, seed=seed)


def _select(
    course: _Course,
    strategy: QueryStrategy,
    known: Known,
    labeled: NDArray[np.intp],
    free: NDArray[np.intp],
    size: int,
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    points = course.embeddings
    both = None if points is None else (points[free], points[labeled])
    view = view_of(strategy.needs, data.take(course.rows, free), known, both)
    chosen: NDArray[np.intp] = free[strategy.select(view, size, rng)]
    return chosen


def _full_data_score(course: _Course) -> float:
    with one_thread():
        model, _ = _learned(course, np.arange(len(course.y)), 0)
        return accuracy_of(model, course.test_rows, course.test_y)

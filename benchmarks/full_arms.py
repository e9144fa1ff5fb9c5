"""The arms of the full pipeline, and one seed's run of all of them on one pool."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from auto_labeling import models
from auto_labeling.models import fitting
from auto_labeling.models.embedding import feature_embedder
from auto_labeling.models.fitting import Fitted
from auto_labeling.ports import QueryStrategy
from auto_labeling.semi_supervised.graphs import Graphs, graphs_of
from auto_labeling.semi_supervised.learning import learn
from auto_labeling.semi_supervised.settings import SemiSupervised
from auto_labeling.strategies import TABLE
from auto_labeling.strategies.auto import COLD_START
from auto_labeling.strategies.top_k import TopK
from auto_labeling.strategies.uncertainty import Margin
from benchmarks import label_efficiency, peers, pools_full
from benchmarks.pools import Pool

PEERS = ("falcun (peer)", "maxherding (peer)")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """What the arms of one seed share."""

    pool: Pool
    """Its labels are what people say."""
    points: NDArray[np.float32]
    graphs: Graphs
    """Who is like whom; empty where no arm asks."""
    k: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lesson:
    """What one fit came to."""

    fitted: Fitted
    people: Fitted
    """The model of the labels alone, which says what to ask next."""
    used: bool = False
    """Whether pseudo-labels were learned from."""


Learner = Callable[[Course, NDArray[np.intp]], Lesson]
"""What all arms share, and the positions of labeled rows -> a model."""


def plain(course: Course, labeled: NDArray[np.intp]) -> Lesson:
    """Return the set's plain model."""
    pool = course.pool
    fitted = fitting.fit(pool.model(), pool.X[labeled], pool.y[labeled], course.k)
    return Lesson(fitted=fitted, people=fitted)


def chosen(course: Course, labeled: NDArray[np.intp]) -> Lesson:
    """Return the model that a campaign chooses under `model: auto`."""
    fitted = _fit(course, course.pool.X[labeled], course.pool.y[labeled])
    return Lesson(fitted=fitted, people=fitted)


def taught(course: Course, labeled: NDArray[np.intp]) -> Lesson:
    """Return the same with pseudo-labels, as far as their guard lets them."""
    learned = learn(
        SemiSupervised(),
        lambda rows, targets, weights: _fit(course, rows, targets, weights),
        course.pool.X,
        course.points,
        labeled,
        course.pool.y[labeled],
        course.k,
        seed=course.seed,
        graphs=course.graphs,
    )
    return Lesson(fitted=learned.fitted, people=learned.plain, used=learned.used)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """Who chooses, and what learns."""

    strategy: QueryStrategy
    cold: QueryStrategy | None = None
    """Chooses the first labels; None where they are drawn, the same for all."""
    learner: Learner = plain
    alone: str = ""
    """The arm of the same labels that learns nothing else: it comes with this one."""


ARMS: Mapping[str, Arm] = {
    "random": Arm(strategy=TABLE["random"]()),
    "margin": Arm(strategy=TopK(Margin())),
    "selection": Arm(strategy=TABLE["auto"](), cold=COLD_START),
    "full_without": Arm(strategy=TABLE["auto"](), cold=COLD_START, learner=chosen),
    "full": Arm(strategy=TABLE["auto"](), cold=COLD_START, learner=taught, alone="full_without"),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """One seed's curves."""

    bought: NDArray[np.intp]
    """(r,) labels at each point."""
    scores: dict[str, NDArray[np.float64]]
    """Arm -> (r,) accuracies."""
    used: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    """Arm -> (r,) whether pseudo-labels were learned from."""
    everything: float
    """What the plain model reaches with every true label of the pool."""


def arms(labels: Sequence[str]) -> dict[str, Arm]:
    """Return the arms of these names; `KeyError` for one that is not there."""
    asked = set(labels) & set(PEERS)
    there = dict(ARMS)
    if asked:
        there |= {label: Arm(strategy=strategy) for label, strategy in peers.best().items()}
    return {label: there[label] for label in labels}


def run(name: str, labels: Sequence[str], seed: int, noise: float) -> Run:
    """Return the curves of one seed on one of the pools."""
    with threadpool_limits(1):  # these fits are small: a second thread makes them slower
        return raced(pools_full.pool(name, seed), arms(labels), seed, noise)


def raced(pool: Pool, compared: Mapping[str, Arm], seed: int, noise: float = 0.0) -> Run:
    """Return the curves of one seed: points and graphs are found once for all arms."""
    k = int(pool.y.max()) + 1
    said = replace(pool, y=pools_full.answers(pool.y, noise, seed))
    points = feature_embedder(pool.X).embed(pool.X)
    spreads = any(arm.learner is taught for arm in compared.values())
    graphs = graphs_of(points, np.random.default_rng([seed, 9])) if spreads else {}
    course = Course(pool=said, points=points, graphs=graphs, k=k, seed=seed)
    curves = _curves(course, compared)
    bought = [*range(len(pool.start), pool.budget, pool.batch), pool.budget]
    whole = replace(course, pool=pool)
    return Run(
        bought=np.array(bought),
        scores={label: curves[label].scores for label in compared},
        used={label: curves[label].used for label in compared},
        everything=_score(whole, plain(whole, np.arange(len(pool.y))).fitted),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Curve:
    scores: NDArray[np.float64]
    used: NDArray[np.bool_]
    alone: NDArray[np.float64]
    """What the models of the labels alone reach."""


def _curves(course: Course, compared: Mapping[str, Arm]) -> dict[str, _Curve]:
    """Return the curve of each arm; two that ask about the same items are one course."""
    along = {arm.alone for arm in compared.values()}
    found = {label: _curve(course, arm) for label, arm in compared.items() if label not in along}
    for label, arm in compared.items():
        if arm.alone:
            own = found[label]
            never = np.zeros_like(own.used)
            found[arm.alone] = _Curve(scores=own.alone, used=never, alone=own.alone)
    return found


def _curve(course: Course, arm: Arm) -> _Curve:
    pool = course.pool
    rng = np.random.default_rng([course.seed, 2])
    none = np.empty(0, dtype=np.intp)
    labeled = pool.start if arm.cold is None else _select(course, arm.cold, None, none, rng)
    scores: list[float] = []
    alone: list[float] = []
    used: list[bool] = []
    while True:
        labeled = np.sort(labeled)
        lesson = arm.learner(course, labeled)
        alone.append(_score(course, lesson.people))
        scores.append(_score(course, lesson.fitted) if lesson.used else alone[-1])
        used.append(lesson.used)
        if len(labeled) >= pool.budget:
            return _Curve(scores=np.array(scores), used=np.array(used), alone=np.array(alone))
        picks = _select(course, arm.strategy, lesson.people, labeled, rng)
        labeled = np.concatenate([labeled, picks])


def _select(
    course: Course,
    strategy: QueryStrategy,
    fitted: Fitted | None,
    labeled: NDArray[np.intp],
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Return the positions of the next batch; of the first one, where nothing is fitted."""
    pool = course.pool
    rest = np.setdiff1d(np.arange(len(pool.y)), labeled)
    asks = fitted is not None and "proba" in strategy.needs
    proba = fitting.predict(fitted, pool.X[rest], course.k) if asks else None
    view = label_efficiency.view_of(pool, course.points, proba, labeled, rest)
    size = min(pool.batch, pool.budget - len(labeled)) if len(labeled) else len(pool.start)
    return rest[strategy.select(view, size, rng)]


def _score(course: Course, fitted: Fitted) -> float:
    """Return how often a model is right on the test set."""
    judged = fitting.predict(fitted, course.pool.test_X, course.k).argmax(axis=1)
    return float((judged == course.pool.test_y).mean())


def _fit(course: Course, rows: Any, targets: NDArray[np.intp], weights: Any = None) -> Fitted:
    model = models.TABLE["auto"]().build(course.seed)
    return fitting.fit(model, rows, targets, course.k, weights)

"""`LabelingSession`: batches to label, labels as they come, and when it is enough."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling import rows as data
from auto_labeling.arguments import as_number, whole_number
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats import TABLE as FORMATS
from auto_labeling.records import Interval
from auto_labeling.sampling.handover import write_tasks
from auto_labeling.session import judging
from auto_labeling.session import record as files
from auto_labeling.session.criteria import COMPARING, MaxSamples, rules_of
from auto_labeling.session.record import Record, Round
from auto_labeling.view import len_of


class Chooses(Protocol):
    """What a session works with: every sampler of `auto_labeling.sampling` is one."""

    @property
    def model(self) -> Any:
        """The fitted model; None before the first label."""
        ...

    @property
    def n_labels(self) -> int:
        """How many labels the model has learned from."""
        ...

    def select(self, X_unlabeled: Any, n_samples: int, /) -> NDArray[np.intp]:
        """Return positions in a pool, best first."""
        ...

    def update(self, X_new: Any, y_new: ArrayLike) -> Any:
        """Learn from further rows."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Whether to stop, and why; true or false like the answer it is."""

    reason: str | None

    def __bool__(self) -> bool:
        return self.reason is not None


class LabelingSession:
    """Hands out batches of a pool, learns from the labels, and says when it is enough.

    Args:
        sampler: an `ActiveLearner`, `IntelligentSampler`, `QueryByCommittee` or
            `ExpectedModelChange`; what it was fitted on before goes on counting.
        X_unlabeled: the pool; may be given later by `use_pool`.
        stopping_criteria: any of min_accuracy (by the lower limit of `estimated_accuracy`),
            accuracy_plateau_rounds (so many rounds that gained less than half a point),
            max_samples, max_cost; stable_predictions (Cohen's kappa between rounds),
            classification_change (share of the predictions), overall_uncertainty (share of the
            largest entropy), expected_gain (points of accuracy): True, or the figure that a
            campaign's rule of that name is given. An exhausted pool always ends a session.
        export_format: label_studio or prodigy: what `export_batch` writes.

    >>> from sklearn.datasets import load_iris
    >>> from auto_labeling.sampling.learner import ActiveLearner
    >>> X, y = load_iris(return_X_y=True)
    >>> session = LabelingSession(ActiveLearner(random_state=0), X, {"max_samples": 30})
    >>> while not session.should_stop():
    ...     batch = session.get_next_batch(10)
    ...     session.submit_labels(batch, y[batch])
    >>> session.n_labeled, session.should_stop().reason
    (30, 'max_samples: 30 items are labeled (at most 30)')
    """

    def __init__(
        self,
        sampler: Chooses,
        X_unlabeled: Any = None,
        stopping_criteria: Mapping[str, Any] | None = None,
        export_format: str | None = None,
    ) -> None:
        expected = ("select", "update", "model", "n_labels")
        missing = [name for name in expected if not hasattr(sampler, name)]
        if missing:
            raise ConfigurationError(
                f"sampler: expected one with {', '.join(expected)}, got a "
                f"{type(sampler).__name__} without {' and '.join(missing)}"
            )
        if export_format is not None and export_format not in FORMATS:
            raise ConfigurationError(
                f"export_format: expected {' or '.join(sorted(FORMATS))}, got {export_format!r}"
            )
        self._sampler = sampler
        self._rules = rules_of(stopping_criteria)
        self._record = Record(
            pool="", criteria=dict(stopping_criteria or {}), export_format=export_format
        )
        self._rows: Any = None
        if X_unlabeled is not None:
            self.use_pool(X_unlabeled)

    def use_pool(self, X_unlabeled: Any) -> None:
        """Set the pool of a session that has none yet."""
        if self._rows is not None:
            raise ConfigurationError("X_unlabeled: this session has a pool already")
        rows = data.checked_rows(X_unlabeled, "X_unlabeled")
        self._rows, self._record.pool = rows, files.pool_digest(rows)

    @property
    def sampler(self) -> Chooses:
        """The sampler, with all that it has learned."""
        return self._sampler

    @property
    def n_labeled(self) -> int:
        """How many items of the pool are labeled."""
        return len(self._record.positions)

    @property
    def labels(self) -> tuple[NDArray[np.intp], NDArray[Any]]:
        """(l,) positions in the pool, in the order they were labeled, and (l,) their labels."""
        return self._record.positions, self._record.labels

    @property
    def handed_out(self) -> NDArray[np.intp]:
        """Positions that were handed out and are not labeled yet."""
        return np.array(self._record.handed_out, dtype=np.intp)

    @property
    def cost(self) -> float:
        """What the labels cost so far, in the unit that `submit_labels` was told."""
        return self._record.cost

    @property
    def estimated_accuracy(self) -> float:
        """Share of the session's labels that a model fitted on the others predicts.

        Cross-validation in five folds. What was labeled was chosen, not drawn: where the sampler
        asks about what is hard, the figure is too low for the pool, and too high where it asks
        about what is typical. Judge the model on held-out labels before you rely on it. nan until
        five labels of two classes are known.
        """
        return self._estimate().value

    @property
    def estimated_accuracy_interval(self) -> tuple[float, float]:
        """Exact 95 % limits of the share, as if the labels had been drawn blindly."""
        estimate = self._estimate()
        return estimate.low, estimate.high

    def get_next_batch(self, n_samples: int) -> NDArray[np.intp]:
        """Return (b,) positions of the pool to label next, best first.

        What was handed out before is not handed out again: see `take_back`. The batch shrinks to
        what max_samples leaves and to what the pool has.
        """
        rows = self._pool()
        asked = whole_number("n_samples", n_samples)
        free = np.ones(len_of(rows), dtype=bool)
        free[self._record.positions] = free[self.handed_out] = False
        candidates = np.flatnonzero(free)
        size = min(asked, len(candidates), self._room())
        if size == 0:
            return candidates[:0]
        pool = rows if len(candidates) == len(free) else data.take(rows, candidates)
        batch: NDArray[np.intp] = candidates[self._sampler.select(pool, size)]
        self._record.handed_out += batch.tolist()
        return batch

    def take_back(self, indices: Sequence[int] | NDArray[np.intp] | None = None) -> None:
        """Let positions that were handed out, by default all, be handed out again."""
        handed_out = self._record.handed_out
        given = set(handed_out if indices is None else np.ravel(indices).tolist())
        self._record.handed_out = [at for at in handed_out if at not in given]

    def submit_labels(
        self, indices: ArrayLike, labels: ArrayLike, cost: float | None = None
    ) -> None:
        """Learn the labels of these positions of the pool.

        `cost` is what they cost together, in any unit; by default 1 a label.
        """
        positions, given = self._record.checked(indices, labels, len_of(self._pool()))
        if not len(positions):
            return
        paid = float(len(positions)) if cost is None else as_number(cost)
        if not 0 <= paid < math.inf:
            raise DataError(f"cost: expected 0 or more, got {cost!r}")
        self._learn(positions, given, paid)

    def should_stop(self) -> Stop:
        """Return whether to stop, with the reason of the first criterion that is met."""
        progress = self._record.progress(len_of(self._pool()))
        reasons = (rule.reason(progress) for rule in self._rules)
        return Stop(reason=next((reason for reason in reasons if reason is not None), None))

    def export_batch(self, path: Path | str | None = None) -> Path:
        """Write what is handed out as a file that the tool of `export_format` imports."""
        if self._record.export_format is None:
            raise ConfigurationError("export_format: expected a tool to write for, got None")
        classes = [str(name) for name in getattr(self._sampler.model, "classes_", ())]
        if len(classes) < 2:
            raise ConfigurationError(
                f"export_batch: expected a sampler that knows two classes or more, got {classes}"
            )
        samples = data.shown(self._pool(), self.handed_out)
        target = None if path is None else Path(path)
        return write_tasks(samples, classes, self._record.export_format, target)

    def save(self, path: Path | str) -> None:
        """Write the session into one file: positions, labels, costs and figures, but no data."""
        files.write(self._record, Path(path))

    @classmethod
    def resume(cls, path: Path | str, sampler: Chooses, X_unlabeled: Any) -> Self:
        """Return a saved session, with the same pool and a sampler made as the first one was."""
        saved = files.read(Path(path))
        session = cls(sampler, None, saved.criteria, saved.export_format)
        session.use_pool(X_unlabeled)
        if session._record.pool != saved.pool:
            raise DataError(f"X_unlabeled: expected the pool that {path} was saved with")
        session._record = saved
        for one in saved.rounds:
            sampler.update(session._taken(one.positions), np.array(one.labels))
        return session

    def _pool(self) -> Any:
        if self._rows is None:
            raise ConfigurationError("X_unlabeled: this session has no pool yet; call use_pool")
        return self._rows

    def _taken(self, positions: Sequence[int] | NDArray[np.intp]) -> Any:
        return data.take(self._pool(), np.asarray(positions, dtype=np.intp))

    def _room(self) -> int:
        """Return how many more may be handed out."""
        most = min((r.samples for r in self._rules if isinstance(r, MaxSamples)), default=None)
        taken = self.n_labeled + len(self._record.handed_out)
        return len_of(self._pool()) if most is None else max(0, most - taken)

    def _learn(self, positions: list[int], labels: list[Any], cost: float) -> None:
        before = self._said()
        self._sampler.update(self._taken(positions), np.array(labels))
        after, known = self._said(), np.append(self._record.positions, positions)
        made = Round(
            positions=tuple(positions),
            labels=tuple(labels),
            cost=cost,
            accuracy=Interval.unknown(),
            kappa=judging.agreement(before, after),
            shift=judging.shifted(before, after, known),
        )
        self._record.rounds.append(made)
        self.take_back(positions)
        if any("accuracy" in rule.metrics() for rule in self._rules):
            self._estimate()

    def _estimate(self) -> Interval:
        """Return the estimate after the newest round, found once."""
        if not self._record.rounds:
            return Interval.unknown()
        last = self._record.rounds[-1]
        if not last.accuracy.n:
            rows = self._taken(self._record.positions)
            found = judging.cross_validated(self._sampler.model, rows, self._record.labels)
            self._record.rounds[-1] = replace(last, accuracy=found)
        return self._record.rounds[-1].accuracy

    def _said(self) -> judging.Said | None:
        """Return what the model says of the pool, where a criterion compares it."""
        if not any(isinstance(rule, COMPARING) for rule in self._rules):
            return None
        return judging.said(self._sampler.model, self._pool(), self._sampler.n_labels)

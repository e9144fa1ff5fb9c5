"""`ActiveLearner`: a model, a strategy, and labels that come in as they are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling import rows as data
from auto_labeling.arguments import weight, whole_number
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.sampling.handover import sample_id, write_tasks
from auto_labeling.sampling.label_sets import checked_targets, joined
from auto_labeling.sampling.names import NAMES
from auto_labeling.sampling.sampler import Sampler, Seed
from auto_labeling.sampling.webhooks import read_webhook
from auto_labeling.view import len_of


class ActiveLearner(Sampler):
    """Chooses what to label, and learns from the answers.

    Args:
        model: anything with fit and predict_proba, the name of a model such as `"lda"`, or None
            for logistic regression. It is copied; `model` is the fitted copy.
        strategy: uncertainty, margin, entropy, diversity, combined, query_by_committee, hybrid,
            another name of `auto_labeling.sampling.names`, or a strategy object.
        batch_size: how many `select` returns where it is not told.
        n_initial: how many it returns before the first label.
        weights: of `combined`, such as `{"uncertainty": .5, "diversity": .5}`.
        random_state: a whole number, a Generator, or None for another choice each time.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> learner = ActiveLearner(strategy="margin", random_state=0).fit(X[::10], y[::10])
    >>> picks = learner.select(X, 5)
    >>> learner.update(X[picks], y[picks]).model.predict(X[:2])
    array([0, 0])
    """

    def __init__(
        self,
        model: Any = None,
        strategy: object = "uncertainty",
        batch_size: int = 100,
        n_initial: int = 100,
        weights: Mapping[str, float] | None = None,
        random_state: Seed = None,
    ) -> None:
        super().__init__(model, _weighted(strategy, weights), random_state)
        self._batch = whole_number("batch_size", batch_size, 1)
        self._initial = whole_number("n_initial", n_initial, 1)
        self._pool: Any = None
        self._sent: dict[str, Any] = {}
        self._given: tuple[Any, NDArray[Any]] | None = None
        self._answers: dict[str, tuple[Any, Any]] = {}
        self._pairs = 0

    def select(self, X_unlabeled: Any, n_samples: int | None = None) -> NDArray[np.intp]:
        """Return (b,) positions in the pool, best first; `batch_size` of them by default."""
        usual = self._initial if self._model is None else self._batch
        picks = super().select(X_unlabeled, usual if n_samples is None else n_samples)
        self._pool = data.checked_rows(X_unlabeled, "X_unlabeled")
        return picks

    def fit(self, X: Any, y: ArrayLike) -> Self:
        """Learn from these rows and labels, and forget what was learned or added before."""
        super().fit(X, y)
        assert self._y is not None  # noqa: S101 - for mypy: fit has set it
        self._given, self._answers = (self._rows, self._y), {}
        return self

    def update(self, X_new: Any, y_new: ArrayLike) -> Self:
        """Learn from further rows, and from all that was learned or added before."""
        rows = data.checked_rows(X_new, "X_new")
        labels = checked_targets(y_new, len_of(rows))
        if self._given is not None:
            rows = data.stacked(self._given[0], rows)
            labels = joined(self._given[1], labels)
        return self._learn_all(rows, labels)

    def add_labeled_sample(self, annotation: Any) -> bool:
        """Take one label in, for the next `update_model`; return whether there was one.

        Args:
            annotation: a pair of a sample and its label, or the body of a Label Studio webhook
                about a task of `send_to_labeling` or a task with a text. An edited answer
                takes the place of the earlier one; a skipped task holds no label.
        """
        if isinstance(annotation, Mapping):
            return self._take_webhook(annotation)
        if not isinstance(annotation, tuple) or len(annotation) != 2:
            raise DataError(
                "annotation: expected (sample, label) or the body of a webhook, got a "
                f"{type(annotation).__name__}"
            )
        sample, label = annotation
        row = data.checked_rows(_one_row(sample), "sample")
        target = checked_targets([label], 1)
        if self._given is not None:  # what cannot be learned is said before it is kept
            data.stacked(data.take(self._given[0], slice(0)), row)
            joined(self._given[1], target)
        self._answers[f"pair {self._pairs}"] = row, target[0]
        self._pairs += 1
        return True

    def update_model(self) -> Self:
        """Learn from everything given and added so far."""
        return self._learn_all(*(self._given or (None, np.empty(0))))

    def _learn_all(self, rows: Any, labels: NDArray[Any]) -> Self:
        """Learn from these and from all that was added; where that fails nothing has changed."""
        given = None if rows is None else (rows, labels)
        for row, label in self._answers.values():
            rows = row if rows is None else data.stacked(rows, row)
            labels = joined(labels, np.array([label])) if len(labels) else np.array([label])
        if rows is None:
            raise DataError("update_model: expected labels to learn from; none were added")
        answers = self._answers
        super().fit(rows, labels)
        self._given, self._answers = given, answers
        return self

    def send_to_labeling(
        self, samples: Any, tool: str = "label_studio", path: Path | str | None = None
    ) -> Path:
        """Write a file that the tool imports, with its labeling configuration, and return its path.

        Args:
            samples: items that `query` returned, rows, or positions in the pool last chosen from.
            tool: label_studio or prodigy.
            path: the file to write; by default one in `to_label/`.

        People are offered the classes of the labels learned from. The file is brought into the
        tool by a person: this class opens no connection.
        """
        self._expect_single_labels("send_to_labeling")
        rows = self._asked_about(samples)
        singles = data.shown(rows, np.arange(len_of(rows)))
        target = write_tasks(
            singles, self._class_names(), tool, None if path is None else Path(path)
        )
        for at, sample in enumerate(singles):
            self._sent[sample_id(sample)] = data.take(rows, np.array([at]))
        return target

    def _take_webhook(self, body: Mapping[str, Any]) -> bool:
        self._expect_single_labels("annotation")
        known = [] if self._y is None else list(np.unique(self._y))
        told = read_webhook(body, [str(name) for name in known])
        if told.name is None:
            self._answers.pop(told.answer_id, None)
            return False
        if told.item_id in self._sent:
            row = self._sent[str(told.item_id)]
        elif isinstance(told.shown.get("text"), str):
            row = [told.shown["text"]]
        else:
            raise DataError(
                f"annotation {told.answer_id}: expected a task that send_to_labeling wrote, or one "
                f"with a text, got one with {sorted(told.shown)}"
            )
        self._answers[told.answer_id] = (row, _label(told.name, known))
        return True

    def _expect_single_labels(self, who: str) -> None:
        if self._y is not None and self._y.ndim > 1:
            raise DataError(
                f"{who}: expected a learner of one label an item, because columns of labels have "
                f"no names to show people; got labels of shape {self._y.shape}"
            )

    def _asked_about(self, samples: Any) -> Any:
        if not _are_positions(samples):
            return data.checked_rows(samples, "samples")
        asked = np.asarray(samples)
        if self._pool is None:
            raise DataError("samples: positions mean nothing before select; give the items")
        if len(asked) and not 0 <= asked.min() <= asked.max() < len_of(self._pool):
            raise DataError(
                f"samples: expected positions below {len_of(self._pool)}, got {asked.max()}"
            )
        return data.take(self._pool, asked.astype(np.intp))

    def _class_names(self) -> Sequence[str]:
        classes = [str(name) for name in getattr(self._model, "classes_", ())]
        if len(classes) < 2:
            raise ConfigurationError(
                "send_to_labeling: expected a learner fitted on two classes or more, which people "
                f"are then offered, got {classes}"
            )
        return classes


def _weighted(strategy: object, weights: Mapping[str, float] | None) -> object:
    if weights is None:
        return strategy
    if strategy != "combined":
        raise ConfigurationError(
            f"weights: expected with the strategy 'combined' only, got {strategy!r}"
        )
    expected = {"uncertainty", "diversity"}
    if not weights or set(weights) - expected:
        raise ConfigurationError(
            f"weights: expected the keys {' and '.join(sorted(expected))}, got {weights!r}"
        )
    given = {name: weight(f"weights[{name!r}]", weights.get(name, 0.0)) for name in expected}
    return {**NAMES["combined"], **given}


def _label(name: str, known: Sequence[Any]) -> Any:
    """Return the label that a name stands for among labels that may be numbers."""
    by_name = {str(label): label for label in known}
    if name in by_name or not known or isinstance(known[0], str):
        return by_name.get(name, name)
    try:
        return type(known[0])(name)
    except ValueError as error:
        raise DataError(f"annotation: expected a label like {known[0]}, got {name!r}") from error


def _are_positions(samples: Any) -> bool:
    if isinstance(samples, np.ndarray):
        return samples.ndim == 1 and samples.dtype.kind in "iu"
    if not isinstance(samples, list) or not samples:
        return False
    return all(isinstance(one, int | np.integer) for one in samples)


def _one_row(sample: Any) -> Any:
    if hasattr(sample, "tocsr"):
        return sample.tocsr()
    if hasattr(sample, "iloc"):
        return sample.to_frame().T if sample.ndim == 1 else sample
    return np.asarray(sample)[None] if isinstance(sample, np.ndarray) else _listed(sample)


def _listed(sample: Any) -> Any:
    numeric = isinstance(sample, list | tuple) and not any(isinstance(one, str) for one in sample)
    return np.asarray([sample]) if numeric else [sample]

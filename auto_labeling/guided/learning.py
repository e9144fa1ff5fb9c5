"""What a model learns from a project as it was read, and what it says of the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import rng_for, top_k
from auto_labeling.auditing.contents import Contents
from auto_labeling.auditing.labels import majority_labels
from auto_labeling.auditing.suspects import suspects_of
from auto_labeling.backends.label_studio.reading import ReadProject
from auto_labeling.errors import DataError
from auto_labeling.files import content_digest
from auto_labeling.formats.label_studio import encode_prediction
from auto_labeling.models.fitting import fit, predict
from auto_labeling.models.sklearn import LogisticRegression
from auto_labeling.records import Suggestion

PREFIX = "guided-"
"""How the versions of our predictions begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What was learned."""

    version: str
    """The same for the same labels."""
    labels: int
    unlabeled: int
    """Tasks that nobody has answered and the model can judge."""
    agreeing: float
    """The share of labels that a model would give which has not seen them; nan where labels are
    few. Labels that were chosen because they are hard make it look worse than it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """A task to label next."""

    task_id: str
    label: str
    """What the model would say."""
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Learned:
    """A model's word on the unlabeled tasks of a project."""

    read: ReadProject
    training: Training
    tasks: Sequence[str]
    """(n,)"""
    proba: NDArray[np.float64]
    """(n, k)"""

    def predictions(self) -> Iterator[dict[str, Any]]:
        """Yield a prediction for each task; its score is the probability of what it suggests."""
        for one in self._said(range(len(self.tasks))):
            suggestion = Suggestion(
                item_id=one.task_id,
                value=one.label,
                score=min(one.probability, 1.0),
                model_version=self.training.version,
            )
            made = encode_prediction(suggestion, self.read.schema, self.read.layout)
            yield {"task": int(one.task_id), **made}

    def least_certain(self, n_tasks: int, seed: int) -> list[Recommendation]:
        """Return up to `n_tasks`, the least certain first."""
        rng = rng_for(seed, self.training.labels, "guided")
        return list(self._said(top_k(-self.proba.max(axis=1), n_tasks, rng).tolist()))

    def _said(self, rows: Sequence[int]) -> Iterator[Recommendation]:
        for row in rows:
            best = int(self.proba[row].argmax())
            yield Recommendation(
                task_id=self.tasks[row],
                label=self.read.schema.classes[best],
                probability=float(self.proba[row, best]),
            )


def learn(read: ReadProject, contents: Contents, seed: int) -> Learned:
    """Learn from the labels that most people gave; what has answers without a majority is left.

    Raises `DataError` where fewer than two classes are labeled.
    """
    labels, tasks, classes = (
        majority_labels(read.tasks, read.schema),
        read.tasks,
        read.schema.classes,
    )
    known = [row for row, at in enumerate(contents.at) if labels[at] is not None]
    rest = [row for row, at in enumerate(contents.at) if not tasks[at].votes()]
    told = [str(labels[contents.at[row]]) for row in known]
    if len(set(told)) < 2:
        raise DataError(
            f"project {read.number}: expected labels of two classes or more to learn from, got "
            f"{len(told)} labels of {len(set(told))}"
        )
    targets = np.array([classes.index(name) for name in told], dtype=np.intp)
    features = contents.features
    fitted = fit(LogisticRegression().build(seed), features[known], targets, len(classes))
    ids = [tasks[contents.at[row]].task_id for row in known]
    digest = content_digest([list(pair) for pair in zip(ids, told, strict=True)])
    keys = [str(contents.keys[contents.at[row]]) for row in known]
    judged = suspects_of(features[known], told, np.unique(keys, return_inverse=True)[1])
    return Learned(
        read=read,
        training=Training(
            version=f"{PREFIX}{len(told)}-{digest[:8]}",
            labels=len(told),
            unlabeled=len(rest),
            agreeing=judged.agreeing,
        ),
        tasks=[tasks[contents.at[row]].task_id for row in rest],
        proba=predict(fitted, features[rest], len(classes)),
    )

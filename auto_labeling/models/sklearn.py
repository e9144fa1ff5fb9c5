"""scikit-learn's classifiers as the campaign file names them.

Each class holds settings and builds an unfitted model. Nothing here uses more than one process:
sums that are gathered from several differ in their last digits from run to run.
"""

# ruff: noqa: ARG002 - every model is built by one call, whether it uses `seed` and `base` or not

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Model

ClassWeight = Literal["balanced"] | None
"""`balanced`: classes count alike, however many labels each has; None: labels count alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogisticRegression:
    """A linear model on features of a common scale; the default where labels are few."""

    C: float = 1.0
    """Inverse of the penalty on large weights; above zero."""
    max_iter: int = 1000
    class_weight: ClassWeight = None

    def __post_init__(self) -> None:
        _above_zero("C", self.C)
        _at_least("max_iter", self.max_iter, 1)
        _balanced_or_none(self.class_weight)

    def build(self, seed: int, base: Path = Path()) -> Model:
        """Return scaling and logistic regression in a pipeline; `seed` has nothing to decide."""
        from sklearn.linear_model import LogisticRegression as Estimator

        return _scaled(Estimator(C=self.C, max_iter=self.max_iter, class_weight=self.class_weight))


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomForest:
    """Many trees, each on a resample."""

    n_estimators: int = 100
    max_depth: int | None = None
    min_samples_leaf: int = 1
    class_weight: ClassWeight = None

    def __post_init__(self) -> None:
        _balanced_or_none(self.class_weight)
        _at_least("n_estimators", self.n_estimators, 1)
        _at_least("max_depth", 1 if self.max_depth is None else self.max_depth, 1)
        _at_least("min_samples_leaf", self.min_samples_leaf, 1)

    def build(self, seed: int, base: Path = Path()) -> Model:
        """Return the forest; `seed` draws the resamples and the features of each split."""
        from sklearn.ensemble import RandomForestClassifier

        forest: Model = RandomForestClassifier(
            n_estimators=self.n_estimators,
            max_depth=self.max_depth,
            min_samples_leaf=self.min_samples_leaf,
            class_weight=self.class_weight,
            random_state=seed,
        )
        return forest


@dataclass(frozen=True, slots=True, kw_only=True)
class GradientBoosting:
    """Trees that mend one another, on binned features; dense features only."""

    learning_rate: float = 0.1
    max_iter: int = 100
    max_leaf_nodes: int = 31
    min_samples_leaf: int = 5  # scikit-learn's 20 cannot split the first 39 labels of a campaign

    def __post_init__(self) -> None:
        _above_zero("learning_rate", self.learning_rate)
        _at_least("max_iter", self.max_iter, 1)
        _at_least("max_leaf_nodes", self.max_leaf_nodes, 2)
        _at_least("min_samples_leaf", self.min_samples_leaf, 1)

    def build(self, seed: int, base: Path = Path()) -> Model:
        """Return the boosted trees; `seed` draws what they stop early on."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        boosting: Model = HistGradientBoostingClassifier(
            learning_rate=self.learning_rate,
            max_iter=self.max_iter,
            max_leaf_nodes=self.max_leaf_nodes,
            min_samples_leaf=self.min_samples_leaf,
            random_state=seed,
        )
        return boosting


@dataclass(frozen=True, slots=True, kw_only=True)
class Svm:
    """Support vectors under a Gaussian kernel, on features of a common scale."""

    C: float = 1.0
    """Price of a training example on the wrong side; above zero."""
    class_weight: ClassWeight = None

    def __post_init__(self) -> None:
        _above_zero("C", self.C)
        _balanced_or_none(self.class_weight)

    def build(self, seed: int, base: Path = Path()) -> Model:
        """Return scaling and the machine in a pipeline; `seed` has nothing to decide."""
        from auto_labeling.models.svm import TemperedSvc

        return _scaled(TemperedSvc(C=self.C, class_weight=self.class_weight))


@dataclass(frozen=True, slots=True, kw_only=True)
class NaiveBayes:
    """A normal distribution per class and feature; dense features only."""

    # scikit-learn's 1e-9 takes a feature that hardly varies in few labels for an oracle: on digits
    # it stops at .78 accuracy where .1 reaches .91.
    var_smoothing: float = 0.1
    """Share of the largest variance that is added to all."""

    def __post_init__(self) -> None:
        _above_zero("var_smoothing", self.var_smoothing)

    def build(self, seed: int, base: Path = Path()) -> Model:
        """Return scaling and naive Bayes in a pipeline; `seed` has nothing to decide."""
        from auto_labeling.models.naive_bayes import SteadyNb

        return _scaled(SteadyNb(var_smoothing=self.var_smoothing))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lda:
    """Linear discriminants with a shrunk covariance; strong on embeddings with few labels."""

    def build(self, seed: int, base: Path = Path()) -> Model:
        """Return scaling and the discriminants in a pipeline; `seed` has nothing to decide."""
        from auto_labeling.models.lda import ShrunkLda

        return _scaled(ShrunkLda())


def _scaled(estimator: object) -> Model:
    from sklearn.pipeline import make_pipeline

    from auto_labeling.models.scaling import CommonScale

    pipeline: Model = make_pipeline(CommonScale(), estimator)
    return pipeline


def _balanced_or_none(value: object) -> None:
    if value not in ("balanced", None):
        raise ConfigurationError(f"class_weight: expected balanced or nothing, got {value!r}")


def _above_zero(key: str, value: float) -> None:
    if not value > 0:  # not "<= 0", which is false for NaN
        raise ConfigurationError(f"{key}: expected a number above 0, got {value}")


def _at_least(key: str, value: int, least: int) -> None:
    if value < least:
        raise ConfigurationError(f"{key}: expected at least {least}, got {value}")

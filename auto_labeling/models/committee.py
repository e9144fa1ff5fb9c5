"""Several models of one kind, each fitted on its own resample: a model that can disagree."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import ConfigurationError
from auto_labeling.models import fitting
from auto_labeling.models.sklearn import LogisticRegression
from auto_labeling.ports import Model, ModelSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Committee:
    """A committee for strategies that read `posterior`; its prediction is the members' mean."""

    of: ModelSettings = field(default_factory=LogisticRegression)
    """What every member is."""
    members: int = 5
    samples_posterior: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.members < 2:
            raise ConfigurationError(f"members: expected at least 2, got {self.members}")

    def build(self, seed: int, base: Path = Path()) -> Model:
        """Return the unfitted committee; `seed` draws the resamples and seeds the members."""
        models = [self.of.build(seed + member, base) for member in range(self.members)]
        return Resampled(models=models, seed=seed)


@dataclass(slots=True, kw_only=True, eq=False)
class Resampled:
    """Members fitted on resamples that keep every class (Abe & Mamitsuka 1998)."""

    models: list[Model]
    seed: int
    classes_: NDArray[Any] = field(init=False)
    _fitted: list[fitting.Fitted] = field(init=False)

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Resampled:
        """Fit every member; weights go with their rows."""
        self.classes_, targets = np.unique(y, return_inverse=True)
        weights = None if sample_weight is None else np.asarray(sample_weight)
        self._fitted = []
        for number, model in enumerate(self.models):
            rows = _resample(targets, np.random.default_rng([self.seed, number]))
            own = None if weights is None or not weights[rows].any() else weights[rows]
            k = len(self.classes_)
            self._fitted.append(fitting.fit(model, X[rows], targets[rows], k, own))
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return (n, k) the members' mean."""
        total: NDArray[np.float64] = self.sample_proba(X).mean(axis=2)
        return total

    def sample_proba(self, X: Any) -> NDArray[np.float64]:
        """Return (n, k, m) what each member says."""
        k = len(self.classes_)
        return np.stack([fitting.predict(one, X, k) for one in self._fitted], axis=2)


def _resample(targets: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    """Return (n,) rows drawn with replacement, one of each class among them, in order."""
    order = rng.permutation(len(targets))
    one_each = order[np.unique(targets[order], return_index=True)[1]]
    drawn = rng.integers(0, len(targets), len(targets) - len(one_each))
    return np.sort(np.concatenate([one_each, drawn]))

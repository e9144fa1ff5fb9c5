"""One model a label, for items that may have several."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling.models import fitting
from auto_labeling.ports import Model


@dataclass(slots=True, kw_only=True, eq=False)
class BinaryRelevance:
    """A copy of `model` learns each label by itself (Boutell et al. 2004).

    A label that every item has, or none, needs no model: it is predicted as it was seen.
    """

    several: ClassVar[bool] = True

    model: Model
    """Unfitted, and left so."""
    classes_: NDArray[np.intp] = field(init=False, repr=False)
    _fitted: list[fitting.Fitted] = field(init=False, repr=False)

    def fit(self, X: Any, y: ArrayLike) -> BinaryRelevance:
        """Learn from (n, p) features and (n, k) zeros and ones."""
        labels = np.asarray(y)
        self.classes_ = np.arange(labels.shape[1])
        self._fitted = [fitting.fit(deepcopy(self.model), X, column, 2) for column in labels.T]
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return (n, k) the probability of each label by itself."""
        return np.stack([fitting.predict(one, X, 2)[:, 1] for one in self._fitted], axis=1)

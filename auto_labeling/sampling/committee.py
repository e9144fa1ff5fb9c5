"""`QueryByCommittee`: ask where several models disagree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling import rows as data
from auto_labeling.arguments import whole_number
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models import learning
from auto_labeling.sampling.members import fit_members, posterior
from auto_labeling.sampling.names import DISAGREEMENT, scorer_of
from auto_labeling.sampling.sampler import Sampler, Seed
from auto_labeling.strategies.top_k import TopK, checked_scores
from auto_labeling.view import PoolView


class QueryByCommittee(Sampler):
    """The candidates on which a committee disagrees most (Seung, Opper & Sompolinsky 1992).

    Args:
        models: the members, which may differ in kind; each learns from all labels. None: copies of
            `base_estimator`, each of which learns from a resample that has every class.
        n_estimators: how many copies.
        base_estimator: a model, or a name such as `"random_forest"`.
        disagreement_measure: vote_entropy, consensus_entropy or max_disagreement (KL).
        random_state: a whole number, a Generator, or None for another choice each time.

    Rows may be numbers, frames, texts or whatever else the members take.
    """

    def __init__(
        self,
        models: Sequence[Any] | None = None,
        n_estimators: int = 5,
        base_estimator: Any = "random_forest",
        disagreement_measure: str = "vote_entropy",
        random_state: Seed = None,
    ) -> None:
        self._scorer = scorer_of(disagreement_measure, DISAGREEMENT, "disagreement_measure")
        self._alike = models is None
        if models is None:
            size = whole_number("n_estimators", n_estimators, 2)
            templates = [learning.model_of(base_estimator, "base_estimator")] * size
        else:
            templates = [learning.model_of(one, f"models[{at}]") for at, one in enumerate(models)]
        if len(templates) < 2:
            raise ConfigurationError(f"models: expected two or more, got {len(templates)}")
        super().__init__(templates[0], TopK(self._scorer), random_state)
        self._templates = templates
        self._members: list[Any] = []

    @property
    def members(self) -> list[Any]:
        """The fitted models; empty before `fit`."""
        return list(self._members)

    def fit(self, X: Any, y: ArrayLike) -> Self:
        super().fit(X, y)
        self._members = fit_members(
            self._templates, self._rows, np.asarray(self._y), self._seed, draw=self._alike
        )
        return self

    def get_disagreement_scores(self, X: Any) -> NDArray[np.float64]:
        """Return (n,) scores; higher is more disagreement, 0 is none."""
        if not self._members:
            raise DataError("get_disagreement_scores: expected a fitted committee; call fit first")
        rows = data.checked_rows(X, "X")
        return checked_scores(self._scorer, self._view(self._scorer.needs, rows))

    def _view(self, needs: frozenset[str], rows: Any) -> PoolView:
        if "posterior" not in needs:  # the cold start, before there is a committee
            return super()._view(needs, rows)
        return PoolView(posterior=posterior(self._members, rows, np.unique(np.asarray(self._y))))

"""`select_for_labeling`: one choice, from labeled and unlabeled rows, in one call."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling import rows as data
from auto_labeling.arguments import whole_number
from auto_labeling.sampling.sampler import Sampler, Seed
from auto_labeling.strategies.top_k import checked_scores


@overload
def select_for_labeling(
    X_labeled: Any,
    y_labeled: ArrayLike | None,
    X_unlabeled: Any,
    n_samples: int,
    strategy: object = ...,
    return_scores: Literal[False] = ...,
    *,
    model: Any = ...,
    random_state: Seed = ...,
) -> NDArray[np.intp]: ...


@overload
def select_for_labeling(
    X_labeled: Any,
    y_labeled: ArrayLike | None,
    X_unlabeled: Any,
    n_samples: int,
    strategy: object = ...,
    *,
    return_scores: Literal[True],
    model: Any = ...,
    random_state: Seed = ...,
) -> tuple[NDArray[np.intp], NDArray[np.float64]]: ...


def select_for_labeling(
    X_labeled: Any,
    y_labeled: ArrayLike | None,
    X_unlabeled: Any,
    n_samples: int,
    strategy: object = "uncertainty",
    return_scores: bool = False,
    *,
    model: Any = None,
    random_state: Seed = 0,
) -> Any:
    """Return (b,) positions in `X_unlabeled`, best first, and with `return_scores` their scores.

    The scores are those that the strategy ranks by; higher = ask sooner. A strategy that puts a
    batch together without scoring single candidates, such as `coreset`, has nan for each.

    Args:
        X_labeled: (l, ...) rows whose labels are known; may be empty, or None.
        y_labeled: (l,) their labels.
        X_unlabeled: (n, ...) the pool.
        n_samples: how many to choose.
        strategy: a name of `auto_labeling.sampling.names`, or a strategy object.
        return_scores: whether scores are returned as well.
        model: anything with fit and predict_proba, a name, or None for logistic regression.
        random_state: a whole number, a Generator, or None for another choice each time.

    >>> X = np.array([[0.0], [1.0], [4.0], [5.0]])
    >>> select_for_labeling(X, ["a", "a", "b", "b"], [[0.5], [2.5], [3.1]], 2, "margin")
    array([1, 2])
    """
    sampler = OneOff(model, strategy, random_state)
    if y_labeled is not None and len(np.asarray(y_labeled)):
        sampler.fit(X_labeled, y_labeled)
    picks, scores = sampler.select_scored(X_unlabeled, n_samples)
    return (picks, scores) if return_scores else picks


class OneOff(Sampler):
    """A sampler that also says what its strategy ranked by."""

    def select_scored(
        self, X_unlabeled: Any, n_samples: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return (b,) positions, best first, and (b,) scores, nan where nothing is scored."""
        rows = data.checked_rows(X_unlabeled, "X_unlabeled")
        strategy = self._strategy_now()
        view = self._view(strategy.needs, rows)
        picks = strategy.select(view, whole_number("n_samples", n_samples), self._rng("select"))
        scorer = getattr(strategy, "scorer", None)
        if scorer is None:
            return picks, np.full(len(picks), np.nan)
        return picks, checked_scores(scorer, view)[picks]

"""scikit-activeml's strategies behind `QueryStrategy`, to be compared with."""

# ruff: noqa: ARG002 - their classifiers are asked with arguments that these answers ignore

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from auto_labeling.ports import QueryStrategy
from auto_labeling.view import PoolView


@dataclass(frozen=True, slots=True)
class Given:
    """A classifier that answers with probabilities which were computed elsewhere."""

    proba: Any


@dataclass(frozen=True, slots=True)
class Falcun:
    """Fast active learning by contrastive uncertainty (Gilhuber et al. 2024)."""

    needs: ClassVar[frozenset[str]] = frozenset({"proba", "embeddings", "labeled_embeddings"})

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (size,) positions."""
        return _asked("Falcun", view, size, rng)


@dataclass(frozen=True, slots=True)
class Badge:
    """Batch active learning by diverse gradient embeddings (Ash et al. 2020)."""

    needs: ClassVar[frozenset[str]] = frozenset({"proba", "embeddings", "labeled_embeddings"})

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (size,) positions."""
        return _asked("Badge", view, size, rng)


@dataclass(frozen=True, slots=True)
class MaxHerding:
    """Greedy cover of the pool under a Gaussian kernel (Bae, Noh & Sutherland 2024)."""

    needs: ClassVar[frozenset[str]] = frozenset({"embeddings", "labeled_embeddings"})

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (size,) positions."""
        return _asked("MaxHerding", view, size, rng)


def strategies() -> dict[str, QueryStrategy]:
    """Return the peers, or raise `ImportError` that says how to get them."""
    _expect_installed()
    return {"falcun (peer)": Falcun(), "badge (peer)": Badge()}


def best() -> dict[str, QueryStrategy]:
    """Return those that need the fewest labels of all; MaxHerding takes minutes on 10,000 rows."""
    _expect_installed()
    return {"falcun (peer)": Falcun(), "maxherding (peer)": MaxHerding()}


def _expect_installed() -> None:
    try:
        import skactiveml  # noqa: F401 - whether it is there
    except ImportError as error:
        raise ImportError("the peers are in .venv-bench: run `make bench`") from error


def _asked(name: str, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
    from skactiveml import pool as peers

    known = np.asarray(view.labeled_embeddings, dtype=np.float64)
    rest = np.asarray(view.embeddings, dtype=np.float64)
    X = np.concatenate([known, rest])
    y = np.full(len(X), np.nan)
    y[: len(known)] = 0 if view.labeled_targets is None else view.labeled_targets
    told = {} if view.proba is None else _classifier(np.asarray(view.proba))
    strategy = getattr(peers, name)(random_state=int(rng.integers(1 << 30)))
    picked = strategy.query(X=X, y=y, batch_size=size, **told)
    return np.asarray(picked, dtype=np.intp) - len(known)


def _classifier(proba: NDArray[Any]) -> dict[str, Any]:
    """Return what asks a classifier whose answers are known: those for the candidates."""
    from skactiveml.base import SkactivemlClassifier

    class Answers(SkactivemlClassifier):  # type: ignore[misc]
        """Answers for the candidates, in their order."""

        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Answers:
            self.classes_ = np.arange(proba.shape[1])
            return self

        def predict_proba(self, X: Any) -> NDArray[np.float64]:
            return proba

        def predict(self, X: Any) -> NDArray[np.intp]:
            return proba.argmax(axis=1)

    return {"clf": Answers(classes=list(range(proba.shape[1]))), "fit_clf": False}

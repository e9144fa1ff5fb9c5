"""What a strategy may look at, made of a model, labels and a pool."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling import rows as data
from auto_labeling.errors import DataError
from auto_labeling.models import learning
from auto_labeling.models.embedding import feature_embedder
from auto_labeling.ports import Embeds, SamplesPosterior
from auto_labeling.sampling import label_sets
from auto_labeling.sampling.members import fit_members, posterior
from auto_labeling.view import PoolView, len_of

ASKS_A_MODEL = frozenset({"proba", "marginals", "posterior", "features"})
"""Fields that there are only once a model is fitted."""
EMBEDDED = frozenset({"embeddings", "labeled_embeddings"})
_COMMITTEE = 5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """What has been learned so far."""

    model: Any = None
    """Fitted; None before the first label."""
    rows: Any = None
    """(l, ...) what is labeled; None where nothing is."""
    y: NDArray[Any] | None = None
    """(l,) its labels, or (l, k) where items may have several."""
    template: Any = None
    """What was handed in as a model: committees are copies of it."""
    seed: int = 0

    def __len__(self) -> int:
        return 0 if self.y is None else len(self.y)


def view_of(
    needs: frozenset[str],
    rows: Any,
    known: Known,
    embeddings: tuple[NDArray[Any], NDArray[Any]] | None = None,
) -> PoolView:
    """Return the view of a pool with the fields of `needs`, and with a cost of 1 an answer.

    `embeddings` are those of the pool and of what is labeled, where they are known already.
    """
    fields: dict[str, Any] = {"cost": np.ones(len_of(rows))}  # every answer costs the same here
    if needs & EMBEDDED:
        of_pool, of_labeled = embeddings or _embeddings(rows, known)
        fields |= {"embeddings": of_pool, "labeled_embeddings": of_labeled}
    makers: dict[str, Callable[[Any, Known], Any]] = {
        "proba": _proba,
        "marginals": _marginals,
        "posterior": _posterior,
        "features": _features,
    }
    fields |= {name: make(rows, known) for name, make in makers.items() if name in needs}
    if "labeled_targets" in needs:
        fields["labeled_targets"] = _targets(known)
    return PoolView(**{name: fields[name] for name in fields if name in needs | {"cost"}})


def head_inputs(model: Any, rows: Any) -> Any:
    """Return (n, p) what the last step of a fitted pipeline is given; else the numbers."""
    if len_of(rows) == 0:
        return np.empty((0, 1))
    if hasattr(model, "steps") and len(model.steps) > 1:
        return model[:-1].transform(rows)
    return data.numbers(rows)


def embeddings_of(rows: Any, seed: int) -> NDArray[Any]:
    """Return (n, c) the embeddings of a pool that no model has been fitted on."""
    return _embeddings(rows, Known(seed=seed))[0]


def _embeddings(rows: Any, known: Known) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the points of the pool, and those of what is labeled, in one space."""
    embed = _embedder(rows, known)
    points = embed(rows)
    return points, embed(known.rows) if len(known) else np.empty((0, points.shape[1]))


def _embedder(rows: Any, known: Known) -> Callable[[Any], NDArray[Any]]:
    if isinstance(known.model, Embeds):
        return known.model.embed
    read = data.numbers if _are_numbers(rows) else partial(_read, known.model)
    numbers = read(rows)
    if numbers.shape[0] == 0:
        return lambda some: np.empty((len_of(some), 1))
    embedder = feature_embedder(numbers, known.seed)
    return lambda some: embedder.embed(read(some))


def _are_numbers(rows: Any) -> bool:
    if hasattr(rows, "iloc"):
        return all(kind.kind in "fiub" for kind in rows.dtypes)
    return not isinstance(rows, list)


def _read(model: Any, rows: Any) -> Any:
    """Return numbers of items that are none: as the model's first steps read them, else hashed."""
    if hasattr(model, "steps") and len(model.steps) > 1:
        return data.checked_rows(model[:-1].transform(rows), "X")
    return data.numbers(rows)


def _proba(rows: Any, known: Known) -> NDArray[np.float64]:
    return learning.proba(_model(known), rows)


def _marginals(rows: Any, known: Known) -> NDArray[np.float64]:
    return label_sets.marginals(_model(known), rows)


def _features(rows: Any, known: Known) -> Any:
    return head_inputs(_model(known), rows)


def _posterior(rows: Any, known: Known) -> NDArray[np.float64]:
    """Return what the model's own members say, or those of a committee of copies of it."""
    model = _model(known)
    if isinstance(model, SamplesPosterior):
        return np.asarray(model.sample_proba(rows), dtype=np.float64)
    if known.y is None:
        raise DataError("a committee needs labels to learn from; call fit(X, y) first")
    members = fit_members([known.template] * _COMMITTEE, known.rows, known.y, known.seed, draw=True)
    return posterior(members, rows, np.unique(known.y))


def _targets(known: Known) -> NDArray[np.intp]:
    if known.y is None:
        return np.empty(0, dtype=np.intp)
    classes = getattr(known.model, "classes_", np.unique(known.y))
    return np.searchsorted(classes, known.y).astype(np.intp)


def _model(known: Known) -> Any:
    if known.model is None:
        raise DataError("this strategy asks a model; call fit(X, y) first")
    return known.model

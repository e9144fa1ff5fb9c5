"""Choose the first batch, before there is a model: what is typical of the pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import batch_size, k_means
from auto_labeling.view import PoolView

_SAMPLE = 20_000  # points that stand for the pool, so that time and memory do not grow with it
_PER_MEDOID = 5


@dataclass(frozen=True, slots=True)
class KMedoids:
    """Clusters in the embeddings, and of each the member nearest its center, largest cluster first.

    Typical examples first pay at small budgets (Hacohen, Dekel & Weinshall 2022, arXiv
    2202.02794). Where copies leave fewer clusters than candidates asked for, random ones fill up.

    >>> view = PoolView(embeddings=np.array([[0.0], [1.0], [2.0], [50.0]]))
    >>> KMedoids().select(view, 2, np.random.default_rng(0))
    array([1, 3])
    """

    needs: ClassVar[frozenset[str]] = frozenset({"embeddings"})

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, the most typical first."""
        embeddings = view.need("embeddings", "k_medoids")
        n = len(embeddings)
        size = batch_size(size, n)
        if size in (0, n):
            return rng.permutation(n)[:size].astype(np.intp, copy=False)
        # In random order, so that of copies each has the same chance.
        sample = rng.choice(n, min(n, max(_SAMPLE, _PER_MEDOID * size)), replace=False)
        medoids = sample[k_means(embeddings[sample], size, rng).medoids()]
        rest = np.setdiff1d(np.arange(n), medoids)
        return np.concatenate([medoids, rng.choice(rest, size - len(medoids), replace=False)])

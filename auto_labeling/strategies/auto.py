"""The default: what is safe where nothing is known about the pool and the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import top_k
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import QueryStrategy, Scorer
from auto_labeling.strategies.cluster_top import ClusterTop
from auto_labeling.strategies.cold_start import KMedoids
from auto_labeling.strategies.detection import Objects
from auto_labeling.strategies.multi_label import MultiLabelLeastConfident
from auto_labeling.strategies.relevant import Relevant
from auto_labeling.strategies.sharpened import Sharpened
from auto_labeling.strategies.uncertainty import Margin
from auto_labeling.strategies.uncertainty_herding import UncertaintyHerding
from auto_labeling.view import PoolView

_MOST = 50_000  # the most uncertain of a larger pool: the others count next to nothing

COLD_START: QueryStrategy = KMedoids()
"""Chooses while there is no model: what is typical of the pool."""

_DRAWN = ("boxes", "polygons", "masks")
_UNSURE: Mapping[str, Scorer] = {
    "single": Margin(),
    "multi": MultiLabelLeastConfident(),
    **dict.fromkeys(_DRAWN, Objects()),
}
"""By task: how uncertain a candidate is."""
_CHOICES: Mapping[str, QueryStrategy] = {
    "single": Relevant(UncertaintyHerding(Sharpened(_UNSURE["single"], power=3.0))),
    # Not sharpened: with many labels hardly any set is likely, and small differences say nothing.
    "multi": Relevant(UncertaintyHerding(_UNSURE["multi"]), predictions="marginals"),
    # Predictions are of objects: none of a picture by which one of its directions could matter.
    **{task: ClusterTop(_UNSURE[task]) for task in _DRAWN},
}


@dataclass(frozen=True, slots=True)
class Auto:
    """What covers most uncertainty, where alike means alike to the model.

    Uncertainty Herding with a few guards. The margin is sharpened, so that a batch of one is close
    to margin sampling, which few strategies beat on tables (Lu, Li & Lin 2023, arXiv 2306.08954).
    Coverage keeps copies and outliers out of a batch, and leaves regions that are labeled densely
    and stay uncertain, as they do where the model cannot fit them. Likeness is measured in the
    directions that predictions depend on. Where an item may have several labels, the margin's place
    is taken by how unlikely its likeliest set of labels is. Where people draw, the most doubtful
    pictures are clustered, and of each cluster one is taken.

    >>> view = PoolView(
    ...     proba=np.array([[0.5, 0.5], [0.5, 0.5], [0.6, 0.4], [0.9, 0.1]]),
    ...     embeddings=np.array([[0.0], [0.0], [5.0], [9.0]]),
    ...     labeled_embeddings=np.array([[8.0], [9.0]]),
    ... )
    >>> sorted((Auto().select(view, 2, np.random.default_rng(0)) // 2).tolist())
    [0, 1]
    """

    task: Literal["single", "multi", "boxes", "polygons", "masks"] = "single"
    """What an answer is, as `LabelSchema` says; a campaign sets it."""

    def __post_init__(self) -> None:
        if self.task not in _CHOICES:
            raise ConfigurationError(
                f"task: expected one of {', '.join(_CHOICES)}, got {self.task!r}"
            )

    @property
    def choice(self) -> QueryStrategy:
        """What chooses for this task, once a pool is short enough."""
        return _CHOICES[self.task]

    @property
    def needs(self) -> frozenset[str]:
        """What the model says, and where candidates and labels lie."""
        return self.choice.needs

    def select(self, view: PoolView, size: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """Return (min(size, n),) positions, the one that covers most first."""
        view.require(self.needs, "auto")  # of the whole pool: rows keep their numbers
        if len(view) <= max(_MOST, size):
            return self.choice.select(view, size, rng)
        ranked = top_k(_UNSURE[self.task].score(view), max(_MOST, size), rng)
        seen = {name: getattr(view, name)[ranked] for name in self.needs - {"labeled_embeddings"}}
        shortlist = PoolView(labeled_embeddings=view.labeled_embeddings, **seen)
        chosen: NDArray[np.intp] = ranked[self.choice.select(shortlist, size, rng)]
        return chosen

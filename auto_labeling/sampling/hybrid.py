"""`HybridQueryStrategy`: the uncertain, but not twice the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arguments import whole_number
from auto_labeling.models import asking
from auto_labeling.models.torch_module import TorchModule, is_torch_module
from auto_labeling.sampling.sampler import Seed, expect_pool, seed_of
from auto_labeling.sampling.viewing import Known, view_of
from auto_labeling.strategies.cluster_top import ClusterTop
from auto_labeling.strategies.uncertainty import Margin, margin
from auto_labeling.view import PoolView


class HybridQueryStrategy:
    """The most uncertain `beta` batches, clustered by embedding; of each cluster the medoid.

    A model is anything with predict_proba, and embeddings are those of its `embed`, else of the
    features; or it is a torch module, as `auto_labeling.models.torch_module` reads it. As many as
    asked are returned while the pool has them.

    Args:
        beta: how many batches are shortlisted.
        random_state: of the clusters' seeds, and of the choice between equal scores.
    """

    def __init__(self, beta: int = 3, random_state: Seed = None) -> None:
        self._strategy = ClusterTop(Margin(), beta=whole_number("beta", beta, 1))
        self._seed = seed_of(random_state)

    def select_batch(
        self, model: Any, unlabeled: Any, batch_size: int = 5, device: str = "cpu"
    ) -> NDArray[np.intp]:
        """Return (min(batch_size, n),) positions in `unlabeled`, least certain first.

        `model` is fitted already; `device` is where a torch module computes.
        """
        size = whole_number("batch_size", batch_size)
        view = self._view(model, unlabeled, device)
        return self._strategy.select(view, size, np.random.default_rng(self._seed))

    def compute_uncertainty_scores(
        self, model: Any, crops: Any, device: str = "cpu"
    ) -> NDArray[np.float64]:
        """Return (n,) scores in [0, 1]; higher is less certain: 1 - (p1 - p2)."""
        return margin(asking.proba(model, crops, device))

    def _view(self, model: Any, unlabeled: Any, device: str) -> PoolView:
        if is_torch_module(model):
            module = TorchModule(module=model, device=device)
            return PoolView(
                proba=module.predict_proba(unlabeled), embeddings=module.embed(unlabeled)
            )
        asking.expect_predictions(model, device)
        known = Known(model=model, seed=self._seed)
        return view_of(self._strategy.needs, expect_pool(unlabeled), known)

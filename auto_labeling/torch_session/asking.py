"""Which crops a strategy wants labeled next, whatever kind of strategy it is."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models.torch_head import head_inputs
from auto_labeling.models.torch_module import TorchModule
from auto_labeling.view import PoolView


def expect_strategy(strategy: Any) -> None:
    """Raise `ConfigurationError` unless this is a strategy of modules or of views."""
    if not hasattr(strategy, "select_batch") and not _reads_views(strategy):
        raise ConfigurationError(
            "query_strategy: expected one with select_batch(model, unlabeled, batch_size, device), "
            f"or a strategy of auto_labeling.strategies, got a {type(strategy).__name__}"
        )


def asked(
    strategy: Any,
    net: TorchModule,
    crops: Any,
    candidates: NDArray[np.intp],
    labeled: tuple[NDArray[np.intp], NDArray[np.intp]],
    size: int,
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Return (min(size, c),) of the candidates, in the strategy's order.

    Where a strategy says fewer than asked, others follow by lot. `labeled` are positions and
    classes.
    """
    size = min(size, len(candidates))
    if not size:
        return candidates[:0]
    if hasattr(strategy, "select_batch"):
        found = strategy.select_batch(net.module, crops[candidates], size, net.device)
    else:
        found = strategy.select(_view(strategy.needs, net, crops, candidates, labeled), size, rng)
    picks = _checked(found, len(candidates))[:size]
    rest = np.setdiff1d(np.arange(len(candidates)), picks)
    more = rng.choice(rest, size - len(picks), replace=False)
    chosen: NDArray[np.intp] = candidates[np.concatenate([picks, more])]
    return chosen


def _reads_views(strategy: Any) -> bool:
    return hasattr(strategy, "select") and hasattr(strategy, "needs")


def _view(
    needs: frozenset[str],
    net: TorchModule,
    crops: Any,
    candidates: NDArray[np.intp],
    labeled: tuple[NDArray[np.intp], NDArray[np.intp]],
) -> PoolView:
    """Return what a strategy of views reads; a field that no module has is left out."""
    pool, (known, targets) = crops[candidates], labeled
    fields: dict[str, Any] = {"cost": np.ones(len(candidates))}
    if "proba" in needs:
        fields["proba"] = net.predict_proba(pool)
    if "features" in needs:
        fields["features"] = head_inputs(net, pool)
    if "embeddings" in needs:
        fields["embeddings"] = net.embed(pool)
    if "labeled_embeddings" in needs:
        fields["labeled_embeddings"] = (
            net.embed(crops[known]) if len(known) else net.embed(pool[:1])[:0]
        )
    if "labeled_targets" in needs:
        fields["labeled_targets"] = targets
    return PoolView(**fields)


def _checked(found: Any, n: int) -> NDArray[np.intp]:
    picks = np.asarray(found.detach().cpu() if hasattr(found, "detach") else found)
    if picks.size == 0:
        return np.empty(0, dtype=np.intp)
    if picks.ndim != 1 or picks.dtype.kind not in "iu":
        raise DataError(
            f"query_strategy: expected (b,) positions, got {picks.dtype} of {picks.shape}"
        )
    if picks.min() < 0 or picks.max() >= n or len(np.unique(picks)) < len(picks):
        raise DataError(
            f"query_strategy: expected different positions from 0 to {n - 1}, got {picks[:8]}"
        )
    return picks.astype(np.intp)

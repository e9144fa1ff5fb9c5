"""What `selection_speed` measures: one builder a row, each with its floor and its peer."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.strategies import SCORERS, TABLE
from auto_labeling.strategies.top_k import TopK
from auto_labeling.view import PoolView

D, CLASSES, MEMBERS = 128, 10, 5
_STEP = 4096

Job = Callable[[], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing to measure, at one size."""

    ours: Job
    floor: Job | None = None
    """The least that any way of doing it has to do."""
    peer: Job | None = None
    """Raises `ImportError` where the peer is not installed."""
    quality: Callable[[Any], float] | None = None
    """The objective that a batch reaches; higher is better."""


def points(n: int, clouds: int = 0, seed: int = 0) -> NDArray[np.float32]:
    """Return (n, 128) embeddings: one round cloud, or `clouds` of half its width each."""
    rng = np.random.default_rng(seed)
    centers = rng.standard_normal((max(clouds, 1), D), dtype=np.float32) * np.float32(clouds > 0)
    found = np.empty((n, D), dtype=np.float32)
    for start in range(0, n, 50_000):
        part = found[start : start + 50_000]
        part[:] = rng.standard_normal(part.shape, dtype=np.float32)
        part *= np.float32(0.5 if clouds else 1.0)
        part += centers[rng.integers(len(centers), size=len(part))]
    return found


def proba(n: int) -> NDArray[np.float32]:
    """Return (n, 10) probabilities of a model that is fairly sure."""
    return np.random.default_rng(1).dirichlet(np.full(CLASSES, 0.3), n).astype(np.float32)


def skinny(n: int, size: int, *arrays: NDArray[Any]) -> Job:
    """Return one product of each array with `size` columns, and its squared lengths."""

    def run() -> None:
        columns = [array[:size].T.copy() for array in arrays]
        for start in range(0, n, _STEP):
            for array, others in zip(arrays, columns, strict=True):
                block = array[start : start + _STEP]
                np.dot(block, others)
                np.einsum("ij,ij->i", block, block)

    return run


def select(kind: str, view: PoolView, size: int, **settings: Any) -> Job:
    """Return the choice of a batch by a strategy of the table."""
    strategy = TABLE[kind](**settings)
    return lambda: strategy.select(view, size, np.random.default_rng(0))


def asked(name: str, embeddings: NDArray[Any], size: int, **settings: Any) -> Job:
    """Return the choice of a batch by scikit-activeml, from a pool without labels."""

    def run() -> Any:
        from skactiveml import pool

        strategy = getattr(pool, name)(random_state=0, **settings)
        unlabeled = np.full(len(embeddings), np.nan)
        return strategy.query(X=embeddings, y=unlabeled, batch_size=size)

    return run


def k_center(n: int, size: int, clouds: int = 0) -> Iterator[Case]:
    """Yield k-center greedy on a pool without labels."""
    found = points(n, clouds)
    view = PoolView(embeddings=found, labeled_embeddings=found[:0])
    yield Case(
        ours=select("k_center", view, size),
        floor=skinny(n, size, found),
        peer=asked("CoreSet", found, size),
        quality=lambda picks: 1 / _radius(found, picks),
    )


def determinantal(n: int, size: int, clouds: int = 0) -> Iterator[Case]:
    """Yield the greedy choice of a determinantal point process."""
    found = points(n, clouds)
    view = PoolView(embeddings=found)
    yield Case(ours=select("determinantal", view, size), floor=skinny(n, size, found))


def badge(n: int, size: int, clouds: int = 0) -> Iterator[Case]:
    """Yield BADGE; its floor is one pass of two skinny products."""
    from benchmarks.peers import Badge

    found, beliefs = points(n, clouds), proba(n)
    targets = np.empty(0, dtype=np.intp)
    view = PoolView(
        embeddings=found, proba=beliefs, labeled_embeddings=found[:0], labeled_targets=targets
    )
    yield Case(
        ours=select("badge", view, size),
        floor=skinny(n, size, found, beliefs),
        peer=lambda: Badge().select(view, size, np.random.default_rng(0)),
    )


def vote_entropy(n: int, size: int) -> Iterator[Case]:  # noqa: ARG001 - rows have one signature
    """Yield vote entropy of five members; both sides start from the members' probabilities."""
    rng = np.random.default_rng(0)
    posterior = np.empty((n, CLASSES, MEMBERS), dtype=np.float32)
    for start in range(0, n, 50_000):
        part = posterior[start : start + 50_000]
        part[:] = rng.random(part.shape, dtype=np.float32)
        part /= part.sum(axis=1, keepdims=True)
    view = PoolView(posterior=posterior)

    def peer() -> Any:
        from skactiveml.pool import vote_entropy

        return vote_entropy(posterior.argmax(axis=1), np.arange(CLASSES))

    yield Case(ours=lambda: SCORERS["vote_entropy"]().score(view), peer=peer)


def margin_on_disk(n: int, size: int) -> Iterator[Case]:
    """Yield the top of a memory map by margin; the floor is one streaming read of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "proba.npy"
        written = np.lib.format.open_memmap(path, "w+", np.float32, (n, CLASSES))
        for start in range(0, n, 500_000):
            written[start : start + 500_000] = proba(min(500_000, n - start))
        written.flush()
        stored = np.load(path, mmap_mode="r")
        view, top = PoolView(proba=stored), TopK(SCORERS["margin"]())

        def read() -> float:
            steps = range(0, n, 100_000)
            return float(sum(stored[start : start + 100_000].sum() for start in steps))

        yield Case(ours=lambda: top.select(view, size, np.random.default_rng(0)), floor=read)


def covering(kind: str, peer: str | None = None, **peer_settings: Any) -> Any:
    """Return the builder of a strategy that covers the pool, with its peer's objective."""

    def build(n: int, size: int, clouds: int = 50) -> Iterator[Case]:
        found = points(n, clouds)
        view = PoolView(embeddings=found, proba=proba(n), labeled_embeddings=found[:0])
        settings, given = _shared_width(kind, found)
        yield Case(
            ours=select(kind, view, size, **settings),
            peer=asked(peer, found, size, **peer_settings, **given) if peer else None,
            quality=_objective(kind, found, settings) if n <= 20_000 else None,
        )

    return build


def _shared_width(kind: str, found: NDArray[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return one radius or kernel width as settings of ours and of the peer's."""
    sample = found[:500].astype(np.float64)
    apart = np.sqrt(np.maximum(_squares(sample, sample), 0.0))
    np.fill_diagonal(apart, np.inf)
    width = float(np.median(apart.min(axis=1)))
    if kind == "prob_cover":
        return {"radius": width}, {"deltas": [width]}
    if kind == "herding":
        return {"width": width}, {"metric_dict": {"gamma": 1 / width**2}}
    return {}, {}


def _objective(
    kind: str, found: NDArray[Any], settings: dict[str, Any]
) -> Callable[[Any], float] | None:
    exact = found.astype(np.float64)
    if kind == "prob_cover":
        reach = settings["radius"] ** 2 * (1 + 1e-6)
        return lambda picks: float((_squares(exact, exact[picks]).min(axis=1) <= reach).mean())
    if kind == "herding":
        scale = settings["width"] ** 2
        return lambda picks: float(
            np.exp(-_squares(exact, exact[picks]).min(axis=1) / scale).mean()
        )
    if kind == "typiclust":
        return lambda picks: float((1 / _spacing(exact, exact[picks])).mean())
    return None


def _spacing(rows: NDArray[Any], picks: NDArray[Any], neighbours: int = 20) -> NDArray[Any]:
    """Return (m,) mean distance of each pick to its nearest neighbours."""
    squares = np.maximum(np.sort(_squares(picks, rows), axis=1), 0.0)
    spacing: NDArray[Any] = np.sqrt(squares[:, 1 : neighbours + 1]).mean(axis=1)
    return spacing


def _radius(rows: NDArray[Any], picks: Any) -> float:
    """Return the distance of the farthest row to its nearest pick."""
    parts = (rows[s : s + 50_000].astype(np.float64) for s in range(0, len(rows), 50_000))
    farthest = max(_squares(part, rows[picks].astype(np.float64)).min(1).max() for part in parts)
    return float(np.sqrt(farthest))


def _squares(rows: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    squares: NDArray[Any] = (rows**2).sum(axis=1)[:, None] + (others**2).sum(axis=1)
    squares -= 2 * rows @ others.T
    return squares

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from auto_labeling.strategies import coverage
from auto_labeling.strategies.coverage import cover
from auto_labeling.strategies.kernels import Ball, Gaussian, Kernel
from tests.support.doubles import fresh

Floats = NDArray[np.floating[Any]]


def similarities(points: Floats, others: Floats, kernel: Kernel) -> Floats:
    """Return (n, m), the plain way."""
    distances = np.linalg.norm(points[:, None] - others[None], axis=2)
    if isinstance(kernel, Ball):
        return np.asarray(distances <= kernel.width * (1 + 1e-9), dtype=np.float64)
    return np.asarray(np.exp(-((distances / kernel.width) ** 2)), dtype=np.float64)


def objective(points: Floats, weights: Floats, others: Floats, kernel: Kernel) -> float:
    return float(weights @ similarities(points, others, kernel).max(axis=1, initial=0.0))


def expect_greedy(
    picks: NDArray[np.intp], points: Floats, weights: Floats, labeled: Floats, kernel: Kernel
) -> None:
    """Assert that each pick is one that adds most after those before it, whichever of equals."""
    near = similarities(points, points, kernel)
    covered = similarities(points, labeled, kernel).max(axis=1, initial=0.0)
    free = np.ones(len(points), dtype=bool)
    for pick in picks:
        gains = weights @ np.maximum(near - covered[:, None], 0.0)
        assert gains[pick] >= gains[free].max() - 1e-9 * weights.sum()
        free[pick] = False
        covered = np.maximum(covered, near[:, pick])


@st.composite
def pools(draw: st.DrawFn) -> tuple[Floats, NDArray[np.float64], Floats, Kernel, int]:
    rng = fresh(draw(st.integers(0, 9999)))
    n, d = draw(st.integers(2, 60)), draw(st.integers(1, 5))
    scale = draw(st.sampled_from([1e-3, 1.0, 1e4]))
    points = scale * (rng.normal(size=(n, d)) + draw(st.sampled_from([0.0, 100.0])))
    if draw(st.booleans()):
        points = points[rng.integers(0, n, n)]  # with copies
    labeled = points[: draw(st.integers(0, 4))] + 0.1 * scale
    width = scale * draw(st.sampled_from([0.05, 0.7, 3.0]))
    kernel: Kernel = Gaussian(width) if draw(st.booleans()) else Ball(width)
    weights = rng.random(n) if draw(st.booleans()) else np.ones(n)
    return points, weights, labeled, kernel, draw(st.integers(1, n))


@given(pool=pools())
def test_every_pick_is_the_one_that_adds_most(
    pool: tuple[Floats, NDArray[np.float64], Floats, Kernel, int],
) -> None:
    points, weights, labeled, kernel, size = pool
    picks = cover(points, weights, labeled, kernel, size, fresh())
    if size < len(points):
        expect_greedy(picks, points, weights, labeled, kernel)
    assert len(set(picks.tolist())) == size


def test_many_tiles_choose_what_one_would(monkeypatch: pytest.MonkeyPatch) -> None:
    points, weights = fresh().normal(size=(500, 3)), fresh(1).random(500)
    one = cover(points, weights, points[:9], Gaussian(0.5), 60, fresh())
    monkeypatch.setattr(coverage, "_TARGETS", 17)
    monkeypatch.setattr(coverage, "_CANDIDATES", 23)
    np.testing.assert_array_equal(
        one, cover(points, weights, points[:9], Gaussian(0.5), 60, fresh())
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("kernel", [Gaussian(1.5), Ball(1.5)])
def test_less_precision_costs_no_cover(dtype: type, kernel: Kernel) -> None:
    points: NDArray[np.floating[Any]] = (fresh().normal(size=(800, 6)) + 5).astype(dtype)
    exact, weights = points.astype(np.float64), fresh(1).random(800)
    picks = cover(points, weights, points[:5], kernel, 40, fresh())
    best = cover(exact, weights, exact[:5], kernel, 40, fresh())
    covered = objective(exact, weights, exact[np.r_[:5, picks]], kernel)
    assert covered >= 0.999 * objective(exact, weights, exact[np.r_[:5, best]], kernel)


def test_where_nothing_is_left_to_cover_the_heaviest_fill_up() -> None:
    points = np.repeat([[0.0], [9.0]], 10, axis=0)
    weights = np.arange(20, dtype=np.float64)
    picks = cover(points, weights, np.empty((0, 1)), Ball(1.0), 6, fresh())
    assert (points[picks[:2], 0] == [9.0, 0.0]).all()
    rest = sorted(set(range(20)) - set(picks[:2].tolist()), reverse=True)
    assert picks[2:].tolist() == rest[:4]


def test_a_sample_covers_a_larger_pool_almost_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    centers = fresh(5).normal(size=(30, 8)) * 4
    points = centers[fresh().integers(0, 30, 2000)] + fresh(1).normal(size=(2000, 8))
    weights = fresh(2).random(2000) ** 3
    exact = cover(points, weights, points[:10], Gaussian(3.0), 10, fresh())
    monkeypatch.setattr(coverage, "_SAMPLE", 1000)
    sampled = cover(points, weights, points[:10], Gaussian(3.0), 10, fresh())
    best, got = (
        objective(points, weights, points[np.r_[:10, picks]], Gaussian(3.0))
        for picks in (exact, sampled)
    )
    assert got >= 0.92 * best  # ten at random reach 0.56


def test_more_than_the_sample_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "_SAMPLE", 20)
    weights = fresh(1).random(200)
    picks = cover(fresh().normal(size=(200, 2)), weights, np.empty((0, 2)), Ball(0.3), 150, fresh())
    assert len(set(picks.tolist())) == 150


def test_a_pool_on_disk_is_covered_in_bounded_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n = 300_000
    np.save(tmp_path / "points.npy", fresh().normal(size=(n, 16)).astype(np.float16))
    points = np.load(tmp_path / "points.npy", mmap_mode="r")
    monkeypatch.setattr(coverage, "_SAMPLE", 4000)
    tracemalloc.start()
    cover(points, np.ones(n), points[:50], Gaussian(4.0), 5, fresh())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # A few arrays as long as the pool (2.4 MB each) and a tile of 8 MB; the pool in double
    # precision is 38 MB, and the similarities of the sample alone would be 64 MB.
    assert peak < 30e6

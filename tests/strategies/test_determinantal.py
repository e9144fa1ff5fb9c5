"""The picks are those that raise the determinant most, one at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.strategies.determinantal import Determinantal, _Residuals
from auto_labeling.view import PoolView
from tests.support.doubles import Cost, fresh

Points = NDArray[np.floating[Any]]


def plain(points: Points, qualities: NDArray[np.float64], size: int, first: int) -> list[int]:
    """Return the greedy choice by determinants of the kernel itself."""
    rows = points.astype(np.float64)
    rows *= (qualities / np.linalg.norm(rows, axis=1))[:, None]
    kernel = rows @ rows.T
    picks = [first]
    while len(picks) < size:
        volumes = [
            -np.inf
            if i in picks
            else np.linalg.slogdet(kernel[np.ix_([*picks, i], [*picks, i])])[1]
            for i in range(len(rows))
        ]
        picks.append(int(np.argmax(volumes)))
    return picks


@pytest.mark.usefixtures("levels")
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_the_greedy_choice_by_determinants(dtype: type) -> None:
    for seed in range(3):
        points = fresh(seed).normal(size=(80, 10)).astype(dtype)
        picks = Determinantal().select(PoolView(embeddings=points), 10, fresh(seed)).tolist()
        assert picks == plain(points, np.ones(80), 10, picks[0])


@pytest.mark.usefixtures("levels")
def test_quality_makes_a_candidate_worth_more() -> None:
    points, quality = fresh(1).normal(size=(80, 6)).astype(np.float32), fresh(2).uniform(0, 2, 80)
    view = PoolView(embeddings=points, cost=quality)
    picks = Determinantal(quality=Cost()).select(view, 6, fresh()).tolist()
    assert picks == plain(points, quality, 6, int(quality.argmax()))


@pytest.mark.usefixtures("levels")
def test_past_the_rank_a_further_batch_is_chosen_from_the_rest() -> None:
    points = fresh().normal(size=(80, 4))
    quality = fresh(1).uniform(1, 2, 80)
    view = PoolView(embeddings=points, cost=quality)
    picks = Determinantal(quality=Cost()).select(view, 8, fresh())
    rest = np.setdiff1d(np.arange(80), picks[:4])
    again = Determinantal(quality=Cost()).select(view.take(rest), 4, fresh())
    np.testing.assert_array_equal(picks[4:], rest[again])


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_no_bound_is_below_what_is_left(dtype: type) -> None:
    points = (fresh().normal(size=(500, 64)) * 0.8 ** np.arange(64)).astype(dtype)
    lengths = np.einsum("ij,ij->i", points, points, dtype=np.float64)
    law = _Residuals(points, lengths, 40)
    known = np.stack([np.ones(500), 1 / lengths], axis=1)
    for row in range(20):
        law.add(points[row])
    halfway = law.bounds(points, known, np.ones(500), 0)
    for row in range(20, 40):
        law.add(points[row])
    basis, _ = np.linalg.qr(points[:40].astype(np.float64).T)
    left = 1 - ((points.astype(np.float64) @ basis) ** 2).sum(axis=1) / lengths
    bounds = law.bounds(points, known, halfway, 20)
    assert (bounds >= left).all()
    np.testing.assert_allclose(bounds, left, atol=1e-3)
    np.testing.assert_allclose(law.exact(points, known), left, atol=1e-12)


def test_the_first_is_drawn_where_all_are_worth_the_same() -> None:
    view = PoolView(embeddings=fresh().normal(size=(5, 3)))
    firsts = [int(Determinantal().select(view, 1, fresh(seed))[0]) for seed in range(500)]
    # 500 draws over 5 places, so 100 each with a standard deviation of 8.9.
    assert np.bincount(firsts, minlength=5).min() > 60


@pytest.mark.usefixtures("levels")
def test_copies_come_after_all_that_differ() -> None:
    points = np.repeat(np.eye(5, dtype=np.float32), 30, axis=0)
    picks = Determinantal().select(PoolView(embeddings=points), 15, fresh())
    assert [set(picks[i : i + 5] // 30) for i in (0, 5, 10)] == [set(range(5))] * 3


def test_no_direction_or_no_quality_comes_last() -> None:
    points = np.concatenate([np.zeros((3, 4)), fresh().normal(size=(9, 4))])
    quality = np.ones(12)
    quality[11] = 0.0
    view = PoolView(embeddings=points, cost=quality)
    picks = Determinantal(quality=Cost()).select(view, 12, fresh())
    assert set(picks[8:].tolist()) == {0, 1, 2, 11}


def test_the_length_of_an_embedding_does_not_matter() -> None:
    points = fresh().normal(size=(60, 8))
    scaled = points * 2.0 ** fresh(1).integers(-9, 9, (60, 1))
    one, other = (
        Determinantal().select(PoolView(embeddings=e), 8, fresh()) for e in (points, scaled)
    )
    np.testing.assert_array_equal(one, other)


def test_a_quality_below_zero_is_refused() -> None:
    view = PoolView(embeddings=np.eye(3), cost=np.array([1.0, -2.0, 1.0]))
    with pytest.raises(DataError, match=r"scores of Cost: expected at least 0 .* row 1 has -2"):
        Determinantal(quality=Cost()).select(view, 2, fresh())

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from auto_labeling.arrays import normalise_rows
from auto_labeling.errors import DataError
from auto_labeling.models.embedding import feature_embedder
from auto_labeling.ports import Embeds


def in_units(*deviations: float, mean: float = 3.0) -> NDArray[np.float64]:
    """Return (500, p) columns that vary so much each, about one mean."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(500, len(deviations))) * deviations + mean


@pytest.mark.parametrize(
    "deviations", [(1.0, 100.0, 0.01), (1.0, 100.0), (1.0, 1.2, 0.8, 0.9, 40.0)]
)
def test_columns_of_different_units_are_standardised_over_the_pool(
    deviations: tuple[float, ...],
) -> None:
    X = in_units(*deviations, mean=1e4)
    embedder = feature_embedder(X)
    assert isinstance(embedder, Embeds)
    points = embedder.embed(X)
    np.testing.assert_allclose(points.mean(axis=0), 0.0, atol=1e-4)
    np.testing.assert_allclose(points.std(axis=0), 1.0, rtol=1e-4)


def test_columns_of_one_unit_are_divided_by_one_number() -> None:
    X = in_units(1.0, 5.0, 0.02, 2.0)
    points = feature_embedder(X).embed(X)
    np.testing.assert_allclose(points, X / np.sqrt(X.var(axis=0).mean()), rtol=1e-6)
    assert points[:, 2].std() < 0.02, "what hardly varies has hardly anything to say"


def test_angles_of_columns_of_one_unit_stay_what_they_are() -> None:
    X = in_units(1.0, 2.0, 3.0)
    there, here = (normalise_rows(one) for one in (feature_embedder(X).embed(X), X))
    np.testing.assert_allclose(there @ there.T, here @ here.T, atol=1e-5)


def test_columns_far_from_zero_keep_their_digits() -> None:
    X = in_units(1.0, 2.0, 3.0, mean=1e8)
    points = feature_embedder(X).embed(X)
    expected = (X - X.mean(axis=0)) / np.sqrt(X.var(axis=0).mean())
    np.testing.assert_allclose(points, expected, atol=1e-5)


@pytest.mark.parametrize("factor", [1e-6, 7.0, 1e6])
@pytest.mark.parametrize("deviations", [(1.0, 2.0, 0.5), (1.0, 100.0, 0.01)])
def test_the_size_of_the_unit_does_not_matter(deviations: tuple[float, ...], factor: float) -> None:
    X = np.column_stack([in_units(*deviations), np.full(500, 0.1)])
    one, other = (feature_embedder(scaled).embed(scaled) for scaled in (X, factor * X))
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_what_varies_in_each_column_does_not_matter_where_units_differ() -> None:
    X = in_units(1.0, 100.0, 0.01)
    stretched = X * [1.0, 10.0, 0.1]
    one, other = (feature_embedder(rows).embed(rows) for rows in (X, stretched))
    np.testing.assert_allclose(one, other, atol=1e-5)


def test_a_part_of_the_pool_lies_where_it_lies_in_the_whole() -> None:
    X = np.random.default_rng(0).normal(size=(100, 3))
    embedder = feature_embedder(X)
    np.testing.assert_array_equal(embedder.embed(X[10:20]), embedder.embed(X)[10:20])


def test_a_constant_column_becomes_zero_whatever_its_size() -> None:
    X = np.column_stack([np.full(9, 0.1) * 1e9, np.zeros(9), np.arange(9)])
    points = feature_embedder(X).embed(X)
    assert (points[:, :2] == 0).all()
    assert np.isfinite(points).all()


def test_many_chunks_on_disk_are_one_pool(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(30_000, 200)).astype(np.float32)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    points = feature_embedder(mapped).embed(mapped)
    assert points.dtype == np.float32
    expected = X / np.sqrt(X.var(axis=0, dtype=float).mean())
    np.testing.assert_allclose(points, expected, atol=1e-5)


def test_word_counts_of_one_topic_lie_together() -> None:
    rng = np.random.default_rng(0)
    topic = np.arange(200) % 2
    counts = rng.poisson(np.where(topic[:, None] == (np.arange(300) // 150), 0.3, 0.01))
    points = feature_embedder(csr_array(counts.astype(float)), seed=1).embed(csr_array(counts))
    assert points.shape == (200, 64)
    likeness = points @ points.T
    same = topic[:, None] == topic
    assert likeness[same].mean() > likeness[~same].mean() + 0.2
    assert np.linalg.norm(points, axis=1).max() < 1 + 1e-6


def test_the_same_seed_embeds_the_same() -> None:
    counts = csr_array(np.random.default_rng(0).poisson(0.2, (50, 90)).astype(float))
    one, two = (feature_embedder(counts, seed=3).embed(counts) for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("shape", [(3, 100), (100, 3), (1, 1), (5, 1)])
def test_small_sparse_pools_are_embedded(shape: tuple[int, int]) -> None:
    counts = csr_array(np.ones(shape))
    points = feature_embedder(counts).embed(counts)
    assert len(points) == shape[0]
    assert np.isfinite(points).all()


def test_bad_rows_and_other_widths_are_refused() -> None:
    X = np.ones((9, 3))
    with pytest.raises(DataError, match=r"features must be \(n, 3\), got \(9, 2\)"):
        feature_embedder(X).embed(X[:, :2])
    X[4, 1] = np.nan
    with pytest.raises(DataError, match="row 4 is not"):
        feature_embedder(X)

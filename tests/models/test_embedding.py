from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_array

from auto_labeling.errors import DataError
from auto_labeling.models.embedding import feature_embedder
from auto_labeling.ports import Embeds


def test_dense_features_are_standardised_over_the_pool() -> None:
    X = np.random.default_rng(0).normal(1e4, [1.0, 100.0, 0.01], size=(500, 3))
    embedder = feature_embedder(X)
    assert isinstance(embedder, Embeds)
    points = embedder.embed(X)
    np.testing.assert_allclose(points.mean(axis=0), 0.0, atol=1e-4)
    np.testing.assert_allclose(points.std(axis=0), 1.0, rtol=1e-4)


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
    expected = (X - X.mean(axis=0, dtype=float)) / X.std(axis=0, dtype=float)
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

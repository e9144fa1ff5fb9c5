"""The senses in which rows are alike."""

from __future__ import annotations

import numpy as np

from auto_labeling.semi_supervised.graphs import graphs_of


def test_rows_of_different_lengths_are_alike_by_distance_and_by_angle() -> None:
    rng = np.random.default_rng(0)
    direction = rng.normal(size=(60, 4))
    lengths = rng.uniform(1, 100, size=(60, 1))
    found = graphs_of(direction * lengths, np.random.default_rng(0))
    assert list(found) == ["neighbours by distance", "neighbours by angle"]
    unit = direction / np.linalg.norm(direction, axis=1, keepdims=True)
    alone = graphs_of(unit, np.random.default_rng(0))
    assert list(alone) == ["neighbours by distance"]  # of one length: both would be the same
    by_angle = found["neighbours by angle"].toarray()
    np.testing.assert_allclose(by_angle, alone["neighbours by distance"].toarray(), atol=1e-4)


def test_rows_of_zeros_have_neighbours_too() -> None:
    points = np.zeros((30, 3))
    points[10:] = np.random.default_rng(0).normal(size=(20, 3))
    for graph in graphs_of(points, np.random.default_rng(0)).values():
        assert np.isfinite(graph.data).all()
        assert (graph.sum(axis=1) > 0).all()

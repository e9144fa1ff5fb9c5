"""Spread labels: against the closed form, against scikit-learn, and over odd graphs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import block_diag, coo_array, csr_array
from sklearn.datasets import load_digits
from sklearn.semi_supervised import LabelSpreading

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.semi_supervised.label_spreading import spread, spread_folds
from auto_labeling.semi_supervised.neighbours import neighbour_graph


def lump(n: int = 60, seed: int = 0) -> csr_array:
    points = np.random.default_rng(seed).normal(size=(n, 3))
    return neighbour_graph(points, 6, rng=np.random.default_rng(seed))


def closed_form(
    graph: Any, labeled: Any, targets: Any, k: int, alpha: float = 0.9, balance: float = 0.5
) -> np.ndarray:
    dense = graph.toarray().astype(float)
    roots = np.sqrt(dense.sum(axis=1))
    y = np.zeros((len(dense), k))
    np.add.at(y, (labeled, targets), 1.0)
    y /= np.maximum(y.sum(axis=0), 1) ** balance
    mass = np.linalg.solve(np.eye(len(dense)) - alpha * dense / np.outer(roots, roots), y)
    return mass / mass.sum(axis=1, keepdims=True)


class TestSpread:
    @pytest.mark.parametrize("alpha", [0.0, 0.5, 0.9, 0.99, 0.999])
    def test_the_closed_form(self, alpha: float) -> None:
        graph, labeled, targets = lump(), np.arange(60), np.arange(60) % 3
        some = slice(None) if alpha == 0 else slice(0, 9)
        proba = spread(graph, labeled[some], targets[some], 3, alpha=alpha)
        expected = closed_form(graph, labeled[some], targets[some], 3, alpha)
        assert proba.dtype == np.float32
        assert np.allclose(proba, expected, atol=1e-4)

    @pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
    def test_how_loud_a_class_of_many_labels_is(self, balance: float) -> None:
        targets = np.array([0] * 9 + [1])
        proba = spread(lump(), np.arange(10), targets, 2, balance=balance)
        expected = closed_form(lump(), np.arange(10), targets, 2, balance=balance)
        assert np.allclose(proba, expected, atol=1e-4)

    def test_classes_of_few_labels_are_heard_where_the_uncertain_are_asked_about(self) -> None:
        points, y = load_digits(return_X_y=True)
        graph = neighbour_graph(points, rng=np.random.default_rng(0))
        gains = []
        for seed in range(3):
            labeled = np.random.default_rng(seed).choice(len(y), 20, replace=False)
            for _ in range(2):
                proba = np.sort(spread(graph, labeled, y[labeled], 10), axis=1)
                gaps = proba[:, -1] - proba[:, -2]
                gaps[labeled] = np.inf
                labeled = np.append(labeled, gaps.argsort()[:50])
            counted, damped = (
                (spread(graph, labeled, y[labeled], 10, balance=b).argmax(axis=1) == y).mean()
                for b in (0.0, 0.5)
            )
            gains.append(damped - counted)
        assert min(gains) > 0

    def test_scikit_learn_on_the_same_graph(self) -> None:
        points, y = load_digits(return_X_y=True)
        points, y = points[:400], y[:400]
        graph = neighbour_graph(points, rng=np.random.default_rng(0))
        known = np.where(np.arange(400) < 60, y, -1)
        theirs = LabelSpreading(
            kernel=lambda *_: graph.toarray(), alpha=0.9, max_iter=2000, tol=1e-9
        ).fit(points, known)
        ours = spread(graph, np.arange(60), y[:60], 10, alpha=0.9, balance=0)
        assert np.allclose(ours, theirs.label_distributions_, atol=1e-4)

    def test_digits_from_a_hundred_labels(self) -> None:
        points, y = load_digits(return_X_y=True)
        graph = neighbour_graph(points, rng=np.random.default_rng(0))
        labeled = np.random.default_rng(1).choice(len(y), 100, replace=False)
        assert (spread(graph, labeled, y[labeled], 10).argmax(axis=1) == y).mean() > 0.93

    def test_more_classes_than_are_solved_for_at_once(self) -> None:
        graph, labeled = lump(), np.arange(40)
        proba = spread(graph, labeled, labeled, 45)
        assert np.allclose(proba, closed_form(graph, labeled, labeled, 45), atol=1e-4)

    @settings(max_examples=20, deadline=None)
    @given(st.integers(0, 1000))
    def test_the_order_of_rows_says_nothing(self, seed: int) -> None:
        graph, order = lump(seed=seed), np.random.default_rng(seed).permutation(60)
        moved = csr_array(graph.toarray()[np.ix_(order, order)])
        straight = spread(graph, order[:8], np.arange(8) % 2, 2)
        assert np.allclose(
            spread(moved, np.arange(8), np.arange(8) % 2, 2), straight[order], atol=1e-4
        )

    def test_an_island_without_a_label_has_the_shares_of_the_classes(self) -> None:
        graph = csr_array(block_diag([lump(), lump(seed=1), coo_array((1, 1))]))
        proba = spread(graph, np.arange(4), np.array([0, 0, 0, 1]), 3)
        assert np.allclose(proba[60:], [0.75, 0.25, 0.0])

    def test_one_class(self) -> None:
        proba = spread(lump(), np.arange(3), np.ones(3, dtype=int), 2)
        assert np.array_equal(proba, np.tile([0, 1], (60, 1)))

    def test_a_label_reaches_all_copies_of_its_text(self) -> None:
        rng = np.random.default_rng(0)
        kinds = np.concatenate([rng.normal(size=(20, 2)), 20 + rng.normal(size=(20, 2))])
        points = np.concatenate([kinds, np.repeat(kinds[[3, 25]], 200, axis=0)])
        graph = neighbour_graph(points, 5, rng=rng)
        proba = spread(graph, np.array([100, 300]), np.array([0, 1]), 2)
        sides = (points[:, 0] > 10).astype(int)
        assert np.isfinite(proba).all()
        assert np.array_equal(proba.argmax(axis=1), sides)

    def test_two_labels_of_one_row_both_count(self) -> None:
        proba = spread(lump(), np.array([5, 5]), np.array([0, 1]), 2)
        assert np.allclose(proba, 0.5)

    @pytest.mark.parametrize(
        ("labeled", "targets", "match"),
        [
            ([], [], "at least one"),
            ([0, 60], [0, 1], "from 0 to 59"),
            ([0, 1], [0, 2], "from 0 to 1"),
            ([0, 1], [0], "targets must be"),
            ([0.5], [0], "whole numbers"),
        ],
    )
    def test_labels_that_cannot_be_are_refused(
        self, labeled: Any, targets: Any, match: str
    ) -> None:
        with pytest.raises(DataError, match=match):
            spread(lump(), labeled, targets, 2)

    def test_settings_and_graphs_that_cannot_be_are_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="alpha"):
            spread(lump(), [0], [0], 2, alpha=1.0)
        with pytest.raises(ConfigurationError, match="balance"):
            spread(lump(), [0], [0], 2, balance=1.5)
        with pytest.raises(ConfigurationError, match="tolerance"):
            spread(lump(), [0], [0], 2, tolerance=0.0)
        with pytest.raises(DataError, match="not settled after 2 steps"):
            spread(lump(), [0], [0], 2, max_iter=2)
        with pytest.raises(DataError, match="none below 0"):
            spread(csr_array(-lump()), [0], [0], 2)
        with pytest.raises(DataError, match="graph must be"):
            spread(csr_array((3, 4)), [0], [0], 2)


class TestFolds:
    @pytest.mark.parametrize("parts", [2, 5, 30])
    def test_each_fold_as_if_its_labels_were_unknown(self, parts: int) -> None:
        graph, rng = lump(), np.random.default_rng(0)
        labeled, targets = rng.choice(60, 30, replace=False), rng.integers(3, size=30)
        folds = np.arange(30) % parts
        found = spread_folds(graph, labeled, targets, 3, folds)
        for fold in range(parts):
            held = folds == fold
            expected = spread(graph, labeled[~held], targets[~held], 3)[labeled[held]]
            assert held.any()
            assert np.allclose(found[held], expected, atol=1e-4)

    def test_a_class_that_is_only_in_one_fold(self) -> None:
        found = spread_folds(lump(), [0, 1, 2], [0, 0, 1], 2, [0, 1, 2])
        assert np.array_equal(found[2], [1, 0])
        assert np.isfinite(found).all()

    def test_on_an_island_of_its_own_the_shares_elsewhere_speak(self) -> None:
        graph = csr_array(block_diag([lump(), lump(seed=1)]))
        found = spread_folds(graph, [0, 1, 2, 70], [0, 0, 1, 1], 2, [0, 0, 0, 1])
        assert np.allclose(found[3], [2 / 3, 1 / 3])
        assert np.allclose(found[:3], [0, 1])

    def test_bad_folds_are_refused(self) -> None:
        with pytest.raises(DataError, match="at least two"):
            spread_folds(lump(), [0, 1], [0, 1], 2, [0, 0])
        with pytest.raises(DataError, match="folds must be"):
            spread_folds(lump(), [0, 1], [0, 1], 2, [0])

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_labeling.errors import DataError
from auto_labeling.quality.label_errors import likely_errors


def plainly(labels: list[int], proba: list[list[float]]) -> list[int]:
    """Do as the paper says, word for word."""
    k = len(proba[0])
    typical = {
        j: sum(p[j] for p, label in zip(proba, labels, strict=True) if label == j) / labels.count(j)
        for j in range(k)
        if j in labels
    }
    suspected = []
    for at, (p, label) in enumerate(zip(proba, labels, strict=True)):
        confident = [j for j in typical if p[j] >= typical[j]]
        if confident and max(confident, key=lambda j: (p[j], -j)) != label:
            suspected.append(at)
    return sorted(suspected, key=lambda at: proba[at][labels[at]])


@given(st.data())
def test_it_is_the_off_diagonal_of_the_confident_joint(data: st.DataObject) -> None:
    n, k = data.draw(st.integers(1, 12)), data.draw(st.integers(2, 4))
    seed = data.draw(st.integers(0, 2**16))
    rng = np.random.default_rng(seed)
    labels = rng.integers(k, size=n)
    proba = rng.dirichlet(np.ones(k), size=n)
    # Sums in another order differ in their last digits, and a label alone is its own threshold.
    if all((labels == j).sum() != 1 for j in range(k)):
        assert likely_errors(labels, proba).tolist() == plainly(labels.tolist(), proba.tolist())


def test_flipped_labels_are_found() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(3, size=900)
    noise = np.where(rng.random(900) < 0.1, (truth + 1) % 3, truth)
    logits = rng.normal(size=(900, 3))
    logits[np.arange(900), truth] += 5
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found, wrong = likely_errors(noise, proba), np.flatnonzero(noise != truth)
    hits = len(np.intersect1d(found, wrong))
    assert hits >= 0.9 * len(wrong)
    assert hits >= 0.9 * len(found)
    assert len(np.intersect1d(found[:30], wrong)) == 30


def test_probabilities_of_other_items_are_refused() -> None:
    with pytest.raises(DataError, match=r"proba must be \(3, k\), got \(2, 2\)"):
        likely_errors(np.array([0, 1, 0]), np.full((2, 2), 0.5))

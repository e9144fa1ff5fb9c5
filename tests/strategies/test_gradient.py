from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.strategies.gradient import ExpectedGradientLength
from auto_labeling.view import PoolView


def test_the_gradient_of_the_loss_answer_by_answer() -> None:
    """The reference makes each (k, d) gradient of the log loss, `(p - e_y) x'`, and measures it."""
    rng = np.random.default_rng(0)
    proba, x = rng.dirichlet(np.ones(4), 30), rng.normal(size=(30, 6))
    lengths = [
        sum(p[y] * np.linalg.norm(np.outer(p - np.eye(4)[y], row)) for y in range(4))
        for p, row in zip(proba, x, strict=True)
    ]
    scores = ExpectedGradientLength().score(PoolView(proba=proba, embeddings=x))
    np.testing.assert_allclose(scores, lengths, rtol=1e-12)


def test_the_gradient_is_that_of_a_numerical_derivative() -> None:
    rng = np.random.default_rng(1)
    weights, x = rng.normal(size=(3, 2)), rng.normal(size=2)

    def loss(w: np.ndarray, y: int) -> float:
        return float(np.log(np.exp(w @ x).sum()) - w[y] @ x)

    steps = 1e-6 * np.eye(6).reshape(6, 3, 2)
    expected, proba = 0.0, np.exp(weights @ x) / np.exp(weights @ x).sum()
    for y in range(3):
        slopes = [(loss(weights + s, y) - loss(weights - s, y)) / 2e-6 for s in steps]
        expected += proba[y] * float(np.linalg.norm(slopes))
    view = PoolView(proba=proba[None], embeddings=x[None])
    assert ExpectedGradientLength().score(view)[0] == pytest.approx(expected, rel=1e-6)


def test_features_may_be_sparse() -> None:
    rng = np.random.default_rng(0)
    proba = rng.dirichlet(np.ones(3), 20)
    x = rng.poisson(0.3, (20, 50)).astype(np.float32)
    scorer = ExpectedGradientLength("features")
    dense = scorer.score(PoolView(proba=proba, features=x))
    sparse = scorer.score(PoolView(proba=proba, features=csr_matrix(x)))
    np.testing.assert_allclose(sparse, dense, rtol=1e-12)
    assert scorer.needs == {"proba", "features"}


def test_what_is_no_distribution_is_refused() -> None:
    with pytest.raises(DataError, match="row 1 sums to 2"):
        ExpectedGradientLength().score(PoolView(proba=np.eye(2) * [1, 2], embeddings=np.eye(2)))


def test_other_inputs_are_refused() -> None:
    with pytest.raises(
        ConfigurationError, match="inputs: expected embeddings or features, got 'cost'"
    ):
        ExpectedGradientLength("cost")  # type: ignore[arg-type]

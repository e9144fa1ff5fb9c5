from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import entropy

from auto_labeling.errors import DataError
from auto_labeling.ports import Scorer
from auto_labeling.strategies.multi_label import (
    MultiLabelEntropy,
    MultiLabelLeastConfident,
    MultiLabelMargin,
)
from auto_labeling.view import PoolView

MARGINALS = np.random.default_rng(0).uniform(size=(40, 4))


def label_sets(p: np.ndarray) -> list[float]:
    """Return the probability of each of the 2^k label sets."""
    return [
        float(np.prod([q if on else 1 - q for q, on in zip(p, which, strict=True)]))
        for which in product([True, False], repeat=len(p))
    ]


def test_entropy_is_that_of_the_label_set_shared_among_the_labels() -> None:
    scores = MultiLabelEntropy().score(PoolView(marginals=MARGINALS))
    np.testing.assert_allclose(scores, [entropy(label_sets(p)) / 4 for p in MARGINALS], rtol=1e-12)


def test_least_confident_is_what_the_likeliest_label_set_leaves() -> None:
    scores = MultiLabelLeastConfident().score(PoolView(marginals=MARGINALS))
    np.testing.assert_allclose(scores, [1 - max(label_sets(p)) for p in MARGINALS], rtol=1e-12)


def test_margin_is_that_of_the_label_nearest_one_half() -> None:
    scores = MultiLabelMargin().score(PoolView(marginals=MARGINALS))
    margins = [1 - min(abs(q - (1 - q)) for q in p) for p in MARGINALS]
    np.testing.assert_allclose(scores, margins, rtol=1e-12)


@pytest.mark.parametrize(
    "scorer", [MultiLabelEntropy(), MultiLabelMargin(), MultiLabelLeastConfident()]
)
class TestAll:
    def test_rounding_is_no_error_and_stays_in_range(self, scorer: Scorer) -> None:
        marginals = np.array([[1.001, -0.001], [1.0, 0.0], [0.5, 0.5]], dtype=np.float16)
        scores = scorer.score(PoolView(marginals=marginals))
        assert scores.argmax() == 2
        assert scores[0] == scores[1] == 0.0

    @pytest.mark.parametrize("bad", [-0.5, 1.5])
    def test_what_is_no_probability_is_refused(self, scorer: Scorer, bad: float) -> None:
        marginals = np.full((1_500_000, 2), 0.5, dtype=np.float32)
        marginals[1_200_000, 1] = bad  # in the second chunk
        with pytest.raises(DataError, match=rf"row 1200000 has \[0.5, {bad}\]"):
            scorer.score(PoolView(marginals=marginals))

    def test_no_labels_are_refused(self, scorer: Scorer) -> None:
        with pytest.raises(DataError, match="at least one label"):
            scorer.score(PoolView(marginals=np.empty((3, 0))))

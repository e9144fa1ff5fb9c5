"""CROWDLAB: people's opinions and a classifier's together, through cleanlab."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import expect_shape
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.quality.aggregate import Aggregate
from auto_labeling.quality.dawid_skene import rows
from auto_labeling.quality.expectation import Floats, Opinions, learned
from auto_labeling.quality.expected_errors import alike
from auto_labeling.ratings import Ratings

_MOST_CELLS = 2**27
"""Numbers in the table of items and people that cleanlab is given: 1 GB."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrowdLab:
    """An average of people and a classifier, weighed by how far each is right.

    Of one person's opinions on an item the last counts; what nobody answered is what the
    classifier says. The extra `quality` brings cleanlab.

    References:
        Goh, H., Tkachenko, U. and Mueller, J. (2022). CROWDLAB: Supervised learning to infer
        consensus labels and quality scores for data with multiple annotators. arXiv:2210.06812
    """

    proba: NDArray[np.floating]
    """(n, k) of the items, by models that were fitted without their labels."""

    def aggregate(self, ratings: Ratings) -> Aggregate:
        n, _, k = ratings.shape
        expect_shape("proba", self.proba, (n, k))
        table = _table(ratings)
        answered = (table >= 0).any(axis=1)
        posterior = np.asarray(self.proba, dtype=np.float64).copy()
        if answered.any():
            posterior[answered] = _together(table[answered], posterior[answered])
        opinions = Opinions(ratings)
        errors = partial(rows, expects=alike, strength=1.0)
        return Aggregate(
            posterior=posterior,
            confusion=errors(opinions.answers(posterior)),
            prior=learned(posterior[answered]),
        )


def _table(ratings: Ratings) -> NDArray[np.int32]:
    """Return (n, w) what each person said of each item, -1 where nothing."""
    n, w, _ = ratings.shape
    if n * w > _MOST_CELLS:
        raise DataError(
            f"crowdlab: expected at most {_MOST_CELLS:,} pairs of items and people, got {n} items "
            f"and {w} people; use `auto`, which needs no classifier"
        )
    table = np.full((n, w), -1, dtype=np.int32)
    table[ratings.items, ratings.people] = ratings.labels
    return table


def _together(table: NDArray[np.int32], proba: Floats) -> Floats:
    """Return (m, k) the weighed average of the classifier and of people; all items have answers."""
    try:
        from cleanlab.multiannotator import get_label_quality_multiannotator
    except ImportError as error:
        raise ConfigurationError(
            "crowdlab: cleanlab is not installed: pip install 'auto-labeling[quality]'"
        ) from error
    said = np.where(table < 0, np.nan, table)
    people = ~np.isnan(said).all(axis=0)
    if not ((~np.isnan(said)).sum(axis=1) > 1).any():
        raise DataError("crowdlab: expected an item that two people answered, got none")
    found = get_label_quality_multiannotator(
        said[:, people], proba, return_weights=True, return_annotator_stats=False, verbose=False
    )
    quality = found["label_quality"]
    several = quality["num_annotations"].to_numpy() > 1
    trust = float(quality["annotator_agreement"].to_numpy()[several].mean())
    weights = np.asarray(found["annotator_weight"], dtype=np.float64)
    return _average(table[:, people], proba, weights, float(found["model_weight"]), trust)


def _average(
    table: NDArray[np.int32], proba: Floats, weights: Floats, model: float, trust: float
) -> Floats:
    """Return (m, k) the average; an opinion is its class with `trust`, and the others evenly."""
    total = proba * model
    k = proba.shape[1]
    answered = table >= 0
    for cls in range(k):
        share = np.where(table == cls, trust, (1 - trust) / max(k - 1, 1)) * answered
        total[:, cls] += share @ weights
    found: Floats = total / total.sum(axis=1, keepdims=True)
    return found

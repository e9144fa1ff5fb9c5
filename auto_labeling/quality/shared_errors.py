"""Errors that people share, because the item is hard: how much less several opinions then say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from auto_labeling.quality.aggregate import Aggregate
from auto_labeling.quality.expectation import Floats, Opinions, normalized
from auto_labeling.quality.held_out import Fold

CORRELATIONS = (0.0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
"""What is tried: from errors that are all people's own, to one opinion as good as many."""


def averaged(fits: Sequence[Aggregate]) -> Aggregate:
    """Return the means of what several models found."""
    return Aggregate(
        posterior=np.mean([one.posterior for one in fits], axis=0),
        confusion=np.mean([one.confusion for one in fits], axis=0),
        prior=np.mean([one.prior for one in fits], axis=0),
    )


def discounted(fits: Sequence[Aggregate], opinions: Opinions, correlation: float) -> Aggregate:
    """Return the mean of models, where the errors of two people on an item are correlated.

    v opinions then say as much as v / (1 + (v - 1) * correlation) that err independently, which is
    the design effect of cluster sampling. A model's most probable class stays what it is.

    References:
        Kish, L. (1965). Survey Sampling, chapter 8. Wiley.
    """
    more = np.maximum(opinions.voters() - 1, 0)[:, None]
    return averaged(
        [replace(one, posterior=_powered(one, opinions, 1 + correlation * more)) for one in fits]
    )


def _powered(found: Aggregate, opinions: Opinions, effect: Floats) -> Floats:
    """Return (n, k) the posterior to the power of 1 / (n, 1) effects."""
    logs = opinions.likelihoods(found.confusion) + np.log(found.prior)
    logs /= effect
    return normalized(logs)


def correlation(fits: Sequence[tuple[Fold, Sequence[Aggregate]]]) -> float:
    """Return the correlation, of those tried, by which hidden opinions are least surprising."""
    losses = [
        sum(fold.surprise(discounted(found, fold.seen, one)).sum() for fold, found in fits)
        for one in CORRELATIONS
    ]
    return CORRELATIONS[int(np.argmin(losses))]

"""Each person confuses the classes in their own way: the model of Dawid and Skene, with a prior."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from auto_labeling.quality.aggregate import Aggregate
from auto_labeling.quality.deciding import Deciding, refuse_strength
from auto_labeling.quality.expectation import Floats, Opinions, estimate
from auto_labeling.quality.expected_errors import Expects, between
from auto_labeling.ratings import Ratings


@dataclass(frozen=True, slots=True, kw_only=True)
class DawidSkene(Deciding):
    """A MAP estimate: each row of a person's confusion has a Dirichlet prior.

    It lies halfway between what one coin says of the person and how everybody confuses the
    classes; who said little about a class is near it, so that a small panel is hurt less.

    References:
        Dawid, A. and Skene, A. (1979). Maximum Likelihood Estimation of Observer Error-Rates Using
        the EM Algorithm. Applied Statistics 28.

    >>> said = [(f"i{at}", who, "cat" if at % 2 else "dog") for at in range(40) for who in "abc"]
    >>> leaning = [(f"i{at}", "eve", "dog") for at in range(40)]
    >>> DawidSkene().aggregate(Ratings.of(said + leaning)[0]).confusion[3].round(2)
    array([[0.96, 0.04],
           [0.89, 0.11]])
    """

    strength: float = 4.0
    """How many answers to items of a class the prior of a row weighs as."""

    def __post_init__(self) -> None:
        refuse_strength(self.strength)

    def aggregate(self, ratings: Ratings) -> Aggregate:
        return estimate(Opinions(ratings), partial(rows, expects=between, strength=self.strength))


def rows(answers: Floats, *, expects: Expects, strength: float) -> Floats:
    """Return (w, k, k) confusions: answers, with `strength` more a row of what is expected."""
    totals = answers.sum(axis=2, keepdims=True)
    found: Floats = (answers + strength * expects(answers)) / (totals + strength)
    return found

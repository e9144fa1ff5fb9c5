"""Each person is right with a probability of their own, and errs evenly: the one-coin model."""

from __future__ import annotations

from dataclasses import dataclass

from auto_labeling.quality.aggregate import Aggregate
from auto_labeling.quality.deciding import Deciding, refuse_strength
from auto_labeling.quality.expectation import Floats, Opinions, estimate
from auto_labeling.quality.expected_errors import accuracies, even_errors
from auto_labeling.ratings import Ratings


@dataclass(frozen=True, slots=True, kw_only=True)
class OneCoin(Deciding):
    """A MAP estimate: everybody's accuracy has a Beta prior around that of all people together.

    Who answered little is taken for an average person, so that a small panel is not hurt. Where
    people lean to a class, and not only err, `dawid_skene` is the model.

    >>> panel = [(f"i{at}", who, "cat" if at % 2 else "dog") for at in range(9) for who in "abc"]
    >>> noise = [(f"i{at}", "eve", "dog") for at in range(9)]
    >>> found = OneCoin().aggregate(Ratings.of(panel + noise)[0])
    >>> found.confusion[[0, 3], 0, 0].round(2), found.posterior[0].round(2)
    (array([0.96, 0.65]), array([1., 0.]))
    """

    strength: float = 4.0
    """How many answers the prior weighs as."""

    def __post_init__(self) -> None:
        refuse_strength(self.strength)

    def aggregate(self, ratings: Ratings) -> Aggregate:
        def maximises(answers: Floats) -> Floats:
            return even_errors(accuracies(answers, self.strength), ratings.shape[2])

        return estimate(Opinions(ratings), maximises)

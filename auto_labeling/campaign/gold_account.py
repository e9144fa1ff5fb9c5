"""How right people are where the answer is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auto_labeling.campaign.differing import MOST, Disagreement, counted, in_words
from auto_labeling.quality.annotators.shares import exact_limits
from auto_labeling.quality.gold import score
from auto_labeling.records import Interval, ItemId, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldLine:
    """What people answered where the answer is known."""

    items: int
    """How many have a known answer."""
    answered: int
    """How many of them somebody answered."""
    right: Interval
    """Share of the answers that are right; of drawings the mean F1."""
    missed: Sequence[Disagreement]
    """Those that people are wrong about most; `label` is what is known."""


def line_of(
    said: Mapping[ItemId, Sequence[Value]], truth: Mapping[ItemId, Value]
) -> GoldLine | None:
    """Return how right people are where they were shown gold; None where nobody was."""
    scores = {
        item: [score(value, truth[item]) for value in values]
        for item, values in said.items()
        if values and item in truth
    }
    if not scores:
        return None
    each = [one for some in scores.values() for one in some]
    low, high = exact_limits([sum(each)], [len(each)])
    worst = sorted((sum(some) / len(some), -len(some), item) for item, some in scores.items())
    return GoldLine(
        items=len(truth),
        answered=len(scores),
        right=Interval(
            value=sum(each) / len(each), low=float(low[0]), high=float(high[0]), n=len(each)
        ),
        missed=[
            Disagreement(
                item_id=item, said=counted(said[item]), label=in_words(truth[item]), agreement=right
            )
            for right, _, item in worst[:MOST]
            if right < 1
        ],
    )

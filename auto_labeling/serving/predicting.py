"""What a model says about items, and what of it people may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from auto_labeling.campaign.lessons import Lesson
from auto_labeling.models.fitting import Fitted
from auto_labeling.pool.pool import Pool
from auto_labeling.records import ItemId, LabelSchema, Suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictor:
    """One model of one campaign, loaded; it reads no ledger and no payload."""

    version: str
    """Differs between any two models: Label Studio asks again only when it changes."""
    fitted: Fitted | None
    """None before the first model."""
    lesson: Lesson | None
    """None where nothing learns."""
    schema: LabelSchema
    pool: Pool = field(repr=False)
    positions: Mapping[ItemId, int] = field(repr=False)
    hidden: frozenset[ItemId] = field(repr=False)
    """Items that judge models, and the blind share: nobody sees what a model says of them."""
    at_least: float
    """Answers less probable than this are not suggested."""
    kinds: frozenset[str]
    """What the items of the pool are, as `Pool.kinds` says."""

    def suggest(self, items: Sequence[ItemId], features: NDArray[np.float32]) -> list[Suggestion]:
        """Return the likeliest answer on each item, of which (n, p) features are given.

        It may be an item of nobody's; before the first model there is nothing to ask.
        """
        if self.fitted is None or self.lesson is None or not items:
            return []
        likeliest = map(self.lesson.likeliest, self.lesson.predict(self.fitted, features))
        return [
            Suggestion(item_id=item, value=value, score=sure, model_version=self.version)
            for item, (value, sure) in zip(items, likeliest, strict=True)
        ]

    def may_show(self, suggestion: Suggestion) -> bool:
        """Whether people may see it."""
        return suggestion.item_id not in self.hidden and suggestion.score >= self.at_least

"""What a model says about items, and what of it people may see."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.campaign.embedded import Embedded
from auto_labeling.campaign.lessons import Lesson
from auto_labeling.campaign.objects import Sight
from auto_labeling.models.fitting import Fitted
from auto_labeling.pool.pool import Pool
from auto_labeling.preannotation.rules import Rules
from auto_labeling.records import ItemId, LabelSchema, Suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictor:
    """One model of one campaign, loaded; it reads no ledger."""

    version: str
    """Differs between any two models: Label Studio asks again only when it changes."""
    fitted: Fitted | None
    """None before the first model."""
    lesson: Lesson | None
    """None where nothing learns."""
    schema: LabelSchema
    pool: Pool = field(repr=False)
    embedded: Embedded | None = field(repr=False)
    """What an embedder makes of the items; None: their features are those of the pool."""
    positions: Mapping[ItemId, int] = field(repr=False)
    hidden: frozenset[ItemId] = field(repr=False)
    """Items that judge models, and the blind share: nobody sees what a model says of them."""
    at_least: float
    """Answers by class less probable than this are not suggested."""
    rules: Rules
    """Which objects are suggested, where an answer is what is drawn."""
    reads_pictures: bool
    """Whether the model looks at the pictures themselves instead of features."""
    kinds: frozenset[str]
    """What the items of the pool are, as `Pool.kinds` says."""
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def features(self, position: int) -> NDArray[np.float32]:
        """Return (p,) what the model reads of an item of the pool, where it reads features."""
        rows = self.pool.features if self.embedded is None else self.embedded.features
        row: NDArray[np.float32] = np.asarray(rows[[position]])[0]
        return row

    def suggest(
        self, items: Sequence[ItemId], X: Any, at_least: float | None = None
    ) -> list[Suggestion]:
        """Return the likeliest answer on each item, of which the model reads `X`.

        That is (n, p) features or n pictures; an item may be nobody's. Of what is drawn an answer
        has the objects that are sure enough, each by itself, and their mean score; none is an
        answer too. `at_least` stands in for what the campaign says is enough. Before the first
        model there is nothing to ask.
        """
        if self.fitted is None or self.lesson is None or not items:
            return []
        said = self._said(self.fitted, self.lesson, X, at_least)
        return [
            Suggestion(item_id=item, value=value, score=sure, model_version=self.version)
            for item, (value, sure) in zip(items, map(self.lesson.likeliest, said), strict=True)
        ]

    def is_sure(self, suggestion: Suggestion, at_least: float | None = None) -> bool:
        """Whether an answer is sure enough; unsure objects of a drawn one are gone already."""
        enough = self.at_least if at_least is None else at_least
        return self.schema.is_drawn or suggestion.score >= enough

    def may_show(self, suggestion: Suggestion) -> bool:
        """Whether people may see it."""
        return suggestion.item_id not in self.hidden and self.is_sure(suggestion)

    def files(self, items: Sequence[ItemId]) -> dict[ItemId, Path]:
        """Return item -> its picture, for items of the pool whose files are there as they were."""
        known = [self.positions[item] for item in items if item in self.positions]
        there, _ = self.pool.check(known)
        return {one.item_id: Path(one.uri) for one in there if one.uri is not None}

    def _said(self, fitted: Fitted, lesson: Lesson, X: Any, at_least: float | None) -> Any:
        if not self.reads_pictures:
            return lesson.predict(fitted, X)
        with self._turn:  # a network is built when it is first used, and takes every core
            if not self.schema.is_drawn:
                return lesson.predict(fitted, X)
            rules = self.rules
            if at_least is not None:
                rules = replace(rules, at_least=at_least, thresholds={})
            return Sight.of(fitted, X, rules).shown(self.schema.classes, rules)

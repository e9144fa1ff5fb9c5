"""What a model says about tasks of Label Studio, in Label Studio's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.formats.codec import ITEM
from auto_labeling.formats.label_studio import Layout, check_config, encode_prediction, way_of
from auto_labeling.models import fitting
from auto_labeling.models.fitting import Fitted
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.table import Table
from auto_labeling.pool.texts import HashedTexts
from auto_labeling.records import ItemId, LabelSchema, Suggestion

Prediction = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictor:
    """One model of one campaign, loaded; it reads no ledger and no payload."""

    version: str
    """Differs between any two models: Label Studio asks again only when it changes."""
    fitted: Fitted | None
    """None before the first model."""
    schema: LabelSchema
    pool: Pool = field(repr=False)
    positions: Mapping[ItemId, int] = field(repr=False)
    hidden: frozenset[ItemId] = field(repr=False)
    """Items that judge models, and the blind share: nobody sees what a model says of them."""
    at_least: float
    """Classes less probable than this are not suggested."""
    shows: str
    """How a project shows the pool, as for `check_config`."""

    def predict(self, tasks: Sequence[Mapping[str, Any]], config: str | None) -> list[Prediction]:
        """Return a prediction for each task; one without a result where nothing can be said.

        Its score is the probability of the class that it names, in [0, 1]: the lowest is what the
        model is least sure of. `config` is the project's labeling configuration.
        """
        found = [self._nothing() for _ in tasks]
        if self.fitted is None:
            return found
        layout = self._layout(config)
        rows = [None if layout is None else self._features(task["data"], layout) for task in tasks]
        able = [at for at, row in enumerate(rows) if row is not None]
        if not able or layout is None:
            return found
        features = np.stack([row for row in rows if row is not None])
        proba = fitting.predict(self.fitted, features, len(self.schema.classes))
        for at, said in zip(able, proba, strict=True):
            found[at] = self._prediction(said, str(tasks[at]["data"].get(ITEM, "")), layout)
        return found

    def _prediction(self, proba: NDArray[np.float64], item: ItemId, layout: Layout) -> Prediction:
        best = int(proba.argmax())
        suggestion = Suggestion(
            item_id=item,
            value=self.schema.classes[best],
            score=min(float(proba[best]), 1.0),
            model_version=self.version,
        )
        made = encode_prediction(suggestion, self.schema, layout)
        shown = item not in self.hidden and proba[best] >= self.at_least
        return made if shown else made | {"result": []}

    def _nothing(self) -> Prediction:
        return {"result": [], "score": None, "model_version": self.version}

    def _layout(self, config: str | None) -> Layout | None:
        """Return the names of the project's tags; None where it no longer asks for our classes."""
        if not config:
            return Layout.of(way_of({self.shows}) if self.shows != "html" else "html")
        try:
            return check_config(config, self.schema, self.shows)
        except DataError:
            return None

    def _features(self, data: Mapping[str, Any], layout: Layout) -> NDArray[np.float32] | None:
        """Return (p,) features of an item of the pool, or of a text; None of anything else."""
        position = self.positions.get(str(data.get(ITEM)))
        if position is not None:
            row: NDArray[np.float32] = np.asarray(self.pool.features[[position]])[0]
            return row
        shown, source = data.get(layout.field), self.pool.snapshots[0].source
        hashed = isinstance(source, Table) and source.text is not None and not source.features
        if not hashed or layout.way != "text" or not isinstance(shown, str):
            return None
        width = int(self.pool.features.shape[1])
        [hashed_text] = next(HashedTexts(texts=[shown], width=width).chunks())
        return np.asarray(hashed_text, dtype=np.float32)

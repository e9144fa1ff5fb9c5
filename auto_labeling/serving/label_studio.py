"""What a model says about tasks of Label Studio, in Label Studio's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError
from auto_labeling.formats.codec import ITEM
from auto_labeling.formats.label_studio import Layout, check_config, encode_prediction, way_of
from auto_labeling.pictures import Pictures
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.table import Table
from auto_labeling.pool.texts import HashedTexts
from auto_labeling.records import Suggestion
from auto_labeling.serving.predicting import Predictor

Task = Mapping[str, Any]
Data = Mapping[str, Any]
Prediction = dict[str, Any]


def predictions(
    predictor: Predictor, tasks: Sequence[Task], config: str | None
) -> list[Prediction]:
    """Return a prediction for each task; one without a result where nothing can be said.

    Its score is the probability of the answer that it names, or the mean of those of its objects,
    in [0, 1]: the lowest is what the model is least sure of. `config` is the project's labeling
    configuration.
    """
    nothing: Prediction = {"result": [], "score": None, "model_version": predictor.version}
    found = [dict(nothing) for _ in tasks]
    layout = _layout(predictor, config)
    if predictor.fitted is None or layout is None:
        return found
    read = _pictures if predictor.reads_pictures else _features
    able, given = read(predictor, [task["data"] for task in tasks], layout)
    items = [str(tasks[at]["data"].get(ITEM, "")) for at in able]
    for at, suggestion in zip(able, predictor.suggest(items, given), strict=True):
        found[at] = _prediction(predictor, suggestion, layout)
    return found


def _prediction(predictor: Predictor, suggestion: Suggestion, layout: Layout) -> Prediction:
    made = encode_prediction(suggestion, predictor.schema, layout)
    return made if predictor.may_show(suggestion) else made | {"result": []}


def _layout(predictor: Predictor, config: str | None) -> Layout | None:
    """Return the names of the project's tags; None where it no longer asks for our classes."""
    shows = way_of(predictor.kinds)
    if not config:
        return Layout.of(shows)
    try:
        return check_config(config, predictor.schema, shows)
    except DataError:
        return None


def _pictures(
    predictor: Predictor, tasks: Sequence[Data], _layout: Layout
) -> tuple[list[int], Pictures]:
    """Return which tasks show an item of the pool whose file is there, and these files."""
    items = [str(data.get(ITEM)) for data in tasks]
    files = predictor.files(items)
    able = [at for at, item in enumerate(items) if item in files]
    return able, Pictures(tuple(files[items[at]] for at in able))


def _features(
    predictor: Predictor, tasks: Sequence[Data], layout: Layout
) -> tuple[list[int], NDArray[np.float32]]:
    """Return which tasks have features, and (n, p) these."""
    rows = [_row(predictor, data, layout) for data in tasks]
    known = {at: row for at, row in enumerate(rows) if row is not None}
    return list(known), np.stack(list(known.values())) if known else np.empty((0, 0), np.float32)


def _row(predictor: Predictor, data: Data, layout: Layout) -> NDArray[np.float32] | None:
    """Return (p,) features of an item of the pool, or of a text; None of anything else."""
    position = predictor.positions.get(str(data.get(ITEM)))
    if position is not None:
        return predictor.features(position)
    shown = data.get(layout.field)
    if layout.way != "text" or not isinstance(shown, str):
        return None
    if predictor.embedded is not None:
        return np.asarray(predictor.embedded.embedder.embed([shown])[0], dtype=np.float32)
    if not _hashes_texts(predictor.pool):
        return None
    width = int(predictor.pool.features.shape[1])
    [hashed_text] = next(HashedTexts(texts=[shown], width=width).chunks())
    return np.asarray(hashed_text, dtype=np.float32)


def _hashes_texts(pool: Pool) -> bool:
    """Whether the pool's features are those of its texts, and of nothing else."""
    source = pool.snapshots[0].source
    return isinstance(source, Table) and source.text is not None and not source.features

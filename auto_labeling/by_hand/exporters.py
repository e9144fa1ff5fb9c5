"""`LabelStudioExporter` and `ProdigyExporter`: samples as files that these tools import."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from auto_labeling import rows
from auto_labeling.by_hand.suggesting import value_of
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.files import write_atomically
from auto_labeling.formats.codec import names_of
from auto_labeling.formats.label_studio import LabelStudio
from auto_labeling.formats.prodigy import Prodigy
from auto_labeling.records import Item, LabelSchema, Suggestion
from auto_labeling.sampling.handover import items_of, upload_of, write_companions
from auto_labeling.view import len_of

_TASKS: Mapping[str, Any] = {
    "classification": "single",
    "multi_label": "multi",
    "object_detection": "boxes",
    "polygons": "polygons",
    "segmentation": "masks",
}
"""What people call it -> `LabelSchema.task`."""
_CHOSEN = ("classification", "multi_label")
_PREDICTION = ("prediction", "score", "model_version")
"""The keys of a sample's metadata that make its prediction."""
_NOTHING = LabelSchema(task="multi", classes=())
"""Of tasks that nobody knows the classes of."""


class LabelStudioExporter:
    """Writes the tasks that Label Studio's import button takes.

    Args:
        project_name: written into every task's `meta`, for whoever imports it.
        label_config_type: classification, multi_label, object_detection, polygons or segmentation.
        labels: the classes; by default those that are predicted. Where they are known, a labeling
            configuration is written beside the tasks.
    """

    def __init__(
        self,
        project_name: str | None = None,
        label_config_type: str = "classification",
        *,
        labels: Sequence[str] | None = None,
    ) -> None:
        self._project = project_name
        self._task = _task("label_config_type", label_config_type, tuple(_TASKS))
        self._labels = labels

    def export(
        self,
        data: Any = None,
        output_path: Path | str | None = None,
        sample_ids: Sequence[Any] | None = None,
        metadata: Mapping[str, Any] | Sequence[Mapping[str, Any] | None] | None = None,
        *,
        samples: Any = None,
    ) -> Path:
        """Write one task a sample and return the file.

        Args:
            data: texts, paths of images, rows or a frame.
            output_path: the JSON file to write.
            sample_ids: what the samples are known by again; by default their content.
            metadata: one mapping for all samples, or one a sample, kept in the tasks' `meta`. Of a
                sample's own, `prediction` (a class, classes or shapes), `score` in [0, 1] and
                `model_version` become its prediction.
            samples: another name of `data`.
        """
        items = _items(_one_of(data=data, samples=samples), sample_ids)
        told = _told(metadata, len(items))
        suggestions = [
            _suggestion(item, one, self._task)
            for item, one in zip(items, told, strict=True)
            if one.get("prediction") is not None
        ]
        schema = self._schema(suggestions)
        upload, layout, target = upload_of(items, suggestions), LabelStudio(), _target(output_path)
        tasks = layout.tasks(upload, schema, "")
        for task, one in zip(tasks, told, strict=True):
            beside = {name: _plain(one[name]) for name in one if name not in _PREDICTION}
            task["meta"] = ({"project": self._project} if self._project else {}) | beside
        write_atomically(target, layout.write(tasks))
        if schema.classes:
            write_companions(layout, upload, schema, target)
        return target

    def _schema(self, suggestions: Sequence[Suggestion]) -> LabelSchema:
        named = {name for one in suggestions for name in _classes_in(one)}
        classes = sorted(named) if self._labels is None else [str(name) for name in self._labels]
        return LabelSchema(task=self._task, classes=tuple(classes)) if classes else _NOTHING


class ProdigyExporter:
    """Writes the tasks that Prodigy reads, for its `choice` interface."""

    def export(
        self,
        data: Any = None,
        output_path: Path | str | None = None,
        text_column: str | None = None,
        task_type: str | None = None,
        labels: Sequence[str] | None = None,
        *,
        texts: Any = None,
    ) -> Path:
        """Write one line a sample and return the file.

        Args:
            data: texts, paths of images, rows or a frame.
            output_path: the JSONL file to write.
            text_column: the column of a frame, or the key of mappings, that people are shown; the
                whole row by default.
            task_type: classification, which is the default, or multi_label.
            labels: the classes that people choose from; without, tasks offer nothing to choose.
            texts: another name of `data`.
        """
        samples = _one_of(data=data, texts=texts)
        if text_column is not None:
            samples = _column(samples, text_column)
        task = _task("task_type", task_type or "classification", _CHOSEN)
        schema = LabelSchema(task=task, classes=tuple(map(str, labels))) if labels else _NOTHING
        layout, target = Prodigy(), _target(output_path)
        tasks = layout.tasks(upload_of(_items(samples, None)), schema, "")
        if not labels:
            tasks = [
                {name: one[name] for name in one if name not in ("options", "config")}
                for one in tasks
            ]
        write_atomically(target, layout.write(tasks))
        return target


def _task(parameter: str, given: str, known: Sequence[str]) -> Any:
    if given not in known:
        raise ConfigurationError(f"{parameter}: expected one of {', '.join(known)}, got {given!r}")
    return _TASKS[given]


def _one_of(**given: Any) -> Any:
    """Return the one that is given; it goes by two names."""
    found = [value for value in given.values() if value is not None]
    if len(found) != 1:
        raise ConfigurationError(f"expected either {' or '.join(given)}, got {len(found)} of them")
    return found[0]


def _target(output_path: Path | str | None) -> Path:
    if output_path is None:
        raise ConfigurationError("output_path: expected a file to write, got none")
    return Path(output_path)


def _items(samples: Any, ids: Sequence[Any] | None) -> list[Item]:
    checked = rows.checked_rows(samples, "samples")
    singles = rows.shown(checked, np.arange(len_of(checked)))
    return items_of(singles, None if ids is None else [str(name) for name in ids])


def _column(samples: Any, name: str) -> list[str]:
    try:
        found = samples[name] if hasattr(samples, "iloc") else [one[name] for one in samples]
    except (KeyError, TypeError, IndexError) as error:
        raise DataError(f"text_column: there is no {name!r} in the data") from error
    return [str(text) for text in found]


def _told(metadata: Any, n: int) -> list[Mapping[str, Any]]:
    """Return what is told of each sample."""
    if metadata is None or isinstance(metadata, Mapping):
        return [metadata or {}] * n
    told = [one or {} for one in metadata]
    if len(told) != n:
        raise DataError(f"metadata: expected one for each of {n} samples, got {len(told)}")
    return told


def _suggestion(item: Item, told: Mapping[str, Any], task: str) -> Suggestion:
    return Suggestion(
        item_id=item.item_id,
        value=value_of(told["prediction"], task),
        score=float(told.get("score", 1.0)),
        model_version=str(told.get("model_version", "model")),
    )


def _classes_in(suggestion: Suggestion) -> set[str]:
    value = suggestion.value
    drawn = () if isinstance(value, str) else value
    return {*names_of(value), *(one.label for one in drawn if not isinstance(one, str))}


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value

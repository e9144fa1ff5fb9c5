"""`CVATExporter`: pictures and what a model says of them as a file that CVAT imports."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from auto_labeling.by_hand.cvat_drawing import drawn, label_of
from auto_labeling.by_hand.picture_files import names_of, paths_of, size_of
from auto_labeling.by_hand.suggesting import scored, value_of
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.files import write_atomically
from auto_labeling.formats.cvat import Document, Labels, Picture, write_xml
from auto_labeling.formats.cvat.attributes import SCORE, check_name
from auto_labeling.formats.cvat.labeled import attributes_of, label_rows
from auto_labeling.formats.cvat.labels import ANY
from auto_labeling.formats.labeled import is_there
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Shape

_Said: TypeAlias = tuple[tuple[str | Shape, ...], float | None]
"""The parts of a prediction, and its score where it has one."""


class CVATExporter:
    """Writes annotations that CVAT imports as "CVAT 1.1" into a task of the same pictures.

    CVAT matches pictures by their file names and classes by theirs, letter case included.

    Args:
        task_name: written into the file, for whoever imports it.
        labels: the classes; by default those that are predicted. What CVAT's label editor takes
            under "Raw" is written beside the annotations.
    """

    def __init__(self, task_name: str | None = None, labels: Sequence[Any] | None = None) -> None:
        self._task_name = task_name or ""
        if isinstance(labels, str):
            raise ConfigurationError(f"labels: expected a list of classes, got {labels!r} alone")
        self._labels = None if labels is None else [_class(one) for one in labels]

    def export(
        self,
        images: Any = None,
        output_path: Path | str | None = None,
        predictions: Sequence[Any] | None = None,
        metadata: Mapping[str, Any] | Sequence[Mapping[str, Any] | None] | None = None,
        *,
        image_paths: Any = None,
    ) -> Path:
        """Write what is said of every picture and return the file; the same input, the same file.

        Args:
            images: paths of pictures. Each is read, because CVAT counts in the pixels of what it
                shows, and fails a whole task for one damaged file.
            output_path: the XML file to write.
            predictions: one for each picture: a class, a list of classes or of shapes, a pair of
                one of these and a score in [0, 1], or None.
            metadata: as `LabelStudioExporter` takes it, its `prediction` and `score`; CVAT has no
                place for the rest.
            image_paths: another name of `images`.
        """
        paths = paths_of(_one_of(images, image_paths))
        if output_path is None:
            raise ConfigurationError("output_path: expected a file to write, got none")
        said = [_said(one) for one in _predictions(predictions, metadata, len(paths))]
        pictures = [
            Picture(name=name, size=size_of(path))
            for name, path in zip(names_of(paths), paths, strict=True)
        ]
        rows = self._rows(said)
        found = _annotations(pictures, said, rows)
        document = Document(name=self._task_name, labels=rows, pictures=pictures, annotations=found)
        target = Path(output_path)
        write_atomically(target, write_xml(document))
        if rows:
            write_atomically(target.with_name(f"{target.stem}.labels.json"), _raw(rows))
        return target

    def _rows(self, said: Sequence[_Said]) -> list[dict[str, Any]]:
        parts = [part for one, _ in said for part in one]
        known = sorted({label_of(part) for part in parts}) if self._labels is None else self._labels
        for name in known:
            check_name("labels", name)
        return label_rows(dict.fromkeys(known, ANY), [*attributes_of(parts), SCORE])


def _class(given: Any) -> str:
    """Return the name of a label, which may be given as CVAT takes it."""
    return str(given["name"] if isinstance(given, Mapping) and "name" in given else given)


def _one_of(images: Any, image_paths: Any) -> Any:
    given = [one for one in (images, image_paths) if one is not None]
    if len(given) != 1:
        raise ConfigurationError(
            f"expected either images or image_paths, got {'both' if given else 'neither'}"
        )
    return given[0]


def _predictions(predictions: Any, metadata: Any, n: int) -> list[Any]:
    """Return what is said of each picture."""
    if predictions is not None and metadata is not None:
        raise ConfigurationError("expected either predictions or metadata, got both")
    if metadata is not None:
        told = [metadata] * n if isinstance(metadata, Mapping) else list(metadata)
        predictions = [_told(one or {}) for one in told]
    found = [None] * n if predictions is None else list(predictions)
    if len(found) != n:
        what = "predictions" if metadata is None else "metadata"
        raise DataError(f"{what}: expected one for each of {n} images, got {len(found)}")
    return found


def _told(metadata: Mapping[str, Any]) -> Any:
    prediction, score = metadata.get("prediction"), metadata.get("score")
    return prediction if prediction is None or score is None else (prediction, score)


def _said(prediction: Any) -> _Said:
    said, score = scored(prediction)
    if isinstance(said, Mapping):
        raise DataError(f"predictions: expected a class, classes or shapes, got {said!r:.60}")
    value = () if said is None else value_of(said, "multi")
    parts: Sequence[str | Shape] = (value,) if isinstance(value, str) else value
    return tuple(part for part in parts if isinstance(part, str) or is_there(part)), score


def _annotations(
    pictures: Sequence[Picture], said: Sequence[_Said], rows: Sequence[Mapping[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    labels = Labels.of(rows, LabelSchema(task="multi", classes=()))
    found: dict[str, list[dict[str, Any]]] = {"tags": [], "shapes": []}
    for at, (picture, (parts, score)) in enumerate(zip(pictures, said, strict=True)):
        try:
            for kind, row in drawn(at, picture.size, parts, score, labels):
                found[kind].append(row)
        except DataError as error:
            raise DataError(f"prediction for {picture.name}: {error}") from error
    return found


def _raw(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return labels as CVAT's label editor takes them: numbers are the server's to give."""
    labels = [
        {**_unnumbered(row), "attributes": [_unnumbered(one) for one in row["attributes"]]}
        for row in rows
    ]
    return json.dumps(labels, ensure_ascii=False, indent=1) + "\n"


def _unnumbered(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in row if name != "id"}

"""`PreAnnotator`: pictures in, what a model suggests on them out, in the form of a file format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from auto_labeling.arguments import is_number, whole_number
from auto_labeling.by_hand.detecting import detector_of
from auto_labeling.by_hand.looking import Looked, PutAside, look, pictures_of
from auto_labeling.by_hand.suggested_files import (
    Format,
    Suggesting,
    as_coco,
    as_texts,
    expect_format,
    folder_for,
    shapes_of,
    suggested,
    write_coco,
    write_texts,
)
from auto_labeling.errors import ConfigurationError
from auto_labeling.formats.labeled import Labeled
from auto_labeling.ports import Detects
from auto_labeling.preannotation.rules import Rules
from auto_labeling.preannotation.tiling import as_ruled
from auto_labeling.shapes import Shape

_SURE = 0.7


class Preannotations(dict[str, Any]):
    """What a format holds of some pictures, and which of them were put aside.

    COCO's content, or the names of files and their texts. It is a plain dict besides.
    """

    def __init__(
        self,
        content: Mapping[str, Any],
        shapes: Mapping[Path, tuple[Shape, ...]],
        quarantined: Mapping[Path, str],
    ) -> None:
        super().__init__(content)
        self.shapes = dict(shapes)
        """Path -> what is suggested there, as the clients of labeling tools take it."""
        self.quarantined = dict(quarantined)
        """Path -> why it was put aside."""


class PreAnnotator:
    """A detector that suggests what is on pictures.

    Args:
        model: the path of `.pt` weights of ultralytics, a `YOLO` that is loaded already, or any
            detector (`ports.Detects`).
        confidence_threshold: how sure the model has to be of what is suggested; .7 where neither
            this nor `rules.at_least` says another.
        sha256: the digest of the weights, without which they are not loaded.
        classes: those that are suggested, by default all that the model knows.
        rules: how its classes are mapped, thresholds by class, the least size, tiles ...
        image_size: the longer side, in pixels, that weights look at pictures with.
        device: what weights run on: cpu, cuda, mps.
    """

    def __init__(
        self,
        model: str | PathLike[str] | Detects | Any,
        confidence_threshold: float | None = None,
        *,
        sha256: str | None = None,
        classes: Sequence[str] | None = None,
        rules: Rules | None = None,
        image_size: int = 640,
        device: str = "cpu",
    ) -> None:
        if isinstance(classes, str):
            raise ConfigurationError(f"classes: expected a list of names, got {classes!r} alone")
        rules = rules or Rules()
        self.rules = replace(rules, at_least=_at_least(confidence_threshold, rules))
        detector = detector_of(model, sha256=sha256, image_size=image_size, device=device)
        self.detector = as_ruled(detector, self.rules)
        self._classes = classes

    def predict(
        self,
        images: str | PathLike[str] | Sequence[str | PathLike[str]],
        format: Format = "coco",
        *,
        output: str | PathLike[str] | None = None,
        scores: bool = False,
        chunk: int = 4,
    ) -> Preannotations:
        """Return what is suggested on pictures: COCO's content, or name -> text of the files.

        Files that are no pictures are put aside and named in `.quarantined`.

        Args:
            images: a folder, a pattern, a .txt list of paths, a picture, or a list of pictures.
            format: coco, yolo or pascal_voc; of masks YOLO has the outlines, VOC the boxes.
            output: a folder to write the files into as well.
            scores: end the lines of YOLO with the score, as `save_conf` of ultralytics does.
            chunk: how many pictures the model is handed at once.
        """
        expect_format(format)
        chunk = whole_number("chunk", chunk, 1)
        folder = None if output is None else folder_for(output, "output")
        names = pictures_of(images)
        paths = list(names)
        how = Suggesting.of(self.detector.names, self._classes, self.rules, scores=scores)
        quarantined: dict[Path, str] = {}
        looked = _good(look(self.detector, paths, chunk), quarantined)
        shapes: dict[Path, tuple[Shape, ...]] = {}
        labeled = _noted(suggested(looked, names, how, format), paths, shapes)
        content: dict[str, Any]
        if format == "coco":
            content = as_coco(labeled, how)
            if folder is not None:
                write_coco(folder, content)
        else:
            content = dict(as_texts(labeled, how, format))
            if folder is not None:
                write_texts(folder, content.items())
        return Preannotations(content, shapes, quarantined)


def _at_least(threshold: float | None, rules: Rules) -> float:
    """Return how sure a model has to be, as one of the two says."""
    if threshold is None:
        return _SURE if rules.at_least is None else rules.at_least
    if not is_number(threshold) or not 0 <= threshold <= 1:
        raise ConfigurationError(
            f"confidence_threshold: expected a score in [0, 1], got {threshold!r}"
        )
    if rules.at_least not in (None, threshold):
        raise ConfigurationError(
            f"confidence_threshold: expected the same as rules.at_least, {rules.at_least}, got "
            f"{threshold}; leave one out"
        )
    return float(threshold)


def _good(looked: Iterable[Looked | PutAside], quarantined: dict[Path, str]) -> Iterator[Looked]:
    """Yield the pictures, and note what is none."""
    for one in looked:
        if isinstance(one, PutAside):
            quarantined[one.path] = one.problem
        else:
            yield one


def _noted(
    labeled: Iterable[Labeled], paths: Sequence[Path], shapes: dict[Path, tuple[Shape, ...]]
) -> Iterator[Labeled]:
    """Yield what is suggested on pictures, and note it by their paths."""
    for one in labeled:
        shapes[paths[one.number - 1]] = tuple(shapes_of([one]))
        yield one

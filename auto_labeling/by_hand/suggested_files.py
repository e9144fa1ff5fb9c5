"""What a model suggests on pictures, as the files of a format."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from auto_labeling.by_hand.looking import Looked, chunks
from auto_labeling.errors import ConfigurationError
from auto_labeling.files import disk_errors, write_atomically
from auto_labeling.formats.coco import encode_coco
from auto_labeling.formats.labeled import Encoder, Labeled, file_names
from auto_labeling.formats.outlines import outline_of
from auto_labeling.formats.pascal_voc import encode_voc
from auto_labeling.formats.yolo import encode_yolo
from auto_labeling.meant import meant
from auto_labeling.preannotation.class_mapping import ClassMapping
from auto_labeling.preannotation.refining import refine
from auto_labeling.preannotation.rules import Rules
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Mask, Shape

Format: TypeAlias = Literal["coco", "yolo", "pascal_voc"]
_TEXTS: Mapping[str, Encoder] = {"yolo": encode_yolo, "pascal_voc": encode_voc}
_CLASSES, _COCO = "classes.txt", "annotations.json"
_AT_ONCE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggesting:
    """Which of a model's objects are written, and in which classes."""

    names: tuple[str, ...]
    """The model's classes."""
    classes: tuple[str, ...]
    """Those that are written."""
    rules: Rules
    scores: bool = False
    """Whether a line of YOLO ends with the score. COCO's objects always have theirs."""

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        classes: Sequence[str] | None,
        rules: Rules,
        *,
        scores: bool = False,
    ) -> Suggesting:
        """Return how to write the objects of a model; without `classes`, of all that it knows."""
        if not names:
            raise ConfigurationError(
                "model: it knows no classes, because it has learned nothing; expected one that has"
            )
        known = dict.fromkeys(rules.classes.get(name, name) for name in names)
        wanted = tuple(known if classes is None else classes)
        for name in rules.thresholds:
            if name not in (*known, *wanted):
                raise ConfigurationError(
                    f"thresholds: expected classes out of {list(wanted)[:20]}, got {name!r}"
                    f"{meant(name, wanted)}"
                )
        mapping = ClassMapping.by_name(tuple(names), wanted, rules.classes)
        if all(at is None for at in mapping.positions):
            raise ConfigurationError(
                f"classes: the model knows {list(names)[:20]}, and none of {list(wanted)}; "
                "`rules.classes` says what is called otherwise"
            )
        return cls(names=tuple(names), classes=wanted, rules=rules, scores=scores)

    def labeled(self, one: Looked, name: str, number: int) -> Labeled:
        """Return what is suggested on a picture."""
        kept = refine(one.seen, self.names, self.classes, self.rules, np.array([one.size]))
        shapes = kept.shapes(0, self.classes)
        return Labeled(number=number, item_id=name, value=shapes, picture=name, size=one.size)


def expect_format(form: str) -> None:
    """Raise `ConfigurationError` for a format that is none."""
    if form not in ("coco", *_TEXTS):
        raise ConfigurationError(f"format: expected coco, yolo or pascal_voc, got {form!r}")


def suggested(
    looked: Iterable[Looked], pictures: Mapping[Path, str], how: Suggesting, form: Format
) -> Iterator[Labeled]:
    """Yield what is suggested on those of the pictures that were looked at; numbers are from 1.

    `pictures` are all, with their names. COCO has them as they are; YOLO and Pascal VOC name a file
    by the name less its suffix, so where two share that, their numbers are added.
    """
    names = list(pictures.values())
    if form != "coco":
        names = file_names(
            [
                Labeled(number=at, item_id=name, value=(), picture=name)
                for at, name in enumerate(names, 1)
            ]
        )
    numbered = {path: (at, names[at - 1]) for at, path in enumerate(pictures, 1)}
    for one in looked:
        number, name = numbered[one.path]
        yield how.labeled(one, name, number)


def as_coco(labeled: Iterable[Labeled], how: Suggesting) -> dict[str, Any]:
    """Return COCO's content, with the score of every object; masks where the model draws them.

    Memory holds what is written: a picture's entry, and one of each object that is suggested.
    """
    images: list[Any] = []
    annotations: list[Any] = []
    whole = _coco([], how)
    for some in chunks(labeled, _AT_ONCE):
        part = _coco(some, how)
        images += [
            image | {"file_name": one.picture}
            for image, one in zip(part["images"], some, strict=True)
        ]
        for annotation, shape in zip(part["annotations"], shapes_of(some), strict=True):
            number = len(annotations) + 1
            annotations.append(annotation | {"id": number, "score": shape.score})
    return whole | {"images": images, "annotations": annotations}


def _coco(some: Sequence[Labeled], how: Suggesting) -> dict[str, Any]:
    schema = LabelSchema(task="masks" if _has_masks(some) else "boxes", classes=how.classes)
    content: dict[str, Any] = json.loads(encode_coco(some, schema)[_COCO])
    return content


def as_texts(
    labeled: Iterable[Labeled], how: Suggesting, form: Format
) -> Iterator[tuple[str, str]]:
    """Yield the names and contents of the files of YOLO or Pascal VOC; some names come twice.

    Of masks YOLO has the outlines and Pascal VOC the boxes. Memory holds a few pictures' at a time.
    """
    yield from _TEXTS[form]([], LabelSchema(task="boxes", classes=how.classes)).items()
    for some in chunks(labeled, _AT_ONCE):
        outlined = form == "yolo" and _has_masks(some)
        schema = LabelSchema(task="polygons" if outlined else "boxes", classes=how.classes)
        files = _TEXTS[form]([_outlined(one) for one in some] if outlined else some, schema)
        if form == "yolo" and how.scores:
            files = _scored(files, some)
        yield from files.items()


def folder_for(given: str | PathLike[str], where: str) -> Path:
    """Return the folder to write into. Raises `ConfigurationError` where a file is in its place."""
    folder = Path(given)
    there = next((one for one in (folder, *folder.absolute().parents) if one.exists()), folder)
    if there.is_file():
        raise ConfigurationError(
            f"{where}: expected a folder, got {str(given)!r}, and {there} is a file; name another"
        )
    return folder


def write_texts(folder: Path, files: Iterable[tuple[str, str]]) -> set[str]:
    """Write the files of YOLO or Pascal VOC below a folder as they come; return their names.

    They are not forced onto the disk one by one, because that takes milliseconds a picture and they
    can be written again from what was predicted.
    """
    written = set()
    with disk_errors(folder):
        for name, text in files:
            written.add(name)
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
    return written


def write_coco(folder: Path, content: Mapping[str, Any]) -> None:
    """Write `annotations.json` into a folder."""
    write_atomically(folder / _COCO, json.dumps(content, ensure_ascii=False))


def _scored(files: Mapping[str, str], some: Sequence[Labeled]) -> dict[str, str]:
    """Return the files with the score at the end of each line."""
    scored = dict(files)
    for name, one in zip((name for name in files if name != _CLASSES), some, strict=True):
        lines = zip(files[name].splitlines(), shapes_of([one]), strict=True)
        scored[name] = "".join(f"{line} {shape.score:.6g}\n" for line, shape in lines)
    return scored


def _has_masks(some: Sequence[Labeled]) -> bool:
    return any(isinstance(shape, Mask) for shape in shapes_of(some))


def _outlined(one: Labeled) -> Labeled:
    shapes = shapes_of([one])
    outlines = (outline_of(shape) if isinstance(shape, Mask) else shape for shape in shapes)
    return replace(one, value=tuple(outlines))


def shapes_of(some: Iterable[Labeled]) -> list[Shape]:
    """Return what is drawn on pictures, one after another."""
    return [shape for one in some for shape in one.value if not isinstance(shape, str)]

"""Folders of pictures with their labels, as other programs train on them unchanged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any

from auto_labeling.campaign.labeled import judging, labeled
from auto_labeling.errors import DataError
from auto_labeling.formats.coco import encode_coco
from auto_labeling.formats.labeled import Labeled, drawings
from auto_labeling.formats.pascal_voc import encode_voc
from auto_labeling.formats.yolo import encode_splits, encode_yolo, picture_path
from auto_labeling.pool.pixels import picture
from auto_labeling.pool.pool import Pool
from auto_labeling.records import LabelSchema, Purpose

_READ_BY_ALL = frozenset((".bmp", ".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSet:
    """The files of a folder, by their relative paths."""

    texts: Mapping[str, str]
    pictures: Mapping[str, Path]
    """What each is a copy of; `copied` reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Split:
    """Labeled pictures with the names they have in the folder, no two of them alike."""

    train: Sequence[Labeled]
    val: Sequence[Labeled]
    """What judges: held-out rows and control items; empty where nothing does."""
    names: Mapping[int, str]
    """By their numbers."""

    def named(self, labeled: Sequence[Labeled]) -> list[str]:
        """Return the names of some of them, in order."""
        return [self.names[one.number] for one in labeled]


def picture_set(kind: str, pool: Pool, frame: Any, schema: LabelSchema) -> PictureSet:
    """Return the data set of a campaign as YOLO, COCO or VOC lay it out, with its pictures.

    Held-out rows and items that judged the model are the split `val`. Where there are none, YOLO's
    `val` is its `train`, because it cannot be left out.
    """
    drawings((), schema, kind)  # which says so where nothing is drawn
    split, paths = _split(pool, frame, schema, kind)
    texts, place = _LAYOUTS[kind](split, schema)
    return PictureSet(
        texts=texts, pictures={place(name): paths[number] for number, name in split.names.items()}
    )


def copied(path: Path) -> bytes:
    """Return a picture as a copy of it is written: as PNG where some readers know no such file.

    Pictures are copied and never linked, because ultralytics mends damaged files in place.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: it cannot be read: {error.strerror}") from None
    if path.suffix.lower() in _READ_BY_ALL:
        return content
    buffer = BytesIO()
    picture(content, "rgb").save(buffer, "PNG")
    return buffer.getvalue()


def _split(
    pool: Pool, frame: Any, schema: LabelSchema, kind: str
) -> tuple[_Split, Mapping[int, Path]]:
    known, judges = labeled(pool, frame, schema), judging(pool, schema)
    paths = dict(zip((one.number for one in known), _files(pool, known), strict=True))
    paths |= dict(zip((one.number for one in judges), pool.heldout_pictures(), strict=True))
    found = [
        replace(one, picture=_as_copied(one.picture, paths[one.number]))
        for one in (*known, *judges)
    ]
    names = {one.number: one.name for one in drawings(found, schema, kind)}
    control = set(frame["item"][frame["purpose"] == Purpose.CONTROL])
    ready = [replace(one, picture=names[one.number]) for one in found if one.number in names]
    judged = {one.number for one in judges} | {
        one.number for one in known if one.item_id in control
    }
    return _Split(
        train=[one for one in ready if one.number not in judged],
        val=[one for one in ready if one.number in judged],
        names=names,
    ), paths


def _files(pool: Pool, known: Sequence[Labeled]) -> list[Path]:
    return list(pool.pictures([one.number - 1 for one in known]))


def _as_copied(where: str | None, path: Path) -> str:
    """Return the name of a copy."""
    name = PurePosixPath(where or path.name)
    if name.suffix.lower() not in _READ_BY_ALL:
        name = name.with_suffix(".png")
    return str(name)


def _yolo(split: _Split, schema: LabelSchema) -> _Layout:
    lists = {"train": split.named(split.train), "val": split.named(split.val or split.train)}
    texts = {
        **encode_yolo([*split.train, *split.val], schema),
        **encode_splits(lists, schema),
    }
    return texts, picture_path


def _coco(split: _Split, schema: LabelSchema) -> _Layout:
    parts = {"train": split.train} | ({"val": split.val} if split.val else {})
    texts = {
        f"annotations/{name}.json": encode_coco(part, schema)["annotations.json"]
        for name, part in parts.items()
    }
    return texts, "images/{}".format


def _voc(split: _Split, schema: LabelSchema) -> _Layout:
    whole = [*split.train, *split.val]
    parts = {"train": split.train, "val": split.val, "trainval": whole}
    lists = {
        f"ImageSets/Main/{name}.txt": "".join(
            f"{PurePosixPath(one).with_suffix('')}\n" for one in split.named(part)
        )
        for name, part in parts.items()
    }
    return {**encode_voc(whole, schema), **lists}, "JPEGImages/{}".format


_Layout = tuple[Mapping[str, str], Callable[[str], str]]
"""The texts, and where a picture of a name goes."""
_LAYOUTS: Mapping[str, Callable[[_Split, LabelSchema], _Layout]] = {
    "yolo": _yolo,
    "coco": _coco,
    "voc": _voc,
}

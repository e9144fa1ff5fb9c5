"""The pool kind `yolo`: pictures with a text file of boxes or outlines each, as YOLO trains on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats.drawn import Drawn, DrawnTask, Size
from auto_labeling.formats.yolo_reading import (
    YoloData,
    drawn_in_yolo,
    label_path,
    read_classes,
    read_data_yaml,
)
from auto_labeling.pool.drawn import DrawnPictures, Listed, labels_text
from auto_labeling.pool.listing import Found, find_images
from auto_labeling.pool.picture_files import reference_of
from auto_labeling.pool.source import SourceRows
from auto_labeling.records import LabelSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Yolo(DrawnPictures):
    """The pictures of a split; an empty text file says that nothing is there, and none nothing.

    `heldout` is another split of the same data, whose labels judge.
    """

    path: str
    """A `data.yaml`, or the folder of one; or a folder with `classes.txt`, `images` and `labels`,
    which has no splits."""
    split: str = "train"

    def __post_init__(self) -> None:
        DrawnPictures.__post_init__(self)
        if not self.path or not self.split:
            raise ConfigurationError("pool: expected path and split, got an empty one")

    @property
    def location(self) -> str:
        """Return the path."""
        return self.path

    def read(self, base: Path, schema: LabelSchema | None = None) -> SourceRows:
        """Decode every picture once."""
        names, pictures = self._named(base)
        listed = [_listed(base, one, names) for one in pictures]
        return self.usable(base, listed, schema)

    def read_heldout(self, base: Path, schema: LabelSchema) -> SourceRows | None:
        """Return the pictures of the other split."""
        if self.heldout is None:
            return None
        return replace(self, split=self.heldout, heldout=None).read(base, schema)

    def _named(self, base: Path) -> tuple[Mapping[int, str], list[Found]]:
        """Return the classes by number, and the pictures of the split."""
        path = base / self.path
        if path.is_dir() and (path / "data.yaml").is_file():
            path /= "data.yaml"
        if path.is_dir():
            images = path / "images" if (path / "images").is_dir() else path
            return read_classes(labels_text(path / "classes.txt")), find_images(".", images)
        try:
            data = read_data_yaml(labels_text(path))
        except DataError as error:
            raise DataError(f"{self.path}: {error}") from None
        return data.names, self._of_split(data, path.parent)

    def _of_split(self, data: YoloData, folder: Path) -> list[Found]:
        if self.split not in data.splits:
            raise DataError(
                f"{self.path}: expected a split out of {sorted(data.splits)}, got {self.split!r}"
            )
        return pictures_of_split(data, folder, self.split)


def pictures_of_split(data: YoloData, folder: Path, split: str) -> list[Found]:
    """Return the pictures of a split whose `data.yaml` lies in `folder`.

    Raises `DataError` where one of its folders or lists is not there.
    """
    root = folder / data.root
    return [
        found for named in data.splits[split] for found in find_images(".", _placed(root, named))
    ]


def _placed(root: Path, named: str) -> Path:
    """Return the folder or list of a split."""
    path = Path(os.path.normpath(root / named))
    if not path.exists() and named.startswith("../"):  # some tools say so, and ultralytics bears it
        return Path(os.path.normpath(root / named[3:]))
    return path


def _listed(base: Path, found: Found, names: Mapping[int, str]) -> Listed:
    labels = Path(label_path(found.path.as_posix()))
    read = partial(_drawn, labels, names) if labels.is_file() else None
    return Listed(
        path=found.path,
        name="/".join((*found.folders, found.path.name)),
        labels=reference_of(labels, base),
        read=read,
    )


def _drawn(labels: Path, names: Mapping[int, str], task: DrawnTask | None, size: Size) -> Drawn:
    return drawn_in_yolo(labels_text(labels), names, task, size)

"""The pool kind `voc`: pictures with an XML file of boxes each, in Pascal VOC's folders."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Literal

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats.drawn import Drawn, DrawnTask, Size
from auto_labeling.formats.pascal_voc_reading import read_voc
from auto_labeling.pool.drawn import DrawnPictures, Listed, labels_text
from auto_labeling.pool.listing import files_below, find_images
from auto_labeling.pool.picture_files import reference_of
from auto_labeling.pool.source import SourceRows
from auto_labeling.records import LabelSchema

_FLAG = re.compile(r"\s+-?[01]$")
"""In a list for one class, behind a name: whether it is in the picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voc(DrawnPictures):
    """The pictures of a folder in the layout of Pascal VOC; one without an XML file has no label.

    `heldout` is another list, whose pictures judge.
    """

    path: str
    """The folder that the others lie in."""
    annotations: str = "Annotations"
    images: str = "JPEGImages"
    list: str | None = None
    """A file with a name a line, without suffix, as `ImageSets/Main/train.txt`; omitted: all."""
    first_pixel: Literal[0, 1] = 0
    """1: edges are counted as in VOC itself, from 1 and with the last pixel in the box; 0: as most
    tools do, from 0 at the left to the width at the right."""

    def __post_init__(self) -> None:
        DrawnPictures.__post_init__(self)
        if not self.path:
            raise ConfigurationError("pool.path: expected a folder, got nothing")
        if self.first_pixel not in (0, 1):
            raise ConfigurationError(f"pool.first_pixel: expected 0 or 1, got {self.first_pixel!r}")

    @property
    def location(self) -> str:
        """Return the folder, or the list in it."""
        return self.path if self.list is None else f"{self.path}/{self.list}"

    def read(self, base: Path, schema: LabelSchema | None = None) -> SourceRows:
        """Decode every picture once."""
        folder = base / self.path
        if not folder.is_dir():
            raise DataError(f"{folder}: there is no such folder; mend the path, or put it there")
        pictures, sheets = _by_stem(folder / self.images), _sheets(folder / self.annotations)
        names = sheets.keys() | pictures.keys()
        if self.list is not None:
            lines = map(str.strip, labels_text(folder / self.list).splitlines())
            names = {line if line in names else _FLAG.sub("", line) for line in lines if line}
        listed = [
            self._listed(base, name, sheets.get(stem), f"{stem}.xml")
            for stem in sorted(names)
            for name in pictures.get(stem, [f"{stem}.jpg"])
        ]
        return self.usable(base, listed, schema)

    def read_heldout(self, base: Path, schema: LabelSchema) -> SourceRows | None:
        """Return the pictures of the other list."""
        if self.heldout is None:
            return None
        return replace(self, list=self.heldout, heldout=None).read(base, schema)

    def _listed(self, base: Path, name: str, sheet: Path | None, expected: str) -> Listed:
        folder = base / self.path
        return Listed(
            path=folder / self.images / name,
            name=name,
            labels=reference_of(sheet or folder / self.annotations / expected, base),
            read=None if sheet is None else partial(_drawn, sheet, self.first_pixel),
        )


def _drawn(labels: Path, first_pixel: Literal[0, 1], task: DrawnTask | None, size: Size) -> Drawn:
    return read_voc(labels_text(labels)).drawn(task, size, first_pixel)


def _by_stem(folder: Path) -> Mapping[str, list[str]]:
    """Return the pictures below a folder, by their paths without suffix."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for one in find_images(".", folder) if folder.is_dir() else ():
        name = PurePosixPath(*one.folders, one.path.name)
        found[str(name.with_suffix(""))].append(str(name))
    return found


def _sheets(folder: Path) -> Mapping[str, Path]:
    """Return the XML files below a folder, by their paths without suffix."""
    return {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for path in files_below(folder, (".xml",))
    }

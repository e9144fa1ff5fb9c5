"""A detector let loose on files as they come: bad ones are put aside, and the rest goes on."""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from os import PathLike
from pathlib import Path, PurePath
from typing import TypeVar

from PIL import Image

from auto_labeling.by_hand.picture_files import names_below, paths_of
from auto_labeling.detections import Detections
from auto_labeling.errors import DataError
from auto_labeling.pictures import Pictures
from auto_labeling.pool import pixels
from auto_labeling.pool.listing import find_images
from auto_labeling.ports import Detects

_One = TypeVar("_One")


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What a detector sees on one picture."""

    path: Path
    size: tuple[int, int]
    """Width and height in pixels, as people see it."""
    seen: Detections
    """Of one picture, in the detector's own classes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PutAside:
    """A file that is no picture, or one that the detector refuses."""

    path: Path
    problem: str


def pictures_of(given: str | PathLike[str] | Iterable[str | PathLike[str]]) -> dict[Path, str]:
    """Return file -> name of what a folder, a pattern, a .txt list, a path or a list names.

    A name is the path below the folder, the fixed part of the pattern, or the folder of the list;
    in a list of paths, and where files of a .txt list lie elsewhere, below their common folder. In
    a folder only what has the suffix of a picture counts; each file counts once. Raises `DataError`
    where there is none.
    """
    if isinstance(given, str | PathLike):
        named = Path(given).expanduser()
        if not (named.exists() or glob.has_magic(str(named))):
            raise DataError(f"images: {given}: there is no such folder or file")
        found = find_images(str(named), Path())
        if not found:
            raise DataError(f"images: expected pictures at {given}, found none")
        names = {one.path: PurePath(*one.folders, one.path.name).as_posix() for one in found}
        if len(set(names.values())) == len(names):
            return names
        paths = list(names)
    else:
        paths = list(dict.fromkeys(paths_of(given)))
    return dict(zip(paths, names_below(paths), strict=True))


def look(detector: Detects, paths: Iterable[Path], chunk: int) -> Iterator[Looked | PutAside]:
    """Yield what is seen on each picture, in order; `chunk` of them are in memory at a time."""
    for some in chunks(paths, chunk):
        contents, bad = contents_of(some)
        good = {one.path: one for one in looked_at(detector, contents)}
        yield from ((bad | good)[path] for path in some)


def contents_of(paths: Iterable[Path]) -> tuple[dict[Path, bytes], dict[Path, PutAside]]:
    """Return the bytes of those files that can be read, and what is wrong with the others."""
    contents: dict[Path, bytes] = {}
    bad: dict[Path, PutAside] = {}
    for path in paths:
        try:
            contents[path] = path.read_bytes()
        except OSError as error:
            bad[path] = PutAside(path=path, problem=f"it cannot be read: {error.strerror}")
    return contents, bad


def looked_at(detector: Detects, contents: Mapping[Path, bytes]) -> list[Looked | PutAside]:
    """Return what is seen on some pictures, given with their bytes.

    They are decoded first, because a detector may take the grey rest of a file that is cut short
    for a picture. One that the detector refuses all the same is put aside too.
    """
    sizes: dict[Path, tuple[int, int]] = {}
    found: dict[Path, Looked | PutAside] = {}
    for path, content in contents.items():
        try:
            sizes[path] = pixels.picture(content, "rgb").size
        except DataError as error:
            found[path] = PutAside(path=path, problem=str(error))
    for path, seen in _detected(detector, list(sizes)).items():
        found[path] = (
            PutAside(path=path, problem=str(seen))
            if isinstance(seen, DataError)
            else Looked(path=path, size=sizes[path], seen=seen)
        )
    return [found[path] for path in contents]


def chunks(given: Iterable[_One], size: int) -> Iterator[list[_One]]:
    """Yield lists of at most `size`.

    >>> list(chunks("abcde", 2))
    [['a', 'b'], ['c', 'd'], ['e']]
    """
    left = iter(given)
    while some := list(islice(left, size)):
        yield some


def _detected(detector: Detects, paths: Sequence[Path]) -> dict[Path, Detections | DataError]:
    if not paths:
        return {}
    try:
        seen = detector.detect(Pictures(tuple(paths)))
    except DataError as error:
        if len(paths) == 1:
            _expect_sight(detector)
            return {paths[0]: error}
        # It says which one it refuses in words only.
        return {path: one for each in paths for path, one in _detected(detector, [each]).items()}
    return {path: seen[at] for at, path in enumerate(paths)}


def _expect_sight(detector: Detects) -> None:
    """Let the `DataError` through of a detector that refuses even a blank picture.

    It is the model then that cannot be used, one that has learned something else for example.
    """
    with tempfile.TemporaryDirectory() as folder:
        blank = Path(folder) / "blank.png"
        Image.new("RGB", (64, 64)).save(blank)
        detector.detect(Pictures((blank,)))

"""Which image files a folder, a pattern or a list names, in an order that does not change."""

from __future__ import annotations

import glob
import os
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from auto_labeling.errors import DataError

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm")
)
"""What counts as an image in a folder, where other files may lie about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A file that was named, whether or not it is there."""

    path: Path
    folders: tuple[str, ...]
    """The folders between what was named and the file, outermost first."""


def find_images(named: str | Sequence[str], base: Path) -> list[Found]:
    """Return the files of a folder (images only), of a pattern, of a .txt list, or as listed."""
    if not isinstance(named, str):
        return [_listed(base / entry, base) for entry in named]
    path = base / named
    if path.is_dir():
        return [_listed(file, path) for file in files_below(path, SUFFIXES)]
    if path.is_file() and path.suffix.lower() == ".txt":
        return [_listed(path.parent / line, path.parent) for line in _lines(path)]
    if path.is_file():
        return [_listed(path, path.parent)]
    root, pattern = _split(named)
    if not pattern:
        raise DataError(f"{path}: there is no such folder or file; mend pool.path, or put it there")
    files = sorted(file for file in (base / root).glob(pattern) if _counts(file))
    return [_listed(file, base / root) for file in files]


def _listed(path: Path, root: Path) -> Found:
    inside = path.is_relative_to(root)
    return Found(path=path, folders=path.parent.relative_to(root).parts if inside else ())


def files_below(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """Return the files of a folder and of those below with these suffixes, lower-case, in order."""
    return sorted(
        file
        for parent, _, names in walk(folder)
        for name in names
        if PurePath(name).suffix.lower() in suffixes and _counts(file := Path(parent, name))
    )


def walk(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield as `os.walk` does, and go into folders that are links, but into no folder twice.

    Links come last, so that a folder is found in its own place.
    """
    seen: set[str] = set()
    ahead = deque([folder])
    while ahead:
        for parent, folders, names in os.walk(ahead.popleft()):
            here = os.path.realpath(parent)
            if here in seen:
                folders.clear()
                continue
            seen.add(here)
            yield parent, folders, names
            ahead += (path for name in sorted(folders) if (path := Path(parent, name)).is_symlink())


def _counts(file: Path) -> bool:
    return file.is_file() and not file.name.startswith(".")


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (UnicodeDecodeError, PermissionError):
        raise DataError(f"{path}: expected a readable list in UTF-8, a path on each line") from None
    return [line.strip() for line in lines if line.strip()]


def _split(named: str) -> tuple[Path, str]:
    """Return the folder before the first wildcard, and the pattern from there on."""
    parts = Path(named).parts
    fixed = next((at for at, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    return Path(*parts[:fixed]), "/".join(parts[fixed:])

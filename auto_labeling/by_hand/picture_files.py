"""Pictures that a script names: their paths, what a tool calls them, and their sizes."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from auto_labeling.errors import DataError


def paths_of(given: Any) -> list[Path]:
    """Return what somebody gave as pictures. Raises `DataError` unless it is a list of paths."""
    if isinstance(given, str | Path):
        raise DataError(f"images: expected a list of paths, got {str(given)!r} alone")
    found = list(given)
    if not found:
        raise DataError("images: expected at least one, got none")
    for at, one in enumerate(found):
        if not isinstance(one, str | os.PathLike):
            raise DataError(f"images: expected paths, got a {type(one).__name__} in row {at}")
    return [Path(one) for one in found]


def names_of(paths: Sequence[Path]) -> list[str]:
    """Return the names under which a tool knows pictures that are uploaded.

    These are their file names; where two have the same, their paths below their common folder.

    >>> names_of([Path("x/a/1.png"), Path("x/a/2.png")])
    ['1.png', '2.png']
    >>> names_of([Path("x/a/1.png"), Path("x/b/1.png")])
    ['a/1.png', 'b/1.png']
    """
    names = [path.absolute().name for path in paths]
    return names if len(set(names)) == len(names) else names_below(paths)


def names_below(paths: Sequence[Path]) -> list[str]:
    """Return the paths of pictures below their common folder.

    >>> names_below([Path("x/a/1.png"), Path("x/a/b/2.png")])
    ['1.png', 'b/2.png']
    """
    whole = [path.absolute() for path in paths]
    common = os.path.commonpath([path.parent for path in whole])
    names = [path.relative_to(common).as_posix() for path in whole]
    name, often = Counter(names).most_common(1)[0]
    if often > 1:
        raise DataError(f"images: expected each once, got {name} {often} times")
    return names


def size_of(path: Path) -> tuple[int, int]:
    """Return the width and the height of a picture as people see it.

    Raises `DataError` where it cannot be decoded to the end.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as picture:
            return ImageOps.exif_transpose(picture).size
    except FileNotFoundError as error:
        raise DataError(f"images: {path} is not there") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"images: {path} cannot be read as a picture ({error})") from error

"""What every pool kind of picture files does: small pixels, groups, and the files read again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.pool.near_duplicates import LOOK, near_duplicates
from auto_labeling.pool.pixels import MODES, WHITE, Colors, measured_pixels, pixel_count, pixels
from auto_labeling.pool.rows import ArrayRows
from auto_labeling.pool.source import Payload

MAX_SIZE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFiles:
    """The settings of pictures, whatever names them. The content of one is the bytes of its file.

    A reference is the path from the base, so that pool and workspace can be moved together.
    """

    group_by: Literal["folder"] | Mapping[str, str] | None = field(default=None, hash=False)
    """`folder`, or `{pattern: EXPRESSION}`: what its first group finds in the path of a picture, as
    the film of a frame in `(.*)_frame`. Pictures of one group are never told apart by a split."""
    near_duplicates: Literal["collapse"] | None = None
    """`collapse`: of pictures that look the same, as in bursts and films, the first is kept."""
    size: int = 16
    """Features are size x size pixels."""
    colors: Colors = "gray"

    def __post_init__(self) -> None:
        check_features(self.size, self.colors)
        if self.near_duplicates not in (None, "collapse"):
            raise ConfigurationError(
                f"pool.near_duplicates: expected collapse, got {self.near_duplicates!r}"
            )
        if self.group_by not in (None, "folder"):
            _expression(self.group_by)

    @property
    def origin(self) -> str | None:
        """Return None: every file is an origin of its own."""
        return None

    def where(self, reference: str) -> str:
        """Return the path."""
        return reference

    def payloads(self, base: Path, references: Sequence[str]) -> Iterator[Payload | None]:
        """Read the files again; the uri is an absolute path."""
        for reference in references:
            path = base / reference
            try:
                content_hash = hashlib.sha256(content_of(path)).hexdigest()
            except DataError:
                yield None
            else:
                yield Payload(content_hash=content_hash, uri=str(path.absolute()))

    def paths(self, base: Path, references: Sequence[str]) -> Iterator[Path]:
        """Yield the files."""
        return ((base / reference).absolute() for reference in references)

    def groups_of(self, names: Sequence[str]) -> list[str | None] | None:
        """Return the group of every picture by its path below its folder; None: there are none."""
        if self.group_by is None:
            return None
        if self.group_by == "folder":
            return [folder_of(name) for name in names]
        pattern = _expression(self.group_by)
        return [found[1] if (found := pattern.search(name)) else None for name in names]

    def look_alikes(
        self, seen: SeenPictures, references: Sequence[str]
    ) -> Callable[[Mapping[int, str]], dict[int, str]] | None:
        """Return what says which usable pictures look as an earlier one does; None: nobody asks."""
        if self.near_duplicates is None:
            return None

        def reasons(bad: Mapping[int, str]) -> dict[int, str]:
            usable = np.array([at for at in range(len(references)) if at not in bad], dtype=np.intp)
            firsts = usable[near_duplicates(seen.looks[usable])]
            return {
                int(at): f"nearly the same picture as {references[first]}"
                for at, first in zip(usable, firsts, strict=True)
                if at != first
            }

        return reasons

    def see(self, base: Path, references: Sequence[str], below: Path | None = None) -> SeenPictures:
        """Decode every picture once (`see_pictures`), or twice to find those that look the same.

        One that is listed twice, or does not lie below a folder where one is given, is not used.
        """
        first = {one: at for at, one in reversed(list(enumerate(references)))}

        def content(at: int) -> bytes:
            path = base / references[at]
            if first[references[at]] != at:
                raise DataError("it is listed twice")
            return content_of(path) if below is None else content_below(below, path)

        look = LOOK if self.near_duplicates else 0
        return see_pictures(len(references), content, self.size, self.colors, look)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeenPictures:
    """What n pictures look like, as parallel columns; what could not be decoded is in `bad`."""

    content_hashes: list[str]
    features: ArrayRows
    sizes: list[tuple[int, int]]
    """Width and height as people see them; zeros where nobody does."""
    looks: NDArray[np.uint8]
    """(n, look * look) grey levels."""
    bad: dict[int, str]


def see_pictures(
    count: int, content: Callable[[int], bytes], size: int, colors: Colors, look: int = 0
) -> SeenPictures:
    """Decode pictures by number; one whose content cannot be had (`DataError`) is named in `bad`.

    No more than one is in memory at a time. `look` asks for look x look grey levels as well.
    """
    levels = np.zeros((count, pixel_count(size, colors)), np.uint8)
    looks = np.zeros((count, look * look), np.uint8)
    hashes, sizes = [""] * count, [(0, 0)] * count
    bad: dict[int, str] = {}
    for at in range(count):
        try:
            found = content(at)
            hashes[at] = hashlib.sha256(found).hexdigest()
            levels[at], sizes[at] = measured_pixels(found, size, colors)
            if look:
                looks[at] = pixels(found, look, "gray")
        except DataError as error:
            bad[at] = str(error)
    return SeenPictures(
        content_hashes=hashes,
        features=ArrayRows(array=levels, divisor=WHITE),
        sizes=sizes,
        looks=looks,
        bad=bad,
    )


def check_features(size: int, colors: str) -> None:
    """Raise `ConfigurationError` for pixels that cannot be features."""
    if not 1 <= size <= MAX_SIZE:
        raise ConfigurationError(f"pool.size: expected 1 to {MAX_SIZE}, got {size}")
    if colors not in MODES:
        raise ConfigurationError(f"pool.colors: expected {' or '.join(MODES)}, got {colors!r}")


def content_of(path: Path) -> bytes:
    """Return the bytes of a file; `DataError` where it cannot be read."""
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:  # the latter of a name that no file can have
        why = getattr(error, "strerror", None) or "no file can have this name"
        raise DataError(f"it cannot be read: {why}") from None


def expect_picture(content: bytes | None) -> bytes:
    """Return the picture of an export; `DataError` where it is not on this machine."""
    if content is None:
        raise DataError("its picture is not below `files`, and nothing is downloaded")
    return content


def content_below(folder: Path, path: Path) -> bytes:
    """Return the bytes of a file below a folder, and of no other: a data set may name anything."""
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, ValueError):  # a loop of links, or a name that no file can have
        inside = False
    if not inside:
        raise DataError(f"it does not lie below {folder.name or folder}, and nothing else is read")
    return content_of(path)


def reference_of(path: Path, base: Path) -> str:
    """Return the path from `base`, or as it is where it lies elsewhere."""
    return (path.relative_to(base) if path.is_relative_to(base) else path).as_posix()


def folder_of(name: str) -> str | None:
    """Return the folder of a picture below that of all; None where it lies in that itself."""
    folder = PurePosixPath(name).parent.as_posix()
    return None if folder == "." else folder


def _expression(given: Any) -> re.Pattern[str]:
    wanted = "pool.group_by: expected folder or {pattern: EXPRESSION with a group in parentheses}"
    if not isinstance(given, Mapping) or set(given) != {"pattern"}:
        raise ConfigurationError(f"{wanted}, got {given!r}")
    try:
        pattern = re.compile(given["pattern"])
    except (re.error, TypeError) as error:
        raise ConfigurationError(f"{wanted}, got {given['pattern']!r}: {error}") from None
    if not pattern.groups:
        raise ConfigurationError(f"{wanted}, got {given['pattern']!r} without one")
    return pattern

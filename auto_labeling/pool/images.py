"""The pool kind `images`: picture files, with small pixels as features."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.pool.listing import Found, find_images
from auto_labeling.pool.pixels import MODES, WHITE, Colors, pixel_count, pixels
from auto_labeling.pool.rows import ArrayRows
from auto_labeling.pool.screen import Candidates, screen
from auto_labeling.pool.source import Payload, SourceRows
from auto_labeling.records import LabelSchema

MAX_SIZE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """Images in a folder, matching a pattern, in a .txt list (a path a line), or listed here.

    The content of an image is the bytes of its file. `folder` as a label is the folder the image
    lies in; as a group it is the same, or what lies above the label's folder if both are given.
    """

    path: str | tuple[str, ...]
    group_by: Literal["folder"] | None = None
    label_by: Literal["folder"] | None = None
    size: int = 16
    """Features are size x size pixels."""
    colors: Colors = "gray"
    heldout: str | None = None
    """A folder, pattern or list of images whose folders are their labels."""

    def __post_init__(self) -> None:
        if not isinstance(self.path, str):
            object.__setattr__(self, "path", tuple(self.path))
        if not self.path:
            raise ConfigurationError("pool.path: expected a folder, pattern or list, got nothing")
        if not 1 <= self.size <= MAX_SIZE:
            raise ConfigurationError(f"pool.size: expected 1 to {MAX_SIZE}, got {self.size}")
        if self.colors not in MODES:
            raise ConfigurationError(
                f"pool.colors: expected {' or '.join(MODES)}, got {self.colors!r}"
            )
        for key in ("group_by", "label_by"):
            if getattr(self, key) not in (None, "folder"):
                raise ConfigurationError(f"pool.{key}: expected folder, got {getattr(self, key)!r}")

    @property
    def location(self) -> str:
        """Return the path or pattern, or the first and last of a list."""
        if isinstance(self.path, str):
            return self.path
        return self.path[0] if len(self.path) == 1 else f"{self.path[0]} ... {self.path[-1]}"

    @property
    def origin(self) -> str | None:
        """Return None: every file is an origin of its own."""
        return None

    def read(self, base: Path, schema: LabelSchema | None = None) -> SourceRows:
        """Decode every image once."""
        found = find_images(self.path, base)
        references = [_reference(image.path, base) for image in found]
        levels = np.zeros((len(found), pixel_count(self.size, self.colors)), np.uint8)
        hashes = [""] * len(found)
        bad: dict[int, str] = {}
        seen: set[str] = set()
        for at, reference in enumerate(references):
            try:
                if reference in seen:
                    raise DataError("it is listed twice")
                seen.add(reference)
                content = _content(base / reference)
                hashes[at] = hashlib.sha256(content).hexdigest()
                levels[at] = pixels(content, self.size, self.colors)
            except DataError as error:
                bad[at] = str(error)
        candidates = Candidates(
            source=self,
            references=references,
            content_hashes=hashes,
            features=ArrayRows(array=levels, divisor=WHITE),
            groups=[self._group(image) for image in found] if self.group_by else None,
            labels=[_label(image) for image in found] if self.label_by else None,
            bad=bad,
        )
        return screen(candidates, schema)

    def read_heldout(self, base: Path, schema: LabelSchema) -> SourceRows | None:
        """Return the held-out images, labelled by folder."""
        if self.heldout is None:
            return None
        heldout = replace(self, path=self.heldout, label_by="folder", heldout=None)
        return heldout.read(base, schema)

    def where(self, reference: str) -> str:
        """Return the path."""
        return reference

    def payloads(self, base: Path, references: Sequence[str]) -> Iterator[Payload | None]:
        """Read the files again; the uri is an absolute path."""
        for reference in references:
            path = base / reference
            try:
                content_hash = hashlib.sha256(_content(path)).hexdigest()
            except DataError:
                yield None
            else:
                yield Payload(content_hash=content_hash, uri=str(path.absolute()))

    def _group(self, image: Found) -> str | None:
        folders = image.folders[:-1] if self.label_by else image.folders
        return "/".join(folders) or None


def _label(image: Found) -> str | None:
    return image.folders[-1] if image.folders else None


def _reference(path: Path, base: Path) -> str:
    """Return the path from `base`, so that pool and workspace can be moved together."""
    return (path.relative_to(base) if path.is_relative_to(base) else path).as_posix()


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"it cannot be read: {error.strerror}") from None

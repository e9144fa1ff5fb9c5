"""The pool kind `images`: picture files, with small pixels as features."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from auto_labeling.errors import ConfigurationError
from auto_labeling.pool.listing import Found, find_images
from auto_labeling.pool.picture_files import PictureFiles, reference_of
from auto_labeling.pool.screen import Candidates, screen
from auto_labeling.pool.source import SourceRows
from auto_labeling.records import LabelSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Images(PictureFiles):
    """Images in a folder, matching a pattern, in a .txt list (a path a line), or listed here.

    `folder` as a label is the folder the image lies in; as a group it is the same, or what lies
    above the label's folder if both are given.
    """

    path: str | tuple[str, ...]
    label_by: Literal["folder"] | None = None
    heldout: str | None = None
    """A folder, pattern or list of images whose folders are their labels."""

    def __post_init__(self) -> None:
        PictureFiles.__post_init__(self)
        if not isinstance(self.path, str):
            object.__setattr__(self, "path", tuple(self.path))
        if not self.path:
            raise ConfigurationError("pool.path: expected a folder, pattern or list, got nothing")
        if self.label_by not in (None, "folder"):
            raise ConfigurationError(f"pool.label_by: expected folder, got {self.label_by!r}")

    @property
    def location(self) -> str:
        """Return the path or pattern, or the first and last of a list."""
        if isinstance(self.path, str):
            return self.path
        return self.path[0] if len(self.path) == 1 else f"{self.path[0]} ... {self.path[-1]}"

    def read(self, base: Path, schema: LabelSchema | None = None) -> SourceRows:
        """Decode every image once."""
        found = find_images(self.path, base)
        references = [reference_of(image.path, base) for image in found]
        seen = self.see(base, references)
        labels = [_label(image) for image in found] if self.label_by else None
        candidates = Candidates(
            source=self,
            references=references,
            content_hashes=seen.content_hashes,
            features=seen.features,
            groups=self.groups_of([self._name(image) for image in found]),
            labels=labels,
            bad=seen.bad,
            alike=self.look_alikes(seen, references),
        )
        return screen(candidates, schema)

    def read_heldout(self, base: Path, schema: LabelSchema) -> SourceRows | None:
        """Return the held-out images, labelled by folder."""
        if self.heldout is None:
            return None
        heldout = replace(self, path=self.heldout, label_by="folder", heldout=None)
        return heldout.read(base, schema)

    def _name(self, image: Found) -> str:
        folders = image.folders[:-1] if self.label_by else image.folders
        return "/".join((*folders, image.path.name))


def _label(image: Found) -> str | None:
    return image.folders[-1] if image.folders else None

"""The pool kind `coco`: pictures and what is drawn on them, as a COCO file names both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats.coco_reading import CocoFile, read_coco
from auto_labeling.pool.drawn import DrawnPictures, Listed, labels_text, put_aside
from auto_labeling.pool.source import SourceRows
from auto_labeling.records import LabelSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Coco(DrawnPictures):
    """The pictures of a COCO file; one without annotations is one on which nothing is.

    A file without any list of annotations, or with annotations of other pictures only, has pictures
    without labels. A picture that shares its id with another has none either.

    `heldout` is another such file, whose labels judge.
    """

    path: str
    """The JSON file."""
    images: str = "."
    """The folder below which its pictures lie, and nothing is read that does not."""
    heldout_images: str | None = None
    """The folder of the held-out pictures, where it is another."""

    def __post_init__(self) -> None:
        DrawnPictures.__post_init__(self)
        if not self.path:
            raise ConfigurationError("pool.path: expected a COCO file, got nothing")

    @property
    def location(self) -> str:
        """Return the path of the file."""
        return self.path

    def read(self, base: Path, schema: LabelSchema | None = None) -> SourceRows:
        """Decode every picture once."""
        file, folder = self._file(base), base / self.images
        if (
            self.images == "."
            and file.pictures
            and not any((folder / one.name).is_file() for one in file.pictures)
        ):
            raise DataError(
                f"{self.path}: none of its {len(file.pictures)} pictures lies beside the campaign "
                "file; name their folder under pool.images"
            )
        says_why = file.is_labeled or schema is not None
        listed = [
            Listed(
                path=folder / one.name,
                name=one.name,
                labels=self.path,
                read=one.drawn if says_why else None,
            )
            for one in file.pictures
        ]
        left_out = put_aside(self.path, file.left_out)
        return self.usable(base, listed, schema, left_out, below=folder)

    def read_heldout(self, base: Path, schema: LabelSchema) -> SourceRows | None:
        """Return the pictures of the other file."""
        if self.heldout is None:
            return None
        images = self.heldout_images or self.images
        other = replace(self, path=self.heldout, images=images, heldout=None, heldout_images=None)
        return other.read(base, schema)

    def _file(self, base: Path) -> CocoFile:
        try:
            return read_coco(labels_text(base / self.path))
        except DataError as error:
            raise DataError(f"{self.path}: {error}") from None

"""What the pool kinds of drawn labels share: pictures with boxes, polygons or masks on them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats.drawn import Drawn, DrawnTask, LeftOut, Size
from auto_labeling.formats.value import write_label
from auto_labeling.pool.picture_files import PictureFiles, SeenPictures, reference_of
from auto_labeling.pool.screen import Candidates, screen, why_empty
from auto_labeling.pool.source import Quarantined, SourceRows
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Shape

_OTHERS = "*"

Reading: TypeAlias = Callable[[DrawnTask | None, Size], Drawn]
"""What is drawn on a picture of the size that people see, as the answers of a task are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A picture that a data set names, whether or not it is there."""

    path: Path
    name: str
    """Its path below the folder of the pictures."""
    labels: str
    """Where its labels stand, for people."""
    read: Reading | None
    """None: the data set says nothing about it, not even that nothing is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnPictures(PictureFiles, ABC):
    """The settings of pictures with labels that are drawn on them.

    A label stands alongside its picture in a pool, and teaches or judges in a labeled set. An
    object that cannot be used is quarantined, and the others of its picture are kept. Where there
    are no others, nobody knows what is on the picture, so it has no label: it can be labeled, and
    neither teaches nor judges. A crowd of COCO is such an object.
    """

    classes: Mapping[str, str | None] | None = field(default=None, hash=False)
    """New names of classes by their old ones. What is called null is left out; `"*"` stands for
    every other. A picture with a class that `labels.classes` lacks has no label to learn from."""
    shapes: DrawnTask | None = None
    """What the labels of a pool are made of; omitted: what the file has. A task says it itself."""

    heldout: str | None = None
    """Where what judges is named; each kind says how."""

    @property
    @abstractmethod
    def location(self) -> str:
        """Return what was named, for people."""

    @abstractmethod
    def read(self, base: Path, schema: LabelSchema | None = None) -> SourceRows:
        """Return the usable pictures."""

    @abstractmethod
    def read_heldout(self, base: Path, schema: LabelSchema) -> SourceRows | None:
        """Return the held-out pictures with labels."""

    def __post_init__(self) -> None:
        PictureFiles.__post_init__(self)
        if self.shapes not in (None, "boxes", "polygons", "masks"):
            raise ConfigurationError(
                f"pool.shapes: expected boxes, polygons or masks, got {self.shapes!r}"
            )

    def usable(
        self,
        base: Path,
        listed: Sequence[Listed],
        schema: LabelSchema | None,
        left_out: Sequence[Quarantined] = (),
        *,
        below: Path | None = None,
    ) -> SourceRows:
        """Return the usable pictures with what is drawn on them; none from elsewhere than `below`.

        `left_out` is what of the labels could not even be given to a picture.
        """
        if not listed:
            raise DataError(why_empty(self.location, left_out))
        references = [reference_of(one.path, base) for one in listed]
        seen = self.see(base, references, below)
        labels, bad, objects = self._labels(listed, seen, schema)
        return screen(
            Candidates(
                source=self,
                references=references,
                content_hashes=seen.content_hashes,
                features=seen.features,
                groups=self.groups_of([one.name for one in listed]),
                labels=labels,
                drawn=True,
                bad=bad,
                alike=self.look_alikes(seen, references),
                quarantined=(*left_out, *objects),
            ),
            schema,
        )

    def _labels(
        self, listed: Sequence[Listed], seen: SeenPictures, schema: LabelSchema | None
    ) -> tuple[list[str | None], dict[int, str], list[Quarantined]]:
        """Return the label of every picture, why some cannot be used, and the objects left out."""
        labels: list[str | None] = [None] * len(listed)
        bad, left_out = dict(seen.bad), []
        for at, one in enumerate(listed):
            if at in bad:
                continue
            try:
                labels[at], objects = self._label(one, seen.sizes[at], schema)
            except DataError as error:
                if schema is not None:  # without, a picture is something to be labeled
                    bad[at] = str(error)
                elif one.read is not None:
                    where = f"{one.labels}: {one.name}"
                    left_out.append(Quarantined(where=where, item_id=None, reason=str(error)))
                continue
            left_out += put_aside(one.labels, objects)
            if labels[at] is None and schema is not None:
                bad[at] = "it has objects, and not one of them can be used"
        return labels, bad, left_out

    def _label(
        self, one: Listed, size: Size, schema: LabelSchema | None
    ) -> tuple[str | None, Sequence[LeftOut]]:
        """Return a label as it is kept, None where nothing else is left, and the objects left out.

        What is called null is wanted by nobody, so that it does not matter whether it can be used.
        """
        if one.read is None:
            raise DataError("it has no label")
        drawn = one.read(self._form(schema), size)
        shapes = self._renamed(drawn.shapes)
        if schema is not None and not {shape.label for shape in shapes} <= set(schema.classes):
            raise DataError("its label is not one of labels.classes")
        missed = [
            one for one in drawn.left_out if one.label is None or self._name(one.label) is not None
        ]
        return (None if missed and not shapes else write_label(shapes)), drawn.left_out

    def _form(self, schema: LabelSchema | None) -> DrawnTask | None:
        match schema.task if schema is not None else None:
            case "boxes" | "polygons" | "masks" as task:
                return task
        return self.shapes

    def _renamed(self, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
        return tuple(
            replace(shape, label=name)
            for shape in shapes
            if (name := self._name(shape.label)) is not None
        )

    def _name(self, label: str) -> str | None:
        """Return what a class is called here; None where nobody wants it."""
        names = self.classes or {}
        return names.get(label, names.get(_OTHERS, label))


def put_aside(where: str, objects: Sequence[LeftOut]) -> list[Quarantined]:
    """Return what of a file of labels cannot be used, each with where it stands."""
    return [
        Quarantined(where=f"{where}: {one.where}", item_id=None, reason=one.reason)
        for one in objects
    ]


def labels_text(path: Path) -> str:
    """Return a file of labels; `DataError` where it is not there, or is no text in UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataError(
            f"{path}: there is no such file; mend the path, or put the file there"
        ) from None
    except (OSError, ValueError):
        raise DataError(f"{path}: expected a readable text in UTF-8") from None

"""Pascal VOC, read: an XML file a picture, with a box around every object.

VOC itself counts pixels from 1 and means the last one within the box; most tools since, and what is
written here, give edges from 0 at the left and the top to the picture's size at the right and the
bottom. A file does not say which it is, so whoever reads it has to: `first_pixel`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal
from xml.etree import ElementTree as ET

from auto_labeling.errors import DataError
from auto_labeling.formats.drawn import (
    Drawn,
    DrawnTask,
    Size,
    box_within,
    expect_size,
    gathered,
    in_form,
    is_side,
)
from auto_labeling.shapes import Shape

_EDGES = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VocPicture:
    """A picture of a file, with its objects as they stand there."""

    name: str
    """The file name of the picture; empty where it is not told."""
    size: Size | None
    objects: tuple[Any, ...]

    def drawn(
        self,
        task: DrawnTask | None = None,
        seen: Size | None = None,
        first_pixel: Literal[0, 1] = 0,
    ) -> Drawn:
        """Return the objects, all of them boxes.

        `seen` is the size that people see. Raises `DataError` where the file says another, or where
        nobody knows one.
        """
        size = expect_size(self.size, seen)
        objects = (
            (f"object {at}", _class_of(one) or None, partial(_shapes, one, task, size, first_pixel))
            for at, one in enumerate(self.objects, 1)
        )
        return gathered(objects, size)


def read_voc(text: str) -> VocPicture:
    """Return the picture of a file. Raises `DataError` where it is none.

    A document type is refused, because entities could grow without bound or name files.

    >>> picture = read_voc('''<annotation><filename>a.png</filename>
    ...   <size><width>8</width><height>4</height></size>
    ...   <object><name>car</name><bndbox><xmin>2</xmin><ymin>1</ymin><xmax>6</xmax><ymax>3</ymax>
    ...   </bndbox></object></annotation>''')
    >>> picture.drawn().shapes
    (Box(label='car', x=0.25, y=0.25, width=0.5, height=0.5, score=None, attributes={}),)
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise DataError("expected no document type and no entities, got one")
    try:
        # Entities cannot be defined without a document type.
        root = ET.fromstring(text.removeprefix("\ufeff").strip())  # noqa: S314
    except ET.ParseError:
        raise DataError("expected the XML of an annotation, got no XML") from None
    if root.tag != "annotation":
        raise DataError("expected the XML of an annotation, got another")
    return VocPicture(
        name=(root.findtext("filename") or "").strip(),
        size=_size(root),
        objects=tuple(root.iterfind("object")),
    )


def _size(root: ET.Element) -> Size | None:
    try:
        width, height = (int(root.findtext(f"size/{side}") or 0) for side in ("width", "height"))
    except ValueError:
        return None
    return (width, height) if is_side(width) and is_side(height) else None  # some files say 0


def _class_of(one: ET.Element) -> str:
    return (one.findtext("name") or "").strip()


def _shapes(
    one: ET.Element, task: DrawnTask | None, size: Size, first_pixel: int
) -> tuple[Shape, ...]:
    label = _class_of(one)
    if not label:
        raise DataError("expected the name of its class, got none")
    try:
        edges = [float(one.findtext(f"bndbox/{edge}") or "") for edge in _EDGES]
    except ValueError:
        raise DataError(f"expected {', '.join(_EDGES)} as numbers, got something else") from None
    width, height = size
    left, top, right, bottom = edges
    left, top = left - first_pixel, top - first_pixel
    within = box_within(label, (left / width, top / height, right / width, bottom / height))
    return (in_form(within, task),)

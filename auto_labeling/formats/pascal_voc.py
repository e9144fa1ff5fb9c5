"""Pascal VOC: an XML file a picture, with the upright box around every object.

Edges are whole pixels, 0 at the left and the top, the picture's size at the right and the bottom.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from xml.etree import ElementTree as ET

from auto_labeling.formats.labeled import Drawing, Labeled, bounds, drawings
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Shape

_EDGES = ("xmin", "ymin", "xmax", "ymax")


def encode_voc(labeled: Sequence[Labeled], schema: LabelSchema) -> Mapping[str, str]:
    """Return `Annotations/NAME.xml` for every picture; outlines and masks are written as boxes.

    >>> from auto_labeling.shapes import Box
    >>> one = Labeled(number=7, item_id="7", picture="7.png", size=(200, 100),
    ...               value=(Box(label="<car>", x=.1, y=.2, width=.3, height=.5),))
    >>> [xml] = encode_voc([one], LabelSchema(task="boxes", classes=("<car>",))).values()
    >>> [edge.text for edge in ET.fromstring(xml).iter() if edge.tag in _EDGES]
    ['20', '20', '80', '70']
    """
    return {
        str(PurePosixPath("Annotations", picture.name).with_suffix(".xml")): _xml(picture)
        for picture in drawings(labeled, schema, "Pascal VOC")
    }


def _xml(picture: Drawing) -> str:
    width, height = picture.pixels
    root = ET.Element("annotation")
    folder = PurePosixPath(picture.name)
    _add(root, "folder", str(folder.parent) if len(folder.parts) > 1 else "")
    _add(root, "filename", folder.name)
    size = ET.SubElement(root, "size")
    for name, side in (("width", width), ("height", height), ("depth", 3)):
        _add(size, name, str(side))
    _add(root, "segmented", "0")
    for shape in picture.shapes:
        _add_object(root, shape, width, height)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode") + "\n"


def _add_object(root: ET.Element, shape: Shape, width: int, height: int) -> None:
    one = ET.SubElement(root, "object")
    _add(one, "name", shape.label)
    _add(one, "pose", "Unspecified")
    _add(one, "truncated", "0")
    _add(one, "difficult", "0")
    left, top, right, bottom = bounds(shape)
    xmin, xmax = _whole(left * width, right * width)
    ymin, ymax = _whole(top * height, bottom * height)
    box = ET.SubElement(one, "bndbox")
    for name, edge in zip(_EDGES, (xmin, ymin, xmax, ymax), strict=True):
        _add(box, name, str(edge))


def _whole(start: float, end: float) -> tuple[int, int]:
    """Return the nearest whole edges, but never two that are the same: a box has an area."""
    if round(start) < round(end):
        return round(start), round(end)
    return math.floor(start), max(math.ceil(end), math.floor(start) + 1)


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text

"""CVAT for images 1.1, written: an XML file that CVAT imports into a task with these pictures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias
from xml.etree import ElementTree as ET

from auto_labeling.errors import DataError
from auto_labeling.formats.cvat.document import Document

CORNERS = ("xtl", "ytl", "xbr", "ybr")
CROP = ("left", "top", "width", "height")
_DECIMALS = 6
"""Of a pixel: nothing that anybody could draw is lost."""
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that XML cannot hold, escaped or not."""
_Drawn: TypeAlias = tuple[str, dict[str, str]]


def write_xml(document: Document) -> str:
    """Return the file; the same document makes the same file.

    CVAT matches pictures and labels by their names. Where pictures say in which part they are shown
    or to whom, it is the file of a project, with a task for each. Raises `DataError` for a name
    that XML cannot hold.

    >>> from auto_labeling.formats.cvat.document import Picture
    >>> tag = {"frame": 0, "label_id": 1, "source": "manual"}
    >>> one = Document(labels=[{"id": 1, "name": "car"}], annotations={"tags": [tag]},
    ...                pictures=[Picture(name="a.png", size=(9, 9))])
    >>> print(write_xml(one).partition("</meta>")[2].strip())
    <image id="0" name="a.png" width="9" height="9">
        <tag label="car" source="manual" />
      </image>
    </annotations>
    """
    root = ET.Element("annotations")
    _add(root, "version", "1.1")
    shown = ((one.part, one.person) for one in document.pictures)
    tasks = dict.fromkeys(pair for pair in shown if any(pair))
    numbers = {task: str(number) for number, task in enumerate(tasks, start=1)}
    _add_head(root, document, numbers)
    labels = {row["id"]: row for row in document.labels}
    images = []
    for at, picture in enumerate(document.pictures):
        width, height = map(str, picture.size)
        told = {"id": str(at), "name": _fit(picture.name), "width": width, "height": height}
        if (task := numbers.get((picture.part, picture.person))) is not None:
            told["task_id"] = task
        images.append(ET.SubElement(root, "image", told))
    for row in document.annotations.get("tags", ()):
        _add_row(images[row["frame"]], row, labels[row["label_id"]], ("tag", {}))
    for row in document.annotations.get("shapes", ()):
        _add_row(images[row["frame"]], row, labels[row["label_id"]], _drawn(row))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _add_head(root: ET.Element, document: Document, tasks: Mapping[tuple[str, str], str]) -> None:
    head = ET.SubElement(ET.SubElement(root, "meta"), "project" if tasks else "task")
    _add(head, "name", document.name)
    if tasks:
        _add_tasks(ET.SubElement(head, "tasks"), tasks)
    else:
        _add(head, "size", str(len(document.pictures)))
        _add(head, "mode", "annotation")
    labels = ET.SubElement(head, "labels")
    for row in document.labels:
        label = ET.SubElement(labels, "label")
        _add(label, "name", row["name"])
        _add(label, "type", row.get("type", "any"))
        attributes = ET.SubElement(label, "attributes")
        for one in row.get("attributes", ()):
            attribute = ET.SubElement(attributes, "attribute")
            _add(attribute, "name", one["name"])
            _add(attribute, "mutable", str(one.get("mutable", False)))
            _add(attribute, "input_type", one.get("input_type", "text"))
            _add(attribute, "default_value", one.get("default_value", ""))
            _add(attribute, "values", "\n".join(one.get("values", ())))


def _add_tasks(parent: ET.Element, tasks: Mapping[tuple[str, str], str]) -> None:
    for (part, person), number in tasks.items():
        task = ET.SubElement(parent, "task")
        _add(task, "id", number)
        _add(task, "name", part)
        assignee = ET.SubElement(task, "assignee")
        if person:
            _add(assignee, "username", person)


def _add_row(
    image: ET.Element, row: Mapping[str, Any], label: Mapping[str, Any], drawn: _Drawn
) -> None:
    tag, place = drawn
    told = {"label": _fit(label["name"]), "source": _fit(row.get("source", "manual"))}
    one = ET.SubElement(image, tag, told | place)
    names = {spec["id"]: spec["name"] for spec in label.get("attributes", ())}
    for attribute in row.get("attributes", ()):
        text = _add(one, "attribute", attribute["value"])
        text.set("name", _fit(names[attribute["spec_id"]]))


def _drawn(row: Mapping[str, Any]) -> _Drawn:
    """Return the tag of a shape, and where it lies."""
    points, beside = row["points"], {"occluded": str(int(bool(row.get("occluded"))))}
    match row["type"]:
        case "rectangle":
            place = dict(zip(CORNERS, map(_text, points), strict=True))
            turned = {"rotation": _text(row["rotation"])} if row.get("rotation") else {}
            tag, place = "box", place | turned
        case "mask":
            *runs, left, top, right, bottom = (str(int(one)) for one in points)
            width, height = int(right) - int(left) + 1, int(bottom) - int(top) + 1
            crop = dict(zip(CROP, (left, top, str(width), str(height)), strict=True))
            tag, place = "mask", {"rle": ", ".join(runs), **crop}
        case kind:
            pairs = zip(points[::2], points[1::2], strict=True)
            tag, place = kind, {"points": ";".join(f"{_text(x)},{_text(y)}" for x, y in pairs)}
    return tag, {**beside, **place, "z_order": str(row.get("z_order", 0))}


def _text(number: float) -> str:
    return str(round(float(number), _DECIMALS))


def _add(parent: ET.Element, name: str, text: str) -> ET.Element:
    one = ET.SubElement(parent, name)
    one.text = _fit(text)
    return one


def _fit(text: str) -> str:
    if found := _UNFIT.search(text):
        raise DataError(f"{text!r}: expected characters that XML can hold, got {found.group()!r}")
    return text

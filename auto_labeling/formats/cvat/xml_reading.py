"""CVAT for images 1.1, read: what people made of a task or a project, from an export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from auto_labeling.errors import DataError
from auto_labeling.formats.cvat.document import Document, Picture
from auto_labeling.formats.cvat.xml import CORNERS, CROP


def read_xml(text: str) -> Document:
    """Return what a file holds. Raises `DataError` where it is none, or has tracks.

    Labels that its head does not name are taken from what is drawn. Numbers that are none become a
    problem of their picture when that is read. A document type is refused, because entities could
    grow without bound or name files.
    """
    root = _parsed(text)
    if root.tag != "annotations":
        raise _bad("annotations", root.tag)
    if (track := root.find("track")) is not None:
        got = f"a track of {track.get('label')!r} over the frames of a film"
        raise _bad("pictures, as 'CVAT for images 1.1' has them", got)
    names = _Names(root)
    images = root.findall("image")
    rows = [_row(one, at, names) for at, image in enumerate(images) for one in image]
    head = next((one for name in _HEADS for one in root.iter(name)), ET.Element(_HEADS[0]))
    people = {one.findtext("id") or "": _assignee(one) for one in root.iterfind("meta//task")}
    given_to = "" if head.tag == "project" else _assignee(head)  # whoever leads it drew nothing
    return Document(
        name=head.findtext("name") or "",
        labels=names.rows,
        pictures=[_picture(image, _part(image, head), people, given_to) for image in images],
        annotations={
            "tags": [row for row in rows if row["type"] == "tag"],
            "shapes": [row for row in rows if row["type"] != "tag"],
        },
        assignee=given_to or None,
    )


_HEADS = ("project", "task", "job")
"""What a file may be of; a project names its tasks as well."""


class _Names:
    """Numbers for labels and their attributes, given out as they are met."""

    def __init__(self, root: ET.Element) -> None:
        self.rows: list[dict[str, Any]] = []
        """The labels as the server lists them."""
        self._labels: dict[str, dict[str, Any]] = {}
        self._specs: dict[tuple[str, str], int] = {}
        for label in root.iterfind("meta//label"):
            if label.find("parent") is None:  # else a joint of a skeleton
                name = label.findtext("name") or ""
                self.label(name, label.findtext("type") or "any")
                for one in label.iterfind("attributes/attribute"):
                    kind, values = one.findtext("input_type"), one.findtext("values") or ""
                    self.spec(name, one.findtext("name") or "", kind or "text", values.split("\n"))

    def label(self, name: str, kind: str = "any") -> int:
        """Return the number of a label."""
        if name not in self._labels:
            row = {"id": len(self.rows) + 1, "name": name, "type": kind, "attributes": []}
            self._labels[name] = row
            self.rows.append(row)
        return int(self._labels[name]["id"])

    def spec(self, label: str, name: str, kind: str = "text", values: Sequence[str] = ()) -> int:
        """Return the number of an attribute of a label that is known."""
        if (label, name) not in self._specs:
            number = self._specs[label, name] = len(self._specs) + 1
            row = {"id": number, "name": name, "input_type": kind, "values": list(values)}
            self._labels[label]["attributes"].append(row)
        return self._specs[label, name]


def _parsed(text: str) -> ET.Element:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise _bad("no document type and no entities", "a DOCTYPE or an ENTITY")
    try:
        # Entities cannot be defined without a document type.
        return ET.fromstring(text.removeprefix("\ufeff").strip())  # noqa: S314
    except ET.ParseError as error:
        raise _bad("XML", str(error)) from error


def _picture(image: ET.Element, part: str, people: Mapping[str, str], given_to: str) -> Picture:
    name = image.get("name", "")
    try:
        width, height = (int(image.get(side, "")) for side in ("width", "height"))
    except ValueError:
        width = height = 0
    if not name or width < 1 or height < 1:
        raise _bad("a name, a width and a height of every image", str(image.attrib))
    task = image.get("task_id")
    person = given_to if task is None else people.get(task, "")
    return Picture(name=name, size=(width, height), part=part, person=person)


def _part(image: ET.Element, head: ET.Element) -> str:
    """Return which task a picture is in; of a file that is no project's, what it is of."""
    task, number = image.get("task_id"), head.findtext("id")
    if task is not None:
        return f"task {task}"
    return f"{head.tag} {number}" if number else ""


def _assignee(head: ET.Element) -> str:
    return (head.findtext("assignee/username") or "").strip()


def _row(one: ET.Element, at: int, names: _Names) -> dict[str, Any]:
    """Return a tag or a shape as annotations hold it."""
    label = one.get("label")
    if label is None:
        raise _bad("a label of everything in an image", f"<{one.tag}> without")
    return {
        "frame": at,
        "label_id": names.label(label),
        "type": "rectangle" if one.tag == "box" else one.tag,
        "source": one.get("source", "manual"),
        "occluded": one.get("occluded") == "1",
        "points": _points(one),
        "rotation": next(iter(_numbers([one.get("rotation", "0")]))),
        "attributes": [
            {"spec_id": names.spec(label, name.get("name", "")), "value": name.text or ""}
            for name in one.iterfind("attribute")
        ],
    }


def _points(one: ET.Element) -> Sequence[Any]:
    """Return the points of a shape that can be an answer."""
    told: Mapping[str, str] = one.attrib
    match one.tag:
        case "box":
            return _numbers([told.get(name, "") for name in CORNERS])
        case "polygon":
            pairs = [pair.split(",") for pair in told.get("points", "").split(";")]
            return _numbers([edge for pair in pairs for edge in pair])
        case "mask":
            place = _numbers([told.get(name, "") for name in CROP])
            runs = _numbers(told.get("rle", "").split(","))
            if all(isinstance(edge, float) for edge in place):
                left, top, width, height = place
                return [*runs, left, top, left + width - 1, top + height - 1]
            return [*runs, *place]
    return []


def _numbers(texts: Sequence[str]) -> list[Any]:
    """Return numbers, or the texts where one is none: `read_frames` says so then."""
    try:
        return [float(text) for text in texts]
    except ValueError:
        return list(texts)


def _bad(expected: str, got: str) -> DataError:
    return DataError(f"CVAT's XML: expected {expected}, got {got}")

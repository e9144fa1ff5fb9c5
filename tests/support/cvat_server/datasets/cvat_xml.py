"""CVAT for images 1.1: everything 2D in one `annotations.xml`, its head says where it is from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element, SubElement

from tests.support.cvat_server.accounts import now
from tests.support.cvat_server.datasets.contents import Contents, ImportFailed, Item, Read
from tests.support.cvat_server.records import Job, Project, Shape, Task

TAGS = {"rectangle": "box"}  # the others are called what they are
SHAPES = ("box", "polygon", "polyline", "points", "ellipse", "mask")


def write(contents: Contents) -> dict[str, bytes]:
    """Return the one file."""
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    meta = SubElement(root, "meta")
    _about(meta, contents)
    SubElement(meta, "dumped").text = str(now())
    for item in contents.items:
        told = {"id": str(item.frame), "name": item.name}
        if contents.task is None:
            told["subset"] = item.subset or "default"
        told |= {"width": str(item.width), "height": str(item.height)}
        one = SubElement(root, "image", told)
        for tag in item.tags:
            drawn = SubElement(one, "tag", label=contents.label(tag).name, source=tag.source)
            _attributes(drawn, contents.attributes(tag))
        for shape in item.shapes:
            _shape(one, contents, shape)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode", short_empty_elements=False)
    return {"annotations.xml": f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()}


def image(item: Item) -> str:
    """Return where a picture lies."""
    return f"images/{item.name}"


def _shape(parent: Element, contents: Contents, shape: Shape) -> None:
    told = {
        "label": contents.label(shape).name,
        "source": shape.source,
        "occluded": str(int(shape.occluded)),
        **_geometry(shape),
    }
    if shape.rotation:
        told["rotation"] = f"{shape.rotation:.2f}"
    told["z_order"] = str(shape.z_order)
    if shape.group:
        told["group_id"] = str(shape.group)
    drawn = SubElement(parent, TAGS.get(shape.type, shape.type), told)
    _attributes(drawn, contents.attributes(shape))


def _geometry(shape: Shape) -> dict[str, str]:
    points = [f"{one:.2f}" for one in shape.points]
    if shape.type == "rectangle":
        return dict(zip(("xtl", "ytl", "xbr", "ybr"), points, strict=True))
    if shape.type == "ellipse":
        x, y, right, top = shape.points
        told = {"cx": x, "cy": y, "rx": right - x, "ry": y - top}
        return {name: f"{value:.2f}" for name, value in told.items()}
    if shape.type == "mask":
        *runs, left, top, right, bottom = (int(one) for one in shape.points)
        size = {"width": right - left + 1, "height": bottom - top + 1}
        place = {"left": left, "top": top, **size}
        rle = ", ".join(str(run) for run in runs)
        return {"rle": rle, **{name: str(value) for name, value in place.items()}}
    pairs = zip(points[::2], points[1::2], strict=True)
    return {"points": ";".join(f"{x},{y}" for x, y in pairs)}


def _attributes(parent: Element, attributes: Mapping[str, str]) -> None:
    for name, value in attributes.items():
        SubElement(parent, "attribute", name=name).text = value


def _about(meta: Element, contents: Contents) -> None:
    """Write the head; that of a task is recorded, those of a job and a project are after it."""
    about, task = contents.about, contents.task
    source = about if task is None else task
    assert not isinstance(source, Job)
    kind = {Task: "task", Job: "job", Project: "project"}[type(about)]
    root = SubElement(meta, kind)
    told: dict[str, Any] = {"id": about.id}
    if kind != "job":
        told["name"] = source.name
    if task is not None:
        told |= {"size": len(contents.items), "mode": "annotation", "overlap": task.overlap}
    told |= {"bugtracker": source.bug_tracker, "created": about.created, "updated": about.updated}
    if task is not None:
        first, last = _range(contents)
        told |= {"subset": task.subset or "default", "start_frame": first, "stop_frame": last}
        told |= {"frame_filter": ""}
    for name, value in told.items():
        SubElement(root, name).text = str(value)
    if task is not None:
        segments = SubElement(root, "segments")
        for job in contents.jobs:
            url = f"{contents.base}/api/jobs/{job.id}"
            values = {"id": job.id, "start": job.start, "stop": job.stop, "url": url}
            one = SubElement(segments, "segment")
            for name, value in values.items():
                SubElement(one, name).text = str(value)
    owner = SubElement(root, "owner")
    SubElement(owner, "username").text = source.owner.username
    SubElement(owner, "email").text = source.owner.email
    assignee = SubElement(root, "assignee")
    if (person := about.assignee) is not None:
        SubElement(assignee, "username").text = person.username
        SubElement(assignee, "email").text = person.email
    _labels(SubElement(root, "labels"), contents)


def _range(contents: Contents) -> tuple[int, int]:
    about, task = contents.about, contents.task
    if isinstance(about, Job):
        return about.start, about.stop
    assert task is not None
    assert task.data is not None
    return 0, len(task.data.frames) - 1


def _labels(parent: Element, contents: Contents) -> None:
    for label in contents.labels:
        one = SubElement(parent, "label")
        for name in ("name", "color", "type"):
            SubElement(one, name).text = getattr(label, name)
        attributes = SubElement(one, "attributes")
        for attribute in label.attributes:
            values = {
                "name": attribute.name,
                "mutable": attribute.mutable,
                "input_type": attribute.input_type,
                "default_value": attribute.default_value,
                "values": "\n".join(attribute.values),
            }
            inner = SubElement(attributes, "attribute")
            for name, value in values.items():
                SubElement(inner, name).text = str(value)


def read(files: Mapping[str, bytes]) -> list[Read]:
    """Return the annotations of every image; tracks are not read here."""
    found = [content for name, content in files.items() if name.endswith(".xml")]
    if len(found) != 1:
        raise ImportFailed("Dataset must contain a file: 'annotations.xml'")
    try:
        root = ET.fromstring(found[0])
        return [
            _read(image.attrib["name"], one)
            for image in root.findall("image")
            for one in image
            if one.tag in ("tag", *SHAPES)
        ]
    except (ET.ParseError, KeyError, ValueError) as why:
        raise ImportFailed(f"Failed to import dataset 'cvat' at 'annotations.xml': {why}") from None


def _read(item: str, one: Element) -> Read:
    fields: dict[str, Any] = {}
    if one.tag != "tag":
        fields = {
            "type": "rectangle" if one.tag == "box" else one.tag,
            "points": _points(one),
            "occluded": one.attrib.get("occluded") == "1",
            "z_order": int(one.attrib.get("z_order", "0")),
            "rotation": float(one.attrib.get("rotation", "0")),
        }
    return Read(
        item=item,
        label=one.attrib["label"],
        fields=fields | {"group": int(one.attrib.get("group_id", "0"))},
        attributes={pair.attrib["name"]: pair.text or "" for pair in one.findall("attribute")},
    )


def _points(one: Element) -> list[float]:
    told = one.attrib
    if one.tag == "box":
        return [float(told[name]) for name in ("xtl", "ytl", "xbr", "ybr")]
    if one.tag == "ellipse":
        x, y, rx, ry = (float(told[name]) for name in ("cx", "cy", "rx", "ry"))
        return [x, y, x + rx, y - ry]
    if one.tag == "mask":
        left, top, width, height = (int(told[name]) for name in ("left", "top", "width", "height"))
        runs = [float(run) for run in told["rle"].split(",")]
        return [*runs, float(left), float(top), float(left + width - 1), float(top + height - 1)]
    return [float(at) for pair in told["points"].split(";") for at in pair.split(",")]

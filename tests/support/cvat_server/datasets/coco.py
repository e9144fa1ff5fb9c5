"""COCO 1.0, `instances_<subset>.json`: boxes, polygons, masks; tags are left out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.support.cvat_server import pixels
from tests.support.cvat_server.datasets.contents import Contents, ImportFailed, Item, Read
from tests.support.cvat_server.records import Shape

OWN = ("occluded", "rotation")  # attributes that are fields of a shape


def write(contents: Contents) -> dict[str, bytes]:
    """Return the annotation files, one a subset."""
    return {
        f"annotations/instances_{subset}.json": json.dumps(_instances(contents, items)).encode()
        for subset, items in contents.subsets("default").items()
    }


def image(item: Item) -> str:
    """Return where a picture lies."""
    return f"images/{item.subset or 'default'}/{item.name}"


def _instances(contents: Contents, items: list[Item]) -> dict[str, Any]:
    numbers = {label.id: at for at, label in enumerate(contents.labels, 1)}
    drawn = [
        {"image_id": at, "category_id": numbers[shape.label_id], **_geometry(shape, item)}
        | {"attributes": _attributes(contents, shape)}
        for at, item in enumerate(items, 1)
        for shape in item.shapes
        if shape.type in ("rectangle", "polygon", "mask")
    ]
    empty = ("contributor", "date_created", "description", "url", "version", "year")
    return {
        "licenses": [{"name": "", "id": 0, "url": ""}],
        "info": dict.fromkeys(empty, ""),
        "categories": [
            {"id": numbers[label.id], "name": label.name, "supercategory": ""}
            for label in contents.labels
        ],
        "images": [
            {"id": at, "width": item.width, "height": item.height, "file_name": item.name}
            | {"license": 0, "flickr_url": "", "coco_url": "", "date_captured": 0}
            for at, item in enumerate(items, 1)
        ],
        "annotations": [{"id": at, **one} for at, one in enumerate(drawn, 1)],
    }


def _attributes(contents: Contents, shape: Shape) -> dict[str, Any]:
    own = {"occluded": shape.occluded}
    turned = {"rotation": float(shape.rotation)} if shape.type == "rectangle" else {}
    return {**contents.attributes(shape), **own, **turned}


def _geometry(shape: Shape, item: Item) -> dict[str, Any]:
    if shape.type == "mask":
        grid = pixels.grid(shape, item.width, item.height)
        left, top, right, bottom = shape.points[-4:]
        return {
            "segmentation": {"counts": pixels.runs(grid.T.ravel()), "size": list(grid.shape)},
            "area": float(grid.sum()),
            "bbox": [left, top, right - left + 1, bottom - top + 1],
            "iscrowd": 1,
        }
    xs, ys = shape.points[::2], shape.points[1::2]
    box = [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]
    if shape.type == "rectangle":
        return {"segmentation": [], "area": box[2] * box[3], "bbox": box, "iscrowd": 0}
    corners = zip(xs, ys, [*xs[1:], xs[0]], [*ys[1:], ys[0]], strict=True)
    area = abs(sum(x * next_y - next_x * y for x, y, next_x, next_y in corners)) / 2
    return {"segmentation": [shape.points], "area": area, "bbox": box, "iscrowd": 0}


def read(files: Mapping[str, bytes]) -> list[Read]:
    """Return the annotations of all `instances_*.json`, or of one bare JSON file."""
    found = {
        name: content
        for name, content in files.items()
        if name.rsplit("/", 1)[-1].startswith("instances_") or name == "default.json"
    }
    if not found:
        raise ImportFailed("Dataset must contain a file: 'annotations/*_*.json'")
    return [one for name, content in found.items() for one in _read(name, content)]


def _read(name: str, content: bytes) -> list[Read]:
    try:
        told = json.loads(content)
        images = {one["id"]: one["file_name"] for one in told["images"]}
        names = {one["id"]: one["name"] for one in told["categories"]}
        return [
            Read(
                item=images[one["image_id"]],
                label=names[one["category_id"]],
                fields=fields | _own(one.get("attributes", {})),
                attributes={
                    key: str(value)
                    for key, value in one.get("attributes", {}).items()
                    if key not in OWN
                },
            )
            for one in told["annotations"]
            for fields in _shapes(one)
        ]
    except (ValueError, KeyError, TypeError):
        short = name.rsplit("/", 1)[-1]
        raise ImportFailed(f"Failed to import dataset 'coco_instances' at '{short}'.") from None


def _own(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {key: attributes[key] for key in OWN if key in attributes}


def _shapes(one: Mapping[str, Any]) -> list[dict[str, Any]]:
    drawn = one["segmentation"]
    if isinstance(drawn, Mapping):
        return [{"type": "mask", "points": _mask(drawn)}]
    if drawn:
        return [{"type": "polygon", "points": [float(at) for at in ring]} for ring in drawn]
    x, y, width, height = one["bbox"]
    return [{"type": "rectangle", "points": [float(at) for at in (x, y, x + width, y + height)]}]


def _mask(drawn: Mapping[str, Any]) -> list[float]:
    """Return CVAT's points of a COCO mask: runs of columns, as numbers or packed into text."""
    height, width = drawn["size"]
    counts = drawn["counts"]
    flat = pixels.unrolled(_unpacked(counts) if isinstance(counts, str) else counts)
    return pixels.points(flat.reshape(width, height).T)


def _unpacked(text: str) -> list[int]:
    """Return the counts that COCO's own code packs six bits a character, as differences."""
    counts: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value |= -1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    return counts

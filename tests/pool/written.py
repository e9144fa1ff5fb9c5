"""Small files for the tests of the pool."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from PIL import Image, PngImagePlugin
from pyarrow import parquet

from auto_labeling.formats.cvat import Document, Picture, write_xml
from auto_labeling.shapes import Box


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows under a header; None is an empty cell."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_jsonl(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write an object a line."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_parquet(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows of one shape."""
    parquet.write_table(pa.Table.from_pylist([dict(row) for row in rows]), path)


def write_png(path: Path, level: int, note: str = "") -> None:
    """Write a picture whose left half is `level` and whose right half is white."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("L", (8, 6), 255)
    picture.paste(level, (0, 0, 4, 6))
    about = PngImagePlugin.PngInfo()
    about.add_text("note", note)
    picture.save(path, pnginfo=about)


def annotation(names: str | None, person: int, second: int = 0, **fields: Any) -> dict[str, Any]:
    """Return an answer as Label Studio exports it; None is a skip, and spaces part classes."""
    choice = {"from_name": "label", "to_name": "text", "type": "choices"}
    stamp = f"2026-11-21T10:00:{second:02}Z"
    return {
        "id": 100 * person + second,
        "completed_by": person,
        "created_at": stamp,
        "updated_at": stamp,
        "was_cancelled": names is None,
        "result": [choice | {"value": {"choices": names.split()}}] if names else [],
        **fields,
    }


def write_export(
    path: Path, tasks: Sequence[Mapping[str, Any] | tuple[str, Sequence[Mapping[str, Any]]]]
) -> None:
    """Write Label Studio's JSON: whole tasks, or contents with their answers, numbered from 1."""
    whole = [
        task
        if isinstance(task, Mapping)
        else {"id": number, "data": {"text": task[0]}, "annotations": task[1]}
        for number, task in enumerate(tasks, start=1)
    ]
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=1), encoding="utf-8")


def write_cvat_xml(
    path: Path, tags: Mapping[str, Sequence[str]], person: str = "", part: str = ""
) -> None:
    """Write CVAT's XML: the tags of each picture, of 8 x 6 pixels, by whom it was given to."""
    names = list(dict.fromkeys(name for some in tags.values() for name in some))
    document = Document(
        labels=[{"id": at, "name": name} for at, name in enumerate(names)],
        pictures=[Picture(name=name, size=(8, 6), part=part, person=person) for name in tags],
        annotations={
            "tags": [
                {"frame": at, "label_id": names.index(name)}
                for at, some in enumerate(tags.values())
                for name in some
            ]
        },
    )
    path.write_text(write_xml(document), encoding="utf-8")


def box_of(label: str) -> Box:
    """Return the left half of a picture, which is there for every class."""
    return Box(label=label, x=0.0, y=0.0, width=0.5, height=1.0)


def write_coco(
    path: Path, pictures: Sequence[str], annotations: Sequence[Mapping[str, Any]], **sizes: Any
) -> None:
    """Write a COCO file of pictures of 8 x 6 pixels; an annotation names its picture and class."""
    classes = list(dict.fromkeys(str(one["class"]) for one in annotations))
    images = [
        {"id": 7 * at, "file_name": name, "width": 8, "height": 6, **sizes.get(name, {})}
        for at, name in enumerate(pictures, 1)
    ]
    rows = [
        {
            "id": at,
            "image_id": 7 * (pictures.index(one["picture"]) + 1),
            "category_id": 10 * (classes.index(one["class"]) + 1),
            **{key: one[key] for key in one if key not in ("picture", "class")},
        }
        for at, one in enumerate(annotations, 1)
    ]
    categories = [{"id": 10 * at, "name": name} for at, name in enumerate(classes, 1)]
    content = {"images": images, "annotations": rows, "categories": categories}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def write_voc(path: Path, objects: Sequence[tuple[str, Sequence[object]]], **about: Any) -> None:
    """Write VOC's XML of a picture of 8 x 6 pixels: classes with xmin, ymin, xmax, ymax."""
    width, height = about.get("size", (8, 6))
    inside = "".join(
        f"<object><name>{name}</name><bndbox><xmin>{xmin}</xmin><ymin>{ymin}</ymin>"
        f"<xmax>{xmax}</xmax><ymax>{ymax}</ymax></bndbox></object>"
        for name, (xmin, ymin, xmax, ymax) in objects
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"<annotation><filename>{about.get('name', path.stem + '.png')}</filename><size>"
        f"<width>{width}</width><height>{height}</height><depth>3</depth></size>{inside}"
        "</annotation>",
        encoding="utf-8",
    )

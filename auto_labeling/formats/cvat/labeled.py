"""Labels as CVAT for images 1.1: what an export of ours gives to CVAT."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from auto_labeling.errors import DataError
from auto_labeling.formats.cvat.document import Document, Picture
from auto_labeling.formats.cvat.labels import Labels, kind_of
from auto_labeling.formats.cvat.shapes import Size, encode_shape, encode_turned
from auto_labeling.formats.cvat.suggested import tag_row
from auto_labeling.formats.cvat.xml import write_xml
from auto_labeling.formats.labeled import Labeled, file_names, is_there
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Mask, Polygon, Shape


def encode_cvat(labeled: Sequence[Labeled], schema: LabelSchema) -> Mapping[str, str]:
    """Return `annotations.xml`; equal labels give an equal file.

    Classes and abstentions are tags. Raises `DataError` for what is no picture, or has no size.

    >>> from auto_labeling.shapes import Box
    >>> one = Labeled(number=7, item_id="7", picture="7.png", size=(200, 100),
    ...               value=(Box(label="car", x=.1, y=.2, width=.3, height=.5),))
    >>> xml = encode_cvat([one], LabelSchema(task="boxes", classes=("car",)))["annotations.xml"]
    >>> 'xtl="20.0" ytl="20.0" xbr="80.0" ybr="70.0"' in xml
    True
    """
    ordered = sorted(labeled, key=lambda one: one.number)
    types = dict.fromkeys(schema.classes, kind_of(schema)) | dict.fromkeys(schema.abstain, "tag")
    rows = label_rows(types, attributes_of(part for one in ordered for part in _parts(one)))
    labels = Labels.of(rows, schema)
    names, sizes = file_names(ordered), [_size(one) for one in ordered]
    found: dict[str, list[dict[str, Any]]] = {"tags": [], "shapes": []}
    for at, (one, size) in enumerate(zip(ordered, sizes, strict=True)):
        for part in _parts(one):
            label = labels.by_name.get(part if isinstance(part, str) else part.label)
            if label is None:
                raise DataError(f"expected classes out of {list(schema.classes)}, got {part!r:.60}")
            told = {} if isinstance(part, str) else part.attributes
            row = tag_row(at, label, told, source="manual")
            if isinstance(part, str):
                found["tags"].append(row)
            else:
                found["shapes"].append(row | _drawn(part, size, schema))
    pictures = [Picture(name=name, size=size) for name, size in zip(names, sizes, strict=True)]
    return {
        "annotations.xml": write_xml(Document(labels=rows, pictures=pictures, annotations=found))
    }


def label_rows(types: Mapping[str, str], attributes: Iterable[str]) -> list[dict[str, Any]]:
    """Return labels, name -> type, as the server lists them; but for tags, with these attributes.

    >>> label_rows({"car": "any"}, ["score"])[0]["attributes"][0]["name"]
    'score'
    """
    free = {"mutable": False, "input_type": "text", "default_value": "", "values": [""]}
    specs = [
        {"id": at, "name": name, **free} for at, name in enumerate(dict.fromkeys(attributes), 1)
    ]
    return [
        {"id": at, "name": name, "type": kind, "attributes": [] if kind == "tag" else specs}
        for at, (name, kind) in enumerate(types.items(), 1)
    ]


def attributes_of(parts: Iterable[str | Shape]) -> list[str]:
    """Return the names of all attributes that shapes have, in the order in which they are met."""
    shapes = (part for part in parts if not isinstance(part, str))
    return list(dict.fromkeys(name for shape in shapes for name in shape.attributes))


def _parts(one: Labeled) -> Iterator[str | Shape]:
    """Yield the classes or the shapes of a label, of which anything lies in the picture."""
    for part in [one.value] if isinstance(one.value, str) else one.value:
        if isinstance(part, str) or is_there(part):
            yield part


def _drawn(shape: Shape, size: Size, schema: LabelSchema) -> dict[str, Any]:
    if schema.task == "boxes" and isinstance(shape, Polygon):
        return encode_turned(shape, size)
    return encode_shape(shape, size)


def _size(one: Labeled) -> Size:
    masks = (part for part in _parts(one) if isinstance(part, Mask))
    mask = next(masks, None)
    size = one.size if mask is None else (mask.width, mask.height)
    if size is None:
        raise DataError(f"item {one.item_id!r}: the size of the picture is not known")
    return size

"""Labels as Label Studio itself exports answers: JSON that it imports again, and its short form."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from auto_labeling.formats.label_studio.layout import SHAPES, Layout, control_of
from auto_labeling.formats.label_studio.shapes import encode_shape
from auto_labeling.formats.labeled import Labeled, bounds
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Box, Polygon, Shape


def encode_json(
    labeled: Sequence[Labeled], schema: LabelSchema, layout: Layout | None = None
) -> Mapping[str, str]:
    """Return `labels.json`: a task an item, its label as the one annotation.

    >>> one = Labeled(number=7, item_id="a", value="fr", fields={"text": "Oui"}, confidence=1.0)
    >>> schema = LabelSchema(task="single", classes=("en", "fr"))
    >>> json.loads(encode_json([one], schema)["labels.json"])[0]["data"]
    {'text': 'Oui'}
    """
    names = layout or Layout()
    tasks = [
        {
            "id": one.number,
            "data": dict(one.fields),
            "annotations": [{"result": _regions(one, schema, names), "was_cancelled": False}],
            "meta": {"item": one.item_id, **_sure(one)},
        }
        for one in labeled
    ]
    return {"labels.json": _text(tasks)}


def encode_json_min(
    labeled: Sequence[Labeled], schema: LabelSchema, layout: Layout | None = None
) -> Mapping[str, str]:
    """Return `labels.min.json`: what was shown and the label side by side.

    >>> one = Labeled(number=7, item_id="a", value="fr", fields={"text": "Oui"}, confidence=1.0)
    >>> schema = LabelSchema(task="single", classes=("en", "fr"))
    >>> json.loads(encode_json_min([one], schema)["labels.min.json"])
    [{'text': 'Oui', 'id': 7, 'label': 'fr', 'confidence': 1.0, 'votes': 0}]
    """
    names = layout or Layout()
    rows = [
        {**one.fields, "id": one.number, names.control: _short(one, schema, names), **_sure(one)}
        for one in labeled
    ]
    return {"labels.min.json": _text(rows)}


def _regions(one: Labeled, schema: LabelSchema, layout: Layout) -> list[dict[str, Any]]:
    tied = {"from_name": layout.control, "to_name": layout.shown}
    if schema.task not in SHAPES or _abstains(one):
        names = [one.value] if isinstance(one.value, str) else list(one.value)
        return [{**tied, "type": "choices", "value": {"choices": names}}] if names else []
    kind = control_of(schema).lower()
    return [
        {"id": f"{layout.control}-{at}", **tied, "type": kind, **_region(shape, kind, one)}
        for at, shape in enumerate(one.value)
        if not isinstance(shape, str)
    ]


def _region(shape: Shape, kind: str, one: Labeled) -> dict[str, Any]:
    beside: Mapping[str, Any] = {}
    if kind == "rectanglelabels" and isinstance(shape, Polygon):
        value = _turned(shape, one.size)
    else:
        value, beside = encode_shape(shape)
    if one.size is not None and not beside:
        width, height = one.size
        beside = {"original_width": width, "original_height": height, "image_rotation": 0}
    return {"value": {**value, kind: [shape.label]}, **beside}


def _turned(corners: Polygon, size: tuple[int, int] | None) -> dict[str, Any]:
    """Return a box that stands on its corner: in pixels, as only there its angles are right."""
    if size is None or len(corners.points) != 4:
        left, top, right, bottom = bounds(corners)
        upright = Box(label=corners.label, x=left, y=top, width=right - left, height=bottom - top)
        return encode_shape(upright)[0]
    width, height = size
    (x, y), (u, v), _, (s, t) = corners.points
    across, down = ((u - x) * width, (v - y) * height), ((s - x) * width, (t - y) * height)
    return {
        "x": 100 * x,
        "y": 100 * y,
        "width": 100 * math.hypot(*across) / width,
        "height": 100 * math.hypot(*down) / height,
        "rotation": math.degrees(math.atan2(across[1], across[0])) % 360,
    }


def _short(one: Labeled, schema: LabelSchema, layout: Layout) -> Any:
    if isinstance(one.value, str):
        return one.value
    if schema.task not in SHAPES or _abstains(one):
        return {"choices": list(one.value)}
    return [
        {**region.pop("value"), **{name: region[name] for name in region if "original" in name}}
        for region in _regions(one, schema, layout)
    ]


def _abstains(one: Labeled) -> bool:
    return isinstance(one.value, str) or any(isinstance(part, str) for part in one.value)


def _sure(one: Labeled) -> dict[str, Any]:
    known = None if math.isnan(one.confidence) else one.confidence
    return {"confidence": known, "votes": one.votes}


def _text(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1, default=str)

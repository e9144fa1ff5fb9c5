"""Uploads as tasks, their suggestions as predictions."""

from __future__ import annotations

from typing import Any

from auto_labeling.formats.codec import marks_for
from auto_labeling.formats.label_studio.content import shown
from auto_labeling.formats.label_studio.layout import Layout
from auto_labeling.formats.label_studio.predictions import encode_prediction
from auto_labeling.records import LabelSchema, Upload


def encode_tasks(
    upload: Upload, schema: LabelSchema, layout: Layout | None = None, unit: str = ""
) -> list[dict[str, Any]]:
    """Return one task for each item of an upload, with its suggestion as a prediction.

    The tasks of a project have its `layout`; without one, each item is shown as what it is. Raises
    `DataError` where an item cannot be shown so, or a suggestion is no answer.

    >>> from auto_labeling.records import Item
    >>> upload = Upload(key="k", items=(Item(item_id="7", text="Bonjour"),), asks=())
    >>> schema = LabelSchema(task="single", classes=("en", "fr"))
    >>> encode_tasks(upload, schema, Layout.of("html"))[0]["data"]["html"]
    '<pre style="white-space: pre-wrap">Bonjour</pre>'
    """
    suggestions = {one.item_id: one for one in upload.suggestions}
    tasks: list[dict[str, Any]] = []
    for item in upload.items:
        place = layout or Layout.of(item.kind)
        _, content = shown(item, place.way)
        task: dict[str, Any] = {"data": {place.field: content, **marks_for(upload, item, unit)}}
        if suggestion := suggestions.get(item.item_id):
            task["predictions"] = [encode_prediction(suggestion, schema, place)]
        tasks.append(task)
    return tasks

"""Labels as CSV: a row an item."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from auto_labeling.formats.labeled import Labeled
from auto_labeling.formats.value import encode_value
from auto_labeling.records import LabelSchema

_OURS = ("item", "label", "confidence", "votes")


def encode_csv(labeled: Sequence[Labeled], schema: LabelSchema) -> Mapping[str, str]:
    """Return `labels.csv`: the item, what people were shown, its label, and how sure that is.

    A label that is more than a name is JSON. A field that is called as a column of ours is written
    as `data.NAME`.

    >>> one = Labeled(number=1, item_id="7", value="fr", fields={"text": "Oui, bien"}, votes=3)
    >>> schema = LabelSchema(task="single", classes=("en", "fr"))
    >>> print(encode_csv([one], schema)["labels.csv"])
    item,text,label,confidence,votes
    7,"Oui, bien",fr,nan,3
    <BLANKLINE>
    """
    del schema
    names = list(dict.fromkeys(name for one in labeled for name in one.fields))
    head = [_OURS[0], *(f"data.{name}" if name in _OURS else name for name in names), *_OURS[1:]]
    buffer = io.StringIO()
    writer = csv.writer(
        buffer
    )  # lines end as in RFC 4180: else a carriage return in a text is not quoted
    writer.writerow(head)
    for one in labeled:
        shown = [_cell(one.fields.get(name)) for name in names]
        label = one.value if isinstance(one.value, str) else encode_value(one.value)
        writer.writerow([one.item_id, *shown, label, one.confidence, one.votes])
    return {"labels.csv": buffer.getvalue()}


def _cell(content: Any) -> Any:
    if isinstance(content, Mapping | list | tuple):
        return json.dumps(content, ensure_ascii=False)
    return content

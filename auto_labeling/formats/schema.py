"""A label schema as text, so that a tool can keep it beside what it was asked."""

from __future__ import annotations

import json
from functools import lru_cache

from auto_labeling.records import LabelSchema


def encode_schema(schema: LabelSchema) -> str:
    """Return JSON; equal schemas give equal text.

    >>> schema = LabelSchema(task="single", classes=("chat", "chien"), abstain=("?",))
    >>> decode_schema(encode_schema(schema)) == schema
    True
    """
    fields = {name: getattr(schema, name) for name in LabelSchema.__slots__}
    return json.dumps(fields, sort_keys=True, ensure_ascii=False)


@lru_cache(maxsize=16)
def decode_schema(text: str) -> LabelSchema:
    """Return the schema that `encode_schema` wrote."""
    raw = json.loads(text)
    return LabelSchema(**raw | {name: tuple(raw[name]) for name in ("classes", "abstain")})

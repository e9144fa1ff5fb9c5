"""Labeling configurations of others: read without harm, and known again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

from auto_labeling.errors import DataError

_MOST_CHARACTERS = 1_000_000
_MOST_LEVELS = 50


def read_config(xml: str) -> ET.Element:
    """Return the root of a labeling configuration. Raises `DataError` where it is none.

    A document type is refused, because entities could grow without bound or name files.
    """
    if len(xml) > _MOST_CHARACTERS:
        raise bad_config(f"up to {_MOST_CHARACTERS} characters", f"{len(xml)}")
    if "<!DOCTYPE" in xml or "<!ENTITY" in xml:
        raise bad_config("no document type and no entities", "a DOCTYPE or an ENTITY")
    try:
        # Entities cannot be defined without a document type.
        root = ET.fromstring(xml.strip())  # noqa: S314
    except ET.ParseError as error:
        raise bad_config("XML", str(error)) from error
    if any(depth > _MOST_LEVELS for depth in _depths(root)):
        raise bad_config(f"up to {_MOST_LEVELS} levels of tags", "more")
    return root


def signature(xml: str) -> str:
    """Return 64 hex digits: the same for two configurations that differ in order or space only.

    >>> one, other = '<View><A x="1" y="2"/> <B/></View>', '<View><B/><A y="2" x="1"/></View>'
    >>> signature(one) == signature(other)
    True
    """
    canonical = json.dumps(_canonical(read_config(xml)), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _canonical(tag: ET.Element) -> list[Any]:
    texts = [tag.text, *(child.tail for child in tag)]
    said = [" ".join(text.split()) for text in texts if text and text.strip()]
    children = sorted((_canonical(child) for child in tag), key=json.dumps)
    return [tag.tag, sorted(tag.attrib.items()), said, children]


def _depths(root: ET.Element) -> Iterator[int]:
    level, depth = [root], 0
    while level:
        depth += 1
        yield depth
        level = [child for tag in level for child in tag]


def bad_config(expected: str, got: str) -> DataError:
    """Return the error for a configuration that is not as expected."""
    return DataError(f"labeling configuration: expected {expected}, got {got}")

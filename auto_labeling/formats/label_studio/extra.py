"""Fields that are asked beside the one that is learned, and what was answered in them.

`LabelSchema.extra` holds them by name: `{"comment": {"kind": "text"}, "quality": {"kind":
"choices", "choices": ["good", "poor"]}}`. Every kind may be `required`; choices may be `multiple`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from auto_labeling.errors import ConfigurationError
from auto_labeling.records import LabelSchema

TAGS: Mapping[str, str] = {
    "text": "TextArea",
    "choices": "Choices",
    "number": "Number",
    "rating": "Rating",
}
"""Kind -> the tag that asks for it."""
_KEYS = frozenset({"kind", "required"})
_KEYS_OF_CHOICES = _KEYS | {"choices", "multiple"}


def check_extra(schema: LabelSchema, taken: Sequence[str]) -> None:
    """Raise `ConfigurationError` unless every extra field can be asked for.

    `taken` are names that mean something else.
    """
    for name, field in schema.extra.items():
        where = f"labels.extra.{name}"
        if name in taken:
            raise ConfigurationError(f"{where}: expected another name, this one is ours")
        if not isinstance(field, Mapping) or field.get("kind") not in TAGS:
            raise ConfigurationError(f"{where}: expected a kind out of {list(TAGS)}, got {field!r}")
        known = _KEYS_OF_CHOICES if field["kind"] == "choices" else _KEYS
        if strange := sorted(set(field) - known):
            raise ConfigurationError(
                f"{where}: expected keys out of {sorted(known)}, got {strange}"
            )
        if field["kind"] == "choices" and not _are_choices(field.get("choices")):
            raise ConfigurationError(
                f"{where}.choices: expected different names, got {field.get('choices')!r}"
            )


def add_tags(view: ET.Element, schema: LabelSchema, shown: str) -> None:
    """Add the tags of the extra fields to a view, each under a heading."""
    for name, field in schema.extra.items():
        ET.SubElement(view, "Header", value=name, size="5")
        asked = {"name": name, "toName": shown}
        if field.get("required"):
            asked["required"] = "true"
        tag = ET.SubElement(view, TAGS[field["kind"]], asked)
        if field["kind"] == "text":
            tag.set("maxSubmissions", "1")
            tag.set("editable", "true")
        if field["kind"] == "choices":
            tag.set("choice", "multiple" if field.get("multiple") else "single")
            for choice in field["choices"]:
                ET.SubElement(tag, "Choice", value=choice)


def answered(region: Mapping[str, Any], field: Mapping[str, Any]) -> Any:
    """Return what a region says of an extra field; None where it says nothing that fits.

    >>> answered({"type": "textarea", "value": {"text": ["blurred"]}}, {"kind": "text"})
    'blurred'
    """
    kind = field["kind"]
    value = region.get("value")
    if region.get("type") != TAGS[kind].lower() or not isinstance(value, Mapping):
        return None
    said = value.get(kind)
    match kind, said:
        case "text", list() if all(isinstance(line, str) for line in said):
            return "\n".join(said)
        case "text", str():
            return said
        case "choices", [*names] if field.get("multiple"):
            return names
        case "choices", [name]:
            return name
        case (("number" | "rating"), int() | float()):
            return said
    return None


def _are_choices(given: Any) -> bool:
    return (
        isinstance(given, list | tuple)
        and bool(given)
        and all(isinstance(name, str) for name in given)
        and len(set(given)) == len(given)
    )

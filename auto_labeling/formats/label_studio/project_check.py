"""A labeling configuration that we did not write, checked against the classes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree as ET

from auto_labeling.errors import DataError
from auto_labeling.formats.label_studio.extra import TAGS, check_extra
from auto_labeling.formats.label_studio.layout import MARK, OBJECTS, SHAPES, Layout, control_of
from auto_labeling.formats.label_studio.markup import bad_config, read_config
from auto_labeling.records import LabelSchema

_REFUSED = ("keypoint", "keypointlabels", "ellipse", "ellipselabels")
_OFFERS = ("choice", "label")
_SHOWN_BY: Mapping[str, tuple[str, ...]] = {
    "image": ("image", "html"),
    "text": ("text", "html"),
    "row": ("row", "html"),
    "html": ("html",),
}
"""What a pool is shown as -> the ways in which a project can show it."""
_VARIABLE = re.compile(r"\$(\w+)")


def check_config(xml: str, schema: LabelSchema, shows: str) -> Layout:
    """Return the names of the tags and of the field that a campaign uses in a project.

    Raises `DataError` unless exactly one tag asks for the classes of the schema, no more and no
    fewer, about something that can show the pool; `shows` is as for `label_config`.

    >>> xml = '''<View><Text name="t" value="$body"/><Choices name="tone" toName="t">
    ...   <Choice value="good"/><Choice value="poor"/></Choices></View>'''
    >>> check_config(xml, LabelSchema(task="single", classes=("poor", "good")), "text")
    Layout(control='tone', shown='t', field='body', way='text')
    """
    check_extra(schema, taken=())
    ways = _ways(schema, shows)
    root = read_config(xml)
    if found := sorted({tag.tag for tag in root.iter() if _kind(tag) in _REFUSED}):
        raise bad_config("no key points and no ellipses", ", ".join(found))
    control = _control(root, schema)
    _check_classes(control, schema)
    _check_abstention(root, schema)
    _check_fields(root, schema)
    return _layout(root, control, ways)


def _ways(schema: LabelSchema, shows: str) -> tuple[str, ...]:
    """Return the ways in which a project can show a pool."""
    if shows not in _SHOWN_BY:
        raise DataError(f"expected a way to show items out of {list(_SHOWN_BY)}, got {shows!r}")
    ways = tuple(way for way in _SHOWN_BY[shows] if schema.task not in SHAPES or way == "image")
    if not ways:
        raise DataError(f"{schema.task} are drawn on images: expected to show image, got {shows}")
    return ways


def _control(root: ET.Element, schema: LabelSchema) -> ET.Element:
    """Return the tag that asks for the classes."""
    wanted = control_of(schema)
    found = [
        tag
        for tag in _tags(root, wanted)
        if tag.get("name") not in schema.extra and tag.get("perRegion", "").lower() != "true"
    ]
    if len(found) == 1:
        return found[0]
    expected = f"one {wanted} that asks for the classes"
    if not found:
        asking = sorted({tag.tag for tag in root.iter() if tag.get("toName")})
        raise bad_config(expected, ", ".join(asking) or "none")
    names = ", ".join(repr(tag.get("name")) for tag in found)
    raise bad_config(f"{expected} (name the others under labels.extra)", names)


def _check_classes(control: ET.Element, schema: LabelSchema) -> None:
    drawn = schema.task in SHAPES
    classes = schema.classes if drawn else (*schema.classes, *schema.abstain)
    got = _offered(control)
    if sorted(got) != sorted(classes):
        raise bad_config(f"the classes {list(classes)} in {control.get('name')!r}", str(got))
    several = control.get("choice") == "multiple"
    if several != (schema.task == "multi"):
        wanted = "multiple" if schema.task == "multi" else "single"
        raise bad_config(
            f'choice="{wanted}" in {control.get("name")!r} for the task {schema.task}',
            repr(control.get("choice", "single")),
        )


def _check_abstention(root: ET.Element, schema: LabelSchema) -> None:
    """Where shapes are drawn, the abstentions are choices of their own."""
    if schema.task not in SHAPES or not schema.abstain:
        return
    offers = [
        _offered(tag) for tag in _tags(root, "Choices") if tag.get("name") not in schema.extra
    ]
    if sorted(schema.abstain) not in [sorted(offer) for offer in offers]:
        raise bad_config(
            f"Choices of the abstentions {list(schema.abstain)}", str(offers or "none")
        )


def _check_fields(root: ET.Element, schema: LabelSchema) -> None:
    """Every extra field is asked for by a tag of its name."""
    named = {tag.get("name"): tag for tag in root.iter() if tag.get("toName")}
    for name, field in schema.extra.items():
        tag, wanted = named.get(name), TAGS[field["kind"]]
        if tag is None or _kind(tag) != wanted.lower():
            raise bad_config(f"a {wanted} named {name!r}", "none" if tag is None else tag.tag)
        if field["kind"] == "choices" and sorted(_offered(tag)) != sorted(field["choices"]):
            raise bad_config(
                f"the choices {list(field['choices'])} in {name!r}", str(_offered(tag))
            )


def _layout(root: ET.Element, control: ET.Element, ways: tuple[str, ...]) -> Layout:
    name, target = control.get("name"), control.get("toName")
    if not name or not target:
        raise bad_config(f"a name and a toName on {control.tag}", str(control.attrib))
    tag = next((one for one in root.iter() if one.get("name") == target), None)
    able = {OBJECTS[way].lower(): way for way in ways}
    if tag is None or _kind(tag) not in able:
        expected = " or ".join(OBJECTS[way] for way in ways)
        raise bad_config(f"{expected} named {target!r}", "none" if tag is None else tag.tag)
    field = _field(tag)
    if more := sorted(_carried(root) - {field}):
        got = ", ".join(f"${one}" for one in more)
        raise bad_config(f"no field but ${field}, which is all that our tasks carry", got)
    return Layout(control=name, shown=target, field=field, way=able[_kind(tag)])


def _field(tag: ET.Element) -> str:
    """Return the field of a task that a tag shows as it is."""
    match = _VARIABLE.fullmatch(tag.get("value", ""))
    plain = tag.get("valueType", "text") == "text" and tag.get("encoding", "none") == "none"
    if match is None or match[1].startswith(MARK) or not plain:
        raise bad_config(f'value="$field" and plain content on {tag.tag}', str(tag.attrib))
    return match[1]


def _carried(root: ET.Element) -> set[str]:
    """Return the fields that named tags read: the server wants them in every task."""
    values = [tag.get("value", "") for tag in root.iter() if tag.get("name")]
    return {match[1] for value in values for match in _VARIABLE.finditer(value)}


def _offered(control: ET.Element) -> list[str]:
    """Return what can be chosen, as answers will name it."""
    if control.get("value"):
        raise bad_config(f"fixed classes in {control.get('name')!r}", f"{control.get('value')}")
    found = [tag for tag in control.iter() if _kind(tag) in _OFFERS]
    if any(_kind(inner) in _OFFERS for tag in found for inner in list(tag.iter())[1:]):
        raise bad_config(f"choices of one level in {control.get('name')!r}", "choices in choices")
    return [tag.get("alias", tag.get("value", "")) for tag in found]


def _tags(root: ET.Element, kind: str) -> list[ET.Element]:
    return [tag for tag in root.iter() if _kind(tag) == kind.lower()]


def _kind(tag: ET.Element) -> str:
    return tag.tag.lower()

"""What a project of others asks: its classes and its tags, read from the configuration alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from auto_labeling.errors import ConfigurationError
from auto_labeling.formats.label_studio.layout import CONTROLS, OBJECTS, SHAPES, Layout
from auto_labeling.formats.label_studio.markup import bad_config, read_config
from auto_labeling.records import LabelSchema

_WAYS = {tag.lower(): way for way, tag in OBJECTS.items()}
_FIELD = re.compile(r"\$(\w+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked, and under which names."""

    schema: LabelSchema
    layout: Layout
    """Its `way` is the tag in lower case where we never show anything so."""


def asked_by(xml: str, wanted: str | None = None) -> Asked:
    """Return what a labeling configuration asks. Shapes go before choices, as theirs are drawn.

    Raises `DataError` unless one tag, or that of the `wanted` name, asks for fixed classes; tags of
    every region, texts and ratings are passed over.

    >>> xml = '''<View><Text name="t" value="$body"/><Choices name="tone" toName="t">
    ...   <Choice value="good"/><Choice value="poor"/></Choices></View>'''
    >>> asked_by(xml).schema.classes, asked_by(xml).layout.field
    (('good', 'poor'), 'body')
    """
    root = read_config(xml)
    task, control = _control(root, wanted)
    classes = tuple(_offered(control))
    name, target = control.get("name"), (control.get("toName") or "").split(",")[0]
    shown = next((tag for tag in root.iter() if target and tag.get("name") == target), None)
    if not name or shown is None:
        raise bad_config(f"a name and a toName on {control.tag}", str(control.attrib))
    field = _FIELD.match(shown.get("value", ""))
    if field is None:
        raise bad_config(f'value="$field" on {shown.tag}', str(shown.attrib))
    kind = shown.tag.lower()
    try:
        schema = LabelSchema(task=task, classes=classes)
    except ConfigurationError as error:
        raise bad_config(f"two classes or more in {name!r}", str(list(classes))) from error
    layout = Layout(control=name, shown=target, field=field[1], way=_WAYS.get(kind, kind))
    return Asked(schema=schema, layout=layout)


def _control(root: ET.Element, wanted: str | None) -> tuple[Any, ET.Element]:
    """Return the task and the tag that asks for the classes."""
    asking = [
        (task, tag)
        for task, kind in CONTROLS.items()
        for tag in root.iter()
        if tag.tag.lower() == kind.lower() and tag.get("perRegion", "").lower() != "true"
        if task not in ("single", "multi") or (task == "multi") == _takes_several(tag)
        if wanted in (None, tag.get("name"))
    ]
    drawn = [(task, tag) for task, tag in asking if task in SHAPES]
    found = drawn or asking
    if len(found) == 1:
        return found[0]
    kinds = ", ".join(dict.fromkeys(CONTROLS.values()))
    expected = f"one of {kinds} that asks for classes"
    raise bad_config(expected, ", ".join(str(tag.get("name")) for _, tag in found) or "none")


def _takes_several(tag: ET.Element) -> bool:
    return tag.get("choice") == "multiple"


def _offered(control: ET.Element) -> list[str]:
    """Return what can be chosen, as answers name it."""
    if control.get("value"):
        raise bad_config(f"fixed classes in {control.get('name')!r}", str(control.get("value")))
    tags = [tag for tag in control.iter() if tag.tag.lower() in ("choice", "label")]
    return [tag.get("alias", tag.get("value", "")) for tag in tags]

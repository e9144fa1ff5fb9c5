"""The labeling configuration of a project that we make."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from auto_labeling.errors import DataError
from auto_labeling.formats.label_studio.extra import add_tags, check_extra
from auto_labeling.formats.label_studio.layout import OBJECTS, SHAPES, Layout, control_of
from auto_labeling.records import LabelSchema

ABSTAIN = "abstain"
"""The tag in which people abstain from drawing shapes."""
REGIONS = "regions"
"""Where in `Event.extra` stands what no field of the schema asked for."""
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|\\$[\\w\\[{.]")
"""What XML cannot hold, and what Label Studio reads as a field of the task."""


def label_config(schema: LabelSchema, shows: str) -> str:
    """Return the XML of a project whose tasks show an `image`, a `text`, a `row` or `html`.

    An abstention is a choice beside the classes. Raises `DataError` where this schema cannot be
    asked, `ConfigurationError` where an extra field cannot.

    >>> print(label_config(LabelSchema(task="single", classes=("a", "<b>")), "text"))
    <View>
      <Text name="item" value="$text" />
      <Choices name="label" toName="item" choice="single" required="true">
        <Choice value="a" />
        <Choice value="&lt;b&gt;" />
      </Choices>
    </View>
    """
    tag = control_of(schema)
    layout = Layout.of(shows)
    if schema.task in SHAPES and shows != "image":
        raise DataError(f"{schema.task} are drawn on images: expected to show image, got {shows}")
    check_extra(schema, taken=(layout.control, layout.shown, ABSTAIN, REGIONS))
    for name in _names(schema):
        _check_name(name)
    view = ET.Element("View")
    shown = ET.SubElement(view, OBJECTS[shows], name=layout.shown, value=f"${layout.field}")
    if shows == "html":
        shown.set("inline", "true")  # in the page, not in a frame: its letters and its colours
    if schema.task in SHAPES:
        _add_shapes(view, tag, schema, layout)
    else:
        _add_choices(view, schema, layout)
    add_tags(view, schema, layout.shown)
    ET.indent(view)
    return ET.tostring(view, encoding="unicode")


def _add_choices(view: ET.Element, schema: LabelSchema, layout: Layout) -> None:
    one = {"choice": "single", "required": "true"}
    how = one if schema.task == "single" else {"choice": "multiple"}
    tag = ET.SubElement(view, "Choices", {"name": layout.control, "toName": layout.shown, **how})
    for name in (*schema.classes, *schema.abstain):
        ET.SubElement(tag, "Choice", value=name)


def _add_shapes(view: ET.Element, tag: str, schema: LabelSchema, layout: Layout) -> None:
    control = ET.SubElement(view, tag, name=layout.control, toName=layout.shown)
    if schema.task == "boxes":
        control.set("canRotate", "false")
    for name in schema.classes:
        ET.SubElement(control, "Label", value=name)
    if schema.abstain:
        choices = ET.SubElement(view, "Choices", name=ABSTAIN, toName=layout.shown, choice="single")
        for name in schema.abstain:
            ET.SubElement(choices, "Choice", value=name)


def _check_name(name: str) -> None:
    found = _UNFIT.search(name)
    if found or not name:
        got = repr(found.group()) if found else "none"
        raise DataError(f"{name!r}: expected a name that Label Studio can show, got {got}")


def _names(schema: LabelSchema) -> Iterator[str]:
    """Yield all that is written into the configuration."""
    yield from (*schema.classes, *schema.abstain, *schema.extra)
    for field in schema.extra.values():
        yield from field.get("choices", ())

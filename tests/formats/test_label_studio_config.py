"""What people see and are asked: configurations, HTML, extra fields."""

from __future__ import annotations

import importlib
import xml.etree.ElementTree as ET
from collections.abc import Collection, Mapping
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats.label_studio import (
    REGIONS,
    LabelStudio,
    Layout,
    check_config,
    decode_annotation,
    encode_tasks,
    label_config,
    shown,
    way_of,
)
from auto_labeling.records import EventKind, Item, LabelSchema, Upload

CLASSES = ("chat & <b>chien</b>", "ねこ", 'a "quoted" class')
EXTRA: Mapping[str, Any] = {
    "comment": {"kind": "text"},
    "quality": {"kind": "choices", "choices": ["good", "poor"], "required": True},
    "weather": {"kind": "choices", "choices": ["rain", "fog"], "multiple": True},
    "people": {"kind": "number"},
    "stars": {"kind": "rating"},
}
TASKS = ("single", "multi", "boxes", "polygons", "masks")
IMAGE = Item(item_id="i", uri='https://x.org/a.png?a="1"&b=<2>')
TEXT = Item(item_id="t", text="<script>alert(1)</script>\n & more")
ROW = Item(item_id="r", row={"größe": 1.5, "<script>": "</td><script>alert(1)</script>", "n": None})


def schema_of(task: Any, **more: Any) -> LabelSchema:
    return LabelSchema(task=task, classes=CLASSES, **more)


def ways(task: str) -> list[str]:
    return ["image"] if task in ("boxes", "polygons", "masks") else ["image", "text", "row", "html"]


CASES = [(task, way) for task in TASKS for way in ways(task)]


class Markup(HTMLParser):
    """The tags of some HTML, and what is said between them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said.append(data)


@pytest.mark.parametrize("extra", [{}, EXTRA], ids=["alone", "with more"])
@pytest.mark.parametrize(("task", "way"), CASES)
def test_label_studio_s_own_parser_accepts_every_configuration(
    task: str, way: str, extra: Mapping[str, Any]
) -> None:
    sdk = importlib.import_module("label_studio_sdk.label_interface")  # untyped, and slow
    schema = schema_of(task, abstain=("cannot tell",), extra=extra)
    config = sdk.LabelInterface(label_config(schema, way))
    config.validate()
    item = {"image": IMAGE, "text": TEXT, "row": ROW, "html": TEXT}[way]
    [encoded] = encode_tasks(
        Upload(key="k", items=(item,), asks=()), schema, Layout.of(way), "unit-3"
    )
    assert config.validate_task(encoded)
    drawn = task in ("boxes", "polygons", "masks")
    offered = [*CLASSES] if drawn else [*CLASSES, "cannot tell"]
    assert list(config.get_control("label").labels) == offered
    assert {one.name for one in config.controls} >= set(extra)
    if drawn:
        assert list(config.get_control("abstain").labels) == ["cannot tell"]


@pytest.mark.parametrize(("task", "way"), CASES)
def test_our_own_configuration_passes_our_own_check(task: str, way: str) -> None:
    schema = schema_of(task, abstain=("cannot tell", "none of it"), extra=EXTRA)
    assert check_config(label_config(schema, way), schema, way) == Layout.of(way)


def test_boxes_stay_upright_in_a_project_of_ours() -> None:
    [tag] = ET.fromstring(label_config(schema_of("boxes"), "image")).iter("RectangleLabels")
    assert tag.get("canRotate") == "false"


@pytest.mark.parametrize(
    ("kinds", "way"),
    [
        (["image"], "image"),
        ({"text"}, "text"),
        (("row",), "html"),
        ({"image", "text"}, "html"),
        ({"image", "text", "row"}, "html"),
    ],
)
def test_one_way_shows_a_whole_pool(kinds: Collection[str], way: str) -> None:
    assert way_of(kinds) == way


@pytest.mark.parametrize(("kinds", "got"), [((), "none"), (("image", "audio"), r"\['audio'\]")])
def test_a_pool_of_something_else_has_no_way(kinds: Collection[str], got: str) -> None:
    with pytest.raises(DataError, match=f"expected kinds of items out of .*, got {got}"):
        way_of(kinds)


def test_as_html_nothing_in_an_item_is_markup() -> None:
    row, text, image = (Markup(shown(item, "html")[1]) for item in (ROW, TEXT, IMAGE))
    assert {tag for tag, _ in row.tags} == {"table", "tr", "th", "td"}
    assert row.said == ["größe", "1.5", "<script>", "</td><script>alert(1)</script>", "n"]
    assert [tag for tag, _ in text.tags] == ["pre"]
    assert "".join(text.said) == TEXT.text
    [(tag, attributes)] = image.tags
    assert (tag, attributes["src"]) == ("img", IMAGE.uri)


@settings(deadline=None)
@given(st.text(), st.dictionaries(st.text(), st.text(), max_size=3))
def test_any_text_and_any_row_are_shown_as_they_are(text: str, row: Mapping[str, str]) -> None:
    for item in (Item(item_id="7", text=text), Item(item_id="7", row=row)):
        markup = Markup(shown(item, "html")[1])
        assert {tag for tag, _ in markup.tags} <= {"pre", "table", "tr", "th", "td"}
    cells = [cell for pair in row.items() for cell in pair if cell]
    assert _crlf("".join(markup.said)) == _crlf("".join(cells))


def _crlf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize(("item", "way"), [(TEXT, "image"), (IMAGE, "text"), (ROW, "text")])
def test_an_item_of_another_kind_is_named(item: Item, way: str) -> None:
    complaint = f"item '{item.item_id}': expected what can be shown as {way}, got {item.kind}"
    with pytest.raises(DataError, match=complaint):
        encode_tasks(Upload(key="k", items=(item,), asks=()), schema_of("single"), Layout.of(way))


def test_a_text_of_five_megabytes_is_a_task() -> None:
    text = "<é&" * 1_250_000
    upload = Upload(key="k", items=(Item(item_id="7", text=text),), asks=())
    [plain] = encode_tasks(upload, schema_of("single"))
    assert plain["data"]["text"] == text
    [html] = encode_tasks(upload, schema_of("single"), Layout.of("html"))
    assert html["data"]["html"].count("&lt;é&amp;") == 1_250_000
    form = LabelStudio()
    assert form.read(form.write([plain])) == [plain]


@pytest.mark.parametrize(
    ("schema", "shows", "complaint"),
    [
        (schema_of("keypoints"), "image", "expected a task out of .*, got 'keypoints': key points"),
        (schema_of("boxes"), "text", "boxes are drawn on images: expected to show image, got text"),
        (schema_of("masks"), "html", "masks are drawn on images: expected to show image, got html"),
        (schema_of("single"), "audio", r"a way to show items out of \[.*\], got 'audio'"),
        (
            LabelSchema(task="multi", classes=("a\x00",)),
            "text",
            r"Label Studio can show, got '\\x00",
        ),
        (LabelSchema(task="multi", classes=("a\ud800",)), "text", "Label Studio can show, got"),
        (LabelSchema(task="multi", classes=("a $b",)), "text", r"Label Studio can show, got '\$b'"),
        (LabelSchema(task="multi", classes=("",)), "text", "Label Studio can show, got none"),
    ],
)
def test_what_cannot_be_asked_is_named(schema: LabelSchema, shows: str, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        label_config(schema, shows)


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ({"label": {"kind": "text"}}, r"labels\.extra\.label: expected another name"),
        ({"item": {"kind": "text"}}, r"labels\.extra\.item: expected another name"),
        ({"abstain": {"kind": "text"}}, r"labels\.extra\.abstain: expected another name"),
        ({"regions": {"kind": "text"}}, r"labels\.extra\.regions: expected another name"),
        ({"x": {"kind": "video"}}, r"labels\.extra\.x: expected a kind out of .* got {'kind'"),
        ({"x": "text"}, r"labels\.extra\.x: expected a kind out of .*, got 'text'"),
        ({"x": {"kind": "text", "choices": []}}, r"\.x: expected keys out of .* \['choices'\]"),
        ({"x": {"kind": "choices"}}, r"\.x\.choices: expected different names, got None"),
        ({"x": {"kind": "choices", "choices": "ab"}}, "expected different names, got 'ab'"),
        ({"x": {"kind": "choices", "choices": ["a", "a"]}}, r"different names, got \['a', 'a'\]"),
        ({"x": {"kind": "choices", "choices": [1]}}, r"different names, got \[1\]"),
    ],
)
def test_an_extra_field_that_is_none_is_named(extra: Mapping[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        label_config(schema_of("single", extra=extra), "text")


def said(name: str, kind: str, **value: Any) -> dict[str, Any]:
    return {"id": name, "from_name": name, "to_name": "item", "type": kind, "value": value}


def test_a_second_answer_in_an_extra_field_is_kept_beside_it() -> None:
    first, second = (said("quality", "choices", choices=[name]) for name in ("good", "poor"))
    event = decode_annotation(
        {"id": 1, "result": [first, second], "created_at": "2026-01-05T09:00:00Z"},
        {"data": {"al_key": "k", "al_item": "7"}},
        schema_of("multi", extra=EXTRA),
    )
    assert event.extra == {"quality": "good", REGIONS: [second]}


ANSWERED = [
    said("comment", "textarea", text=["blurred", "<b>at dusk</b>"]),
    said("quality", "choices", choices=["poor"]),
    said("weather", "choices", choices=["rain", "fog"]),
    said("people", "number", number=3.5),
    said("stars", "rating", rating=4),
]


@pytest.mark.parametrize("layout", [None, Layout.of("text")])
@pytest.mark.parametrize("chosen", [CLASSES[1], None])
def test_one_field_is_learned_and_the_others_are_carried(
    chosen: str | None, layout: Layout | None
) -> None:
    result = [*ANSWERED, *([said("label", "choices", choices=[chosen])] if chosen else [])]
    event = decode_annotation(
        {"id": 1, "result": result, "created_at": "2026-01-05T09:00:00Z"},
        {"data": {"al_key": "k", "al_item": "7"}},
        schema_of("single", extra=EXTRA),
        layout,
    )
    assert event.value == chosen
    assert event.kind is (EventKind.SUBMITTED if chosen else EventKind.SKIPPED)
    assert event.extra == {
        "comment": "blurred\n<b>at dusk</b>",
        "quality": "poor",
        "weather": ["rain", "fog"],
        "people": 3.5,
        "stars": 4,
    }


@pytest.mark.parametrize(
    "broken",
    [
        said("comment", "textarea", text=7),
        said("comment", "choices", choices=["good"]),
        said("quality", "choices", choices=["good", "poor"]),
        said("people", "number"),
        {"from_name": "stars", "type": "rating"},
    ],
)
def test_an_extra_field_that_cannot_be_read_costs_no_answer(broken: dict[str, Any]) -> None:
    event = decode_annotation(
        {
            "id": 1,
            "result": [broken, said("label", "choices", choices=["ねこ"])],
            "created_at": "2026-01-05T09:00:00Z",
        },
        {"data": {"al_key": "k", "al_item": "7"}},
        schema_of("single", extra=EXTRA),
    )
    assert (event.value, event.extra) == ("ねこ", {REGIONS: [broken]})

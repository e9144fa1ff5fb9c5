"""Configurations that others wrote: which tags to use, or what is wrong, in one sentence."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_labeling.errors import DataError
from auto_labeling.formats.label_studio import Layout, check_config, label_config, signature
from auto_labeling.records import LabelSchema

SINGLE = LabelSchema(task="single", classes=("cat", "dog"), abstain=("?",))
MULTI = LabelSchema(task="multi", classes=("cat", "dog"), abstain=("?",))
BOXES = LabelSchema(task="boxes", classes=("car", "van"))
TEXT = '<Text name="t" value="$body"/>'
IMAGE = '<Image name="i" value="$photo" zoom="true"/>'
PETS = '<Choice value="dog"/><Choice value="cat"/><Choice value="?"/>'
CARS = '<Label value="car" background="red"/><Label value="van"/>'


def view(*tags: str) -> str:
    return f"<View>{''.join(tags)}</View>"


def choices(inside: str = PETS, name: str = "pet", **more: str) -> str:
    told = " ".join(f'{key}="{value}"' for key, value in {"toName": "t", **more}.items())
    return f'<Choices name="{name}" {told}>{inside}</Choices>'


def rectangles(inside: str = CARS, name: str = "where") -> str:
    return f'<RectangleLabels name="{name}" toName="i">{inside}</RectangleLabels>'


@pytest.mark.parametrize(
    ("xml", "schema", "shows", "layout"),
    [
        (view(TEXT, choices()), SINGLE, "text", ("pet", "t", "body", "text")),
        (
            view("<Header value='Look!'/>", "<View><View>", TEXT, choices(), "</View></View>"),
            SINGLE,
            "text",
            ("pet", "t", "body", "text"),
        ),
        (
            view(TEXT, choices(choice="single-radio", required="true")),
            SINGLE,
            "text",
            ("pet", "t", "body", "text"),
        ),
        (view(TEXT, choices(choice="multiple")), MULTI, "text", ("pet", "t", "body", "text")),
        (view(IMAGE, rectangles()), BOXES, "image", ("where", "i", "photo", "image")),
        (
            f'\n<?xml version="1.0" encoding="utf-8"?><!-- cars -->{view(IMAGE, rectangles())}',
            BOXES,
            "image",
            ("where", "i", "photo", "image"),
        ),
        (
            view(IMAGE, rectangles(), choices("<Choice value='blurred'/>", "state", toName="i")),
            BOXES,
            "image",
            ("where", "i", "photo", "image"),
        ),
        (
            view('<HyperText name="t" value="$body"/>', choices()),
            SINGLE,
            "text",
            ("pet", "t", "body", "html"),
        ),
        (
            view('<Table name="t" value="$body"/>', choices()),
            SINGLE,
            "row",
            ("pet", "t", "body", "row"),
        ),
        (
            view(
                TEXT,
                choices(
                    '<Choice value="Dog" alias="dog"/><Choice alias="cat" value="C"/>'
                    '<Choice value="?"/>'
                ),
            ),
            SINGLE,
            "text",
            ("pet", "t", "body", "text"),
        ),
        (
            view(TEXT, choices(), choices("<Choice value='a'/>", "tone", perRegion="true")),
            SINGLE,
            "text",
            ("pet", "t", "body", "text"),
        ),
    ],
)
def test_the_names_of_a_fitting_project_are_found(
    xml: str, schema: LabelSchema, shows: str, layout: tuple[str, str, str, str]
) -> None:
    control, shown, field, way = layout
    found = check_config(xml, schema, shows)
    assert found == Layout(control=control, shown=shown, field=field, way=way)


def test_a_field_that_is_named_is_no_second_candidate() -> None:
    tone = choices("<Choice value='a'/><Choice value='b'/>", "tone")
    comment = '<TextArea name="comment" toName="t"/>'
    extra: dict[str, Any] = {
        "tone": {"kind": "choices", "choices": ["b", "a"]},
        "comment": {"kind": "text"},
    }
    schema = LabelSchema(task="single", classes=("cat", "dog", "?"), extra=extra)
    assert check_config(view(TEXT, tone, choices(), comment), schema, "text").control == "pet"


EXTRA = LabelSchema(task="single", classes=("cat", "dog", "?"), extra={"note": {"kind": "text"}})
MOODS = LabelSchema(
    task="single",
    classes=("cat", "dog", "?"),
    extra={"mood": {"kind": "choices", "choices": ["good", "bad"]}},
)
UNSURE = LabelSchema(task="boxes", classes=("car", "van"), abstain=("?",))


@pytest.mark.parametrize(
    ("xml", "schema", "shows", "complaint"),
    [
        ("<View>", SINGLE, "text", "expected XML, got no element found"),
        ("", SINGLE, "text", "expected XML, got no element found"),
        (
            '<!DOCTYPE v [<!ENTITY a "aaa">]><View>&a;</View>',
            SINGLE,
            "text",
            "expected no document type and no entities, got a DOCTYPE or an ENTITY",
        ),
        ("<View>&a;</View>", SINGLE, "text", "expected XML, got undefined entity"),
        ("<View/>" + " " * 10**6, SINGLE, "text", "expected up to 1000000 characters, got 1000007"),
        ("<a>" * 60 + "</a>" * 60, SINGLE, "text", "expected up to 50 levels of tags, got more"),
        (view(TEXT), SINGLE, "text", "one Choices that asks for the classes, got none"),
        (
            view(IMAGE, '<Labels name="l" toName="i"/>', '<Rectangle name="r" toName="i"/>'),
            BOXES,
            "image",
            "one RectangleLabels that asks for the classes, got Labels, Rectangle",
        ),
        (
            view(TEXT, choices(), choices(name="again")),
            SINGLE,
            "text",
            r"one Choices .* \(name the others under labels.extra\), got 'pet', 'again'",
        ),
        (
            view(IMAGE, rectangles(), '<KeyPointLabels name="k" toName="i"/>'),
            BOXES,
            "image",
            "expected no key points and no ellipses, got KeyPointLabels",
        ),
        (
            view(IMAGE, rectangles(), '<Ellipse name="k" toName="i"/>'),
            BOXES,
            "image",
            "expected no key points and no ellipses, got Ellipse",
        ),
        (
            view(TEXT, choices('<Choice value="cat"/><Choice value="?"/>')),
            SINGLE,
            "text",
            r"the classes \['cat', 'dog', '\?'\] in 'pet', got \['cat', '\?'\]",
        ),
        (
            view(TEXT, choices(PETS + '<Choice value="cow"/>')),
            SINGLE,
            "text",
            r"the classes .* in 'pet', got \['dog', 'cat', '\?', 'cow'\]",
        ),
        (
            view(IMAGE, rectangles('<Label value="car"/>')),
            BOXES,
            "image",
            r"the classes \['car', 'van'\] in 'where', got \['car'\]",
        ),
        (
            view(TEXT, choices('<Choice value="cat"><Choice value="dog"/></Choice>')),
            SINGLE,
            "text",
            "choices of one level in 'pet', got choices in choices",
        ),
        (view(TEXT, choices(value="$x")), SINGLE, "text", r"fixed classes in 'pet', got \$x"),
        (
            view(TEXT, choices(choice="multiple")),
            SINGLE,
            "text",
            "choice=\"single\" in 'pet' for the task single, got 'multiple'",
        ),
        (
            view(TEXT, choices()),
            MULTI,
            "text",
            "choice=\"multiple\" in 'pet' for the task multi, got 'single'",
        ),
        (
            view(IMAGE, rectangles().replace("name=", "choice='multiple' name=", 1)),
            BOXES,
            "image",
            "choice=\"single\" in 'where' for the task boxes, got 'multiple'",
        ),
        (view(TEXT, choices(toName="u")), SINGLE, "text", "Text or HyperText named 'u', got none"),
        (
            view('<Audio name="t" value="$a"/>', choices()),
            SINGLE,
            "text",
            "Text or HyperText named 't', got Audio",
        ),
        (view(TEXT, choices()), SINGLE, "image", "Image or HyperText named 't', got Text"),
        (view(TEXT, choices()), SINGLE, "html", "expected HyperText named 't', got Text"),
        (
            view('<HyperText name="i" value="$h"/>', rectangles()),
            BOXES,
            "image",
            "expected Image named 'i', got HyperText",
        ),
        (
            view('<Text name="t" value="a $b c"/>', choices()),
            SINGLE,
            "text",
            r'expected value="\$field" and plain content on Text, got',
        ),
        (
            view('<Text name="t" value="$al_key"/>', choices()),
            SINGLE,
            "text",
            r'expected value="\$field" and plain content on Text, got .*al_key',
        ),
        (
            view('<Text name="t" value="$b" valueType="url"/>', choices()),
            SINGLE,
            "text",
            r'expected value="\$field" and plain content on Text, got .*url',
        ),
        (
            view('<Text name="t" value="$b" encoding="base64"/>', choices()),
            SINGLE,
            "text",
            r'expected value="\$field" and plain content on Text, got .*base64',
        ),
        (
            view(TEXT, '<Image name="i" value="$photo"/>', choices()),
            SINGLE,
            "text",
            r"no field but \$body, which is all that our tasks carry, got \$photo",
        ),
        (
            view(TEXT, '<Choices toName="t">', PETS, "</Choices>"),
            SINGLE,
            "text",
            "a name and a toName on Choices, got",
        ),
        (view(TEXT, choices()), EXTRA, "text", "expected a TextArea named 'note', got none"),
        (
            view(TEXT, choices(), '<Rating name="note" toName="t"/>'),
            EXTRA,
            "text",
            "expected a TextArea named 'note', got Rating",
        ),
        (
            view(TEXT, choices(), choices('<Choice value="good"/>', "mood")),
            MOODS,
            "text",
            r"the choices \['good', 'bad'\] in 'mood', got \['good'\]",
        ),
        (
            view(IMAGE, rectangles()),
            UNSURE,
            "image",
            r"expected Choices of the abstentions \['\?'\], got none",
        ),
    ],
)
def test_what_does_not_fit_is_named(
    xml: str, schema: LabelSchema, shows: str, complaint: str
) -> None:
    with pytest.raises(DataError, match=f"^labeling configuration: .*{complaint}"):
        check_config(xml, schema, shows)


def test_boxes_are_not_drawn_on_texts() -> None:
    with pytest.raises(DataError, match="boxes are drawn on images: expected to show image, got"):
        check_config(view(IMAGE, rectangles()), BOXES, "text")
    with pytest.raises(DataError, match=r"expected a way to show items out of .* got 'audio'"):
        check_config(view(IMAGE, rectangles()), BOXES, "audio")


def shuffled(tag: ET.Element, chance: random.Random) -> ET.Element:
    """Return the same tag with its attributes and children in another order, and more space."""
    attributes = list(tag.attrib.items())
    chance.shuffle(attributes)
    made = ET.Element(tag.tag, dict(attributes))
    made.text = f"\n {tag.text or ''}\t"
    made.extend(sorted((shuffled(child, chance) for child in tag), key=lambda _: chance.random()))
    return made


@settings(deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from([SINGLE, MULTI, MOODS]))
def test_order_and_space_do_not_change_a_signature(
    chance: random.Random, schema: LabelSchema
) -> None:
    xml = label_config(schema, "text")
    other = ET.tostring(shuffled(ET.fromstring(xml), chance), encoding="unicode")
    assert signature(other) == signature(xml)
    assert len(signature(xml)) == 64


@pytest.mark.parametrize(
    "other",
    [
        view(TEXT, choices(PETS + '<Choice value="cow"/>')),
        view(TEXT, choices(PETS.replace("cat", "Cat"))),
        view(TEXT, choices(choice="multiple")),
        view(TEXT, choices(name="pets")),
        view(TEXT, choices(), "<Style>p {}</Style>"),
        view(TEXT.replace("body", "text"), choices()),
    ],
)
def test_every_other_change_does(other: str) -> None:
    assert signature(other) != signature(view(TEXT, choices()))


def test_a_comment_is_no_change() -> None:
    commented = view("<!-- for mia -->", TEXT, choices())
    assert signature(commented) == signature(view(TEXT, choices()))


def test_a_signature_is_not_taken_of_what_could_do_harm() -> None:
    with pytest.raises(DataError, match="expected no document type and no entities"):
        signature('<!DOCTYPE v SYSTEM "file:///etc/passwd"><View/>')

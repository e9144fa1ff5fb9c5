"""The labels of a project of ours, and those of others matched by name."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from auto_labeling.errors import ConfigurationError
from auto_labeling.formats.cvat import Labels, label_specs
from auto_labeling.formats.cvat.attributes import Attribute
from auto_labeling.records import LabelSchema

ASKED = {
    "blurred": {"kind": "checkbox"},
    "side": {"kind": "choices", "choices": ["left", "right"]},
    "age": {"kind": "number", "min": 0, "max": 90, "step": 10},
    "note": {"kind": "text"},
}


def schema_of(task: Any, **more: Any) -> LabelSchema:
    return LabelSchema(
        task=task, classes=("car", "ねこ"), abstain=("cannot tell",), **{"attributes": {}, **more}
    )


def rows_of(schema: LabelSchema) -> list[dict[str, Any]]:
    """Return the labels as a server lists a project that was made with them."""
    specs = [(at, spec) for at, spec in enumerate(label_specs(schema), 1)]
    return [
        spec
        | {
            "id": at,
            "has_parent": False,
            "attributes": [
                {"id": 10 * at + nth, **one} for nth, one in enumerate(spec["attributes"])
            ],
        }
        for at, spec in specs
    ]


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        ("single", "tag"),
        ("multi", "tag"),
        ("boxes", "rectangle"),
        ("polygons", "polygon"),
        ("masks", "mask"),
    ],
)
def test_a_project_of_ours_can_be_answered(task: str, kind: str) -> None:
    schema = schema_of(task, attributes=ASKED)
    specs = label_specs(schema)
    assert [(one["name"], one["type"]) for one in specs] == [
        ("car", kind),
        ("ねこ", kind),
        ("cannot tell", "tag"),
    ]
    assert [one["name"] for one in specs[0]["attributes"]] == [*ASKED, "score"]
    labels = Labels.of(rows_of(schema), schema)
    assert labels.name_of(labels.id_of("ねこ")) == "ねこ"


def test_the_sdk_takes_every_label_and_its_values() -> None:
    models = importlib.import_module("cvat_sdk.models")
    check = importlib.import_module("cvat_sdk.attributes").attribute_value_validator
    values = {"blurred": True, "side": "left", "age": 40, "note": "a\nb", "score": "0.5"}
    for spec in label_specs(schema_of("boxes", attributes=ASKED)):
        attributes = [models.AttributeRequest(**one) for one in spec["attributes"]]
        models.PatchedLabelRequest(**spec | {"attributes": attributes})
        for at, made in enumerate(attributes):
            kind = made.input_type.value
            ours = Attribute(spec_id=at, name=made.name, input_type=kind, values=tuple(made.values))
            text = ours.write(values[made.name])
            assert text is not None
            assert check(made)(text)
            assert check(made)(made.default_value)
            assert ours.read(text) == values[made.name]


def test_nothing_entered_is_no_value() -> None:
    for kind in ("text", "number", "select"):
        assert Attribute(spec_id=1, name="a", input_type=kind).read("") is None
    assert Attribute(spec_id=1, name="a", input_type="checkbox").read("false") is False
    assert Attribute(spec_id=1, name="a", input_type="number").read("1.5") == 1.5
    assert Attribute(spec_id=1, name="a", input_type="number").read("inf") is None


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("number", 3.0, "3"),
        ("number", 3.5, None),
        ("number", "0.9", None),
        ("number", float("inf"), None),
        ("number", float("nan"), None),
        ("checkbox", False, "false"),
        ("checkbox", "0.9", None),
        ("radio", "x", "x"),
        ("select", "y", None),
        ("text", 1.5, "1.5"),
        ("text", "x" * 5000, None),
    ],
)
def test_what_an_attribute_cannot_hold_is_left_out(kind: str, value: Any, text: Any) -> None:
    attribute = Attribute(spec_id=1, name="a", input_type=kind, values=("x",))
    assert attribute.write(value) == text


def row(name: str, kind: str = "any", **more: Any) -> dict[str, Any]:
    return {"id": sum(map(ord, name)), "name": name, "type": kind, "attributes": [], **more}


OTHERS = [row("ねこ"), row("cannot tell", "tag"), row("car")]


@pytest.mark.parametrize(
    ("task", "rows", "complaint"),
    [
        ("boxes", OTHERS[:2], r"^labels.classes: expected a label 'car' .* got 'ねこ', 'cannot"),
        ("boxes", [*OTHERS[:2], row("Car")], "letter case included, got .*'Car'$"),
        ("boxes", [], "letter case included, got none$"),
        ("boxes", OTHERS[::2], "^labels.abstain: expected a label 'cannot tell'"),
        (
            "boxes",
            [*OTHERS[:2], row("car", "polygon")],
            "expected 'car' to be a label of type rectangle or any in the CVAT project, got type p",
        ),
        ("masks", [*OTHERS[:2], row("car", "tag")], "type mask or any .*, got type tag"),
        ("single", [*OTHERS[:2], row("car", "mask")], "type tag or any .*, got type mask"),
        ("polygons", [OTHERS[0], OTHERS[2], row("cannot tell", "polygon")], "labels.abstain: .*ta"),
        ("boxes", [*OTHERS[:2], row("car", has_parent=True)], "expected a label 'car'"),
    ],
)
def test_what_an_adopted_project_lacks_is_said(task: str, rows: Any, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        Labels.of(rows, schema_of(task))


@pytest.mark.parametrize("task", ["single", "multi", "boxes", "polygons", "masks"])
def test_labels_that_take_anything_are_enough(task: str) -> None:
    more = [row("something else", "skeleton"), row("elbow", "points", has_parent=True)]
    labels = Labels.of([*OTHERS, *more], schema_of(task))
    assert labels.id_of("car") == OTHERS[2]["id"]
    assert "something else" in labels.by_name
    assert "elbow" not in labels.by_name


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ({"classes": (" car", "van")}, "labels: expected a trimmed name .* got ' car'"),
        ({"classes": ("c" * 65, "van")}, "up to 64 characters"),
        ({"classes": ("", "van")}, "up to 64 characters"),
        ({"classes": ("a\nb", "van")}, "one line"),
        ({"attributes": {"score": {"kind": "text"}}}, "labels.attributes.score: expected another"),
        ({"attributes": {"a": {"kind": "stars"}}}, "labels.attributes.a: expected a kind out of"),
        ({"attributes": {"a": "text"}}, "labels.attributes.a: expected a kind out of"),
        ({"attributes": {"a": {"kind": "text", "long": 1}}}, "expected keys out of .*'long'"),
        ({"attributes": {"a": {"kind": "choices"}}}, "a.choices: expected different names"),
        ({"attributes": {"a": {"kind": "choices", "choices": ["x", "x"]}}}, "expected different"),
        ({"attributes": {"a": {"kind": "choices", "choices": [["x"]]}}}, "expected different"),
        ({"attributes": {"a": {"kind": "number"}}}, "expected whole numbers min, max and step"),
        ({"attributes": {"a": {"kind": "number", "max": 5, "step": 2}}}, "max in steps from min"),
        ({"extra": {"note": {"kind": "text"}}}, "labels.extra: expected none, because CVAT"),
    ],
)
def test_what_cvat_has_no_room_for_is_said(more: dict[str, Any], complaint: str) -> None:
    schema = LabelSchema(task="boxes", **{"classes": ("car",), **more})
    with pytest.raises(ConfigurationError, match=complaint):
        label_specs(schema)


def test_an_unknown_task_and_a_field_of_two_kinds_are_said() -> None:
    with pytest.raises(ConfigurationError, match=r"labels.task: expected one of single, .*'ner'"):
        label_specs(LabelSchema(task="ner", classes=("a",)))  # type: ignore[arg-type]
    both = {"note": {"kind": "text"}}
    with pytest.raises(ConfigurationError, match=r"labels.extra: \['note'\] are attributes as"):
        label_specs(schema_of("single", attributes=both, extra=both))


def test_extra_fields_are_asked_beside_a_class() -> None:
    specs = label_specs(schema_of("single", extra={"note": {"kind": "text"}}))
    assert [[one["name"] for one in spec["attributes"]] for spec in specs] == [
        ["note", "score"],
        ["note", "score"],
        ["note"],
    ]

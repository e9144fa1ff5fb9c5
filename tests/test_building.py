"""From YAML's mappings to dataclasses: every field by its type, every mistake by its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import pytest

from auto_labeling.building import build, build_kind, convert
from auto_labeling.errors import ConfigurationError


class Shape(Protocol):
    """A port."""


@dataclass(frozen=True, kw_only=True)
class Circle:
    radius: float

    def __post_init__(self) -> None:
        if self.radius <= 0:
            raise ConfigurationError(f"radius: expected above zero, got {self.radius}")


@dataclass(frozen=True, kw_only=True)
class Frame:
    inner: Shape
    margin: int = 1


@dataclass(frozen=True, kw_only=True)
class Pen:
    colour: Literal["red", "blue"] = "red"
    width: float | None = None


@dataclass(frozen=True, kw_only=True)
class Drawing:
    title: str
    shapes: tuple[Shape, ...] = ()
    pens: tuple[Pen, ...] = ()
    pen: Pen = field(default_factory=Pen)
    sizes: tuple[int, ...] = ()
    notes: Mapping[str, Any] | None = None
    words: str | Mapping[str, float] = ""
    weight: float = 1.0
    checked: bool = False
    _hidden: int = 0
    derived: int = field(default=0, init=False)


TABLE: dict[str, type] = {"circle": Circle, "frame": Frame}
KINDS: dict[Any, Mapping[str, type]] = {Shape: TABLE}


def drawing(**keys: Any) -> Drawing:
    made: Drawing = build(Drawing, {"title": "t", **keys}, "", KINDS)
    return made


def test_what_is_left_out_keeps_its_default() -> None:
    assert drawing() == Drawing(title="t")


def test_kinds_nest() -> None:
    given = {"kind": "frame", "inner": {"kind": "frame", "inner": {"kind": "circle", "radius": 2}}}
    assert drawing(shapes=[given]).shapes == (Frame(inner=Frame(inner=Circle(radius=2.0))),)


def test_one_of_many_needs_no_list() -> None:
    one = {"kind": "circle", "radius": 1}
    assert drawing(shapes=one) == drawing(shapes=[one])
    assert drawing(pens={"colour": "blue"}).pens == (Pen(colour="blue"),)


def test_a_kind_without_keys_is_a_word() -> None:
    @dataclass(frozen=True)
    class Dot:
        pass

    assert build_kind({"dot": Dot}, "dot", "shape", {}) == Dot()


def test_an_optional_key_may_be_null() -> None:
    assert drawing(pen={"width": None}).pen == Pen()
    assert drawing(notes=None).notes is None


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"tittle": "x"}, "unknown key 'tittle'; did you mean 'title'? (expected: checked, not"),
        ({"_hidden": 1}, "unknown key '_hidden'"),
        ({"derived": 1}, "unknown key 'derived'"),
        ({"pen": {"color": "red"}}, "pen: unknown key 'color'; did you mean 'colour'?"),
        ({"pen": {"colour": "green"}}, "pen.colour: input should be 'red' or 'blue', got 'green'"),
        ({"pen": "red"}, "pen: expected keys and values, got 'red'"),
        ({"pens": [{}, {"width": "x"}]}, "pens[1].width: input should be a valid number"),
        ({"shapes": [{"radius": 1}]}, "shapes[0]: expected a key 'kind', one of circle, frame"),
        ({"shapes": ["circl"]}, "shapes[0].kind: expected one of circle, frame, got 'circl'; did"),
        ({"shapes": [3]}, "shapes[0]: expected keys and values, got 3"),
        ({"shapes": [{"kind": "circle"}]}, "shapes[0]: the key 'radius' is missing"),
        ({"shapes": [{"kind": "frame", "inner": {"kind": "circle", "radius": 0}}]}, "shapes[0].in"),
        ({"sizes": [1, "x"]}, "sizes[1]: input should be a valid integer"),
        ({"sizes": "12"}, "sizes: expected a list such as [12], got '12'"),
        ({"weight": True}, "weight: expected a number, got True"),
        ({"weight": "heavy"}, "weight: input should be a valid number"),
        ({"checked": "perhaps"}, "checked: input should be a valid boolean"),
        ({"title": 3}, "title: input should be a valid string, got 3; write it in quotes"),
        ({"words": [1]}, "words: input should be a valid string, got [1]"),
        ({"words": {"a": "40%"}}, "words: input should be a valid number, unable to parse"),
        ({"notes": []}, "notes: input should be a valid dictionary, got []"),
    ],
)
def test_a_mistake_is_said_with_its_place(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        drawing(**keys)
    assert str(error.value).startswith(said)


def test_what_a_class_says_itself_gets_its_place_once() -> None:
    given = {"kind": "frame", "inner": {"kind": "circle", "radius": 0}}
    with pytest.raises(ConfigurationError) as error:
        drawing(shapes=[given])
    assert str(error.value) == "shapes[0].inner.radius: expected above zero, got 0.0"


def test_a_missing_key_of_the_file_itself_is_said_so() -> None:
    with pytest.raises(ConfigurationError, match=r"^the file: the key 'title' is missing$"):
        build(Drawing, {}, "", KINDS)
    with pytest.raises(ConfigurationError, match=r"^the file: expected keys and values, got 3$"):
        build(Drawing, 3, "", KINDS)


@pytest.mark.parametrize(
    ("hint", "value", "expected"),
    [
        (int, 3, 3),
        (float, 3, 3.0),
        (str, "x", "x"),
        (tuple[str, ...], ["a", "b"], ("a", "b")),
        (Literal["a"], "a", "a"),
        (str | None, None, None),
    ],
)
def test_a_value_becomes_what_its_field_holds(hint: Any, value: object, expected: object) -> None:
    found = convert(hint, value, "x", {})
    assert found == expected
    assert type(found) is type(expected)

"""Every answer comes back from its text as it was, for the ledger and for whoever reads it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_labeling.campaign import intake
from auto_labeling.errors import DataError
from auto_labeling.formats.value import decode_value, encode_value
from auto_labeling.records import Value
from auto_labeling.shapes import Box, Mask, Polygon
from tests.formats.shapes import answers, boxes, masks, polygons


@settings(deadline=None)
@given(answers())
def test_an_answer_of_any_kind_comes_back(value: Value) -> None:
    assert decode_value(encode_value(value)) == value
    assert intake.decode(intake.encode(value)) == value


@settings(deadline=None)
@given(st.one_of(boxes(), polygons(), masks()))
def test_scores_and_attributes_are_kept(shape: Any) -> None:
    kind = type(shape)
    fields = {name: getattr(shape, name) for name in kind.__slots__}
    told = kind(**fields | {"score": 0.25, "attributes": {"occluded": True, "note": "ねこ"}})
    assert decode_value(encode_value((told,))) == (told,)


def test_classes_are_written_as_they_always_were() -> None:
    assert [encode_value(one) for one in ("ねこ", ("a", "b"), ())] == ['"ねこ"', '["a", "b"]', "[]"]


def test_nothing_is_nothing() -> None:
    assert intake.encode(None) is None
    assert intake.decode(None) is None


def test_a_shape_of_another_kind_is_named() -> None:
    with pytest.raises(DataError, match=r"expected a box, a polygon or a mask, got \['cuboid'"):
        decode_value('[{"label": "car", "cuboid": []}]')


def test_what_is_no_number_is_no_json() -> None:
    box = Box(label="a", x=0, y=0, width=1, height=1, score=float("nan"))
    with pytest.raises(ValueError, match="JSON"):
        encode_value((box,))


def test_long_answers_are_not_kept_in_memory() -> None:
    held = intake._decode_class.cache_info().currsize
    mask = Mask(label="a", height=1, width=1000, runs=(0, *[1] * 1000))
    polygon = Polygon(label="a", points=tuple((at / 100, at * at / 1e4) for at in range(100)))
    for value in ((mask,), (polygon,)):
        text = intake.encode(value)
        assert intake.decode(text) == value
        assert len(json.loads(text or "")) == 1
    assert intake._decode_class.cache_info().currsize == held

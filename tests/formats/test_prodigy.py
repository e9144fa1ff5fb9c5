"""Prodigy's tasks carry the choice, and its answers come back as events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_labeling import formats
from auto_labeling.errors import DataError
from auto_labeling.formats.hypertext import html_of
from auto_labeling.formats.prodigy import Prodigy, decode_answers, encode_tasks
from auto_labeling.records import (
    Ask,
    EventKind,
    Item,
    LabelSchema,
    Purpose,
    Suggestion,
    Upload,
    Value,
)

CLASSES = ("cat", "dog", "ねこ")
SINGLE = LabelSchema(task="single", classes=CLASSES, abstain=("cannot tell",))
MULTI = LabelSchema(task="multi", classes=CLASSES)
TEXT = Item(item_id="7", text="Bonjour\u2028là")


def upload(item: Item = TEXT, value: Value | None = None) -> Upload:
    asks = tuple(
        Ask(
            ask_id=str(ordinal),
            item_id=item.item_id,
            round=0,
            ordinal=ordinal,
            purpose=Purpose.CONTROL,
            price_micros=0,
        )
        for ordinal in range(2)
    )
    suggestion = Suggestion(item_id="7", value=value or "", score=0.9, model_version="r7")
    suggestions = (suggestion,) if value else ()
    return Upload(key="k" * 32, items=(item,), asks=asks, suggestions=suggestions)


def answered(value: Value | None = None, **answer: Any) -> dict[str, Any]:
    [task] = encode_tasks(upload(value=value), SINGLE, "unit-3")
    given = {"answer": "accept", "accept": ["cat"], "_annotator_id": "db-mia", "_timestamp": 5.25}
    return {**task, "_input_hash": 1, "_task_hash": 2, **given, **answer}


@pytest.mark.parametrize(
    ("item", "field", "content"),
    [
        (TEXT, "text", TEXT.text),
        (Item(item_id="7", uri="a/7.png"), "image", "a/7.png"),
        (
            Item(item_id="7", row={"a<b": "</td>"}),
            "html",
            html_of(Item(item_id="7", row={"a<b": "</td>"})),
        ),
    ],
)
def test_a_task_shows_its_item_and_carries_our_marks(item: Item, field: str, content: str) -> None:
    [task] = encode_tasks(upload(item), SINGLE, "unit-3")
    assert task == {
        field: content,
        "options": [{"id": name, "text": name} for name in (*CLASSES, "cannot tell")],
        "config": {"choice_style": "single"},
        "al_key": "k" * 32,
        "al_item": "7",
        "al_unit": "unit-3",
        "al_opinions": 2,
    }


def test_several_classes_may_be_chosen_where_the_task_is_multi() -> None:
    [task] = encode_tasks(upload(), MULTI)
    assert task["config"] == {"choice_style": "multiple"}


def test_a_suggestion_is_chosen_beforehand() -> None:
    [task] = encode_tasks(upload(value="dog"), SINGLE)
    assert task["accept"] == ["dog"]
    assert task["meta"] == {"model": "r7", "score": 0.9}


def test_boxes_are_not_chosen_from_a_list() -> None:
    with pytest.raises(DataError, match="expected the task single or multi, got 'boxes'"):
        encode_tasks(upload(), LabelSchema(task="boxes", classes=("a",)))


def test_an_answer_is_read_with_all_that_is_known() -> None:
    [event] = decode_answers([answered()], SINGLE)
    assert event.kind is EventKind.SUBMITTED
    assert (event.key, event.item_id, event.person) == ("k" * 32, "7", "db-mia")
    assert (event.value, event.at, event.seconds) == ("cat", 5_250_000, None)


def test_the_session_names_the_person_where_no_annotator_does() -> None:
    line = answered(_session_id="s-1")
    del line["_annotator_id"]
    [event] = decode_answers([line], SINGLE)
    assert event.person == "s-1"
    [nobody] = decode_answers([answered(_annotator_id=None)], SINGLE)
    assert nobody.person is None


@pytest.mark.parametrize("verdict", ["reject", "ignore"])
def test_what_was_not_accepted_is_a_skip(verdict: str) -> None:
    [event] = decode_answers([answered(answer=verdict)], SINGLE)
    assert (event.kind, event.value) == (EventKind.SKIPPED, None)


def test_nothing_accepted_is_a_skip_where_a_class_was_due_and_none_of_them_elsewhere() -> None:
    line = answered(accept=[])
    assert decode_answers([line], SINGLE)[0].kind is EventKind.SKIPPED
    assert decode_answers([line], MULTI)[0].value == ()


def test_the_second_answer_of_a_person_is_an_edit_and_of_another_is_not() -> None:
    lines = [
        answered(),
        answered(accept=["dog"], _timestamp=9),
        answered(_annotator_id="db-li"),
    ]
    events = {event.fingerprint: event for event in decode_answers(lines, SINGLE)}
    assert len(events) == 3
    first, other, edit = events.values()
    assert [event.kind for event in (first, other, edit)] == [
        EventKind.SUBMITTED,
        EventKind.SUBMITTED,
        EventKind.EDITED,
    ]
    assert first.answer_id == edit.answer_id != other.answer_id


@pytest.mark.parametrize(("accepted", "touched"), [(["dog"], False), (["cat"], True)])
def test_whether_a_suggestion_was_touched(accepted: list[str], touched: bool) -> None:
    [event] = decode_answers([answered("dog", accept=accepted)], SINGLE)
    assert event.touched_suggestion is touched
    [unaided] = decode_answers([answered(accept=accepted)], SINGLE)
    assert unaided.touched_suggestion is None


@pytest.mark.parametrize("stamp", [float("nan"), float("-inf"), 1.7e18, 10**400])
def test_a_time_that_is_none_is_named(stamp: float) -> None:
    with pytest.raises(DataError, match="_timestamp: expected seconds since 1970, got"):
        decode_answers([answered(_timestamp=stamp)], SINGLE)


def test_an_answer_without_a_time_gets_that_of_its_file() -> None:
    [event] = decode_answers([answered(_timestamp=None)], SINGLE, written=7)
    assert event.at == 7


@given(st.text(), st.text(min_size=1), st.sampled_from(["mia", "写"]))
def test_every_text_and_id_comes_back_as_it_was(text: str, item_id: str, person: str) -> None:
    form = Prodigy()
    tasks = form.tasks(upload(Item(item_id=item_id, text=text)), SINGLE, "unit-3")
    answer = {"answer": "accept", "accept": ["ねこ"], "_session_id": person}
    [reading] = form.readings(form.write([tasks[0] | answer]), SINGLE, 7)
    assert reading.event is not None
    assert reading.unit == "unit-3"
    assert (reading.event.item_id, reading.event.person) == (item_id, person)
    assert reading.event.value == "ねこ"
    assert form.read(form.write(tasks)) == tasks


def test_a_kind_that_the_table_names_is_a_format() -> None:
    for kind, form in formats.TABLE.items():
        tasks: list[Mapping[str, Any]] = form().tasks(upload(), SINGLE, "unit-3")
        assert form().marks(tasks[0]).item_id == "7", kind
        assert form() == form()
        assert hash(form()) == hash(form())

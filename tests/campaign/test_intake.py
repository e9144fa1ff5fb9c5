"""What a poll means: every act once, every answer from its own ask, nothing dropped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_labeling.campaign.intake import Intake, Known, check, decode, encode, take
from auto_labeling.errors import DataError
from auto_labeling.records import (
    Ask,
    AskState,
    Event,
    EventKind,
    LabelSchema,
    Purpose,
    Value,
)

SCHEMA = LabelSchema(task="single", classes=("ant", "bee"), abstain=("cannot tell",))
PRICE = 50_000


def ask(number: int = 0, *, state: AskState = AskState.SENT, assignee: str | None = None) -> Ask:
    return Ask(
        ask_id=f"ask-{number}",
        item_id="i",
        round=1,
        ordinal=number,
        purpose=Purpose.TRAIN,
        price_micros=PRICE,
        state=state,
        assignee=assignee,
        upload_key="key",
    )


def known(*asks: Ask, **changes: Any) -> Known:
    waiting: dict[tuple[str, str], list[Ask]] = {}
    for one in asks:
        waiting.setdefault((one.upload_key or "", one.item_id), []).append(one)
    given: dict[str, Any] = {
        "schema": SCHEMA,
        "pseudonym": lambda login: f"P {login}",
        "pay": lambda _person, event, _ask: 1000 * int(event.seconds or 50),
        "fingerprints": set(),
        "keys": {one.upload_key for one in asks} | {"key"},
        "open_asks": waiting,
        "versions": {},
        "answered_by": set(),
    }
    return Known(**{**given, **changes})


def act(
    kind: EventKind = EventKind.SUBMITTED,
    value: Value | None = "ant",
    *,
    person: str | None = "mia",
    answer: str = "a",
    at: int = 1,
    key: str = "key",
    item: str = "i",
    seconds: float | None = None,
) -> Event:
    return Event(
        kind=kind,
        fingerprint=f"{answer}@{at}",
        key=key,
        item_id=item,
        person=person,
        at=at,
        answer_id=answer,
        value=value,
        seconds=seconds,
    )


def skip(**given: Any) -> Event:
    return act(EventKind.SKIPPED, None, **given)


def edit(value: Value, **given: Any) -> Event:
    return act(EventKind.EDITED, value, **{"at": 2, **given})


def deletion(**given: Any) -> Event:
    return act(EventKind.DELETED, None, **{"at": 2, **given})


def later(before: Known, taken: Intake, *polled: Event) -> tuple[Known, Intake]:
    """Return what is known after a poll was written, and what another one adds to it."""
    stored = [dict(row, seq=at) for at, row in enumerate(taken.rows, 1)]
    closed = {one for ids in taken.states.values() for one in ids}
    asks = [one for group in before.open_asks.values() for one in group]
    now = known(
        *(one for one in asks if one.ask_id not in closed),
        fingerprints={row["fingerprint"] for row in stored},
        versions={row["answer_id"]: row for row in stored if row["current"]},
        answered_by={(row["item"], row["person"]) for row in stored if row["ask"]},
        skipped=set(taken.states[AskState.SKIPPED]),
    )
    return now, take(now, polled)


def counted(rows: Iterable[dict[str, Any]]) -> list[Value | None]:
    """Return the values that vote."""
    return [
        decode(row["value"])
        for row in rows
        if row["current"] and row["kind"] == "answer" and not row["unsolicited"]
    ]


def test_an_answer_is_kept_and_paid_from_its_ask() -> None:
    taken = take(known(ask()), [act(seconds=30)])
    [row] = taken.rows
    assert (row["kind"], row["ask"], row["person"]) == ("answer", "ask-0", "P mia")
    assert (row["current"], row["unsolicited"]) == (True, False)
    assert decode(row["value"]) == "ant"
    assert taken.states == {AskState.ANSWERED: ["ask-0"]}
    assert taken.assignees == [("ask-0", "P mia")]
    [charge] = taken.charges
    assert (charge.ask, charge.reserved_micros, charge.paid_micros) == ("ask-0", PRICE, 30_000)
    assert not taken.released
    assert taken.acts == 1


def test_an_act_is_taken_once_however_often_it_is_delivered() -> None:
    before = known(ask(0), ask(1))
    taken = take(before, [act(), act(), act()])
    assert (len(taken.rows), len(taken.charges), taken.acts) == (1, 1, 1)
    _, again = later(before, taken, act(), act())
    assert again == Intake()


def test_a_skip_gives_the_money_back() -> None:
    taken = take(known(ask()), [skip()])
    assert taken.rows[0]["kind"] == "skip"
    assert taken.states == {AskState.SKIPPED: ["ask-0"]}
    assert taken.released == [("ask-0", PRICE)]
    assert not taken.charges


def test_an_abstention_is_an_answer_and_is_paid() -> None:
    taken = take(known(ask()), [act(value="cannot tell")])
    assert counted(taken.rows) == ["cannot tell"]
    assert len(taken.charges) == 1


def test_an_edit_takes_the_place_of_what_it_edits_and_costs_nothing() -> None:
    before = known(ask(0), ask(1))
    first = take(before, [act()])
    _, second = later(before, first, edit("bee"))
    assert second.superseded == [1]
    assert counted(second.rows) == ["bee"]
    assert second.rows[0]["supersedes"] == "a@1"
    assert second.rows[0]["ask"] == "ask-0"
    assert (second.charges, dict(second.states)) == ([], {})


def test_an_edit_in_the_same_poll_as_its_answer_does_the_same() -> None:
    taken = take(known(ask(0), ask(1)), [act(), edit("bee"), edit("ant", at=3), edit("bee", at=4)])
    assert [row["current"] for row in taken.rows] == [False, False, False, True]
    assert counted(taken.rows) == ["bee"]
    assert [row["supersedes"] for row in taken.rows] == [None, "a@1", "a@2", "a@3"]
    assert len(taken.charges) == 1


def test_what_another_person_writes_over_an_answer_is_kept_and_does_not_count() -> None:
    before = known(ask(0), ask(1))
    first = take(before, [act()])
    now, second = later(before, first, edit("bee", person="boss"))
    [row] = second.rows
    assert (row["kind"], row["current"], row["conflict_with"]) == ("overwrite", False, "P boss")
    assert row["person"] == "P mia"
    assert decode(row["value"]) == "bee"
    assert not second.superseded
    own = take(now, [edit("bee", at=3)])
    assert counted(own.rows) == ["bee"]
    assert own.rows[0]["supersedes"] == "a@1"


def test_an_edit_by_nobody_known_is_the_authors_own() -> None:
    before = known(ask())
    _, second = later(before, take(before, [act()]), edit("bee", person=None))
    assert counted(second.rows) == ["bee"]


def test_another_persons_deletion_is_noted_and_the_answer_still_counts() -> None:
    taken = take(known(ask()), [act(), deletion(person="boss")])
    assert counted(taken.rows) == ["ant"]
    assert [row["kind"] for row in taken.rows] == ["answer", "overwrite"]


def test_an_own_deletion_is_a_tombstone_and_is_not_refunded() -> None:
    before = known(ask(0), ask(1))
    first = take(before, [act()])
    now, second = later(before, first, deletion())
    assert [row["kind"] for row in second.rows] == ["tombstone"]
    assert second.superseded == [1]
    assert (second.charges, second.released, dict(second.states)) == ([], [], {})
    again = take(now, [act(answer="b", at=3)])
    assert (again.rows[0]["ask"], again.rows[0]["unsolicited"]) == ("ask-0", False)
    assert (again.charges, dict(again.states)) == ([], {})  # it is the purchase that was paid
    assert not again.charges


def test_a_deletion_by_nobody_known_is_the_authors_own_and_frees_nobody_elses_purchase() -> None:
    taken = take(known(ask(0), ask(1)), [act(), deletion(person=None), act(answer="b", at=3)])
    assert [row["ask"] for row in taken.rows] == ["ask-0", "ask-0", "ask-0"]
    unnamed = act(answer="b", person=None, at=3)
    taken = take(known(ask(0), ask(1)), [act(), deletion(person=None), unnamed])
    assert [row["ask"] for row in taken.rows] == ["ask-0", "ask-0", "ask-1"]


def test_the_deletion_of_what_was_never_seen_is_nothing() -> None:
    taken = take(known(ask()), [deletion()])
    assert taken == Intake()


def test_a_late_answer_is_paid_from_its_own_expired_ask() -> None:
    expired = ask(0, state=AskState.EXPIRED)
    issued_again = replace(ask(1), upload_key="newer")
    taken = take(known(expired, issued_again), [act()])
    assert taken.states == {AskState.ANSWERED: ["ask-0"]}
    assert [charge.ask for charge in taken.charges] == ["ask-0"]


def test_an_answer_too_many_is_kept_unsolicited_and_unpaid() -> None:
    taken = take(known(ask()), [act(), act(answer="b", person="li", value="bee")])
    assert [row["unsolicited"] for row in taken.rows] == [False, True]
    assert counted(taken.rows) == ["ant"]
    assert taken.rows[1]["ask"] is None
    assert len(taken.charges) == 1


def test_an_answer_to_a_released_ask_is_not_paid_from_another_upload() -> None:
    other = replace(ask(1), upload_key="newer")
    taken = take(known(other), [act()])
    assert taken.rows[0]["unsolicited"]
    assert not taken.charges


@pytest.mark.parametrize("first", [act(), skip()])
def test_the_same_person_is_never_paid_twice_for_one_item(first: Event) -> None:
    at_once = take(known(ask(0), ask(1)), [first, act(answer="b", at=5)])
    assert [row["unsolicited"] for row in at_once.rows] == [False, True]
    assert len(at_once.charges) + len(at_once.released) == 1
    before = known(ask(0), ask(1))
    _, again = later(before, take(before, [first]), act(answer="b", at=5))
    assert again.rows[0]["unsolicited"]
    assert not again.charges


def test_a_persons_own_ask_goes_before_one_that_is_anybodys() -> None:
    taken = take(known(ask(0), ask(1, assignee="P mia")), [act()])
    assert taken.states == {AskState.ANSWERED: ["ask-1"]}


def test_an_ask_that_is_somebody_elses_is_not_answered_by_others() -> None:
    taken = take(known(ask(0, assignee="P li")), [act()])
    assert taken.rows[0]["unsolicited"]
    assert not taken.charges


def test_an_unknown_class_is_put_aside_and_a_later_valid_edit_is_the_answer() -> None:
    before = known(ask())
    first = take(before, [act(value="cow")])
    assert first.rows == []
    [(event, reason)] = first.aside
    assert event.value == "cow"
    assert "cow" in reason
    assert "ant, bee" in reason
    assert not first.charges
    _, second = later(before, first, edit("bee"))
    assert counted(second.rows) == ["bee"]
    assert len(second.charges) == 1


def test_an_unknown_class_in_an_edit_leaves_the_answer_as_it_was() -> None:
    taken = take(known(ask()), [act(), edit("cow")])
    assert counted(taken.rows) == ["ant"]
    assert [event.value for event, _ in taken.aside] == ["cow"]


def test_an_upload_that_is_not_ours_is_put_aside() -> None:
    taken = take(known(ask()), [act(key="foreign")])
    assert taken.rows == []
    assert "did not make" in taken.aside[0][1]


def test_what_was_put_aside_is_not_new_a_second_time() -> None:
    strange = act(value="cow")
    before = known(ask())
    assert take(before, [strange]).acts == 1
    assert take(before, [strange]) == Intake()


def test_the_state_of_a_job_is_no_answer() -> None:
    assert take(known(ask()), [act(EventKind.JOB_STATE, "completed")]) == Intake()


@pytest.mark.parametrize("one_poll", [True, False])
def test_a_skip_that_becomes_an_answer_is_kept_but_not_paid(one_poll: bool) -> None:
    # Its money was given back and may be spent by now: as a vote it would be one answer too many.
    before = known(ask(0), ask(1))
    first = take(before, [skip(), edit("bee")] if one_poll else [skip()])
    taken = first if one_poll else later(before, first, edit("bee"))[1]
    assert taken.rows[-1]["unsolicited"]
    assert taken.rows[-1]["current"]
    assert taken.rows[-1]["ask"] is None
    assert not taken.charges
    assert counted(taken.rows) == []


def test_an_answer_that_becomes_a_skip_stays_paid_and_may_become_an_answer_again() -> None:
    before = known(ask(0), ask(1))
    first = take(before, [act()])
    now, second = later(before, first, skip(at=2))
    assert [row["kind"] for row in second.rows] == ["skip"]
    assert (second.charges, second.released) == ([], [])
    third = take(now, [edit("bee", at=3)])
    assert counted(third.rows) == ["bee"]
    assert third.rows[0]["ask"] == "ask-0"


@pytest.mark.parametrize(
    ("task", "value"),
    [
        ("single", None),
        ("single", ("ant",)),
        ("single", "cow"),
        ("single", ""),
        ("multi", None),
        ("multi", "ant"),
        ("multi", ("ant", "cow")),
    ],
)
def test_what_is_no_answer_to_the_question_is_refused(task: Any, value: Value | None) -> None:
    with pytest.raises(DataError, match="expected"):
        check(value, LabelSchema(task=task, classes=("ant", "bee")))


@pytest.mark.parametrize("value", [(), ("ant",), ("ant", "bee")])
def test_any_set_of_classes_answers_a_question_for_several(value: Value) -> None:
    check(value, LabelSchema(task="multi", classes=("ant", "bee")))


@pytest.mark.parametrize("value", [None, "ant", "ä\n", ("ant", "bee"), ()])
def test_values_are_stored_and_read_as_they_were(value: Value | None) -> None:
    assert decode(encode(value)) == value


events = st.builds(
    act,
    kind=st.sampled_from([k for k in EventKind if k is not EventKind.JOB_STATE]),
    value=st.sampled_from(["ant", "bee", "cow", "cannot tell"]),
    person=st.sampled_from(["mia", "li", "bo", None]),
    answer=st.sampled_from(["a", "b", "c", "d"]),
    at=st.integers(1, 9),
    key=st.sampled_from(["key", "newer", "foreign"]),
)


@given(st.lists(events, max_size=14), st.data())
def test_however_polls_are_cut_the_same_is_taken_and_no_ask_ends_twice(
    polled: list[Event], data: st.DataObject
) -> None:
    asks = [ask(0), ask(1, state=AskState.EXPIRED), replace(ask(2), upload_key="newer")]
    whole = take(known(*asks), polled)
    cut = data.draw(st.integers(0, len(polled)))
    parts_known = known(*asks)
    first = take(parts_known, polled[:cut])
    ended = [one.ask for one in whole.charges] + [one for one, _ in whole.released]
    assert len(ended) == len(set(ended))
    assert sorted(ended) == sorted(one for ids in whole.states.values() for one in ids)
    paid = {(row["item"], row["person"], row["ask"]) for row in whole.rows if row["ask"]}
    assert len({(item, person) for item, person, _ in paid}) == len(paid)
    # The second part sees what the first has left in `known`, as a later poll sees the ledger.
    second = take(parts_known, polled[cut:])
    assert [row["fingerprint"] for row in [*first.rows, *second.rows]] == [
        row["fingerprint"] for row in whole.rows
    ]
    assert counted([*first.rows, *second.rows]) == counted(whole.rows)
    assert first.charges + second.charges == whole.charges


def test_a_number_that_the_tool_gives_anew_is_another_answer() -> None:
    start = known(ask(0))
    start.open_asks["other", "j"] = [replace(ask(1), item_id="j", upload_key="other")]
    start.keys.add("other")
    taken = take(start, [act(), act(at=5, key="other", item="j", value="bee"), act(at=6)])
    rows = [(row["item"], row["value"], row["ask"], row["current"]) for row in taken.rows]
    assert rows == [
        ("i", '"ant"', "ask-0", False),
        ("j", '"bee"', "ask-1", True),
        ("i", '"ant"', "ask-0", True),
    ]
    changed = act(EventKind.EDITED, at=7, key="other", item="j", value="ant")
    [row] = take(start, [changed]).rows
    assert (row["ask"], row["supersedes"]) == ("ask-1", "a@5")


@pytest.mark.parametrize("one_poll", [True, False])
def test_who_answers_twice_and_takes_the_first_back_has_answered_once(one_poll: bool) -> None:
    start = known(ask(0))
    acts = [act(), act(answer="b", value="bee", at=2), act(EventKind.DELETED, None, at=3)]
    taken = [take(start, acts)] if one_poll else [take(start, [one]) for one in acts]
    rows = [row for intake in taken for row in intake.rows]
    counts = [row for row in rows if row["current"] and row["kind"] == "answer"]
    assert [(row["value"], row["ask"], row["unsolicited"]) for row in counts] == [
        ('"bee"', "ask-0", False)
    ]
    assert [charge.ask for intake in taken for charge in intake.charges] == ["ask-0"]


@pytest.mark.parametrize("one_poll", [True, False])
def test_what_somebody_else_answers_where_one_has_skipped_is_their_own(one_poll: bool) -> None:
    start = known(ask(0), ask(1))
    acts = [act(EventKind.SKIPPED, None), act(EventKind.EDITED, person="li", at=2)]
    taken = [take(start, acts)] if one_poll else [take(start, [one]) for one in acts]
    row = taken[-1].rows[-1]
    assert (row["person"], row["kind"], row["ask"]) == ("P li", "answer", "ask-1")

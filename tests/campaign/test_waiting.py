from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_labeling.campaign.waiting import Rule, Verdict, judge, span
from auto_labeling.errors import ConfigurationError
from auto_labeling.records import Ask, AskState, Purpose

HOUR = 3_600_000_000
PARIS = ZoneInfo("Europe/Paris")
states = st.lists(st.sampled_from(AskState), max_size=30)


def asks(*given_states: AskState) -> list[Ask]:
    return [
        Ask(
            ask_id=f"a{at}",
            item_id=f"i{at}",
            round=1,
            ordinal=0,
            purpose=Purpose.TRAIN,
            price_micros=0,
            state=state,
        )
        for at, state in enumerate(given_states)
    ]


def answered_of(n: int, answered: int) -> list[Ask]:
    return asks(*[AskState.ANSWERED] * answered, *[AskState.SENT] * (n - answered))


def at(text: str, zone: ZoneInfo = PARIS) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=zone)
    return round(moment.astimezone(UTC).timestamp()) * 1_000_000


@given(states, st.integers(0, 100 * HOUR))
def test_a_round_is_ready_waits_or_is_overdue_and_only_one_of_them(
    given_states: list[AskState], now: int
) -> None:
    rule = Rule.parse(enough="80%", after="36h", poll_s=60)
    verdict = judge(asks(*given_states), since=0, now=now, rule=rule)
    waits = verdict.wait_until is not None
    assert [verdict.ready, waits, verdict.overdue].count(True) == 1
    if waits:
        assert now < (verdict.wait_until or 0) <= min(now + 600_000_000, 36 * HOUR)
    assert verdict.overdue <= (now >= 36 * HOUR)
    assert verdict.ready == (verdict.missing == 0)


@given(states, st.data())
def test_an_answer_more_never_makes_a_round_less_ready(
    given_states: list[AskState], data: st.DataObject
) -> None:
    rule = Rule.parse(enough="90%")
    before = judge(asks(*given_states), since=0, now=0, rule=rule)
    if before.open:
        chosen = data.draw(st.sampled_from(before.open))
        given_states[int(chosen[1:])] = AskState.ANSWERED
        after = judge(asks(*given_states), since=0, now=0, rule=rule)
        assert after.missing == max(before.missing - 1, 0)
        assert after.ready >= before.ready


def test_a_round_waits_for_all_unless_told_otherwise() -> None:
    rule = Rule.parse()
    assert judge(answered_of(20, 19), since=0, now=10**15, rule=rule).wait_until is not None
    assert judge(answered_of(20, 20), since=0, now=0, rule=rule) == Verdict()


def test_enough_is_enough_at_once_and_names_what_is_open() -> None:
    rule = Rule.parse(enough="95%", after="3 workdays")
    verdict = judge(answered_of(20, 19), since=0, now=1, rule=rule)
    assert verdict.ready
    assert verdict.open == ("a19",)
    short = judge(answered_of(20, 18), since=0, now=1, rule=rule)
    assert (short.ready, short.missing) == (False, 1)


def test_the_share_is_exact_where_floats_are_not() -> None:
    # .55 of 100 as floats is 55.00000000000001.
    rule = Rule.parse(enough="55%")
    assert judge(answered_of(100, 55), since=0, now=0, rule=rule).ready


def test_only_answers_are_progress_and_what_is_closed_is_not_waited_for() -> None:
    closed = [AskState.SKIPPED, AskState.RELEASED, AskState.EXPIRED]
    assert judge(asks(*closed), since=0, now=0, rule=Rule.parse()).ready
    mixed = asks(*closed, AskState.ANSWERED, AskState.SENT)
    half = judge(mixed, since=0, now=0, rule=Rule.parse(enough="50%"))
    more = judge(mixed, since=0, now=0, rule=Rule.parse(enough="51%"))
    assert (half.ready, more.ready) == (True, False)


def test_asks_not_yet_sent_are_open() -> None:
    assert not judge(asks(AskState.RESERVED), since=0, now=0, rule=Rule.parse()).ready


@pytest.mark.parametrize("rest", ["release", "reissue"])
def test_after_the_deadline_the_rest_is_named_with_its_rule(rest: str) -> None:
    rule = Rule.parse(enough="95%", after="36h", rest=rest, poll_s=60)
    early = judge(answered_of(4, 3), since=HOUR, now=37 * HOUR - 1, rule=rule)
    assert (early.wait_until, early.overdue, early.missing) == (37 * HOUR, False, 1)
    late = judge(answered_of(4, 3), since=HOUR, now=37 * HOUR, rule=rule)
    assert (late.wait_until, late.overdue) == (None, True)
    assert (late.rest, late.open, late.deadline) == (rest, ("a3",), 37 * HOUR)


def test_enough_answers_go_before_the_deadline() -> None:
    rule = Rule.parse(enough="75%", after="1h")
    assert judge(answered_of(4, 3), since=0, now=2 * HOUR, rule=rule).ready


@pytest.mark.parametrize(
    ("text", "hours"),
    [("36h", 36), ("2d", 48), ("1.5 days", 36), ("90 min", 1.5), ("1 week", 168), ("45s", 0.0125)],
)
def test_spans_are_read_as_people_write_them(text: str, hours: float) -> None:
    assert span(text).after(0) == hours * HOUR


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2027-03-01T15:00", 3, "2027-03-04T15:00"),  # a Monday
        ("2027-03-05T15:00", 3, "2027-03-10T15:00"),  # a Friday
        ("2027-03-05T15:00", 1, "2027-03-08T15:00"),
        ("2027-03-06T10:00", 3, "2027-03-11T00:00"),  # a Saturday: begins on Monday
        ("2027-03-01T15:00", 5, "2027-03-08T15:00"),
        ("2027-03-03T15:00", 13, "2027-03-22T15:00"),
        ("2027-03-26T15:00", 1, "2027-03-29T15:00"),  # summer time begins in between
    ],
)
def test_workdays_skip_weekends_and_keep_the_hour(start: str, days: int, end: str) -> None:
    assert span(f"{days} workdays").after(at(start), PARIS) == at(end)


def test_the_zone_says_when_the_weekend_is() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    start = at("2027-03-05T18:00", ZoneInfo("UTC"))  # Friday in UTC, Saturday in Tokyo
    assert span("1 workday").after(start, UTC) == at("2027-03-08T18:00", ZoneInfo("UTC"))
    assert span("1 workday").after(start, tokyo) == at("2027-03-09T00:00", tokyo)


@given(st.integers(0, 4_000_000_000_000_000), st.integers(1, 40))
def test_workdays_are_counted_one_by_one(start: int, days: int) -> None:
    one_by_one = start
    for _ in range(days):
        one_by_one = span("1 workday").after(one_by_one)
    whole = span(f"{days} workdays").after(start)
    # What begins at a weekend ends at a midnight, from which a Saturday's step begins on Monday.
    assert whole == one_by_one or (one_by_one - whole) % (24 * HOUR) == 0
    assert whole - start >= days * 24 * HOUR - 24 * HOUR


@pytest.mark.parametrize(
    "text", ["soon", "3", "0h", "-2d", "1.5 workdays", "0 workdays", "2 fortnights"]
)
def test_a_span_that_nobody_can_read_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"wait\.after: .*3 workdays"):
        Rule.parse(after=text)


@pytest.mark.parametrize(
    "told",
    [{"after": "99999999999999999999 w"}, {"after": "999999999 workdays"}, {"poll_s": 1e300}],
)
def test_what_is_no_date_any_more_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"^wait\..*: expected .*ten years at most, got"):
        Rule.parse(**told)


@pytest.mark.parametrize("enough", ["95", "0%", "101%", "most", "-5%"])
def test_a_share_that_nobody_can_read_is_refused(enough: str) -> None:
    with pytest.raises(ConfigurationError, match=r"wait\.enough"):
        Rule.parse(enough=enough)


def test_other_keys_are_checked_as_well() -> None:
    with pytest.raises(ConfigurationError, match=r"wait\.rest.*'retry'"):
        Rule.parse(rest="retry")
    with pytest.raises(ConfigurationError, match=r"wait\.poll_s"):
        Rule.parse(poll_s=0)

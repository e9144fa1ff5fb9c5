"""Simulated people work one task after the other, in their own hours, at their own pace."""

from __future__ import annotations

import statistics
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_labeling.backends.simulated import hours
from auto_labeling.backends.simulated.crew import crew
from auto_labeling.clocks import MONDAY_MORNING
from auto_labeling.errors import ConfigurationError, RejectedError
from auto_labeling.records import CancelResult, Event, EventKind
from tests.backends.town import DAY_S, ITEMS, Town

HOUR = 3_600_000_000


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp()) * 1_000_000


def local(micros: int, zone: str) -> datetime:
    return datetime.fromtimestamp(micros / 1e6, ZoneInfo(zone))


@pytest.mark.parametrize(
    ("given_hours", "zone", "moment", "expected"),
    [
        ("Mon-Fri 09-15", "Europe/Paris", "2026-01-05T12:00+01:00", "2026-01-05T12:00+01:00"),
        ("Mon-Fri 09-15", "Europe/Paris", "2026-01-05T15:00+01:00", "2026-01-06T09:00+01:00"),
        ("Mon-Fri 09-15", "Europe/Paris", "2026-03-27T16:00+01:00", "2026-03-30T09:00+02:00"),
        ("Mon-Fri 09-15", "Europe/Paris", "2026-10-23T16:00+02:00", "2026-10-26T09:00+01:00"),
        ("Sat,Sun 08:30-12", "America/New_York", "2026-01-05T00:00Z", "2026-01-10T08:30-05:00"),
        ("Mon-Sun 22-06", "Asia/Tokyo", "2026-01-05T02:00+09:00", "2026-01-05T02:00+09:00"),
        ("Mon 22-06", "Asia/Tokyo", "2026-01-06T05:59+09:00", "2026-01-06T05:59+09:00"),
        ("Fri-Mon 09-24", "UTC", "2026-01-05T23:59Z", "2026-01-05T23:59Z"),
        ("Fri-Mon 09-24", "UTC", "2026-01-06T00:00Z", "2026-01-09T09:00Z"),
        # 02:00 to 03:00 does not exist in Paris on that Sunday.
        ("Sun 02-03", "Europe/Paris", "2026-03-29T00:30Z", "2026-04-05T02:00+02:00"),
    ],
)
def test_the_next_moment_at_work(given_hours: str, zone: str, moment: str, expected: str) -> None:
    assert hours.parse(given_hours, zone).next_open(at(moment)) == at(expected)


@pytest.mark.parametrize(("day", "long"), [("2026-03-28", 4), ("2026-03-29", 3), ("2026-10-25", 5)])
def test_a_day_on_which_clocks_change_is_shorter_or_longer(day: str, long: int) -> None:
    shift = hours.parse("Mon-Sun 01-05", "Europe/Paris")
    midnight = int(datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Europe/Paris")).timestamp())
    quarters = [(midnight + 900 * n) * 1_000_000 for n in range(4 * 12)]
    assert sum(shift.next_open(moment) == moment for moment in quarters) == 4 * long


@given(
    moment=st.integers(MONDAY_MORNING, MONDAY_MORNING + 400 * 24 * HOUR),
    text=st.sampled_from(["Mon-Fri 09:00-15:00", "Sat 23:00-07:00", "Tue,Thu 08:15-08:45"]),
    zone=st.sampled_from(["Europe/Paris", "America/St_Johns", "Pacific/Apia", "UTC"]),
)
def test_the_next_moment_is_never_before_and_stays_put(moment: int, text: str, zone: str) -> None:
    shift = hours.parse(text, zone)
    opened = shift.next_open(moment)
    assert opened >= moment
    assert shift.next_open(opened) == opened
    if opened > moment:
        assert local(opened, zone).strftime("%H:%M") == text.split()[1].partition("-")[0]


@pytest.mark.parametrize(
    ("text", "zone", "complaint"),
    [
        ("nine to five", "UTC", "hours: expected such as 'Mon-Fri 09-15', got 'nine to five'"),
        ("Mun-Fri 09-15", "UTC", "expected days of Mon"),
        ("Mon-Wed-Fri 09-15", "UTC", "expected days of Mon"),
        ("Mon 09-25", "UTC", "expected times up to 24"),
        ("Mon 09-15", "Europe/Pariss", "tz: expected an IANA zone"),
        ("Mon 09-15", "../etc", "tz: expected an IANA zone"),
    ],
)
def test_hours_that_cannot_be_are_refused(text: str, zone: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        hours.parse(text, zone)


def test_answers_begin_in_working_hours_on_both_sides_of_a_clock_change(tmp_path: Path) -> None:
    mia = {"name": "mia", "accuracy": 0.9, "hours": "Mon-Fri 09-15", "tz": "Europe/Paris"}
    town = Town(tmp_path, annotators=(mia | {"seconds": 4000},))
    town.clock.sleep((at("2026-03-26T12:00Z") - town.clock.now()) / 1e6)
    town.backend.create(town.uploads(ITEMS))
    times = [event.at - round((event.seconds or 0) * 1e6) for event in town.events(60)]
    begun = [local(micros, "Europe/Paris") for micros in times]
    assert all(moment.weekday() < 5 and 9 <= moment.hour < 15 for moment in begun)
    assert {moment.utcoffset() for moment in begun} == {timedelta(hours=1), timedelta(hours=2)}


def test_nobody_does_two_things_at_once(tmp_path: Path) -> None:
    town = Town(tmp_path)
    for start in range(0, 40, 10):
        town.backend.create(town.uploads(ITEMS[start : start + 10], 3))
        town.clock.sleep(7)
    by_person: dict[str, list[Event]] = {}
    for event in town.events():
        by_person.setdefault(str(event.person), []).append(event)
    assert len(by_person) == 4
    for events in by_person.values():
        spans = sorted((event.at - round((event.seconds or 0) * 1e6), event.at) for event in events)
        assert all(end <= begin + 1 for (_, end), (begin, _) in pairwise(spans))


def test_an_answer_takes_what_the_fixed_model_says() -> None:
    paces = [
        statistics.median(person.duration_s(0, item, 0, "ant") for item in map(str, range(300)))
        for person in crew([0.9] * 60, {})
    ]
    assert 0.7 * 3.5 * 0.9 < min(paces) < 0.8 * 3.5 * 1.1
    assert 1.35 * 3.5 * 0.9 < max(paces) < 1.5 * 3.5 * 1.1


def test_a_skip_costs_less_than_an_answer_and_several_classes_more() -> None:
    [person] = crew([0.9], {})
    skip, one, three = (
        person.duration_s(0, "i0", 0, value) for value in (None, "ant", ("ant", "bee", "cat"))
    )
    assert skip < one < three


def test_the_answers_of_a_chunk_appear_together_when_it_is_completed(tmp_path: Path) -> None:
    town = Town(tmp_path, annotators=(0.9,), unit="chunk")
    town.backend.create([town.upload(ITEMS[:10])])
    town.clock.sleep(8)
    assert town.backend.changes(None)[0] == []
    events = town.events()
    assert [event.kind for event in events] == [EventKind.SUBMITTED] * 10 + [EventKind.JOB_STATE]
    assert len({event.at for event in events}) == 1
    assert events[-1].value == "completed"


def test_a_late_answer_comes_days_later_and_holds_nobody_up(tmp_path: Path) -> None:
    lazy = {"name": "lazy", "accuracy": 0.9, "late": 1.0}
    town = Town(tmp_path, annotators=(lazy, {"name": "mia", "accuracy": 0.9}))
    town.backend.create(town.uploads(ITEMS, 2))
    delays = {"lazy": [0.0], "mia": [0.0]}
    for event in town.events():
        delays[str(event.person)].append((event.at - MONDAY_MORNING) / 1e6)
    assert all(DAY_S < delay < 6 * DAY_S for delay in delays["lazy"][1:])
    assert max(delays["mia"]) < 3600


def test_a_late_answer_that_was_begun_arrives_after_the_withdrawal(tmp_path: Path) -> None:
    town = Town(tmp_path, late=1.0)
    upload = town.upload(["i0"], opinions=2)
    [ref] = town.backend.create([upload]).values()
    town.clock.sleep(60)
    assert dict(town.backend.cancel([ref])) == {ref: CancelResult.CANCELLED}
    assert not town.backend.find([upload.key])
    assert len(town.events()) == 2
    assert dict(town.backend.cancel([ref])) == {ref: CancelResult.ANSWERED}


def test_an_answer_that_nobody_asked_for_comes_after_the_others(tmp_path: Path) -> None:
    town = Town(tmp_path, unasked=1.0)
    town.backend.create(town.uploads(ITEMS[:5], 2))
    for item in ITEMS[:5]:
        people = [event.person for event in town.events(1) if event.item_id == item]
        turns = [name for name, _ in town.backend.replay(item, 3)]
        assert set(people[:2]) == set(turns[:2])
        assert people[2:] == turns[2:]


def test_nothing_is_planned_before_a_time_that_was_reported(tmp_path: Path) -> None:
    town = Town(tmp_path)
    town.clock.sleep(DAY_S)
    _, cursor = town.backend.changes(None)
    (tmp_path / "clock").unlink()  # a clock that is set back
    town.backend.create([town.upload(["i0"])])
    town.clock.sleep(2 * DAY_S)
    assert len(town.backend.changes(cursor)[0]) == 1


@pytest.mark.parametrize("cursor", ["", "7", "a-b", '{"file": 1}'])
def test_a_cursor_of_another_tool_is_refused(tmp_path: Path, cursor: str) -> None:
    with pytest.raises(RejectedError, match="cursor: expected one of this tool"):
        Town(tmp_path).backend.changes(cursor)

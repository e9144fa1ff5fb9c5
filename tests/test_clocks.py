"""Clocks never go back, and simulated time outlives the processes that live in it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_labeling.clocks import MONDAY_MORNING, SimulatedClock, SystemClock
from auto_labeling.errors import DataError


def test_simulated_time_begins_where_it_is_told(tmp_path: Path) -> None:
    assert SimulatedClock(tmp_path / "a").now() == MONDAY_MORNING == 1_767_603_600_000_000
    assert SimulatedClock(tmp_path / "b", start=7).now() == 7


def test_reading_the_time_writes_nothing(tmp_path: Path) -> None:
    SimulatedClock(tmp_path / "deep" / "clock").now()
    assert list(tmp_path.iterdir()) == []


def test_everybody_at_one_file_lives_in_one_time(tmp_path: Path) -> None:
    one, two = (SimulatedClock(tmp_path / "deep" / "clock", start=0) for _ in range(2))
    one.sleep(1.5)
    assert two.now() == 1_500_000
    two.sleep(0)
    two.sleep(1e-9)
    assert one.now() == 1_500_001  # some time passes, or a loop that sleeps might never end


@given(st.lists(st.floats(0, 1e7), max_size=8))
def test_simulated_time_never_goes_back(
    tmp_path_factory: pytest.TempPathFactory, naps: list[float]
) -> None:
    clock = SimulatedClock(tmp_path_factory.mktemp("clock") / "clock", start=0)
    for nap in naps:
        before = clock.now()
        clock.sleep(nap)
        assert clock.now() >= before + nap * 1_000_000 - 1


def test_sleepers_in_two_processes_both_move_the_time_on(tmp_path: Path) -> None:
    clock = SimulatedClock(tmp_path / "clock", start=0)
    children = []
    for _ in range(3):
        child = os.fork()
        if not child:
            for _ in range(100):
                clock.sleep(1)
            os._exit(0)
        children.append(child)
    seen = [clock.now() for _ in range(300)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    assert seen == sorted(seen)
    assert clock.now() == 300_000_000


def test_a_kill_leaves_the_time_and_nobody_waiting(tmp_path: Path) -> None:
    clock = SimulatedClock(tmp_path / "clock", start=0)
    child = os.fork()
    if not child:
        while True:
            clock.sleep(1)
    while clock.now() < 50_000_000:
        pass
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    before = clock.now()
    assert before % 1_000_000 == 0
    clock.sleep(1)
    assert clock.now() == before + 1_000_000


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_a_sleep_that_cannot_be_is_refused(tmp_path: Path, seconds: float) -> None:
    for clock in (SimulatedClock(tmp_path / "clock"), SystemClock()):
        with pytest.raises(DataError, match="expected a number of seconds of at least 0"):
            clock.sleep(seconds)


def test_a_file_that_is_no_clock_is_named(tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("noon", encoding="ascii")
    with pytest.raises(DataError, match=r"clock: expected the microseconds .* got 'noon'"):
        SimulatedClock(tmp_path / "clock").now()


def test_the_wall_clock_stands_still_when_the_host_is_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    times = iter([5_000_000, 3_000_000, 6_000_000])
    monkeypatch.setattr(time, "time_ns", lambda: next(times))
    clock = SystemClock()
    assert [clock.now() for _ in range(3)] == [5000, 5000, 6000]


def test_the_wall_clock_sleeps() -> None:
    before = time.monotonic_ns()
    SystemClock().sleep(0.02)
    assert time.monotonic_ns() - before >= 20_000_000

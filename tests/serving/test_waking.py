from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from auto_labeling.campaign.driver import wait_for_people
from auto_labeling.campaign.waking import LOOK_S, FileWaker
from auto_labeling.records import Micros
from auto_labeling.workspace import Workspace
from tests.contracts.waker import WakerContract
from tests.support.campaigns import ask_to_stop, driving, tiny


@dataclass
class StoppedWatch:
    """A clock on which time passes by being slept through; something may happen meanwhile."""

    at: Micros = 0
    acts: dict[float, object] = field(default_factory=dict)
    """Seconds -> what happens then."""

    def now(self) -> Micros:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += round(seconds * 1e6)
        for when in [when for when in self.acts if when * 1e6 <= self.at]:
            self.acts.pop(when)()  # type: ignore[operator]


def waited(path: Path, seconds: float, acts: dict[float, object], campaign: str) -> float:
    """Return how many seconds a driver waits that has to wait for `seconds`."""
    watch = StoppedWatch(acts=acts)
    waker = FileWaker(Workspace.of(path), watch.sleep)
    with driving(path, campaign) as opened:
        # Simulated people would be waited for in one step.
        config = replace(opened.config, backend=object())
        wait_for_people(
            replace(opened, config=config, clock=watch, waker=waker), round(seconds * 1e6)
        )
    return watch.at / 1e6


@pytest.fixture
def campaign(tmp_path: Path) -> str:
    return tiny(tmp_path / "workspace")


class TestFileWaker(WakerContract):
    def open(self, folder: Path) -> FileWaker:
        return FileWaker(Workspace.of(folder), lambda _: None)


def test_without_a_hint_it_is_waited_to_the_end(tmp_path: Path, campaign: str) -> None:
    assert waited(tmp_path / "workspace", 7.3, {}, campaign) == pytest.approx(7.3)
    assert waited(tmp_path / "workspace", -1, {}, campaign) == 0


@pytest.mark.parametrize("when", [0.0, 0.1, 33.3, 599.9])
def test_a_hint_ends_the_wait(tmp_path: Path, campaign: str, when: float) -> None:
    other = FileWaker(Workspace.of(tmp_path / "workspace"), time.sleep)
    acts = {when: lambda: other.wake(campaign)}
    waits = waited(tmp_path / "workspace", 600, acts, campaign)
    assert waits <= when + 2 * LOOK_S


def test_a_hint_before_the_wait_ends_it_and_only_once(tmp_path: Path, campaign: str) -> None:
    waker = FileWaker(Workspace.of(tmp_path / "workspace"), time.sleep)
    waker.wake(campaign)
    waker.wake(campaign)
    assert waited(tmp_path / "workspace", 600, {}, campaign) == LOOK_S
    assert waited(tmp_path / "workspace", 600, {}, campaign) == pytest.approx(600)


def test_a_hint_for_another_campaign_ends_nothing(tmp_path: Path, campaign: str) -> None:
    FileWaker(Workspace.of(tmp_path / "workspace"), time.sleep).wake("another")
    assert waited(tmp_path / "workspace", 5, {}, campaign) == pytest.approx(5)


def test_stop_now_ends_the_wait_within_a_second(tmp_path: Path, campaign: str) -> None:
    path = tmp_path / "workspace"
    acts = {50.2: lambda: ask_to_stop(path, campaign, "now")}
    assert waited(path, 600, acts, campaign) <= 50.2 + 1.5


def test_stop_after_the_round_ends_no_wait(tmp_path: Path, campaign: str) -> None:
    path = tmp_path / "workspace"
    acts = {2.0: lambda: ask_to_stop(path, campaign, "finish")}
    assert waited(path, 6, acts, campaign) == pytest.approx(6)


def test_another_thread_wakes_it_in_real_time(tmp_path: Path) -> None:
    waker = FileWaker(Workspace.of(tmp_path / "workspace"), time.sleep)
    timer = threading.Timer(0.3, waker.wake, ["one"])
    timer.start()
    assert waker.wait("one", 60)
    timer.join()

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from auto_labeling.errors import BlockedError
from auto_labeling.serving.errands import Errands
from auto_labeling.serving.secret import Secret
from tests.serving.test_calls import eventually


class Road:
    """Errands that take until they are let through."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, str]] = []
        self.under_way = 0
        self.most = 0
        self.gate = threading.Semaphore(0)
        self.lock = threading.Lock()

    def run(self, errand: str, campaign: str) -> bool:
        with self.lock:
            self.begun.append((errand, campaign))
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        self.gate.acquire()
        with self.lock:
            self.under_way -= 1
        return True


def errands(road: Road) -> Errands:
    return Errands(road.run, is_driven=lambda _: False, rest_s=0.0)


def test_a_hint_during_a_tick_is_one_tick_more() -> None:
    road = Road()
    desk = errands(road)
    desk.tick("one")
    assert eventually(lambda: len(road.begun) == 1)
    for _ in range(5):
        desk.tick("one")
    road.gate.release()
    assert eventually(lambda: len(road.begun) == 2)
    road.gate.release()
    assert eventually(lambda: not desk._ticking)
    assert road.begun == [("tick", "one")] * 2
    assert road.most == 1
    desk.tick("one")
    assert eventually(lambda: len(road.begun) == 3)
    road.gate.release()


def test_campaigns_do_not_wait_for_one_another_but_a_training_for_its_tick() -> None:
    road = Road()
    desk = errands(road)
    desk.tick("one")
    desk.tick("two")
    assert eventually(lambda: road.under_way == 2)
    assert desk.train("one")
    assert not desk.train("one")
    assert desk.training() == {"one": "running"}
    assert ("retrain", "one") not in road.begun
    for _ in range(3):
        road.gate.release()
    assert eventually(lambda: desk.training() == {"one": "done"})
    assert road.begun[-1] == ("retrain", "one")
    assert road.most == 2
    assert desk.train("one")
    road.gate.release()


def test_an_errand_that_cannot_begin_is_sent_again_at_the_next_hint() -> None:
    tries: list[str] = []

    def run(errand: str, _: str) -> bool:
        tries.append(errand)
        raise OSError("no process could be made")

    desk = Errands(run, is_driven=lambda _: False, rest_s=0.0)
    for attempt in (1, 2):
        desk.tick("one")
        assert eventually(lambda many=attempt: len(tries) == many and not desk._ticking)
    assert desk.train("one")
    assert eventually(lambda: desk.training() == {"one": "failed"})


def test_after_the_end_nothing_begins() -> None:
    road = Road()
    desk = errands(road)
    desk.close()
    desk.tick("one")
    assert not desk.train("one")
    assert road.begun == []


def test_the_secret_is_drawn_once_and_readable_by_us_alone(tmp_path: Path) -> None:
    path = tmp_path / "serve" / "secret"
    drawn = Secret.of(path)
    assert len(drawn.value) >= 40
    assert path.stat().st_mode & 0o777 == 0o600
    assert Secret.of(path) == drawn
    assert drawn.value not in repr(drawn)
    path.write_text("\n")
    with pytest.raises(BlockedError, match="is empty"):
        Secret.of(path)

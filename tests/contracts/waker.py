"""What every `Waker` does."""

from __future__ import annotations

from pathlib import Path

from auto_labeling.ports import Waker


class WakerContract:
    """A waker of one workspace; time need not pass in it."""

    def open(self, folder: Path) -> Waker:
        """Return a waker; two of one folder wake one another."""
        raise NotImplementedError

    def test_without_a_hint_nobody_is_woken(self, tmp_path: Path) -> None:
        assert not self.open(tmp_path).wait("one", 3)
        assert not self.open(tmp_path).wait("one", 0)

    def test_a_hint_of_another_process_wakes(self, tmp_path: Path) -> None:
        self.open(tmp_path).wake("one")
        assert self.open(tmp_path).wait("one", 600)

    def test_twice_is_once(self, tmp_path: Path) -> None:
        waker = self.open(tmp_path)
        for _ in range(3):
            waker.wake("one")
        assert waker.wait("one", 600)
        assert not waker.wait("one", 3)
        waker.wake("one")
        assert waker.wait("one", 600)

    def test_others_sleep_on(self, tmp_path: Path) -> None:
        waker = self.open(tmp_path)
        waker.wake("one")
        assert not waker.wait("two", 3)
        assert waker.wait("one", 600)

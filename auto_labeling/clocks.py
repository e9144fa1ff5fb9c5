"""The two clocks: the one on the wall, and the one that simulated people live by."""

from __future__ import annotations

import fcntl
import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from auto_labeling.errors import DataError
from auto_labeling.files import disk_errors
from auto_labeling.records import Micros

MONDAY_MORNING: Micros = int(datetime(2026, 1, 5, 9, tzinfo=UTC).timestamp()) * 1_000_000
"""Where simulated time begins unless told otherwise: Monday 2026-01-05 09:00 UTC."""


class SystemClock:
    """The time on the wall.

    >>> SystemClock().now() > MONDAY_MORNING - 86_400_000_000
    True
    """

    def __init__(self) -> None:
        self._latest: Micros = 0

    def now(self) -> Micros:
        """Return UTC microseconds; a host whose time is set back stands still meanwhile."""
        self._latest = max(self._latest, time.time_ns() // 1000)
        return self._latest

    def sleep(self, seconds: float) -> None:
        """Return when `seconds` have passed."""
        time.sleep(_checked(seconds))


class SimulatedClock:
    """The time of simulated people: kept in a small file, and moved only by `sleep`.

    Every process that opens the same file lives in the same time, and a process that is killed
    finds the time where it was.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> clock = SimulatedClock(Path(folder.name) / "clock")
    >>> clock.sleep(90)
    >>> SimulatedClock(Path(folder.name) / "clock").now() - MONDAY_MORNING
    90000000
    >>> folder.cleanup()
    """

    def __init__(self, path: Path, start: Micros = MONDAY_MORNING) -> None:
        self._path = path
        self._start = start

    def now(self) -> Micros:
        """Return simulated UTC microseconds."""
        try:
            written = self._path.read_text(encoding="ascii")
        except FileNotFoundError:
            return self._start
        try:
            return int(written)
        except ValueError:
            raise DataError(
                f"{self._path}: expected the microseconds of a simulated clock, got {written!r}; "
                "delete the file to begin at the start again"
            ) from None

    def sleep(self, seconds: float) -> None:
        """Move the time on by `seconds`, and return at once."""
        passed = math.ceil(_checked(seconds) * 1_000_000)
        with disk_errors(self._path), self._locked():
            # No fsync: a killed process loses nothing by that, and every poll sleeps.
            later = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
            later.write_text(str(self.now() + passed), encoding="ascii")
            later.replace(self._path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # Without it two sleepers read one time, and the one that writes last may turn it back.
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_name(self._path.name + ".lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _checked(seconds: float) -> float:
    if not (math.isfinite(seconds) and seconds >= 0):
        raise DataError(f"sleep: expected a number of seconds of at least 0, got {seconds}")
    return seconds

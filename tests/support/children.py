"""Real processes to kill and to stop: forked, so that they cost milliseconds."""

from __future__ import annotations

import os
import signal
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial


@dataclass(frozen=True, slots=True)
class Child:
    """A forked process, and the pipe through which it says lines."""

    pid: int
    lines: int

    @classmethod
    def fork(cls, work: Callable[[Callable[[str], None]], None]) -> Child:
        """Run `work` in a process of its own, with a function that says a line to this one.

        Close every ledger before: SQLite's handles do not survive a fork.
        """
        reading, writing = os.pipe()
        with warnings.catch_warnings():
            # The numeric libraries' threads, of which the child uses none.
            warnings.simplefilter("ignore", DeprecationWarning)
            pid = os.fork()
        if pid:
            os.close(writing)
            return cls(pid, reading)
        os.close(reading)
        try:
            work(partial(_say, writing))
        except BaseException:  # noqa: BLE001 - whatever it is, the parent must see a failed child
            traceback.print_exc()
            os._exit(1)
        os._exit(0)

    def hear(self) -> str:
        """Return the next line it says, empty once it has ended."""
        said = b""
        while not said.endswith(b"\n"):
            byte = os.read(self.lines, 1)
            if not byte:
                break
            said += byte
        return said.decode().strip()

    def send(self, sign: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, sign)

    def end(self) -> int:
        """Wait for its end and return the exit code, or the number of what killed it, negative."""
        _, status = os.waitpid(self.pid, 0)
        os.close(self.lines)
        return os.waitstatus_to_exitcode(status)

    def kill(self) -> None:
        """Kill it and wait until it is gone."""
        self.send(signal.SIGKILL)
        self.end()


def _say(pipe: int, line: str) -> None:
    os.write(pipe, f"{line}\n".encode())

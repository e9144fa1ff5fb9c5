"""The guard itself: without it, a test that nothing was attempted could not fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.privacy.scene import guarded

OUT = ["socket.create_connection(('192.0.2.1', 9), 1)", "socket.getaddrinfo('example.invalid', 80)"]
HERE = ["socket.getaddrinfo('localhost', 80)", "socket.getaddrinfo('127.0.0.1', 80)"]


def attempts(folder: Path, call: str) -> tuple[int, str]:
    """Make a call in a guarded process; return its exit status and what was written down."""
    done = subprocess.run(
        [sys.executable, "-c", f"import socket; {call}"],
        env=guarded(folder),
        capture_output=True,
        check=False,
    )
    return done.returncode, (folder / "attempts").read_text()


@pytest.mark.parametrize("call", OUT)
def test_what_leaves_this_machine_is_refused_and_written_down(tmp_path: Path, call: str) -> None:
    status, written = attempts(tmp_path, call)
    assert status == 1
    assert written.startswith("OUT socket.")


@pytest.mark.parametrize("call", HERE)
def test_what_stays_here_is_let_through(tmp_path: Path, call: str) -> None:
    assert attempts(tmp_path, call) == (0, "here\n")

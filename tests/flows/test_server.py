from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from auto_labeling.errors import BlockedError
from flows.server import configured_url, prefect_server

ROOT = Path(__file__).parents[2]
SOCKETS = """
import os, sys

def noted(event, args):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        address = args[0] if event == "socket.getaddrinfo" else args[1]
        host = address[0] if isinstance(address, tuple) else address
        with open(os.environ["SOCKETS"], "a") as file:
            print(host, file=file)

sys.addaudithook(noted)
"""
FLOWS = """
import os, sys
from pathlib import Path
from flows.server import configured_url, prefect_server

for _ in range(2):
    with prefect_server(Path(sys.argv[1])) as url:
        from prefect import flow, task
        assert os.environ["PREFECT_API_URL"] == url == configured_url()

        @task
        def double(x):
            return 2 * x

        @flow(name="rounds")
        def rounds():
            return [double(x) for x in range(40)] + double.map([40, 41]).result()

        assert rounds() == [2 * x for x in range(42)]
    assert configured_url() is None
    assert "PREFECT_API_URL" not in os.environ
"""
WAITS = """
import sys
from pathlib import Path
from flows.server import prefect_server

with prefect_server(Path(sys.argv[1])) as url:
    from prefect import flow
    print(url, flush=True)
    sys.stdin.readline()
    flow(name="late")(lambda: 1)()
    print("ran", flush=True)
    sys.stdin.readline()
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a command runs: its workspace, and the folders it must not litter."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "workspace" / "prefect"

    @property
    def environment(self) -> Mapping[str, str]:
        told = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT")}
        return {
            **told,
            "HOME": str(self.root / "user"),
            "PYTHONPATH": f"{self.root / 'guard'}{os.pathsep}{ROOT}",
            "SOCKETS": str(self.root / "sockets"),
        }

    def start(self, script: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", script, str(self.home)],
            cwd=self.root / "folder",
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def is_served(self) -> bool:
        """Whether a server process of this workspace is alive: it holds a lock while it is."""
        if not (self.home / "server.url").exists():
            return False
        with (self.home / "server.url").open("a") as address:
            try:
                fcntl.flock(address, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def states(self, table: str) -> dict[str, int]:
        return dict(self._rows(f"SELECT state_type, count(*) FROM {table} GROUP BY 1"))

    def count(self, table: str) -> int:
        ((found,),) = self._rows(f"SELECT count(*) FROM {table}")
        return int(found)

    def _rows(self, query: str) -> list[Any]:
        with contextlib.closing(sqlite3.connect(self.home / "prefect.db")) as database:
            return database.execute(query).fetchall()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    root = tmp_path_factory.mktemp("place")
    for folder in ("folder", "guard", "user"):
        (root / folder).mkdir()
    (root / "guard" / "sitecustomize.py").write_text(SOCKETS)
    return Place(root=root)


@pytest.fixture(scope="module")
def ran(place: Place) -> str:
    """What a command prints that runs flows twice, with nothing set up."""
    command = place.start(FLOWS)
    said, _ = command.communicate()
    assert command.returncode == 0, said
    return said


def wait_until(true: Callable[[], bool], within_s: float = 60) -> bool:
    end = time.monotonic() + within_s
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


@pytest.mark.slow
def test_a_command_that_runs_flows_prints_nothing_and_leaves_nothing(
    place: Place, ran: str
) -> None:
    assert ran == ""
    assert list((place.root / "folder").iterdir()) == []
    assert list((place.root / "user").iterdir()) == []
    assert not place.is_served()


@pytest.mark.slow
def test_every_run_is_recorded_before_the_server_ends(place: Place, ran: str) -> None:
    assert place.states("flow_run") == {"COMPLETED": 2}
    assert place.states("task_run") == {"COMPLETED": 84}
    assert place.count("log") > 84


@pytest.mark.slow
def test_neither_the_command_nor_the_server_speaks_to_anybody_else(place: Place, ran: str) -> None:
    spoken_to = set((place.root / "sockets").read_text().split())
    assert "127.0.0.1" in spoken_to
    assert spoken_to <= {"127.0.0.1", "localhost", "::1", "None"}


@pytest.mark.slow
def test_commands_share_a_server_which_ends_with_the_last_though_it_is_killed(
    place: Place, ran: str
) -> None:
    one, two = place.start(WAITS), place.start(WAITS)
    assert one.stdout is not None
    assert two.stdout is not None
    assert one.stdout.readline() == (url := two.stdout.readline())
    assert url.startswith("http://127.0.0.1:")
    assert one.communicate("\n\n")[0] == "ran\n"
    assert place.is_served()
    assert two.stdin is not None
    print(file=two.stdin, flush=True)
    assert two.stdout.readline() == "ran\n"
    two.kill()
    two.communicate()
    assert wait_until(lambda: not place.is_served())


@pytest.mark.slow
def test_a_server_whose_command_is_killed_while_it_starts_ends_too(place: Place, ran: str) -> None:
    command = place.start(WAITS)
    assert wait_until(place.is_served)
    command.kill()
    command.communicate()
    assert wait_until(lambda: not place.is_served())


@pytest.mark.slow
def test_a_server_that_cannot_start_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "prefect.db").write_text("dear diary, " * 500)
    with (
        pytest.raises(BlockedError, match=r"ended while starting.*server\.log") as caught,
        prefect_server(tmp_path, meanwhile=lambda: None),
    ):
        pass
    assert "\n" not in str(caught.value)
    assert "not a database" in (tmp_path / "server.log").read_text()


def test_a_server_that_takes_too_long_is_ended_and_said(tmp_path: Path) -> None:
    with (
        pytest.raises(BlockedError, match="was not ready in time"),
        prefect_server(tmp_path, meanwhile=lambda: None, start_within_s=0.5),
    ):
        pass
    assert not Place(root=tmp_path).is_served()


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a server that answers when it is asked how it is."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/api/health" else 500)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever).start()
    monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{server.server_port}/api")
    yield os.environ["PREFECT_API_URL"]
    server.shutdown()
    server.server_close()


def test_a_configured_server_is_used_and_none_is_started(tmp_path: Path, configured: str) -> None:
    with prefect_server(tmp_path / "prefect", meanwhile=lambda: None) as url:
        assert url == configured
    assert not (tmp_path / "prefect").exists()


def test_a_configured_server_that_does_not_answer_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    with (
        pytest.raises(BlockedError, match=r"127\.0\.0\.1:9/api does not answer.*unset"),
        prefect_server(tmp_path),
    ):
        pass


@pytest.mark.slow
def test_a_profile_may_name_the_server(tmp_path: Path) -> None:
    profile = '[profiles.lan]\nPREFECT_API_URL = "http://127.0.0.1:9/api"\n'
    (tmp_path / "profiles.toml").write_text(f'active = "lan"\n{profile}')
    said = subprocess.run(
        [sys.executable, "-c", "from flows.server import configured_url; print(configured_url())"],
        env={**os.environ, "PREFECT_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "http://127.0.0.1:9/api\n"


def test_nothing_is_configured_where_nothing_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "prefect", raising=False)
    assert configured_url() is None

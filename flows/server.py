"""A Prefect server for the length of a command: the one configured, or the workspace's own.

The workspace's server is a child process on a free loopback port. Commands that run at the same
time on one workspace share it; it ends when the last of them has ended, however that one ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

from auto_labeling.errors import BlockedError

_POLL_S = 0.1
_LEAVE_WITHIN_S = 15.0

_SILENCE = {
    "DO_NOT_TRACK": "true",  # MLflow takes no "1"
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
_CLIENT = {
    # Two requests saved for every client: the server is ours and of the same version.
    "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false",
    "PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED": "false",
    # A command prints its own progress and errors; what flows log is in the UI.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
}
_SERVER = {
    "PREFECT__SERVER_FINAL": "1",  # what `prefect server start` sets: less memory
    "PREFECT_SERVER_API_HOST": "127.0.0.1",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # One transaction a second instead of one an event: requests otherwise meet a locked database
    # and wait two seconds, and what is not yet written when the server ends is lost.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "10000",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
} | {
    # They serve deployments, automations and the feed of events, none of which a command needs.
    f"PREFECT_SERVER_SERVICES_{service}_ENABLED": "false"
    for service in (
        "EVENT_PERSISTER",
        "FOREMAN",
        "LATE_RUNS",
        "PAUSE_EXPIRATIONS",
        "SCHEDULER",
        "TRIGGERS",
    )
}


def import_prefect() -> None:
    """Import what every flow needs; two seconds or more."""
    import prefect.flows  # noqa: F401


@contextlib.contextmanager
def prefect_server(
    home: Path,
    *,
    meanwhile: Callable[[], object] = import_prefect,
    start_within_s: float = 180.0,
) -> Iterator[str]:
    """Yield the API address of the Prefect server that this process is then set to use.

    Where the environment, Prefect's profile or its settings files name a server, it is that one and
    nothing is started. Otherwise it is the workspace's own, whose database and log lie in `home`;
    it takes seconds to start, in which `meanwhile` is called: import there what is needed later.
    Enter before flows are imported, or importing Prefect makes a folder in the user's home.
    """
    home = home.absolute()
    with _environment(_SILENCE | _loopback_without_proxy()):
        if (configured := configured_url()) is not None:
            _require_answer(configured)
            meanwhile()
            yield configured
            return
        with (
            _environment(_CLIENT | {"PREFECT_HOME": str(home)}),
            _shared_server(home, meanwhile, start_within_s) as url,
            _in_use(url),
        ):
            yield url


def configured_url() -> str | None:
    """Return the address that the environment, a profile or a settings file names, if any."""
    if url := os.environ.get("PREFECT_API_URL"):
        return url
    if "prefect" not in sys.modules and not _settings_files():
        return None  # two seconds of importing saved, and no ~/.prefect made
    from prefect.settings import get_current_settings

    return get_current_settings().api.url


def _settings_files() -> list[Path]:
    """Return the files from which Prefect would read a server's address."""
    home = Path(os.environ.get("PREFECT_HOME", "~/.prefect")).expanduser()
    profiles = Path(os.environ.get("PREFECT_PROFILES_PATH", home / "profiles.toml")).expanduser()
    said = {
        profiles: "PREFECT_API_URL",
        Path(".env"): "PREFECT_API_URL",
        Path("prefect.toml"): "url",
        Path("pyproject.toml"): "[tool.prefect",
    }
    return [
        p for p, words in said.items() if p.is_file() and words in p.read_text("utf-8", "replace")
    ]


def _require_answer(url: str) -> None:
    if not _answers(url, timeout_s=10.0):
        raise BlockedError(
            f"the Prefect server at {url} does not answer",
            remedy="Start it, or unset PREFECT_API_URL to have one for the length of the command.",
        )


def _answers(url: str, timeout_s: float = 2.0) -> bool:
    try:
        urllib.request.urlopen(f"{url}/health", timeout=timeout_s).close()  # noqa: S310 - reads nothing
    except urllib.error.HTTPError:
        return True  # it is there, and wants credentials that Prefect's client has
    except (OSError, ValueError):
        return False
    return True


@contextlib.contextmanager
def _shared_server(
    home: Path, meanwhile: Callable[[], object], start_within_s: float
) -> Iterator[str]:
    """Yield the address of the server of `home`, started if nobody has; see `server_process`."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    deadline = time.monotonic() + start_within_s
    child: subprocess.Popen[bytes] | None = None
    with (home / "users").open("ab") as users:
        _lock(users, fcntl.LOCK_SH, deadline)  # waits while a server that nobody uses is leaving
        try:
            with (home / "starting").open("ab") as starting:
                _lock(starting, fcntl.LOCK_EX, deadline)
                url = _running(home)
                if url is None:
                    child = _spawn(home)
                    meanwhile()
                    url = _await_ready(home, child, deadline)
            yield url
        finally:
            if child is not None and _try_lock(users, fcntl.LOCK_EX):
                _end(child)


def _running(home: Path) -> str | None:
    """Return the address of the server of `home`, if there is one and it answers.

    It holds a lock on the file with its address; a process number or a port may be another's now.
    """
    with (home / "server.url").open("a+", encoding="utf-8") as address:
        if _try_lock(address, fcntl.LOCK_SH):
            return None
        address.seek(0)
        url = address.read()
    return url if _answers(url) else None


def _spawn(home: Path) -> subprocess.Popen[bytes]:
    database = f"sqlite+aiosqlite:///{home / 'prefect.db'}"
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
    own = {"PREFECT_HOME": str(home), "PREFECT_SERVER_DATABASE_CONNECTION_URL": database}
    with (home / "server.log").open("wb") as log:
        return subprocess.Popen(
            # By path and with -P: a `flows` or `server` of the caller's folder is not ours.
            [sys.executable, "-P", str(Path(__file__).with_name("server_process.py")), str(home)],
            env=kept | _SILENCE | _SERVER | own,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C ends the command, which then closes its runs
        )


def _await_ready(home: Path, child: subprocess.Popen[bytes], deadline: float) -> str:
    while child.poll() is None and time.monotonic() < deadline:
        if url := _running(home):
            return url
        time.sleep(_POLL_S)
    ended = child.poll()
    _end(child)
    why = "was not ready in time" if ended is None else f"ended while starting (exit {ended})"
    raise BlockedError(
        f"Prefect's server {why}",
        remedy=f"Read {home / 'server.log'}, or set PREFECT_API_URL to a server of yours.",
    )


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_LEAVE_WITHIN_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _lock(file: IO[Any], mode: int, deadline: float) -> None:
    while not _try_lock(file, mode):
        if time.monotonic() > deadline:
            raise BlockedError(
                f"another command has been starting Prefect's server for too long ({file.name})",
                remedy="End that command, or set PREFECT_API_URL to a server of yours.",
            )
        time.sleep(_POLL_S)


def _try_lock(file: IO[Any], mode: int) -> bool:
    try:
        fcntl.flock(file, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _in_use(url: str) -> Iterator[None]:
    """Point Prefect at `url`, in every thread of this process and in what it starts."""
    from prefect.settings import temporary_settings

    # A flow waits up to a second for the thread of its heartbeat, which only automations read.
    without_heartbeat = {"flows.heartbeat_frequency": None}
    try:
        with _environment({"PREFECT_API_URL": url}):
            _reread_environment()
            with temporary_settings(without_heartbeat):
                try:
                    yield
                finally:
                    _send_what_is_queued()
    finally:
        _reread_environment()


def _reread_environment() -> None:
    from prefect.context import refresh_global_settings_context
    from prefect.logging.configuration import setup_logging

    refresh_global_settings_context()
    setup_logging()


def _send_what_is_queued(within_s: float = 10.0) -> None:
    """Wait until the server has the events and logs of this process: it is about to go."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    with ThreadPoolExecutor(1) as outside_any_event_loop:  # within one they would return coroutines
        for worker in (EventsWorker, APILogWorker):
            outside_any_event_loop.submit(worker.drain_all, timeout=within_s).result()


@contextlib.contextmanager
def _environment(names: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _loopback_without_proxy() -> dict[str, str]:
    names = ("no_proxy", "NO_PROXY")
    told = [os.environ[name] for name in names if os.environ.get(name)]
    return dict.fromkeys(names, ",".join([*told, "127.0.0.1", "localhost"]))

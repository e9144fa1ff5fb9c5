"""Starts a Label Studio server on this machine, and returns it once it is ready and surely ours.

folder/
├── data/             Label Studio's own: database, uploads, the key of its sessions
├── token, password   of its first user
├── server.log
└── lock              held by the server while it lives
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx

from auto_labeling import files
from auto_labeling.errors import BlockedError, ConfigurationError
from auto_labeling.studio.access import Access
from auto_labeling.studio.environment import DATABASE, Environment
from auto_labeling.studio.port import bound
from auto_labeling.studio.running import Studio

HOST = "127.0.0.1"
_POLL_S = 0.1
_LET_LOOPBACK_RECEIVE = {
    "LABEL_STUDIO_SSRF_PROTECTION_ENABLED": "false",
    "LABEL_STUDIO_ML_BLOCK_LOCAL_IP": "false",
    # Of a second or three: who is called shares this machine with models that are being trained.
    "LABEL_STUDIO_ML_CONNECTION_TIMEOUT": "20",
    "LABEL_STUDIO_ML_TIMEOUT_HEALTH": "20",
    "LABEL_STUDIO_ML_TIMEOUT_SETUP": "20",
    "LABEL_STUDIO_WEBHOOK_TIMEOUT": "20",
}
_CHECKS_PREDICTIONS = "fflag_feat_utc_210_prediction_validation_15082025"


def start(
    folder: Path | str,
    *,
    port: int = 0,
    documents: Path | None = None,
    loopback_receivers: bool = False,
    check_predictions: bool = True,
    within_s: float = 180.0,
) -> Studio:
    """Start a Label Studio whose data lie in `folder`, and return it once it answers.

    A new folder is filled from an empty database, and one whose server was killed goes on.
    `port` 0 is any free one. With `loopback_receivers` it may call webhooks and ML backends on this
    machine, which it refuses otherwise. Raises `BlockedError` where Label Studio is not installed,
    the port or the folder is another's, or it is not ready in time.
    """
    environment = Environment.find()
    folder = Path(folder).expanduser().resolve()
    # Ours until the server, which reuses addresses, has it: for a busy one it takes the next.
    with _held(folder) as lock, bound(HOST, port) as ours:
        number = ours.getsockname()[1]
        data = _data_of(folder, environment)
        access = Access.of(folder)
        url = f"http://{HOST}:{number}"
        words = ["--internal-host", HOST, "--port", str(number), "--host", url]
        with (folder / "server.log").open("ab") as log:
            process = environment.run(
                ["start", "--no-browser", "--log-level", "WARNING", *words],
                data=data,
                log=log,
                settings=_settings(access, documents, loopback_receivers, check_predictions),
                keep_open=[lock.fileno()],
            )
        studio = Studio(url=url, folder=folder, documents=documents, access=access, process=process)
        try:
            _await_ready(studio, within_s)
        except BaseException:
            studio.kill()
            raise
    return studio


def _settings(
    access: Access, documents: Path | None, loopback_receivers: bool, check_predictions: bool
) -> dict[str, str]:
    told = {
        # Not on the command line, where everybody on this machine could read them.
        "LABEL_STUDIO_USERNAME": access.login,
        "LABEL_STUDIO_PASSWORD": access.password,
        "LABEL_STUDIO_USER_TOKEN": access.token,
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        _CHECKS_PREDICTIONS: str(check_predictions).lower(),
    }
    if documents is not None:
        told |= {
            "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
            "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(documents.resolve()),
        }
    return told | (_LET_LOOPBACK_RECEIVE if loopback_receivers else {})


def _data_of(folder: Path, environment: Environment) -> Path:
    data = folder / "data"
    if not (data / DATABASE).exists():
        if data.exists() and any(data.iterdir()):
            raise ConfigurationError(
                f"{data}: expected Label Studio's data or nothing, found other files; "
                "name another folder"
            )
        environment.new_data(data)
    return data


@contextmanager
def _held(folder: Path) -> Iterator[IO[bytes]]:
    """Yield the lock of a data folder. The server inherits it, so it is free when that has died."""
    with files.disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = (folder / "lock").open("ab")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlockedError(
                f"another Label Studio runs in {folder}", remedy="End it, or name another folder."
            ) from None
        yield lock


def _await_ready(studio: Studio, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    log = studio.folder / "server.log"
    with studio.client() as client:
        while not _healthy(client):
            ended = studio.process.poll()
            if ended is not None or time.monotonic() > deadline:
                why = "was not ready in time" if ended is None else f"ended (exit {ended})"
                raise BlockedError(f"Label Studio {why} while starting", remedy=f"Read {log}.")
            time.sleep(_POLL_S)
        who = client.get("/api/current-user/whoami")
    if who.status_code != httpx.codes.OK or who.json().get("email") != studio.login:
        raise BlockedError(
            f"Label Studio refuses the token in {studio.folder / 'token'}",
            remedy=f"Put the access token of {studio.login} there.",
        )


def _healthy(client: httpx.Client) -> bool:
    try:
        return client.get("/health", timeout=5.0).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False

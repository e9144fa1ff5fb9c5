"""The MLflow store behind an address: made whole or not at all, reached quietly, and its errors
said in this library's words.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from auto_labeling.errors import BlockedError, RejectedError, TransientError
from auto_labeling.files import disk_errors

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

_CREATED_WITHIN_S = 120.0
_POLL_S = 0.1
_QUIET = {
    # They are MLflow's own; what goes wrong is said by the errors below.
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",
    # Seven tries with doubling pauses hold a campaign for minutes; it comes back by itself. One is
    # for a connection that was closed while people worked.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
}
_CREDENTIALS = {"PERMISSION_DENIED", "UNAUTHENTICATED"}
_TRANSIENT = {
    "ABORTED",
    "DEADLINE_EXCEEDED",
    "INTERNAL_ERROR",
    "REQUEST_LIMIT_EXCEEDED",
    "RESOURCE_EXHAUSTED",
    "TEMPORARILY_UNAVAILABLE",
}


def import_mlflow() -> None:
    """Import MLflow, which takes seconds; quietly, and with its telemetry off."""
    _silence()
    import mlflow  # noqa: F401


def connect(uri: str) -> MlflowClient:
    """Return a client of the store at `uri`; a SQLite store that is not there is made."""
    with errors_of(uri):
        if (database := _sqlite_file(uri)) is not None:
            _make_store(database)
        return _opened(uri)


def _opened(uri: str) -> MlflowClient:
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import DatabaseError, OperationalError

    try:
        return MlflowClient(tracking_uri=uri, registry_uri=uri)
    except OperationalError:
        raise  # locked, or not there now
    except (MlflowException, DatabaseError) as error:
        raise BlockedError(
            f"MLflow's store {shown(uri)} cannot be used ({_said(error)})",
            remedy="If it is of an earlier MLflow, run `mlflow db upgrade` on it; otherwise name "
            "another in tracking.uri.",
        ) from error


@contextmanager
def errors_of(uri: str) -> Iterator[None]:
    """Translate the errors of MLflow, of its database and of the network."""
    _silence()
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with disk_errors(shown(uri)):
            yield
    except MlflowException as error:
        raise _translated(error, uri) from error
    except (SQLAlchemyError, OSError) as error:
        raise TransientError(
            f"MLflow at {shown(uri)} cannot be reached ({_said(error)})"
        ) from error


def shown(uri: str) -> str:
    """Return the address without its password.

    >>> shown("postgresql://li:secret@db.lan/mlflow")
    'postgresql://li@db.lan/mlflow'
    """
    parts = urlsplit(uri)
    if parts.password is None:
        return uri
    return uri.replace(f":{parts.password}@", "@", 1)


def _translated(error: MlflowException, uri: str) -> BlockedError | RejectedError | TransientError:
    where = f"MLflow at {shown(uri)}"
    if error.error_code in _CREDENTIALS:
        return BlockedError(
            f"{where} refused the credentials ({_said(error)})",
            remedy="Set MLFLOW_TRACKING_TOKEN, or user and password, where the driver runs.",
        )
    if error.error_code in _TRANSIENT:
        return TransientError(f"{where} could not answer ({_said(error)})")
    return RejectedError(f"{where} refused ({_said(error)})")


def _said(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _silence() -> None:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)


def _sqlite_file(uri: str) -> Path | None:
    from sqlalchemy.engine import make_url

    if not uri.startswith("sqlite"):
        return None
    named = make_url(uri).database
    return Path(named) if named and named != ":memory:" else None


def _make_store(database: Path) -> None:
    """Migrations are no transaction, and two processes may be first: make it aside, alone."""
    if database.exists():
        return
    from mlflow import db

    database.parent.mkdir(parents=True, exist_ok=True)
    with _alone_in(database.parent):
        if database.exists():
            return  # made while this process waited
        draft = database.with_name(f".{database.name}.draft")
        draft.unlink(missing_ok=True)  # of a process that was killed
        db.upgrade.main([f"sqlite:///{draft}"], standalone_mode=False)
        draft.replace(database)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    deadline = time.monotonic() + _CREATED_WITHIN_S
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        while not _locked(descriptor):
            if time.monotonic() > deadline:
                raise TransientError(
                    f"another process has been making the store in {folder} for long"
                )
            time.sleep(_POLL_S)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

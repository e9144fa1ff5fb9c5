"""The ledger: the only truth about a campaign. Opens it, and gives out reads and fenced writes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from auto_labeling.campaign import schema
from auto_labeling.errors import (
    BlockedError,
    LeaseLost,
    LedgerError,
    LedgerTooNew,
    TransientError,
)
from auto_labeling.records import CampaignId

BUSY_TIMEOUT_S = 30.0
MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """The proof that a driver still holds a campaign: checked inside every write."""

    campaign: CampaignId
    token: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """One file for all campaigns of a workspace."""

    engine: Engine

    @classmethod
    def open(cls, path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Ledger:
        """Open the ledger at `path`, creating or migrating it.

        Raises `LedgerTooNew` for a later version, `BlockedError` where the disk refuses.
        """
        ledger = cls(_sqlite_engine(path, busy_timeout_s))
        with translated(path):
            ledger._migrate()
        return ledger

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection that sees one consistent state."""
        with translated(self.path), self.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            yield connection
            connection.rollback()

    @contextmanager
    def write(
        self, fence: Fence | None = None, *, durable: bool | None = None
    ) -> Iterator[Connection]:
        """Give the only writing connection; all of it happens, or nothing.

        Nothing committed is lost when a process dies. When the power fails, only what is `durable`
        is sure to stay; by default that is what people write, without a fence: what a driver does,
        it finds again in the tool. Raises `LeaseLost` if another driver has taken the campaign that
        `fence` names.
        """
        waits = fence is None if durable is None else durable
        with translated(self.path), self.engine.connect() as connection:
            if connection.info.get("waits") is not waits:
                connection.exec_driver_sql(f"PRAGMA synchronous = {'FULL' if waits else 'NORMAL'}")
                connection.info["waits"] = waits
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            if fence is not None:
                _check(connection, fence)
            yield connection
            connection.commit()

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return Path(self.engine.url.database or "")

    def _migrate(self) -> None:
        with self.engine.connect() as connection:
            revision = _revision(connection)
        if revision == schema.HEAD:
            return
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
        if revision is not None and revision not in known:
            raise LedgerTooNew(
                f"{self.path}: the ledger has version {revision}, this installation reads up to "
                f"{schema.HEAD}; upgrade auto-labeling, or use another --workspace"
            )
        with self.engine.connect() as connection:
            connection.execute(text("BEGIN IMMEDIATE"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what the database says into what a person can act on."""
    try:
        yield
    except (OperationalError, sqlite3.OperationalError) as error:
        raise _in_our_words(path, str(getattr(error, "orig", error))) from error
    except IntegrityError:
        raise
    except DatabaseError as error:
        raise LedgerError(
            f"{path}: this is not a ledger ({error.orig}); restore it from a copy, or name another "
            "--workspace"
        ) from error


def _in_our_words(path: Path, said: str) -> Exception:
    if "locked" in said or "busy" in said:
        return TransientError(f"{path}: the ledger is locked by another process ({said})")
    if "full" in said or "disk I/O" in said:
        return BlockedError(
            f"{path}: the disk is full, the ledger cannot grow",
            remedy="Make room; nothing is lost, and the campaign goes on from here.",
        )
    if "readonly" in said or "unable to open" in said:
        return BlockedError(
            f"{path}: the ledger cannot be written ({said})",
            remedy="Check the owner and the permissions of the workspace folder.",
        )
    return LedgerError(f"{path}: {said}")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


_TOKEN = select(schema.leases.c.token).where(schema.leases.c.campaign == schema.CAMPAIGN)


def _check(connection: Connection, fence: Fence) -> None:
    held = connection.scalar(_TOKEN, schema.of(fence.campaign))
    if held != fence.token:
        raise LeaseLost(
            f"campaign {fence.campaign}: another driver took over (lease {held}, ours was "
            f"{fence.token}); nothing was written"
        )


def _sqlite_engine(path: Path, busy_timeout_s: float) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}", connect_args={"timeout": busy_timeout_s, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def _prepare(raw: Any, _record: Any) -> None:
        raw.isolation_level = None  # or the driver begins, deferred, on its own
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA foreign_keys = ON")

    return engine

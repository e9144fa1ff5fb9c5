"""The ledger: one schema, consistent reads, fenced writes, and every trouble in plain words."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event, func, insert, inspect, select, text

from auto_labeling.campaign import schema
from auto_labeling.campaign.ledger import MIGRATIONS, Fence, Ledger
from auto_labeling.campaign.schema import events, leases
from auto_labeling.errors import (
    BlockedError,
    LeaseLost,
    LedgerError,
    LedgerTooNew,
    TransientError,
)
from tests.support.children import Child

NOBODY = 65_534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(path, busy_timeout_s=0.2)
    yield opened
    opened.close()


def tell(ledger: Ledger, *notes: str, fence: Fence | None = None) -> None:
    with ledger.write(fence) as connection:
        for note in notes:
            connection.execute(insert(events).values(campaign="c", kind="note", body=note, at=0))


def told(ledger: Ledger) -> list[Any]:
    with ledger.read() as connection:
        return list(connection.scalars(select(events.c.body).order_by(events.c.seq)))


def test_the_code_reads_what_the_newest_migration_writes() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_heads() == [schema.HEAD]


def test_migrations_end_at_the_tables_of_the_code(ledger: Ledger, tmp_path: Path) -> None:
    declared = create_engine(f"sqlite:///{tmp_path / 'declared.db'}")
    schema.metadata.create_all(declared)
    with ledger.engine.connect() as connection, declared.connect() as other:
        found = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(found, schema.metadata) == []
        for table in schema.metadata.tables:
            # Alembic does not compare these, and they are what guards the money.
            assert checks(connection, table) == checks(other, table), table
    declared.dispose()


def checks(connection: Any, table: str) -> set[str]:
    return {one["sqltext"] for one in inspect(connection).get_check_constraints(table)}


def test_a_ledger_of_the_first_version_is_brought_up_with_its_rows_intact(path: Path) -> None:
    old = create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with old.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO rounds (campaign, number, state, snapshot, more_wanted, agreement) "
                "VALUES ('c', 1, 'evaluated', 1, 0, 0.97), ('c', 2, 'planned', 1, 1, NULL)"
            )
        )
        before = connection.execute(text("SELECT * FROM rounds")).mappings().all()
    old.dispose()
    ledger = Ledger.open(path)
    tell(ledger, "written since")
    with ledger.read() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == schema.HEAD
        after = connection.execute(text("SELECT * FROM rounds")).mappings().all()
    added = dict.fromkeys(("learned", "changed", "gain", "uncertainty", "repaired_at"))
    assert [dict(row) for row in after] == [dict(row) | added for row in before]
    ledger.close()


def test_opening_twice_changes_nothing(ledger: Ledger, path: Path) -> None:
    tell(ledger, "kept")
    again = Ledger.open(path)
    assert told(again) == ["kept"]
    again.close()


def test_two_processes_may_make_the_ledger_at_once(path: Path) -> None:
    def opens(_say: Callable[[str], None]) -> None:
        mine = Ledger.open(path)
        tell(mine, "here")

    children = [Child.fork(opens) for _ in range(3)]
    assert [child.end() for child in children] == [0, 0, 0]
    ledger = Ledger.open(path)
    assert told(ledger) == ["here"] * 3
    ledger.close()


def test_a_ledger_of_a_later_version_is_refused_with_the_remedy(ledger: Ledger, path: Path) -> None:
    with ledger.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LedgerTooNew, match=rf"9999.*{schema.HEAD}.*upgrade auto-labeling"):
        Ledger.open(path)


def test_another_kind_of_file_is_no_ledger(path: Path) -> None:
    path.write_bytes(b"certainly no database, whatever its name says\n" * 100)
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=r"not a ledger.*--workspace"):
        Ledger.open(path)
    assert path.read_bytes() == before


def test_a_damaged_ledger_is_said_to_be_one(ledger: Ledger, path: Path) -> None:
    tell(ledger, *("x" * 500 for _ in range(200)))
    ledger.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))
    with pytest.raises(LedgerError, match="restore it from a copy"):
        told(Ledger.open(path))


def test_a_folder_in_the_place_of_the_ledger_is_said_to_be_unusable(tmp_path: Path) -> None:
    with pytest.raises(BlockedError, match="cannot be written"):
        Ledger.open(tmp_path)


def test_a_locked_ledger_is_worth_another_try_and_can_be_read_meanwhile(
    ledger: Ledger, path: Path
) -> None:
    tell(ledger, "before")
    ledger.close()

    def holds(say: Callable[[str], None]) -> None:
        raw = sqlite3.connect(path, isolation_level=None)
        raw.execute("BEGIN IMMEDIATE")
        say("held")
        signal.pause()

    child = Child.fork(holds)
    assert child.hear() == "held"
    with pytest.raises(TransientError, match="locked by another process"):
        tell(ledger, "meanwhile")
    assert told(ledger) == ["before"]
    child.kill()
    tell(ledger, "after")
    assert told(ledger) == ["before", "after"]


def full_from(ledger: Ledger) -> list[bool]:
    """Let the ledger grow no more while the only element of what is returned is true."""
    full = [False]

    @event.listens_for(ledger.engine, "checkout")
    def _limit(raw: Any, _record: Any, _proxy: Any) -> None:
        raw.execute(f"PRAGMA max_page_count = {1 if full[0] else 1_073_741_823}")

    return full


def test_a_full_disk_blocks_and_what_was_written_stays(ledger: Ledger) -> None:
    full = full_from(ledger)
    tell(ledger, "kept")
    full[0] = True
    with pytest.raises(BlockedError, match=r"the disk is full.*[Mm]ake room"):
        tell(ledger, "first of many", *("x" * 1000 for _ in range(100)))
    assert told(ledger) == ["kept"]
    full[0] = False
    tell(ledger, "goes on")
    assert told(ledger) == ["kept", "goes on"]
    with ledger.read() as connection:
        assert connection.scalar(text("PRAGMA integrity_check")) == "ok"


@pytest.mark.parametrize("existing", [False, True])
def test_a_folder_that_may_not_be_written_is_said_to_be_one(existing: bool) -> None:
    folder = Path(tempfile.mkdtemp())  # not tmp_path, which others may not even enter
    if existing:
        ledger = Ledger.open(folder / "ledger.db")
        tell(ledger, "kept")
        ledger.close()
        (folder / "ledger.db").chmod(0o444)
    folder.chmod(0o555)

    def opens(say: Callable[[str], None]) -> None:
        if os.geteuid() == 0:  # to whom nothing is forbidden
            os.setgid(NOBODY)
            os.setuid(NOBODY)
        try:
            tell(Ledger.open(folder / "ledger.db"), "no")
        except BlockedError as error:
            say(str(error).replace("\n", " "))

    child = Child.fork(opens)
    said = child.hear()
    assert child.end() == 0
    assert "cannot be written" in said
    assert "permissions" in said
    folder.chmod(0o700)
    shutil.rmtree(folder)


def test_a_read_sees_one_state_whatever_is_written_meanwhile(ledger: Ledger, path: Path) -> None:
    other = Ledger.open(path)
    count = "SELECT count(*) FROM events"
    with ledger.read() as connection:
        assert connection.scalar(text(count)) == 0
        tell(other, "meanwhile")
        assert connection.scalar(text(count)) == 0
    assert told(ledger) == ["meanwhile"]
    other.close()


def test_nobody_writes_between_what_a_writer_reads_and_what_it_writes(ledger: Ledger) -> None:
    others = [Ledger.open(ledger.path) for _ in range(3)]
    ledgers = [ledger.open(ledger.path), *others]

    def counts(mine: Ledger) -> None:
        for _ in range(10):
            with mine.write() as connection:
                count = connection.scalar(select(func.count()).select_from(events))
                connection.execute(
                    insert(events).values(campaign="c", kind="note", body=count, at=0)
                )

    threads = [threading.Thread(target=counts, args=(one,)) for one in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told(ledger) == list(range(40))
    for one in ledgers:
        one.close()


def test_a_read_writes_nothing(ledger: Ledger) -> None:
    with ledger.read() as connection:
        connection.execute(insert(events).values(campaign="c", kind="note", body="no", at=0))
    assert told(ledger) == []


def test_a_write_that_fails_leaves_nothing(ledger: Ledger) -> None:
    def half() -> None:
        with ledger.write() as connection:
            connection.execute(insert(events).values(campaign="c", kind="note", body="no", at=0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert told(ledger) == []
    tell(ledger, "the lock is free again")


def test_a_fenced_write_needs_the_newest_token(ledger: Ledger) -> None:
    lease = {"campaign": "c", "host": "h", "pid": 1, "started": "s", "expires_at": 0}
    with ledger.write() as connection:
        connection.execute(insert(leases).values(token=2, **lease))
    with pytest.raises(LeaseLost, match=r"lease 2, ours was 1.*nothing was written"):
        tell(ledger, "late", fence=Fence(campaign="c", token=1))
    with pytest.raises(LeaseLost):
        tell(ledger, "never held", fence=Fence(campaign="another", token=2))
    tell(ledger, "in time", fence=Fence(campaign="c", token=2))
    assert told(ledger) == ["in time"]

"""The file that a simulated labeling tool lives in: one SQLite database, never half written."""

from __future__ import annotations

import json
import os
import sqlite3
import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from auto_labeling.backends.simulated.acts import Act
from auto_labeling.errors import BlockedError, TransientError
from auto_labeling.files import disk_errors
from auto_labeling.records import CampaignId, ItemId, Micros, PersonId

BUSY_S = 30.0
_VERSION = 1
"""0 knew nothing of suggestions."""
_LAYOUT = """
CREATE TABLE project (one INTEGER PRIMARY KEY CHECK (one = 1), campaign TEXT, schema TEXT);
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
INSERT INTO counter VALUES ('unit', 0), ('act', 0), ('call', 0), ('polled', 0);
CREATE TABLE unit (unit INTEGER PRIMARY KEY, key TEXT NOT NULL, live INTEGER NOT NULL);
CREATE INDEX unit_key ON unit (key);
CREATE TABLE act (
    act INTEGER PRIMARY KEY, unit INTEGER NOT NULL, kind TEXT NOT NULL, item TEXT NOT NULL,
    person TEXT NOT NULL, answer TEXT NOT NULL, at INTEGER NOT NULL, begun INTEGER NOT NULL,
    busy_until INTEGER, late INTEGER NOT NULL, value TEXT, seconds REAL, touched INTEGER,
    problem TEXT
);
CREATE INDEX act_at ON act (at);
CREATE INDEX act_unit ON act (unit);
CREATE INDEX act_item ON act (item);
CREATE INDEX act_busy ON act (busy_until);
"""


class Store:
    """The tool's file. A connection lives for one transaction: nothing to lose in a fork."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def transaction(self) -> Iterator[Tables]:
        """Run one transaction; no other process reads or plans in between."""
        with translated(self._path), closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            _renew(connection)
            yield Tables(connection)
            connection.execute("COMMIT")  # not reached after an error: closing rolls back

    def _connect(self) -> sqlite3.Connection:
        if not self._path.exists():
            self._install()
        connection = sqlite3.connect(self._path, timeout=BUSY_S, isolation_level=None)
        # What a process wrote survives its death without fsync; only a power cut needs more, and
        # this is a simulation.
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    def _install(self) -> None:
        """Put a complete empty file in place; of two processes, one wins."""
        with disk_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_name(f"{self._path.name}.{uuid.uuid4().hex}.new")
        with closing(sqlite3.connect(fresh)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_LAYOUT + f"PRAGMA user_version = {_VERSION};")
        try:
            os.link(fresh, self._path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()


class Tables:
    """What one transaction can read and write."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def project(self) -> tuple[CampaignId, str] | None:
        """Return the campaign that was prepared, with its schema as text."""
        row = self._connection.execute("SELECT campaign, schema FROM project").fetchone()
        return None if row is None else (row[0], row[1])

    def open_project(self, campaign: CampaignId, schema: str) -> None:
        """Keep the campaign and its schema for later processes."""
        self._connection.execute("INSERT INTO project VALUES (1, ?, ?)", (campaign, schema))

    def counter(self, name: str) -> int:
        """Return a number that only grows: the next `unit`, `act` or `call`, or `polled`.

        Acts up to the time `polled` were reported, so that none may be planned before it.
        """
        row = self._connection.execute("SELECT value FROM counter WHERE name = ?", (name,))
        return int(row.fetchone()[0])

    def set_counter(self, name: str, value: int) -> None:
        """Let a counter grow to `value`."""
        self._connection.execute("UPDATE counter SET value = ? WHERE name = ?", (value, name))

    def busy(self, now: Micros) -> dict[PersonId, Micros]:
        """Return until when each person who has work after `now` is busy."""
        return dict(
            self._connection.execute(
                "SELECT person, max(busy_until) FROM act WHERE busy_until > ? GROUP BY person",
                (now,),
            )
        )

    def versions(self, items: Collection[ItemId]) -> dict[ItemId, dict[PersonId, int]]:
        """Return item -> person -> how many answers and edits are given or planned."""
        found: dict[ItemId, dict[PersonId, int]] = {item: {} for item in items}
        for item, person, count in self._connection.execute(
            "SELECT item, person, count(*) FROM act WHERE kind != 'job_state' "
            "AND item IN (SELECT value FROM json_each(?)) GROUP BY item, person",
            (json.dumps(list(items)),),
        ):
            found[item][person] = count
        return found

    def add(self, units: Iterable[tuple[int, str]], acts: Iterable[Act]) -> None:
        """Keep new live units (number, key) and all that people will do with them."""
        self._connection.executemany("INSERT INTO unit VALUES (?, ?, 1)", units)
        self._connection.executemany(
            "INSERT INTO act VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (act.row() for act in acts),
        )

    def live(self, keys: Collection[str]) -> list[tuple[str, int]]:
        """Return (key, unit) of every live copy, oldest first."""
        return self._connection.execute(
            "SELECT key, unit FROM unit WHERE live AND key IN (SELECT value FROM json_each(?)) "
            "ORDER BY unit",
            (json.dumps(list(keys)),),
        ).fetchall()

    def between(self, after: Micros, until: Micros) -> list[tuple[str, Act]]:
        """Return (key, act) of what is done after `after` and no later than `until`, in order."""
        return [
            (key, Act.of(row))
            for key, *row in self._connection.execute(
                "SELECT unit.key, act.* FROM act JOIN unit USING (unit) "
                "WHERE act.at > ? AND act.at <= ? ORDER BY act.at, act.act",
                (after, until),
            )
        ]

    def answered(self, units: Collection[int], now: Micros) -> set[int]:
        """Return those of the units that hold an answer or a skip."""
        return {
            unit
            for (unit,) in self._connection.execute(
                "SELECT DISTINCT unit FROM act WHERE at <= ? AND kind != 'job_state' "
                "AND unit IN (SELECT value FROM json_each(?))",
                (now, json.dumps(list(units))),
            )
        }

    def withdraw(self, units: Collection[int], now: Micros) -> None:
        """Take units from people, who no longer do what they would have done with them."""
        numbers = json.dumps(list(units))
        self._connection.execute(
            "UPDATE unit SET live = 0 WHERE unit IN (SELECT value FROM json_each(?))", (numbers,)
        )
        self._connection.execute(
            "DELETE FROM act WHERE NOT (late AND begun <= ?) "
            "AND unit IN (SELECT value FROM json_each(?))",
            (now, numbers),
        )


def _renew(connection: sqlite3.Connection) -> None:
    """Add what files of earlier versions lack."""
    if connection.execute("PRAGMA user_version").fetchone()[0] < _VERSION:
        connection.execute("ALTER TABLE act ADD COLUMN touched INTEGER")
        connection.execute("ALTER TABLE act ADD COLUMN problem TEXT")
        connection.execute(f"PRAGMA user_version = {_VERSION}")


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise TransientError(f"{path}: another process holds it ({error})") from error
        raise BlockedError(
            f"{path}: {error}", remedy="Free disk space, or mend the folder"
        ) from error
    except sqlite3.DatabaseError as error:
        raise BlockedError(
            f"{path}: {error}", remedy="Put back the simulated tool's file, or begin a new campaign"
        ) from error

"""What a Prefect server has recorded, read from its database with plain SQL."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Seen:
    """The records of one server; task runs arrive about a second after they end."""

    database: Path

    def flow_runs(self, since: str = "") -> list[tuple[str, str]]:
        """Return the (name, state) of every flow run, oldest first."""
        return self._rows(
            "SELECT name, state_name FROM flow_run WHERE created > ? ORDER BY created", since
        )

    def task_runs(self, flow_run: str) -> list[tuple[str, str, int]]:
        """Return the (task, state, tries) of the tasks of the flow runs that have this name."""
        return self._rows(
            "SELECT substr(t.name, 1, length(t.name) - 4), t.state_name, t.run_count "
            "FROM task_run t JOIN flow_run f ON t.flow_run_id = f.id WHERE f.name = ?",
            flow_run,
        )

    def artifacts(self, prefix: str) -> dict[str, str]:
        """Return key -> type of the artifacts whose key begins so."""
        rows = self._rows("SELECT key, type FROM artifact WHERE key LIKE ? || '%'", prefix)
        return dict(rows)

    def logs(self, words: str) -> list[str]:
        """Return the log lines that have these words in them."""
        return [
            line
            for (line,) in self._rows(
                "SELECT message FROM log WHERE message LIKE '%' || ? || '%'", words
            )
        ]

    def holding(self, words: str) -> list[str]:
        """Return the tables of which a row has these words in it."""
        tables = self._rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        return [
            table
            for (table,) in tables
            if any(words in repr(row) for row in self._rows(f'SELECT * FROM "{table}"'))
        ]

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(query, values).fetchall()

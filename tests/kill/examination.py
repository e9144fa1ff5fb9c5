"""What has to hold in a workspace at every instant, whoever was killed in it.

Read with plain SQL from the ledger and from the simulated tool's own file, so that nothing that is
examined examines itself.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from auto_labeling.workspace import Workspace
from tests.kill.world import CAMPAIGN

LOOK_S = 0.01
_GUARDS = """
CREATE TABLE guard_budget (
    cap_answers, reserved_answers, committed_answers, cap_micros, reserved_micros, committed_micros
);
CREATE TRIGGER guard_budget_changes AFTER UPDATE ON budgets BEGIN
    INSERT INTO guard_budget VALUES (
        NEW.cap_answers, NEW.reserved_answers, NEW.committed_answers,
        NEW.cap_micros, NEW.reserved_micros, NEW.committed_micros
    );
END;
CREATE TRIGGER guard_answers_stay BEFORE DELETE ON answers BEGIN
    SELECT RAISE(ABORT, 'an answer was deleted');
END;
CREATE TRIGGER guard_answers_as_given
BEFORE UPDATE OF fingerprint, item, person, kind, value, at ON answers BEGIN
    SELECT RAISE(ABORT, 'an answer was changed');
END;
"""
_OF_PROCESSES = {
    "alembic_version",
    "guard_budget",
    "leases",
    "sqlite_sequence",
    *(f"{table}.seq" for table in ("answers", "events", "quarantine", "spend", "transitions")),
    "uploads.remote_id",  # counts copies
    "rounds.model_sha256",  # of a pickle, which tells whether two equal strings are one object
    "suggested.model",  # likewise
    "pseudo_rounds.people_sha256",  # likewise
    "events.body",  # what this driver did of a step that two began
    "transitions.detail",
    "transitions.step",  # what a withdrawal began a look may end
}
_SPENT = """
SELECT
    b.reserved_answers, b.committed_answers, b.committed_micros, b.contingency_used_micros,
    b.reserved_micros,
    (SELECT sum(answers * CASE kind WHEN 'reserve' THEN 1 ELSE -1 END) FROM spend
     WHERE kind IN ('reserve', 'commit', 'release')),
    (SELECT sum(answers) FROM spend WHERE kind = 'commit'),
    (SELECT sum(micros) FROM spend WHERE kind = 'commit'),
    (SELECT sum(micros) FROM spend WHERE kind = 'contingency'),
    (SELECT sum(micros) FROM spend WHERE kind = 'reserve' AND ask NOT IN
     (SELECT ask FROM spend WHERE kind IN ('commit', 'release'))),
    b.committed_answers + b.reserved_answers <= b.cap_answers
        AND b.committed_micros + b.reserved_micros <= b.cap_micros
FROM budgets b
"""


def guard(workspace: Workspace) -> None:
    """Make the ledger note every value that the budget ever takes, and keep every answer."""
    with closing(sqlite3.connect(workspace.ledger)) as connection:
        connection.executescript(_GUARDS)


def budget_trouble(workspace: Workspace) -> str | None:
    """Return how the budget row differs from the entries it sums up or its caps, or None."""
    with _reading(workspace.ledger) as connection:
        row = connection.execute(_SPENT).fetchone()
    if row is None:
        return None
    said, summed = row[:5], tuple(one or 0 for one in row[5:10])
    if said == summed and row[10]:
        return None
    return f"the budget row says {said}, its entries sum to {summed}, caps kept: {bool(row[10])}"


def examine(workspace: Workspace) -> None:
    """Raise `AssertionError` for anything that no kill may bring about."""
    assert budget_trouble(workspace) is None
    with _reading(workspace.ledger) as ledger:
        _examine_budget(ledger)
        if tool_of(workspace).exists():
            with _reading(tool_of(workspace)) as tool:
                _examine_answers(ledger, tool)
                _examine_copies(ledger, tool)
    _examine_files(workspace)


def examine_end(workspace: Workspace) -> None:
    """Raise `AssertionError` unless a finished campaign has all answers and one copy a key."""
    examine(workspace)
    clock = workspace.campaign(CAMPAIGN) / "clock"
    with _reading(workspace.ledger) as ledger, _reading(tool_of(workspace)) as tool:
        assert _given(tool, int(clock.read_text())) <= _kept(ledger)
        live = _live(tool)
        for key, recorded, cancelled in _uploads(ledger):
            expected = [] if cancelled else [recorded]
            assert live.pop(key, []) == expected, f"key {key}: {expected} is live"
        assert not live, f"keys that the ledger does not know: {live}"


def rows_of(workspace: Workspace) -> dict[str, list[str]]:
    """Return all that the ledger says, by table, less what tells one process from another.

    Simulated time passes only while drivers wait for people, so even its times belong in.
    """
    found = {}
    with _reading(workspace.ledger) as ledger:
        for table, columns in _columns(ledger).items():
            rows = ledger.execute(f"SELECT {', '.join(columns)} FROM {table}")
            found[table] = sorted(repr(row) for row in rows)
    return found


def tool_of(workspace: Workspace) -> Path:
    """Return the file of the simulated tool."""
    return workspace.campaign(CAMPAIGN) / "tool" / "simulated.db"


def surplus(workspace: Workspace) -> dict[str, list[str]]:
    """Return the keys of which more than one copy lives in the tool."""
    with _reading(tool_of(workspace)) as tool:
        return {key: copies for key, copies in _live(tool).items() if len(copies) > 1}


def unanswered(workspace: Workspace, copies: Mapping[str, Sequence[str]]) -> list[str]:
    """Return those of the copies in the tool in which nobody has answered or skipped anything."""
    now = int((workspace.campaign(CAMPAIGN) / "clock").read_text())
    with _reading(tool_of(workspace)) as tool:
        rows = tool.execute("SELECT DISTINCT unit FROM act WHERE at <= ?", (now,))
        answered = {str(unit) for (unit,) in rows}
    return [unit for units in copies.values() for unit in units if unit not in answered]


class Monitor:
    """Looks at the budget all the time, from outside, while drivers work and die."""

    def __init__(self, workspace: Workspace) -> None:
        self.looks = 0
        self.troubles: list[str] = []
        self._workspace = workspace
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Monitor:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(LOOK_S):
            try:
                trouble = budget_trouble(self._workspace)
            except sqlite3.OperationalError:
                continue  # there is no ledger yet, or it is being written for the first time
            self.looks += 1
            if trouble is not None:
                self.troubles.append(trouble)


def _columns(ledger: sqlite3.Connection) -> dict[str, list[str]]:
    rows = ledger.execute(
        "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c "
        "WHERE m.type = 'table' ORDER BY m.name, c.cid"
    ).fetchall()
    found: dict[str, list[str]] = {}
    for table, column in rows:
        if table not in _OF_PROCESSES and f"{table}.{column}" not in _OF_PROCESSES:
            found.setdefault(table, []).append(f'"{column}"')
    return found


def _examine_budget(ledger: sqlite3.Connection) -> None:
    for cap, reserved, given, cap_micros, reserved_micros, paid in ledger.execute(
        "SELECT * FROM guard_budget"
    ):
        assert given + reserved <= cap, f"{given} + {reserved} of {cap} answers"
        assert paid + reserved_micros <= cap_micros, f"{paid} + {reserved_micros} of {cap_micros}"
    (still_open,) = ledger.execute(
        "SELECT count(*) FROM asks WHERE state IN ('reserved', 'sent', 'expired')"
    ).fetchone()
    (reserved,) = ledger.execute("SELECT reserved_answers FROM budgets").fetchone()
    assert still_open == reserved, f"{still_open} asks are open, {reserved} are reserved"
    twice = ledger.execute(
        "SELECT ask, count(*) FROM spend WHERE kind IN ('commit', 'release') "
        "GROUP BY ask HAVING count(*) > 1"
    ).fetchall()
    assert not twice, f"asks that were settled twice: {twice}"


def _examine_answers(ledger: sqlite3.Connection, tool: sqlite3.Connection) -> None:
    """Whatever the ledger says that it has seen, it has."""
    (cursor,) = ledger.execute("SELECT cursor FROM campaigns").fetchone()
    if cursor is not None:
        lost = _given(tool, int(cursor.partition("-")[2])) - _kept(ledger)
        assert not lost, f"answers that are lost: {sorted(lost)}"


def _examine_copies(ledger: sqlite3.Connection, tool: sqlite3.Connection) -> None:
    known = {key for key, _, _ in _uploads(ledger)}
    for key, copies in _live(tool).items():
        assert key in known, f"key {key} lives in the tool and has no intent in the ledger"
        assert len(copies) == 1, f"key {key} has the live copies {copies}"


def _examine_files(workspace: Workspace) -> None:
    """Whatever has its final name is whole."""
    for model in workspace.campaign(CAMPAIGN).glob("models/*.joblib"):
        if not model.name.startswith((".", "draft")):
            assert hashlib.sha256(model.read_bytes()).hexdigest() == model.stem
    for shard in workspace.root.glob("cache/*/[!.]*.npy"):
        np.load(shard)
    for seen in workspace.root.glob("cache/*/[!.]*.npz"):
        with np.load(seen) as kept:
            assert [kept[name] for name in kept.files]
    for table in workspace.root.glob("manifests/*/[!.]*.parquet"):
        pq.read_table(table)
        if table.name.startswith("pseudo."):
            assert hashlib.sha256(table.read_bytes()).hexdigest() == table.name.split(".")[1]
    for text in (
        *workspace.root.glob("manifests/*/[!.]*.json"),
        *workspace.root.glob("people/[!.]*.json"),
    ):
        json.loads(text.read_text(encoding="utf-8"))


def _given(tool: sqlite3.Connection, until: int) -> set[str]:
    """Return the fingerprints of everything that people did up to a time."""
    rows = tool.execute(
        "SELECT answer || '@' || at FROM act WHERE kind != 'job_state' AND at <= ?", (until,)
    )
    return {one for (one,) in rows}


def _kept(ledger: sqlite3.Connection) -> set[str]:
    rows = ledger.execute(
        "SELECT fingerprint FROM answers UNION "
        "SELECT json_extract(body, '$.fingerprint') FROM quarantine WHERE body IS NOT NULL"
    )
    return {one for (one,) in rows}


def _live(tool: sqlite3.Connection) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, unit in tool.execute("SELECT key, unit FROM unit WHERE live ORDER BY unit"):
        found.setdefault(key, []).append(str(unit))
    return found


def _uploads(ledger: sqlite3.Connection) -> Sequence[tuple[str, str | None, int | None]]:
    return ledger.execute("SELECT upload, remote_id, cancelled_at FROM uploads").fetchall()


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
        connection.execute("BEGIN")  # one state, however many questions
        yield connection

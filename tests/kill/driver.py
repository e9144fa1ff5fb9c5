"""What a forked process does: drive a campaign, and fall at the instant that it was told."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import event, update
from sqlalchemy.engine import Engine

from auto_labeling import assemble, models
from auto_labeling import config as config_room
from auto_labeling.campaign import driver, schema
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.transition import state_of
from auto_labeling.errors import AutoLabelingError
from auto_labeling.workspace import Workspace
from tests.kill.world import CAMPAIGN, PATIENT
from tests.support.apprentice import Apprenticeship

_LATER_IMPORTS = (
    "alembic.command",
    "alembic.config",
    "alembic.script",
    "auto_labeling.models.scaling",
    "auto_labeling.semi_supervised.learning",
    "joblib",
    "pandas",
    "pyarrow.dataset",
    "pyarrow.parquet",
    "scipy.special",
    "sklearn.cluster",
    "sklearn.linear_model",
    "sklearn.pipeline",
    "sqlalchemy.dialects.sqlite",
)
_CALLS = ("cancel", "changes", "create", "find")
_TOUCHES = frozenset(
    {"open", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "sqlite3.connect"}
)
_FOLDERS = ("models", "manifests", "cache", "people")


def import_everything() -> None:
    """Import what a campaign imports on its way, and read a campaign file as it will."""
    for name in _LATER_IMPORTS:
        importlib.import_module(name)
    models.TABLE["apprentice"] = Apprenticeship
    config_room.parse(PATIENT.config)


def run(job: Mapping[str, Any]) -> int:
    """Do one job, write what became of it into its diary, and return the exit status."""
    diary, began = Diary(job), time.monotonic()
    try:
        outcome = _drive(job, diary)
    except AutoLabelingError as error:
        outcome = {"error": type(error).__name__, "said": str(error)}
    except BaseException:  # noqa: BLE001 - a forked child must not fall into its parent's loop
        outcome = {"error": "unexpected", "said": traceback.format_exc()}
    diary.close(outcome | {"seconds": time.monotonic() - began})
    return 1 if "error" in outcome else 0


def _drive(job: Mapping[str, Any], diary: Diary) -> dict[str, Any]:
    workspace = Workspace(Path(job["workspace"]))
    diary.count_ticks()
    begin = assemble.find_or_create if job.get("own_id") else _find_or_create
    campaign = begin(workspace, job["config"])
    if job.get("create_only"):
        return {"created": campaign}
    with (
        assemble.held(workspace, campaign, **job.get("lease", {})) as fence,
        assemble.opened(workspace, campaign, fence=fence, watch=diary.note) as opened,
    ):
        diary.campaign = replace(
            opened,
            backend=Told(opened.backend, diary.note),
            pause=lambda _seconds: None,  # a simulated tool is mended by the next call
        )
        state = driver.drive(diary.campaign)
    return {"state": state.state, "stop_kind": state.stop_kind}


def _find_or_create(workspace: Workspace, config: str) -> str:
    if assemble.find(workspace, config) is not None:
        return assemble.find_or_create(workspace, config)
    path = Path(config)
    return assemble.create(
        workspace,
        config_room.read(path),
        config_path=path,
        base=path.parent,
        campaign_id=CAMPAIGN,
    )


class Told:
    """A labeling tool whose calls are instants too: before they begin, and when they have ended."""

    def __init__(self, backend: object, note: Callable[[str], None]) -> None:
        self._backend = backend
        self._note = note

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._backend, name)
        if name not in _CALLS:
            return found

        def call(*args: Any) -> Any:
            self._note(f"{name}:before")
            result = found(*args)
            self._note(f"{name}:after")
            return result

        return call


class Diary:
    """Notes every instant that a driver passes, and strikes it at those that were named.

    An instant has a name (such as `send:before`, `os.rename models`, or `write` when the ledger is
    about to be written), or only a number: every file that is opened, renamed or removed and every
    statement sent to the ledger is a tick, so that a random instant can be had again. A driver is
    not stopped while it holds a lock: it would keep everybody waiting, and not only its campaign.
    """

    def __init__(self, job: Mapping[str, Any]) -> None:
        self.campaign: Campaign | None = None
        self._strikes = {(name, count): blow for name, count, blow in job.get("strikes", ())}
        self._at_tick: tuple[int, str] | None = job.get("at_tick")
        self._stop = job.get("stop")
        self._seen: Counter[str] = Counter()
        self._ticks = 0
        self._written: list[str] = []
        self._locks: set[str] = set()
        self._file = os.open(job["diary"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def count_ticks(self) -> None:
        """Count the ticks from here."""
        sys.addaudithook(self._touched)
        event.listen(Engine, "before_cursor_execute", self._executed)
        event.listen(Engine, "commit", self._ended)
        event.listen(Engine, "rollback", self._ended)

    def note(self, instant: str) -> None:
        """Pass a named instant, if that is to be."""
        os.write(self._file, f"{instant}\n".encode())
        if instant == "collect:before":
            self._ask_to_stop()
        self._pass(instant)

    def close(self, outcome: Mapping[str, Any]) -> None:
        """Write what became of the job, how many ticks there were, and what paths were written."""
        told = {
            "ticks": self._ticks,
            "written": self._written,
        }
        os.write(self._file, f"={json.dumps({**outcome, **told})}\n".encode())

    def _touched(self, name: str, args: tuple[Any, ...]) -> None:
        if name not in _TOUCHES:
            return
        path = str(args[0])
        if name == "open" and args[2] & (os.O_WRONLY | os.O_RDWR):
            self._written.append(path)
        # The simulated tool looks at the clock while it holds its own file.
        self._tick(locked=path.endswith("/clock"))
        if path.endswith("/clock.lock"):
            self._locks.add("clock")
        elif name == "os.rename" and path.endswith(".new"):
            self._locks.discard("clock")
        for folder in _FOLDERS:
            if f"/{folder}/" in path:
                self._pass(f"{name} {folder}")

    def _pass(self, instant: str) -> None:
        self._seen[instant] += 1
        self._strike(self._strikes.get((instant, self._seen[instant])))

    def _executed(self, *given: Any) -> None:
        self._tick()
        if given[2] == "BEGIN IMMEDIATE":
            self._pass("write")
            self._locks.add("ledger")

    def _ended(self, _connection: object) -> None:
        self._tick()
        self._locks.discard("ledger")

    def _tick(self, *, locked: bool = False) -> None:
        self._ticks += 1
        if self._at_tick is None or self._ticks < self._at_tick[0]:
            return
        blow = self._at_tick[1]
        if blow == "SIGKILL" or not (locked or self._locks):
            self._at_tick = None
            self._strike(blow)

    def _strike(self, blow: str | None) -> None:
        if blow is not None:
            os.kill(os.getpid(), getattr(signal, blow))

    def _ask_to_stop(self) -> None:
        """Ask to stop, as a person does from another terminal, once the time has come."""
        if self._stop is None or self.campaign is None:
            return
        number, seconds, how = self._stop
        ledger, name = self.campaign.ledger, self.campaign.campaign_id
        state = state_of(ledger, name)
        if state.round != number or state.stop_requested is not None:
            return
        if self.campaign.clock.now() - (state.waiting_since or 0) < seconds * 1e6:
            return
        with ledger.write() as connection:
            connection.execute(
                update(schema.campaigns)
                .where(schema.campaigns.c.campaign == name)
                .values(stop_requested=how)
            )

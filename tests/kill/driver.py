"""What a forked process does: drive a campaign, and die at the instant that it was told."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import event, update
from sqlalchemy.engine import Engine

from auto_labeling import assemble
from auto_labeling import config as config_room
from auto_labeling.campaign import driver, schema
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.transition import state_of
from auto_labeling.errors import AutoLabelingError
from auto_labeling.workspace import Workspace
from tests.kill.world import CAMPAIGN, PATIENT

_LATER_IMPORTS = (
    "alembic.command",
    "alembic.config",
    "alembic.script",
    "auto_labeling.models.scaling",
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
_TOUCHES = frozenset(
    {"open", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "sqlite3.connect"}
)


def import_everything() -> None:
    """Import what a campaign imports on its way, and read a campaign file as it will."""
    for name in _LATER_IMPORTS:
        importlib.import_module(name)
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
    diary.close(outcome | {"ticks": diary.ticks, "seconds": time.monotonic() - began})
    return 1 if "error" in outcome else 0


def _drive(job: Mapping[str, Any], diary: Diary) -> dict[str, Any]:
    workspace = Workspace(Path(job["workspace"]))
    diary.begin()
    campaign = _find_or_create(workspace, job["config"])
    if job.get("create_only"):
        return {"created": campaign}
    with (
        assemble.held(workspace, campaign, **job.get("lease", {})) as fence,
        assemble.opened(workspace, campaign, fence=fence, watch=diary.note) as opened,
    ):
        diary.campaign = replace(opened, pause=lambda _seconds: None)
        state = driver.drive(diary.campaign)
    return {"state": state.state, "stop_kind": state.stop_kind}


def _find_or_create(workspace: Workspace, config: str) -> str:
    found = assemble.find(workspace, config)
    if found is not None:
        return assemble.find_or_create(workspace, config)
    path = Path(config)
    return assemble.create(
        workspace,
        config_room.read(path),
        config_path=path,
        base=path.parent,
        campaign_id=CAMPAIGN,
    )


class Diary:
    """Notes every instant that a driver passes, and strikes it down at the one that was named.

    An instant has a name (a step's), or a number: every file that is opened, renamed or removed and
    every statement sent to a database is a tick, so that a random instant can be had again.
    """

    def __init__(self, job: Mapping[str, Any]) -> None:
        self.campaign: Campaign | None = None
        self.ticks = 0
        self._strike: Mapping[str, Any] = job.get("strike") or {}
        self._stop = job.get("stop")
        self._seen: Counter[str] = Counter()
        self._path = Path(job["diary"])
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def begin(self) -> None:
        """Count the ticks from here."""
        sys.addaudithook(lambda name, _: self._tick() if name in _TOUCHES else None)
        event.listen(Engine, "before_cursor_execute", lambda *_: self._tick())
        event.listen(Engine, "commit", lambda _: self._tick())

    def note(self, instant: str) -> None:
        """Pass a named instant; not to be survived if it is the one."""
        os.write(self._file, f"{instant}\n".encode())
        self._seen[instant] += 1
        if instant == "collect:before":
            self._ask_to_stop()
        if self._strike.get("at") == [instant, self._seen[instant]]:
            os.kill(os.getpid(), getattr(signal, self._strike.get("signal", "SIGKILL")))

    def close(self, outcome: Mapping[str, Any]) -> None:
        """Write what became of the job."""
        os.write(self._file, f"={json.dumps(outcome)}\n".encode())

    def _tick(self) -> None:
        self.ticks += 1
        if self._strike.get("tick") == self.ticks:
            os.kill(os.getpid(), signal.SIGKILL)

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

"""People who see to whatever is given to them in a CVAT, each in a thread, all at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.cvat.campaigns import Desk

Act = Callable[["Worker", Mapping[str, Any]], bool]
"""Something done to a job in place of plain answers; whether it was done."""
_PAUSE_S = 0.05


@dataclass
class Worker:
    """Somebody who finishes whatever job they are given, and keeps at it while nobody answers."""

    desk: Desk
    truth: Mapping[str, str]
    acts: dict[int, Act] = field(default_factory=dict)
    """By job: what is done there in place of plain answers."""
    said: dict[int, dict[int, str]] = field(default_factory=dict)
    """By job and frame: what they said when they finished the job, or last did so."""
    missed: int = 0
    """How often the server did not answer, or not as they had hoped."""
    troubles: list[BaseException] = field(default_factory=list)

    def work(self, until: threading.Event) -> None:
        """See to their jobs until told to stop."""
        try:
            while not until.wait(_PAUSE_S):
                try:
                    self._round()
                except httpx.HTTPError:  # it is being started again, or a job has gone
                    self.missed += 1
        except BaseException as trouble:
            self.troubles.append(trouble)
            raise

    def right(self, job: Mapping[str, Any]) -> dict[int, str]:
        """Return what is true of each frame."""
        return {at: self.truth[one] for at, one in enumerate(self.desk.pictures(job))}

    def finish(self, job: Mapping[str, Any], names: Mapping[int, str]) -> None:
        """Say so, and that this is all."""
        self.desk.tag(job, names)
        self.said[job["id"]] = dict(names)  # if what follows is lost, it is said again
        self.desk.turn(job, "completed")

    def _round(self) -> None:
        for job in self.desk.jobs():
            act = self.acts.get(job["id"])
            if act is not None:
                if act(self, job):
                    del self.acts[job["id"]]
            elif job["state"] != "completed":
                self.finish(job, self.right(job))

"""People who label in a real Label Studio, each in a thread of their own, all at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from auto_labeling.studio import Person

Act = Callable[["Worker", Mapping[str, Any]], bool]
"""Something done to a task in place of a plain answer; whether it was done."""
_PAUSE_S = 0.05


@dataclass
class Worker:
    """Somebody who answers whatever waits for them, and keeps at it while the server is away."""

    person: Person
    url: str
    project: int
    truth: Mapping[str, str]
    acts: dict[str, Act] = field(default_factory=dict)
    """By item: what is done there in place of a plain answer."""
    further: bool = False
    """Whether they only answer what others have left open."""
    given: dict[str, str] = field(default_factory=dict)
    """By item: the last answer of theirs that the server took."""

    def work(self, until: threading.Event) -> None:
        """Answer until told to stop."""
        headers = {"Authorization": f"Token {self.person.token}"}
        with httpx.Client(
            base_url=self.url, headers=headers, timeout=30.0, trust_env=False
        ) as self.browser:
            while not until.is_set():
                try:
                    self._round()
                except (httpx.HTTPError, ValueError):
                    time.sleep(0.3)  # the server is being started again
                time.sleep(_PAUSE_S)
            for task in self._tasks():
                self._see(task)  # the last answer may have ended the campaign before they looked

    def answer(self, task: Mapping[str, Any], name: str, **more: Any) -> None:
        """Submit an answer."""
        choice = {"from_name": "label", "to_name": "item", "type": "choices"}
        result = [] if more else [choice | {"value": {"choices": [name]}}]
        body = {"result": result, "lead_time": 2.0, **more}
        self.browser.post(f"/api/tasks/{task['id']}/annotations/", json=body).raise_for_status()
        if result:  # at once: somebody else may write over it before the next look
            self.given[str(task["data"]["al_item"])] = name

    def change(self, annotation: int, name: str) -> None:
        """Write over an answer, whosever it is."""
        choice = {"from_name": "label", "to_name": "item", "type": "choices"}
        body = {"result": [choice | {"value": {"choices": [name]}}]}
        self.browser.patch(f"/api/annotations/{annotation}/", json=body).raise_for_status()

    def delete(self, annotation: int) -> None:
        """Delete an answer, whosever it is."""
        self.browser.delete(f"/api/annotations/{annotation}/").raise_for_status()

    def by(self, task: Mapping[str, Any], person: int) -> list[dict[str, Any]]:
        """Return the answers of a person on a task."""
        return [one for one in task["annotations"] if one["completed_by"] == person]

    def _round(self) -> None:
        for task in self._tasks():
            self._look_at(task)

    def _tasks(self) -> list[dict[str, Any]]:
        told: dict[str, str | int] = {"project": self.project, "fields": "all", "page_size": 200}
        tasks = self.browser.get("/api/tasks/", params=told).raise_for_status().json()["tasks"]
        return sorted(tasks, key=lambda task: int(task["id"]))

    def _look_at(self, task: Mapping[str, Any]) -> None:
        item = str(task["data"]["al_item"])
        act = self.acts.get(item)
        if act is not None:
            if act(self, task):
                del self.acts[item]
            return  # the next look shows what became of it
        if "al_key" in task["data"] and not self.by(task, self.person.id):
            acted = {one["completed_by"] for one in task["annotations"]}
            if len(acted) < task["overlap"] and (not self.further or len(acted) >= 3):
                self.answer(task, self.truth[item])
        self._see(task)

    def _see(self, task: Mapping[str, Any]) -> None:
        """Note which answer of theirs stands."""
        item = str(task["data"]["al_item"])
        mine = [one for one in self.by(task, self.person.id) if not one["was_cancelled"]]
        if mine and mine[0]["updated_by"] in (None, self.person.id):
            self.given[item] = mine[0]["result"][0]["value"]["choices"][0]

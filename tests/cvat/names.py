"""Which live thing stands for which recorded one: ids, hosts, upload names and keys."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

KINDS = "tasks|jobs|projects|labels|users|webhooks|deliveries|memberships|organizations"
OF_KEY = {
    "task_id": "tasks",
    "job_id": "jobs",
    "parent_job_id": "jobs",
    "project_id": "projects",
    "label_id": "labels",
    "spec_id": "attributes",
    "organization": "organizations",
    "organization_id": "organizations",
    "webhook_id": "webhooks",
    "report_id": "reports",
    "result_id": "reports",
    "data": "data",
    "segment_id": "segments",
    "assignee": "users",
    "assignee_id": "users",
}
# An object without a URL is known by keys that only its kind has.
OF_SIBLINGS = {
    "has_parent": "labels",
    "input_type": "attributes",
    "quorum": "consensus settings",
    "target_metric": "quality settings",
    "gt_last_updated": "reports",
    "role": "memberships",
    "contact": "organizations",
    "slug": "organizations",
    "changed_fields": "deliveries",
    "severity": "conflicts",
    "username": "users",
}
PLACES = (
    rf"(?P<kind>(?:{KINDS}))/(?P<id>\d+)",
    r"consensus/(?P<kind>settings)/(?P<id>\d+)",
    r"quality/(?P<kind>reports)/(?P<id>\d+)",
    r"(?<![a-z_])(?P<kind>task|job|project|user)_id(?:=|%3D)(?P<id>\d+)",
    r"target(?:=|%3D)(?P<kind>task|job|project)(?:&|%26)target_id(?:=|%3D)(?P<id>\d+)",
    r"(?P<kind>task|job|project)_(?P<id>\d+)_(?:annotations|dataset)_",
    r"(?P<kind>serverID)=(?P<id>\d+)",
    r"parent (?P<kind>job) (?P<id>\d+)",
    r"(?P<kind>label)_id `(?P<id>\d+)`",
)
SAID_AS = {"settings": "consensus settings", "serverID": "shapes"} | {
    f"{kind[:-1]}": kind for kind in KINDS.split("|")
}


def kind_of(key: str, parent: Mapping[str, Any]) -> str | None:
    """Return what an integer under `key` of `parent` is the id of; None where it is a number."""
    if key == "obj_id":
        return "tags" if parent.get("type") == "tag" else "shapes"
    if key == "parent_id" and "gt_last_updated" in parent:
        return "reports"
    if key != "id":
        return OF_KEY.get(key)
    if found := re.search(rf"/api/({KINDS})/\d+$", str(parent.get("url"))):
        return found[1]
    if "label_id" in parent:
        return "shapes" if "type" in parent else "tags"
    return next((kind for sign, kind in OF_SIBLINGS.items() if sign in parent), None)


class Names:
    """The recorded names, each with its live one; an id once met stays the same id."""

    def __init__(self, **hosts: str) -> None:
        self.words = {f"http://{name}.example": url for name, url in hosts.items()}
        self.ids: dict[tuple[str, int], int] = {}
        self.given: set[str] = set()  # colours that a client chose

    def bind(self, kind: str, recorded: int, live: int) -> None:
        """Say which live thing stands for a recorded one."""
        self.ids[kind, recorded] = live

    def meet(self, kind: str, recorded: int, live: Any) -> bool:
        """Whether `live` can be it; what is met for the first time is bound, to one thing only."""
        if (kind, recorded) in self.ids:
            return bool(self.ids[kind, recorded] == live)
        if not isinstance(live, int) or live in self._taken(kind):
            return False
        self.bind(kind, recorded, live)
        return True

    def text(self, recorded: str) -> str:
        """Return a recorded text, path or URL in live names; unknown ids stay as they are."""
        for place in PLACES:
            recorded = re.sub(place, self._renamed, recorded)
        for word, live in self.words.items():
            recorded = recorded.replace(word, live)
        return recorded

    def body(self, recorded: Any, key: str = "", parent: Mapping[str, Any] | None = None) -> Any:
        """Return a recorded JSON document in live names."""
        if isinstance(recorded, Mapping):
            return {name: self.body(value, name, recorded) for name, value in recorded.items()}
        if isinstance(recorded, list):
            return [self.body(one, key, parent) for one in recorded]
        if isinstance(recorded, str):
            return self.text(recorded)
        kind = kind_of(key, parent or {})
        if kind is None or isinstance(recorded, bool) or not isinstance(recorded, int):
            return recorded
        return self.ids.get((kind, recorded), recorded)

    def query(self, recorded: Mapping[str, str]) -> dict[str, str]:
        """Return a recorded query string's parts in live names."""
        return {name: self._value(name, value) for name, value in recorded.items()}

    def _value(self, name: str, value: str) -> str:
        kind = OF_KEY.get(name)
        if kind and value.isdigit():
            return str(self.ids.get((kind, int(value)), value))
        return json.dumps(self._logic(json.loads(value))) if name == "filter" else self.text(value)

    def _logic(self, rule: Any) -> Any:
        if isinstance(rule, list) and len(rule) == 2 and isinstance(rule[0], Mapping):
            kind = OF_KEY.get(str(rule[0].get("var")))
            if kind and isinstance(rule[1], int):
                return [rule[0], self.ids.get((kind, rule[1]), rule[1])]
        if isinstance(rule, list):
            return [self._logic(one) for one in rule]
        if isinstance(rule, Mapping):
            return {name: self._logic(one) for name, one in rule.items()}
        return rule

    def _taken(self, kind: str) -> set[int]:
        return {live for (one, _), live in self.ids.items() if one == kind}

    @property
    def _renamed(self) -> Callable[[re.Match[str]], str]:
        def renamed(found: re.Match[str]) -> str:
            kind = SAID_AS.get(found["kind"], found["kind"])
            live = self.ids.get((kind, int(found["id"])), found["id"])
            start, end = (at - found.start() for at in found.span("id"))
            return f"{found[0][:start]}{live}{found[0][end:]}"

        return renamed

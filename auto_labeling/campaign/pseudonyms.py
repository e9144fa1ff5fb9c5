"""Logins and pseudonyms: the mapping lies apart from the ledger, and can be erased."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auto_labeling.files import write_atomically


@dataclass(slots=True)
class Pseudonyms:
    """Login -> pseudonym of one campaign, kept in one file.

    Numbers are never given twice, not even after the logins were erased.
    """

    path: Path
    _known: dict[str, str] = field(default_factory=dict, init=False)
    _next: int = field(default=1, init=False)

    def __post_init__(self) -> None:
        if self.path.exists():
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            self._known, self._next = stored["people"], stored["next"]

    def __call__(self, login: str) -> str:
        """Return the pseudonym of a login; a new one is on disk before it is used."""
        if login not in self._known:
            self._known[login] = f"person-{self._next}"
            self._next += 1
            self._write()
        return self._known[login]

    def login_of(self, pseudonym: str) -> str | None:
        """Return who stands behind a pseudonym; None once that was erased."""
        return next((login for login, name in self._known.items() if name == pseudonym), None)

    def erase(self) -> None:
        """Forget who is who; answers stay under their pseudonyms."""
        self._known = {}
        self._write()

    def _write(self) -> None:
        content = {"next": self._next, "people": self._known}
        write_atomically(self.path, json.dumps(content, indent=1, sort_keys=True))


def concealed(raw: Mapping[str, Any], pseudonym: Callable[[str], str]) -> dict[str, Any]:
    """Return a campaign file's content with pseudonyms in place of logins, as the ledger keeps it.

    >>> concealed({"people": [{"user": "mia", "role": "senior"}]}, lambda login: "person-1")
    {'people': [{'user': 'person-1', 'role': 'senior'}]}
    >>> concealed({"quality": {"adjudicators": ["mia"]}}, lambda login: "person-1")
    {'quality': {'adjudicators': ['person-1']}}
    """
    made = dict(raw)
    given = raw.get("people")
    if isinstance(given, Mapping):  # one person needs no list
        given = [given]
    if isinstance(given, list):
        # What is no person is left for `config.parse` to refuse.
        made["people"] = [
            {**one, "user": pseudonym(str(one["user"]))}
            if isinstance(one, Mapping) and "user" in one
            else one
            for one in given
        ]
    if isinstance(raw.get("quality"), Mapping):
        made["quality"] = _concealed_users(raw["quality"], pseudonym)
    return made


def _concealed_users(quality: Mapping[str, Any], pseudonym: Callable[[str], str]) -> dict[str, Any]:
    """Return what stands under `quality`, its adjudicators and its raters under pseudonyms."""
    made = dict(quality)
    if isinstance(made.get("agreement"), Mapping):
        made["agreement"] = _with_pseudonyms(made["agreement"], "raters", pseudonym)
    return _with_pseudonyms(made, "adjudicators", pseudonym)


def _with_pseudonyms(
    given: Mapping[str, Any], key: str, pseudonym: Callable[[str], str]
) -> dict[str, Any]:
    users = given.get(key)
    if not isinstance(users, list | tuple):
        return dict(given)
    return {**given, key: [pseudonym(str(user)) for user in users]}

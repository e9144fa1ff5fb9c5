"""Who answers what: logins as numbers of the server's users, and people as jobs name them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import zip_longest

from auto_labeling.backends.cvat.client import Client
from auto_labeling.backends.cvat.session import Row
from auto_labeling.errors import BlockedError
from auto_labeling.records import Ask, PersonId

UNKNOWN = "unknown"
"""Who did what the server does not say: somebody who is none of the campaign's people."""


class People:
    """The server's users, asked for when somebody new is named."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._numbers: dict[str, int] = {}

    def number(self, login: str) -> int:
        """Return the number of a user. Raises `BlockedError` where there is none."""
        self.expect([login])
        return self._numbers[login.lower()]

    def login(self, number: int) -> PersonId:
        """Return the login of a user; of one who is gone, the number."""
        if number not in self._numbers.values():
            self._numbers = self._client.people()
        known = {one: login for login, one in self._numbers.items()}
        return known.get(number, f"user {number}")

    def expect(self, logins: Collection[str]) -> None:
        """Raise `BlockedError` unless all of these are users of the server."""
        wanted = {login.lower() for login in logins}
        if not wanted <= self._numbers.keys():
            self._numbers = self._client.people()
        if missing := sorted(wanted - self._numbers.keys()):
            raise BlockedError(
                f"{self._client.url} has no user {', '.join(map(repr, missing))} that the account "
                "may see",
                remedy="Make the user there (in the organization, where there is one), or mend "
                "`people` in the campaign file.",
            )


def assignees(asks: Sequence[Ask]) -> list[str | None]:
    """Return who gives the first of the opinions that are asked for, the second, and so on.

    >>> from auto_labeling.records import Purpose
    >>> ask = Ask(ask_id="a", item_id="7", round=1, ordinal=2, purpose=Purpose.TRAIN,
    ...           price_micros=0, assignee="mia")
    >>> assignees([ask])
    ['mia']
    """
    by_item: dict[str, list[Ask]] = {}
    for ask in sorted(asks, key=lambda ask: ask.ordinal):
        by_item.setdefault(ask.item_id, []).append(ask)
    of_each = zip_longest(*by_item.values())
    return [
        next((ask.assignee for ask in same if ask is not None and ask.assignee), None)
        for same in of_each
    ]


def assignee(job: Row) -> PersonId | None:
    """Return the login of whom a job is given to, in lower case."""
    return str(job["assignee"]["username"]).lower() if job["assignee"] else None


def assignee_number(job: Row) -> int | None:
    """Return the number of whom a job is given to: what may be kept, where a login may not."""
    return int(job["assignee"]["id"]) if job["assignee"] else None


def nobody(opinion: int) -> PersonId:
    """Return who answers a job that is given to nobody: one for each opinion on an item.

    >>> nobody(1)
    'unassigned (opinion 2)'
    """
    return f"unassigned (opinion {opinion + 1})"

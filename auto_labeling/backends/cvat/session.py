"""A session with one server: calls of the SDK, pages of rows, and what refusals mean.

No call retries by itself. Who calls may try again once it has looked what became of it. Answers are
read as the JSON they are: the SDK's models cannot take what servers before 2.80 send.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from operator import attrgetter
from typing import Any, TypeAlias

from auto_labeling.backends.cvat.refusals import CredentialsRefused, translated
from auto_labeling.errors import TransientError

Row: TypeAlias = dict[str, Any]
"""A task, a job or a person, as the server writes it: plain JSON."""
Filter: TypeAlias = Mapping[str, Any]
"""A condition in the server's words: JSON logic."""

_AS_IT_IS: Mapping[str, Any] = {
    "_parse_response": False,
    "_validate_inputs": False,
    # Where inputs are not validated, the SDK refuses the None that is its own default of these.
    "_content_type": "",
    "_host_index": 0,
    "_request_auths": [],
}
_PAGE = 200
_LOOKED_UP = 50
"""Names or numbers a look-up: it travels in the address, which servers cut at 8,000 characters."""


class Session:
    """What every client of a server is built on; made without a call, and cheap."""

    def __init__(
        self,
        url: str,
        secret: Callable[[], str],
        *,
        user: str | None = None,
        organization: str | None = None,
        timeout_s: float = 60.0,
    ) -> None:
        self.url = url.rstrip("/")
        self._secret = secret
        self._user = user
        self._organization = organization
        self._timeout_s = timeout_s
        self._known = False
        self._close: Callable[[], Any] = lambda: None

    def _some(
        self,
        operation: str,
        what: str,
        wanted: Sequence[Any],
        condition: Callable[[Sequence[Any]], Filter],
        **fixed: Any,
    ) -> list[Row]:
        found: list[Row] = []
        for start in range(0, len(wanted), _LOOKED_UP):
            these = condition(wanted[start : start + _LOOKED_UP])
            found += self._rows(operation, what, these, **fixed)
        return sorted(found, key=lambda row: int(row["id"]))

    def _rows(self, operation: str, what: str, *conditions: Filter, **fixed: Any) -> Iterator[Row]:
        """Yield rows, oldest first.

        Each page begins after the last row of the one before, so that none is passed over while
        others come and go.
        """
        last = 0
        while True:
            after = {">": [{"var": "id"}, last]}
            told = {"filter": json.dumps({"and": [*conditions, after]}), "sort": "id"}
            page = self._call(operation, what, page_size=_PAGE, **told, **fixed)
            yield from page["results"]
            if not page["next"]:  # a server may well give fewer a page than it was asked for
                return
            last = int(page["results"][-1]["id"])

    def _pages(self, operation: str, what: str, **fixed: Any) -> Iterator[Row]:
        page = 1
        while True:
            found = self._call(operation, what, page=page, page_size=_PAGE, **fixed)
            yield from found["results"]
            if not found["next"]:
                return
            page += 1

    def _call(self, operation: str, what: str, **told: Any) -> Row:
        """Return what an operation of the SDK, such as `tasks_api.list`, answers."""
        with self._translated(what):
            call = attrgetter(operation)(self._sdk.api_client)
            _, answer = call(**told, **_AS_IT_IS)
            content = answer.data  # read whole, or the connection is not free for the next
            row: Row = json.loads(content) if content else {}
        return row

    @cached_property
    def _sdk(self) -> Any:
        from auto_labeling.backends.cvat.connection import connect, log_in

        self._close()
        secret = self._secret()
        if self._user is None and not secret.isprintable():  # a token has to fit into a header
            raise CredentialsRefused(self.url, "a session")
        sdk = connect(self.url, self._organization, self._timeout_s)
        # A backend is never told that it is done.
        self._close = weakref.finalize(self, sdk.api_client.rest_client.pool_manager.clear)
        log_in(sdk, self._user, secret)
        return sdk

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        try:
            with translated(self.url, what):
                yield
            self._known = True
        except CredentialsRefused as error:
            self.__dict__.pop("_sdk", None)  # the next call reads the secret anew
            self._close()
            if self._known and self._user is not None:
                self._known = False
                raise TransientError(
                    f"{self.url}: {what}: the session has ended; the next call begins another"
                ) from error
            raise

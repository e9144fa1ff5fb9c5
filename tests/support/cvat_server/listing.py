"""Lists: exact filters, search, JSON logic, order and pages."""

from __future__ import annotations

import itertools
import json
import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from tests.support.cvat_server.http import Answer, Call, Refused

PAGE_SIZE = 10  # not recorded; the server's own default

Row = Any
Terms = Mapping[str, Callable[[Row], Any]]

_COMPARE = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def page(
    call: Call,
    rows: Iterable[Row],
    show: Callable[[Row], dict[str, Any]],
    terms: Terms,
    *,
    exact: Iterable[str] = (),
    search: Iterable[str] = (),
    ascending: bool = False,
) -> Answer:
    """Answer with a page of the rows that the query asks for, newest first unless it sorts.

    `rows` come oldest first. `terms` say how a name in `filter` and `sort` is read off a row;
    `exact` of them are query parameters as well, `search` those that `search` looks into.
    """
    found = list(rows)
    for name in exact:
        if name in call.query:
            found = [row for row in found if _text(terms[name](row)) == call.query[name]]
    if sought := call.query.get("search", "").lower():
        found = [
            row for row in found if any(sought in _text(terms[one](row)).lower() for one in search)
        ]
    if logic := call.query.get("filter"):
        rule = _parsed(logic)
        found = [row for row in found if _holds(rule, row, terms)]
    return _cut(call, _sorted(call, found, terms, ascending=ascending), show)


def _sorted(call: Call, rows: list[Row], terms: Terms, *, ascending: bool) -> list[Row]:
    found = rows if ascending else rows[::-1]
    for one in reversed([name for name in call.query.get("sort", "").split(",") if name]):
        name = one.removeprefix("-")
        if name not in terms:
            raise Refused(400, [f"sort: term '{name}' is not supported"])
        read = terms[name]
        found.sort(key=lambda row: _order(read(row)), reverse=one.startswith("-"))
    return found


def _cut(call: Call, rows: list[Row], show: Callable[[Row], dict[str, Any]]) -> Answer:
    size, number = _size(call), int(call.query.get("page", "1"))
    last = max(1, -(-len(rows) // size))
    if not 1 <= number <= last:
        raise Refused(404, {"detail": "Invalid page."})

    def link(to: int) -> str | None:
        if not 1 <= to <= last:
            return None
        query = {**call.query, "page": str(to)}
        if to == 1:
            del query["page"]
        return f"{call.base}{call.path}?{urlencode(sorted(query.items()))}".rstrip("?")

    start = (number - 1) * size
    return Answer(
        body={
            "count": len(rows),
            "next": link(number + 1),
            "previous": link(number - 1),
            "results": [show(row) for row in rows[start : start + size]],
        }
    )


def _size(call: Call) -> int:
    given = call.query.get("page_size", "")
    if given == "all":
        return 1_000_000_000
    return int(given) if given.isdigit() and int(given) else PAGE_SIZE


def _parsed(logic: str) -> Any:
    try:
        return json.loads(logic)
    except ValueError:
        raise Refused(400, ["filter: invalid JSON"]) from None


def _holds(rule: Any, row: Row, terms: Terms) -> Any:
    """Return what a JSON logic expression comes to for a row."""
    if not isinstance(rule, dict):
        return rule
    [(name, given)] = rule.items()
    if name == "var":
        if given not in terms:
            raise Refused(400, [f"filter: term '{given}' is not supported"])
        value = terms[given](row)
        return value.isoformat() if isinstance(value, datetime) else value
    values = [_holds(one, row, terms) for one in (given if isinstance(given, list) else [given])]
    if name == "and":
        return all(values)
    if name == "or":
        return any(values)
    if name == "!":
        return not values[0]
    if name == "in":
        inside = values[1]
        return values[0] in inside if inside is not None else False
    if name in _COMPARE:
        return all(_compared(name, one, other) for one, other in itertools.pairwise(values))
    raise Refused(400, [f"filter: operation '{name}' is not supported"])


def _compared(name: str, one: Any, other: Any) -> bool:
    if name in ("==", "!="):
        return bool(_COMPARE[name](one, other))
    if one is None or other is None:
        return False
    if isinstance(one, str) and isinstance(other, str):
        one, other = _moment(one), _moment(other)
    return bool(_COMPARE[name](one, other))


def _moment(text: str) -> Any:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return text


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _order(value: Any) -> tuple[bool, Any]:
    return (value is not None, value)

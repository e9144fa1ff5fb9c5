"""The CVAT of the tests answers what a real CVAT was recorded to answer, exchange by exchange."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest

from tests.cvat import comparing, scenes
from tests.cvat.names import Names
from tests.cvat.receiver import receiving
from tests.cvat.recordings import FILES, GOLDEN, Exchange, recorded
from tests.cvat.replaying import Replay
from tests.cvat.sessions import Session
from tests.support.cvat_server import CvatServer


@pytest.fixture
def replay() -> Iterator[Replay]:
    """A server nobody used yet, with the people of the recordings."""
    with CvatServer() as server, receiving() as receiver:
        accounts = [server.admin, *(server.add_user(f"annot{at}") for at in (1, 2, 3))]
        names = Names(cvat=server.url, receiver=receiver.url)
        for number, person in enumerate(accounts, 1):
            names.bind("users", number, person.id)
        people = {one.name: Session(one.name, one.password) for one in accounts}
        with closing(Replay(server, people, receiver, names)) as made:
            yield made


def test_the_recordings_are_all_there() -> None:
    assert [file.stem for file in sorted(GOLDEN.glob("*.json"))] == list(FILES)


@pytest.mark.parametrize("name", FILES)
def test_every_exchange_is_answered_as_it_was_recorded(replay: Replay, name: str) -> None:
    exchanges = scenes.set_up(replay, name)
    replay.play(exchanges)
    assert replay.found == []
    assert replay.compared + replay.passing == len(exchanges)


def altered(exchange: Exchange, *path: Any, to: Any) -> None:
    inner = exchange
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to


SHAPE = ("response_json", "shapes", 0)
COCO = ("response_binary", "zip_entries", "annotations/instances_Train.json", "json")
# What is altered: the file, the exchange, the place in it, and what is said there instead.
ALTERATIONS: dict[str, tuple[str, int, tuple[Any, ...], Any]] = {
    "another status": ("06", 6, ("status",), 200),
    "another content type": ("06", 1, ("response_headers", "content-type"), "application/json"),
    "a key more": ("06", 1, (*SHAPE, "score"), 0.5),
    "another kind of value": ("06", 1, (*SHAPE, "group"), 0),
    "another word": ("06", 1, (*SHAPE, "source"), "manual"),
    "another point": ("06", 1, (*SHAPE, "points", 0), 41.0),
    "another id": ("06", 4, (*SHAPE, "id"), 466),
    "a shape less": ("06", 2, ("response_json", "shapes"), []),
    "a name": ("02", 2, ("response_json", "results", 1, "name"), "Dog"),
    "an order": ("02", 2, ("response_json", "results", 0, "name"), "blob"),
    "a chosen colour": ("02", 8, ("response_json", "color"), "#00ff01"),
    "a text of a refusal": ("15", 2, ("response_json", "detail"), "Not found."),
    "a link": ("17", 9, ("response_json", "next"), None),
    "a header": ("02", 1, ("response_headers", "location"), "http://cvat.example/api/projects/34"),
    "a cookie": ("01", 2, ("response_sets_cookies",), ["csrftoken"]),
    "the outcome of a request": ("09", 20, ("response_json", "status"), "finished"),
    "whose request it is": ("09", 19, ("response_json", "operation", "task_id"), 164),
    "a box in a zip": ("08", 4, (*COCO, "annotations", 0, "bbox", 2), 99.0),
    "a file in a zip": ("08", 4, ("response_binary", "zip_entries", "readme.txt"), {"text": ""}),
    "a merged label": ("10", 44, (*SHAPE, "label_id"), 212),
    "a quality count": ("11", 22, ("response_json", "summary", "gt_count"), 3),
    "a delivery's event": ("13", 6, ("request_json", "event"), "update:task"),
}


@pytest.mark.parametrize("what", ALTERATIONS)
def test_a_recording_that_was_changed_is_noticed(replay: Replay, what: str) -> None:
    name, number, path, value = ALTERATIONS[what]
    exchanges = scenes.set_up(replay, name)
    [exchange] = [one for one in exchanges if one["seq"] == number]
    altered(exchange, *path, to=value)
    replay.play(exchanges[:number])
    assert {line.split()[0] for line in replay.found} == {str(number)}


def test_another_key_of_the_webhook_is_noticed(replay: Replay) -> None:
    exchanges = scenes.set_up(replay, "13")
    altered(exchanges[1], "request_json", "secret", to="another secret")
    replay.play(exchanges[:6])
    assert [line.split()[0] for line in replay.found] == ["3", "6"]
    assert all("is not that of the body" in line for line in replay.found)


def test_a_delivery_that_nobody_recorded_is_noticed(replay: Replay) -> None:
    exchanges = scenes.set_up(replay, "13")
    replay.play([one for one in exchanges[:7] if one["seq"] != 6])
    assert len(replay.found) == 1
    assert "nobody recorded" in replay.found[0]


def leaves(value: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, one in inside:
        if isinstance(one, Mapping | list):
            yield from leaves(one, *path, key)
        else:
            yield (*path, key)


def other(value: Any) -> Any:
    """Return a value of the same kind that says something else."""
    if isinstance(value, bool):
        return not value
    if value is None:
        return "something"
    return value + 1 if isinstance(value, int | float) else f"{value} "


# Nothing else may differ without being noticed: dates, what is assigned, and the README's examples.
EXCUSED = frozenset({
    "color", "description", "email", "first_name", "last_name", "invitation", "key", "message",
    "points of a merge", "progress",
    "accuracy", "jaccard_index", "mean_iou", "precision", "recall", "rows",
})  # fmt: skip


def documents(exchange: Exchange) -> Iterator[Any]:
    """Yield what is compared as JSON: an answer, a delivery, the files in a zip."""
    yield exchange["request_json" if "direction" in exchange else "response_json"]
    entries = exchange.get("response_binary", {}).get("zip_entries", {})
    yield from (one["json"] for one in entries.values() if "json" in one)


@pytest.mark.parametrize("name", FILES)
def test_every_value_is_compared_but_those_excused(name: str) -> None:
    """Each kind of leaf of what was recorded is changed alone, and held against the recording."""
    seen, unnoticed = set(), set()
    for exchange, answer in ((one, told) for one in recorded(name) for told in documents(one)):
        for path in leaves(answer) if isinstance(answer, Mapping | list) else ():
            kind = tuple(key if isinstance(key, str) else "" for key in path)
            where = (exchange["method"], exchange["path"].strip("0123456789"), kind)
            if where in seen:
                continue
            seen.add(where)
            changed = copy.deepcopy(answer)
            inner = changed
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = other(inner[path[-1]])
            if not comparing.differences(answer, changed, _met(answer)):
                unnoticed.add(_called(answer, path))
    assert seen
    assert unnoticed <= EXCUSED


def _called(answer: Any, path: tuple[Any, ...]) -> str:
    """Return the last key on the way to a leaf; points say whether they are of a merged shape."""
    name, merged = "", False
    for key in path:
        if isinstance(key, str):
            name, merged = key, answer.get("source") == "consensus"
        answer = answer[key]
    return f"{name} of a merge" if name == "points" and merged else name


def _met(answer: Any) -> Names:
    """Return names that know every id of a document."""
    names = Names(cvat="http://cvat.example")
    comparing.differences(answer, answer, names)
    return names

"""Does an answer say what the recorded one says? Values where they are a rule, else their shape."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tests.cvat.names import Names, kind_of

DATE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
IN_A_NAME = re.compile(r"\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d")
COLOR = re.compile(r"#[0-9a-f]{6}")
UPLOAD = re.compile(r"\d+_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
JOBS = ("all", "excluded", "not_checkable")  # of a quality report's data: lists of job ids
UNORDERED = ("shapes", "tags", "annotations")  # the README: do not rely on the order

Parent = Mapping[str, Any]
# What is not compared by value, by the key it stands under, and why. Types and nullness still are.
FREE: dict[str, Callable[[str, Parent], bool]] = {
    # What the recording itself left out or cut short.
    "description": lambda value, parent: value.endswith("(trimmed)"),
    "key": lambda value, parent: value == "REDACTED",
    "invitation": lambda value, parent: value == "REDACTED",
    # Progress words, and texts of failed requests: "examples, not a contract".
    "message": lambda value, parent: "operation" in parent and parent["status"] != "finished",
    # Accounts are of this deployment.
    "email": lambda value, parent: True,
    "first_name": lambda value, parent: True,
    "last_name": lambda value, parent: True,
}
# Quality numbers and the geometry of merged shapes: "examples, not a contract".
MEASURED = ("recall", "precision", "accuracy", "jaccard_index", "rows", "mean_iou", "progress")


def differences(recorded: Any, live: Any, names: Names, free: Sequence[str] = ()) -> list[str]:
    """Return one line for everything the live answer says differently; ids met are bound.

    `free` are patterns of places whose values are not compared, because they are drawn at random.
    """
    return [f"{at or 'body'}: {what}" for at, what in _Walk(names, free).walk(recorded, live)]


class _Walk:
    def __init__(self, names: Names, free: Sequence[str]) -> None:
        self.names = names
        self.free = free

    def walk(
        self, recorded: Any, live: Any, at: str = "", key: str = "", parent: Parent | None = None
    ) -> Iterator[tuple[str, str]]:
        parent = parent or {}
        if type(recorded) is not type(live) and not (_number(recorded) and _number(live)):
            yield at, f"expected {_short(recorded)}, got {_short(live)}"
        elif isinstance(recorded, Mapping):
            yield from self._object(recorded, live, at)
        elif isinstance(recorded, list):
            yield from self._list(recorded, live, at, key, parent)
        elif not self._free(at) and not self._same(recorded, live, key, parent):
            yield at, f"expected {_short(recorded)}, got {_short(live)}"

    def _object(self, recorded: Parent, live: Parent, at: str) -> Iterator[tuple[str, str]]:
        if gone := recorded.keys() - live.keys():
            yield at, f"lacks {sorted(gone)}"
        if new := live.keys() - recorded.keys():
            yield at, f"has {sorted(new)} as well"
        # An object's own id first: its URLs name it.
        for key in sorted(recorded.keys() & live.keys(), key=lambda key: key != "id"):
            yield from self.walk(recorded[key], live[key], f"{at}.{key}", key, recorded)

    def _list(
        self, recorded: list[Any], live: list[Any], at: str, key: str, parent: Parent
    ) -> Iterator[tuple[str, str]]:
        if len(recorded) != len(live):
            yield at, f"expected {len(recorded)} of them, got {len(live)}"
            return
        if key in UNORDERED and all(isinstance(one, Mapping) for one in recorded):
            recorded = sorted(recorded, key=lambda one: self._sign(self.names.body(one)))
            live = sorted(live, key=self._sign)
        for at_in, (one, other) in enumerate(zip(recorded, live, strict=True)):
            if key in JOBS and isinstance(one, int) and isinstance(other, int):
                if not self.names.meet("jobs", one, other):
                    yield f"{at}[{at_in}]", f"expected job {one}, got {other}"
            else:
                yield from self.walk(one, other, f"{at}[{at_in}]", key, parent)

    def _sign(self, shape: Parent) -> str:
        """Return what tells one shape of a list from another, without its own id."""
        merged = shape.get("source") == "consensus"
        places = ("frame", "image_id", "label_id", "category_id", "type", "source")
        drawn = ("bbox", "attributes") if merged else ("points", "bbox", "group", "attributes")
        return json.dumps([shape.get(one) for one in (*places, *drawn)], sort_keys=True)

    def _free(self, at: str) -> bool:
        return any(re.search(place, at) for place in self.free)

    def _same(self, recorded: Any, live: Any, key: str, parent: Parent) -> bool:
        if key in FREE and FREE[key](str(recorded), parent):
            return True
        if key == "color" and not {recorded, live} & self.names.given:
            return COLOR.fullmatch(live) is not None  # by a rule nobody has written down
        if isinstance(recorded, str):
            return self._same_text(recorded, live)
        if isinstance(recorded, bool) or recorded is None:
            return bool(recorded == live)
        if kind := kind_of(key, parent):
            return self.names.meet(kind, recorded, live)
        merged = key == "points" and parent.get("source") == "consensus"
        return merged or key in MEASURED or abs(recorded - live) < 1e-9

    def _same_text(self, recorded: str, live: str) -> bool:
        if DATE.fullmatch(recorded):
            return DATE.fullmatch(live) is not None
        expected = self.names.text(recorded)
        if UPLOAD.search(expected) and not UPLOAD.search(live):
            return False
        dateless, live = (IN_A_NAME.sub("DATE", text) for text in (expected, live))
        return UPLOAD.sub("UPLOAD", dateless) == UPLOAD.sub("UPLOAD", live)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _short(value: Any) -> str:
    said = repr(value)
    return said if len(said) < 160 else f"{said[:160]}..."

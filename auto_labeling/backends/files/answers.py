"""The answer files: read again when they change; what cannot be read is kept with its reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auto_labeling.errors import BlockedError, RejectedError
from auto_labeling.files import disk_errors
from auto_labeling.formats.codec import Reading, TaskFormat
from auto_labeling.records import Cursor, Event, LabelSchema, Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How far one answer file was read."""

    digest: str
    size: int
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFolder:
    """`answers/` is written by people alone, and `rejected.jsonl` by us alone."""

    folder: Path
    codec: TaskFormat

    def changes(
        self, cursor: Cursor | None, schema: LabelSchema, known: Collection[str]
    ) -> tuple[list[Event], Cursor]:
        """Return the events of new and changed files, and how far each file was read.

        Answers to a key that is not `known` are rejected.
        """
        before = _seen(cursor)
        after: dict[str, Seen] = {}
        events: list[Event] = []
        rejected: list[dict[str, Any]] = []
        for name, content, written in self._contents():
            readings = self._readings(content, schema, written)
            done = _records_done(before.get(name), content, by_line=self.codec.by_line)
            for at, reading in enumerate(readings[done:], done):
                problem = reading.problem or _stranger(reading, known)
                if problem:
                    rejected.append(_rejection(name, at, reading, problem))
                elif reading.event is not None:
                    events.append(reading.event)
            after[name] = Seen(digest=_digest(content), size=len(content), records=len(readings))
        self._keep(rejected)
        return sorted(events, key=lambda event: event.at), _cursor(after)

    def answered(self, schema: LabelSchema) -> tuple[set[str], set[str]]:
        """Return the units with an answer, and the keys of answers that do not name their unit."""
        units: set[str] = set()
        keys: set[str] = set()
        for _, content, written in self._contents():
            for reading in self._readings(content, schema, written):
                if reading.event is not None and reading.unit:
                    units.add(reading.unit)
                elif reading.event is not None:
                    keys.add(reading.event.key)
        return units, keys

    def _readings(self, content: bytes, schema: LabelSchema, written: Micros) -> list[Reading]:
        text = content.decode("utf-8-sig", errors="surrogateescape")
        return self.codec.readings(text, schema, written)

    def _contents(self) -> Iterator[tuple[str, bytes, Micros]]:
        """Yield name, content and time of every answer file."""
        for path in sorted((self.folder / "answers").rglob(f"*{self.codec.suffix}")):
            try:
                content, written = path.read_bytes(), path.stat().st_mtime_ns // 1000
            except FileNotFoundError:
                continue  # somebody has just renamed it; the next poll finds it
            except PermissionError as error:
                raise BlockedError(
                    f"{path} cannot be read", remedy="Grant this user read access to it"
                ) from error
            yield path.relative_to(self.folder).as_posix(), content, written

    def _keep(self, rejected: Sequence[Mapping[str, Any]]) -> None:
        """Add what is not there already: a record is rejected once, however often it is read."""
        path = self.folder / "rejected.jsonl"
        there = set(path.read_bytes().split(b"\n")) if path.exists() else {b""}
        lines = [json.dumps(one, sort_keys=True).encode() for one in rejected]
        if fresh := [line for line in lines if line not in there]:
            with disk_errors(path), path.open("ab") as file:
                # Begins on a line of its own, should the last writer have died in the middle.
                file.write(b"".join(b"\n" + line for line in fresh) + b"\n")


def _records_done(seen: Seen | None, content: bytes, *, by_line: bool) -> int:
    """Return how many records need not be read again: all, or all before what was added."""
    if seen is None:
        return 0
    there = content[: seen.size] if by_line else content
    return seen.records if len(there) == seen.size and _digest(there) == seen.digest else 0


def _stranger(reading: Reading, known: Collection[str]) -> str:
    if reading.event is None or reading.event.key in known:
        return ""
    return f"expected a key that was asked here, got {reading.event.key!r}"


def _rejection(name: str, at: int, reading: Reading, problem: str) -> dict[str, Any]:
    return {"file": name, "record": at, "reason": problem, "content": reading.raw}


def _seen(cursor: Cursor | None) -> dict[str, Seen]:
    try:
        return {name: Seen(**fields) for name, fields in json.loads(cursor or "{}").items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise RejectedError(f"cursor: expected one of this tool, got {cursor!r}") from error


def _cursor(seen: Mapping[str, Seen]) -> Cursor:
    return json.dumps(dict(_plain(seen)), sort_keys=True)


def _plain(seen: Mapping[str, Seen]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, one in seen.items():
        yield name, {"digest": one.digest, "size": one.size, "records": one.records}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

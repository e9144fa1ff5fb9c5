"""The task files: one for each batch, whole or absent, and beside them what was withdrawn."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from auto_labeling.errors import BlockedError, DataError
from auto_labeling.files import write_atomically
from auto_labeling.formats.codec import Marks, TaskFormat
from auto_labeling.records import LabelSchema, RemoteRef, Upload

Task: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFolder:
    """`tasks/` holds what is to be answered, `withdrawn/` what no longer is."""

    folder: Path
    codec: TaskFormat

    def add(self, uploads: Sequence[Upload], schema: LabelSchema) -> dict[str, RemoteRef]:
        """Write one file for these uploads and return the copy of each."""
        if not uploads:
            return {}
        with self._locked():
            letters = "".join(filter(str.isalnum, uploads[0].key))
            batch = f"{self._next_number():06d}-{letters[:8]}"
            refs = {
                upload.key: RemoteRef(key=upload.key, remote_id=f"{batch}-{at}")
                for at, upload in enumerate(uploads)
            }
            tasks = [
                task
                for at, upload in enumerate(uploads)
                for task in self.codec.tasks(upload, schema, f"{batch}-{at}")
            ]
            self._write_companions(uploads, schema)
            path = self.folder / "tasks" / f"{batch}{self.codec.suffix}"
            self._write(path, [(self.codec.marks(task), task) for task in tasks])
        return refs

    def live(self) -> Iterator[Marks]:
        """Yield the marks of every task that is to be answered, oldest first."""
        for path in self._files("tasks"):
            yield from self._marks(path)

    def known(self) -> set[str]:
        """Return the keys of all tasks ever written."""
        paths = [*self._files("tasks"), *self._files("withdrawn")]
        return {marks.key for path in paths for marks in self._marks(path)}

    def withdraw(self, units: Set[str]) -> None:
        """Move the tasks of these units out of the way of people."""
        if not units:
            return
        with self._locked():
            for path in self._files("tasks"):
                self._split(path, units)

    def _split(self, path: Path, units: Set[str]) -> None:
        moved = units & {marks.unit for marks in self._marks(path)}
        if not moved:
            return
        tasks = _read(self.codec, path)
        # The copy first: a process that dies in between has moved nothing yet, and lost nothing.
        gone = self.folder / "withdrawn" / path.name
        earlier = _read(self.codec, gone) if gone.exists() else []
        fresh = moved - {marks.unit for marks, _ in earlier}
        self._write(gone, [*earlier, *((m, task) for m, task in tasks if m.unit in fresh)])
        if kept := [(marks, task) for marks, task in tasks if marks.unit not in moved]:
            self._write(path, kept)
        else:
            path.unlink()

    def _write_companions(self, uploads: Sequence[Upload], schema: LabelSchema) -> None:
        items = [item for upload in uploads for item in upload.items]
        for name, content in self.codec.companions(items, schema).items():
            if not (self.folder / name).exists():
                write_atomically(self.folder / name, content)

    def _write(self, path: Path, tasks: Sequence[tuple[Marks, Task]]) -> None:
        write_atomically(path, self.codec.write([task for _, task in tasks]))

    def _marks(self, path: Path) -> tuple[Marks, ...]:
        stamp = path.stat()
        return _marks_of(self.codec, path, stamp.st_mtime_ns, stamp.st_size)

    def _files(self, name: str) -> list[Path]:
        return sorted((self.folder / name).glob(f"*{self.codec.suffix}"))

    def _next_number(self) -> int:
        paths = [*self._files("tasks"), *self._files("withdrawn")]
        return 1 + max((int(path.name.partition("-")[0]) for path in paths), default=0)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        # Two drivers that number or rewrite at once would overwrite each other's file.
        with (self.folder / ".lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


@lru_cache(maxsize=4096)
def _marks_of(codec: TaskFormat, path: Path, _modified: int, _size: int) -> tuple[Marks, ...]:
    return tuple(marks for marks, _ in _read(codec, path))


def _read(codec: TaskFormat, path: Path) -> list[tuple[Marks, Task]]:
    try:
        tasks = codec.read(path.read_text(encoding="utf-8"))
        return [(codec.marks(task), task) for task in tasks]
    except (DataError, ValueError) as error:
        raise BlockedError(
            f"{path}: expected the tasks that were written there ({error})",
            remedy="Put the file back as it was; answers belong into answers/",
        ) from error

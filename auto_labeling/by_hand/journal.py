"""Predictions on the disk, a line a picture: what a killed run had finished is there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from auto_labeling.by_hand.looking import Looked, PutAside
from auto_labeling.detections import Detections
from auto_labeling.errors import DataError
from auto_labeling.files import disk_errors, locked
from auto_labeling.shapes import Mask

_BEGIN, _DIGITS, _PROBLEM = b'{"picture": "', 64, b'", "problem"'
_DECIMALS = 7  # single precision has no more


class Journal:
    """What one model saw, by the sha256 of each picture's bytes: 64 hex digits.

    Lines are only ever added. What is left of one that a kill, or a power cut, tore off is cut
    away when the journal is opened again. Memory holds a number a picture.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._lines: dict[str, int] = {}
        self.problems: dict[str, str] = {}
        """Why pictures were put aside, by their digests."""

    @classmethod
    @contextmanager
    def opened(cls, path: Path, names: Sequence[str]) -> Iterator[Journal]:
        """Open or begin a journal to add to; another process that does is waited for.

        Raises `DataError` where it is of a model with other classes.
        """
        with locked(path.with_name(f".{path.name}.lock")):
            with disk_errors(path):
                path.touch()
                opened = path.open("r+b")
            with opened as file:
                _expect_names(file, names, path)
                journal = cls(path, file)
                end = journal._index()
                file.truncate(end)
                yield journal

    @classmethod
    @contextmanager
    def read(cls, path: Path) -> Iterator[Journal]:
        """Open a journal as it stands, whoever adds to it."""
        with path.open("rb") as file:
            file.readline()
            journal = cls(path, file)
            journal._index()
            yield journal

    def __contains__(self, digest: str) -> bool:
        return digest in self._lines

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, some: Mapping[str, Looked | PutAside]) -> None:
        """Keep what was seen on some pictures; once this returns, killing the process loses none.

        It is not forced onto the disk: a power cut may cost the last seconds' predictions.
        """
        at = self._file.seek(0, 2)
        lines = [_line(digest, one) for digest, one in some.items()]
        with disk_errors(self._path):
            self._file.write(b"".join(lines))
            self._file.flush()
        for line in lines:
            self._note(line, at)
            at += len(line)

    def look_up(self, digest: str, path: Path) -> Looked:
        """Return what was seen on the picture, which now lies at `path`."""
        self._file.seek(self._lines[digest])
        plain = json.loads(self._file.readline())
        width, height = plain["size"]
        return Looked(path=path, size=(width, height), seen=_seen(plain))

    def _index(self) -> int:
        """Note where every line begins, and return where the last whole one ends."""
        at = self._file.tell()
        for line in iter(self._file.readline, b""):
            if not (line.startswith(_BEGIN) and line.endswith(b"}\n")):
                break
            self._note(line, at)
            at += len(line)
        return at

    def _note(self, line: bytes, at: int) -> None:
        digest = line[len(_BEGIN) : len(_BEGIN) + _DIGITS].decode()
        self._lines[digest] = at
        if line.startswith(_PROBLEM, len(_BEGIN) + _DIGITS):
            self.problems[digest] = json.loads(line)["problem"]


def _expect_names(file: BinaryIO, names: Sequence[str], path: Path) -> None:
    """Check the first line, or write it where there is none yet, or half of one."""
    head = json.dumps({"names": list(names)}).encode() + b"\n"
    begun = file.readline()
    if not begun.endswith(b"\n"):
        file.seek(0)
        file.truncate()
        file.write(head)
        file.flush()
    elif begun != head:
        raise DataError(
            f"{path}: it holds the predictions of a model with other classes; give this model "
            "another version, or another folder"
        )


def _line(digest: str, one: Looked | PutAside) -> bytes:
    told = {"problem": one.problem} if isinstance(one, PutAside) else _plain(one.size, one.seen)
    return json.dumps({"picture": digest, **told}).encode() + b"\n"


def _plain(size: tuple[int, int], seen: Detections) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "size": size,
        "scores": _rounded(seen.scores),
        "labels": seen.labels.tolist(),
        "boxes": _rounded(seen.boxes),
    }
    if seen.masks is not None:
        plain["masks"] = [[mask.height, mask.width, mask.runs] for mask in seen.masks]
    return plain


def _rounded(numbers: NDArray[np.float32]) -> Any:
    return np.round(numbers.astype(np.float64), _DECIMALS).tolist()


def _seen(plain: Mapping[str, Any]) -> Detections:
    drawn = plain.get("masks")
    return Detections(
        offsets=np.array([0, len(plain["scores"])]),
        boxes=np.array(plain["boxes"], np.float32).reshape(-1, 4),
        scores=np.array(plain["scores"], np.float32),
        labels=np.array(plain["labels"], np.intp),
        masks=None if drawn is None else tuple(_mask(*one) for one in drawn),
    )


def _mask(height: int, width: int, runs: Sequence[int]) -> Mask:
    return Mask(label="", height=height, width=width, runs=tuple(runs))

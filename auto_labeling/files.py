"""Files that are whole or absent: atomic writes, digests, and a full disk said plainly."""

from __future__ import annotations

import errno
import fcntl
import filecmp
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from auto_labeling.errors import BlockedError

Writer: TypeAlias = Callable[[BinaryIO], object]
"""Something that writes its content into the binary file it is given."""

_TROUBLES = {
    errno.ENOSPC: ("the disk is full", "Free some space on that disk"),
    errno.EDQUOT: ("the disk quota is used up", "Free some space, or have the quota raised"),
    errno.EROFS: ("the file system is read-only", "Mount it writable, or choose another folder"),
    errno.EACCES: (
        "permission is denied",
        "Grant this user write access, or choose another folder",
    ),
    errno.EPERM: ("the operation is not permitted", "Grant this user write access to it"),
}


@contextmanager
def disk_errors(where: Path | str) -> Iterator[None]:
    """Turn a full, read-only or forbidden disk met while writing `where` into `BlockedError`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _TROUBLES:
            raise
        trouble, remedy = _TROUBLES[error.errno]
        raise BlockedError(f"{where} cannot be written: {trouble}", remedy=remedy) from error


def write_atomically(path: Path, content: bytes | str | Writer, *, private: bool = False) -> None:
    """Make `path` hold `content`; whatever happens meanwhile, it holds the old or the new whole.

    Missing folders are made, text is written as UTF-8, and a file that is replaced keeps its mode.
    What is `private` is never readable by others, not even for a moment.
    """
    with disk_errors(path):
        if path.exists() and not path.is_file():
            # A device or a pipe has to be written to: replacing its folder entry would destroy it.
            with path.open("wb") as special:
                _fill(special, content)
            return
        target = path.resolve()  # a link goes on pointing where it points
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f".{target.name[:60]}.{secrets.token_hex(4)}.tmp")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(temporary, flags, 0o600 if private else 0o666), "wb") as file:
                _fill(file, content)
                os.fsync(file.fileno())
            if target.exists() and not private:
                shutil.copymode(target, temporary)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(target.parent)


def write_folder_atomically(path: Path, fill: Callable[[Path], object]) -> None:
    """Make the folder `path` hold what `fill` writes into the folder it is given, or nothing new.

    A folder that holds the same bytes already is left alone. What a killed writer of the same
    folder left behind is removed, so a folder has one writer at a time.
    """
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _tidy_after_a_kill(path)
        partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
        partial.mkdir()
        try:
            fill(partial)
            _sync_tree(partial)
            if not _same_tree(partial, path):
                _swap_in(partial, path)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that a file stands for; whoever comes next waits, and a dead holder lets go."""
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def drawn_once(path: Path, draw: Callable[[], str]) -> str:
    """Return the line in a file that we alone can read, drawn the first time it is asked for.

    Whoever asks at the same time gets the same. Raises `BlockedError` where the file cannot be
    read or written, or is empty.
    """
    with disk_errors(path):
        if not path.exists():
            with locked(path.with_name(f".{path.name}.lock")):
                if not path.exists():
                    write_atomically(path, f"{draw()}\n", private=True)
        value = path.read_text(encoding="utf-8").strip()
    if not value:
        raise BlockedError(f"{path} is empty", remedy="Delete it: another is drawn.")
    return value


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes: 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_digest(content: Any) -> str:
    """Return the sha256 of plain JSON content: 64 hex digits, whatever the order of the keys.

    >>> content_digest({"a": 1, "b": [2]}) == content_digest({"b": [2], "a": 1})
    True
    """
    canonical = json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _fill(file: BinaryIO, content: bytes | str | Writer) -> None:
    if callable(content):
        content(file)
    else:
        file.write(content.encode() if isinstance(content, str) else content)
    file.flush()


def _swap_in(partial: Path, path: Path) -> None:
    # Two renames, because a folder that is not empty cannot be replaced by one.
    if path.exists():
        path.rename(_retired(path))
    partial.rename(path)
    _sync_folder(path.parent)
    shutil.rmtree(_retired(path), ignore_errors=True)


def _tidy_after_a_kill(path: Path) -> None:
    for partial in path.parent.glob(f".{path.name}.*.partial"):
        shutil.rmtree(partial)
    retired = _retired(path)
    if retired.exists() and not path.exists():
        retired.rename(path)  # killed between the two renames of a swap
    elif retired.exists():
        shutil.rmtree(retired)


def _retired(path: Path) -> Path:
    return path.with_name(f".{path.name}.retired")


def _same_tree(one: Path, other: Path) -> bool:
    names = sorted(file.relative_to(one) for file in one.rglob("*"))
    if not other.is_dir() or names != sorted(file.relative_to(other) for file in other.rglob("*")):
        return False
    files = [name for name in names if (one / name).is_file()]
    return all(filecmp.cmp(one / name, other / name, shallow=False) for name in files)


def _sync_tree(folder: Path) -> None:
    for entry in folder.rglob("*"):
        if entry.is_file():
            with entry.open("rb") as file:
                os.fsync(file.fileno())
        else:
            _sync_folder(entry)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Files are whole or absent, and a full disk is said plainly."""

from __future__ import annotations

import errno
import os
import secrets
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import pytest

from auto_labeling.errors import BlockedError
from auto_labeling.files import (
    content_digest,
    disk_errors,
    drawn_once,
    sha256_of,
    write_atomically,
    write_folder_atomically,
)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fails_half_way(file: BinaryIO) -> None:
    file.write(b"half")
    raise RuntimeError("the writer failed")


def fills(content: str) -> Callable[[Path], object]:
    def fill(folder: Path) -> None:
        (folder / "inner").mkdir()
        (folder / "inner" / "a.txt").write_text(content)

    return fill


@pytest.mark.parametrize("content", [b"\x00\xff", "häßlich", lambda file: file.write(b"by hand")])
def test_what_was_written_is_read_back_and_nothing_lies_about(
    tmp_path: Path, content: bytes | str
) -> None:
    path = tmp_path / "new" / "folder" / "a.bin"
    write_atomically(path, content)
    expected = content.encode() if isinstance(content, str) else content
    assert path.read_bytes() == (b"by hand" if callable(expected) else expected)
    assert names_in(path.parent) == ["a.bin"]


def test_a_writer_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError):
        write_atomically(path, fails_half_way)
    assert path.read_text() == "old"
    assert names_in(tmp_path) == ["a.txt"]


def test_a_file_keeps_its_mode_and_a_link_its_target(tmp_path: Path) -> None:
    target, link = tmp_path / "secret.txt", tmp_path / "link"
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)
    write_atomically(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is full")
def test_a_full_disk_blocks_with_a_remedy_and_the_device_survives() -> None:
    with pytest.raises(BlockedError, match="the disk is full") as caught:
        write_atomically(Path("/dev/full"), "anything")
    assert "space" in caught.value.remedy
    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "full"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permission"),
    ],
)
def test_every_disk_trouble_names_the_place_and_a_remedy(number: int, said: str) -> None:
    with (
        pytest.raises(BlockedError, match=f"report.html.*{said}") as caught,
        disk_errors("report.html"),
    ):
        raise OSError(number, os.strerror(number))
    assert caught.value.remedy


def test_other_errors_are_not_the_disks() -> None:
    with pytest.raises(IsADirectoryError), disk_errors("x"):
        raise OSError(errno.EISDIR, "a folder")


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    write_folder_atomically(path, fills("one"))
    write_folder_atomically(path, fills("two"))
    assert (path / "inner" / "a.txt").read_text() == "two"
    assert names_in(tmp_path) == ["snapshot"]


def test_equal_bytes_leave_the_folder_alone(tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    write_folder_atomically(path, fills("one"))
    before = (path / "inner" / "a.txt").stat().st_ino
    write_folder_atomically(path, fills("one"))
    assert (path / "inner" / "a.txt").stat().st_ino == before


def test_a_fill_that_fails_leaves_the_old_folder(tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    write_folder_atomically(path, fills("one"))

    def fails(folder: Path) -> None:
        (folder / "b.txt").write_text("half")
        raise OSError(errno.ENOSPC, "no space")

    with pytest.raises(BlockedError, match="snapshot"):
        write_folder_atomically(path, fails)
    assert (path / "inner" / "a.txt").read_text() == "one"
    assert names_in(tmp_path) == ["snapshot"]


def test_a_killed_writer_leaves_nothing_half_and_the_next_tidies_up(tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    write_folder_atomically(path, fills("one"))
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from auto_labeling.files import write_folder_atomically\n"
        "def fill(folder):\n"
        "    (folder / 'half.txt').write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_folder_atomically(Path(sys.argv[1]), fill)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert names_in(path) == ["inner"]
    assert len(names_in(tmp_path)) == 2
    write_folder_atomically(path, fills("one"))
    assert names_in(tmp_path) == ["snapshot"]


def test_a_folder_retired_by_a_killed_writer_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "snapshot"
    write_folder_atomically(path, fills("one"))
    path.rename(tmp_path / ".snapshot.retired")  # as after a kill between the two renames

    def fails(folder: Path) -> None:
        raise RuntimeError("the source is gone")

    with pytest.raises(RuntimeError):
        write_folder_atomically(path, fails)
    assert (path / "inner" / "a.txt").read_text() == "one"
    assert names_in(tmp_path) == ["snapshot"]


def test_digests(tmp_path: Path) -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    (tmp_path / "a").touch()
    assert sha256_of(tmp_path / "a") == empty
    assert content_digest({"b": [1, "ä"], "a": None}) == content_digest({"a": None, "b": [1, "ä"]})
    assert content_digest([1, 2]) != content_digest([2, 1])
    with pytest.raises(ValueError, match="JSON"):
        content_digest(float("nan"))


def test_a_secret_is_drawn_once_and_readable_by_us_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "secret"
    drawn = drawn_once(path, lambda: "first")
    assert drawn == drawn_once(path, lambda: "second") == "first"
    assert path.read_text() == "first\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("\n")
    with pytest.raises(BlockedError, match="is empty"):
        drawn_once(path, lambda: "third")


def test_all_who_ask_for_a_secret_at_once_get_the_same(tmp_path: Path) -> None:
    path, together = tmp_path / "secret", threading.Barrier(8)

    def draw() -> str:
        time.sleep(0.01)  # so that all of them find no file
        return secrets.token_hex(8)

    def ask(_: int) -> str:
        together.wait()
        return drawn_once(path, draw)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1

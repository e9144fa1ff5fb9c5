"""Looks for words in every byte of a folder, also where they are packed or encoded."""

from __future__ import annotations

import base64
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq

_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")


def files_with(folder: Path, word: str, *, apart_from: tuple[Path, ...] = ()) -> list[str]:
    """Return the files that hold `word`, in any case and packing, with the packing."""
    return [
        f"{path.relative_to(folder)} ({how})"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(path.is_relative_to(other) for other in apart_from)
        for how, content in contents(path)
        if holds(content, word)
    ]


def holds(content: bytes, word: str) -> bool:
    """Whether `word` stands there in UTF-8, UTF-16, UTF-32 or base64."""
    lowered = content.lower()
    spelt = [word.lower().encode(code) for code in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le")]
    # Without the characters at either end, which depend on what stands beside the word.
    coded = [base64.b64encode(b"\0" * shift + word.encode())[4:-4] for shift in range(3)]
    return any(one in lowered for one in spelt) or any(one in content for one in coded)


def contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what is in a file: as it stands, and unpacked."""
    raw = path.read_bytes()
    yield "raw", raw
    if path.suffix == ".parquet":
        yield "parquet", repr(pq.read_table(path).to_pydict()).encode()
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield "zip", b"\n".join(archive.read(name) for name in archive.namelist())
    yield "zlib", b"\n".join(_unpacked(raw))


def _unpacked(raw: bytes) -> Iterator[bytes]:
    """Yield everything in `raw` that may be a zlib or gzip stream."""
    for found in _ZLIB.finditer(raw):
        try:
            yield zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(raw[found.start() :])
        except zlib.error:
            continue

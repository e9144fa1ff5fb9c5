from __future__ import annotations

import base64
import gzip
import zipfile
import zlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.privacy.search import files_with

WORD = "Quetzalbarn"
TEXT = f"a text with {WORD} in it, " * 3


@pytest.mark.parametrize("shift", range(3))
def test_a_word_is_found_in_base64(tmp_path: Path, shift: int) -> None:
    (tmp_path / "page").write_bytes(b"src=" + base64.b64encode(b"x" * shift + TEXT.encode()))
    assert files_with(tmp_path, WORD)


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.lower().encode(),
        TEXT.encode("utf-16"),
        b"before" + zlib.compress(TEXT.encode()) + b"behind",
        gzip.compress(TEXT.encode()),
    ],
    # Named, because gzip writes the time of day, and every process has to collect the same names.
    ids=["plain", "lower case", "utf-16", "zlib", "gzip"],
)
def test_a_word_is_found_however_it_is_packed(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert files_with(tmp_path, WORD)
    assert not files_with(tmp_path, WORD[::-1])
    assert not files_with(tmp_path, WORD, apart_from=(tmp_path,))


def test_a_word_is_found_in_archives_and_columns(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("b/c", TEXT)
    pq.write_table(
        pa.table({"text": [TEXT * 9]}),
        tmp_path / "d.parquet",
        compression="zstd",
        write_statistics=False,
    )
    assert [one for one in files_with(tmp_path, WORD) if "raw" not in one] == [
        "a.npz (zip)",
        "d.parquet (parquet)",
    ]

"""Tables: which rows are left out and why, and what is said about a file that will not do."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.pool.rows import ArrayRows
from auto_labeling.pool.source import SourceRows
from auto_labeling.pool.table import Table
from auto_labeling.records import LabelSchema
from tests.pool.written import write_csv, write_jsonl, write_parquet

SCHEMA = LabelSchema(task="single", classes=("1", "2"))


def features_of(rows: SourceRows) -> list[list[float]]:
    return [row.tolist() for block in rows.features.chunks() for row in block]


def reasons_of(rows: SourceRows) -> dict[str, str]:
    return {entry.where: entry.reason for entry in rows.quarantined}


def test_bad_numbers_are_quarantined_by_row_and_column(tmp_path: Path) -> None:
    cells = ["1", "2", "", "nan", "inf", "1e40", "many", " 8 ", *map(str, range(20))]
    write_csv(tmp_path / "a.csv", [{"age": cell, "size": 1} for cell in cells])
    rows = Table(path="a.csv").read(tmp_path)
    bad = {f"a.csv, row {row}": "column 'age' is not a finite number" for row in (3, 4, 5, 6, 7)}
    assert reasons_of(rows) == bad
    assert features_of(rows)[:3] == [[1, 1], [2, 1], [8, 1]]
    assert list(rows.references[:3]) == ["1", "2", "8"]


def test_numeric_columns_are_found_without_id_group_and_label(tmp_path: Path) -> None:
    row = {"id": 7, "b": 1, "name": "x", "a": 2.5, "group": 3, "label": 1, "flag": True}
    write_parquet(tmp_path / "a.parquet", [row])
    rows = Table(path="a.parquet").read(tmp_path)
    assert rows.feature_names == ("b", "a", "flag")
    assert (list(rows.ids), list(rows.groups), list(rows.labels or ())) == (["7"], ["3"], ["1"])
    payload = next(rows.source.payloads(tmp_path, ["1"]))
    assert payload is not None
    assert payload.row == {"b": 1, "name": "x", "a": 2.5, "flag": True}


def test_ids_of_a_csv_are_kept_as_written(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [{"id": "007", "x": 1}, {"id": "7", "x": 2}])
    assert list(Table(path="a.csv").read(tmp_path).ids) == ["007", "7"]


def test_repeated_and_missing_ids_are_quarantined(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [{"id": name, "x": 1} for name in ("a", "b", "a", "")])
    rows = Table(path="a.csv").read(tmp_path)
    assert list(rows.ids) == ["a", "b"]
    assert reasons_of(rows) == {
        "a.csv, row 3": "its id is repeated; the first is a.csv, row 1",
        "a.csv, row 4": "it has no id",
    }


def test_a_row_that_is_left_out_does_not_take_an_id(tmp_path: Path) -> None:
    lines = [{"id": "a", "text": ""}, {"id": "a", "text": "good"}]
    write_csv(tmp_path / "a.csv", lines)
    rows = Table(path="a.csv", text="text").read(tmp_path)
    assert (list(rows.ids), list(rows.references)) == (["a"], ["2"])


def test_empty_texts_are_quarantined(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [{"t": "one"}, {"t": "  "}, {"other": 1}, {"t": "four"}])
    rows = Table(path="a.jsonl", text="t").read(tmp_path)
    assert list(rows.references) == ["1", "4"]
    assert set(reasons_of(rows).values()) == {"its text is empty"}


def test_lines_that_are_no_objects_are_quarantined_by_number(tmp_path: Path) -> None:
    lines = [b'{"t": "one"}', b"{half", b"[1]", b'{"t": "\\ud800"}', b"\xff\xfe", b'{"t": "six"}']
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    rows = Table(path="a.jsonl", text="t").read(tmp_path)
    assert list(rows.references) == ["1", "6"]
    assert sorted(reasons_of(rows)) == [f"a.jsonl, row {row}" for row in (2, 3, 4, 5)]
    again = rows.source.payloads(tmp_path, ["6", "1", "9"])
    assert [one and one.text for one in again] == ["six", "one", None]


def test_ragged_lines_are_quarantined_and_rows_keep_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('t,n\n"one\nand more",1\nsealed words\nthree,3\n')
    rows = Table(path="a.csv", text="t").read(tmp_path)
    assert list(rows.references) == ["1", "3"]
    assert reasons_of(rows) == {"a.csv, row 2": "it has 1 fields where the header has 2"}
    assert [one and one.text for one in rows.source.payloads(tmp_path, ["3"])] == ["three"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('id,t\n1,one\n2,"sealed words\n3,three\n', 3),
        ('id,t\r\n1,"one\r\nand more"\r\n2,"sealed words\r\n3,"three"\r\n', 4),
        ('id,t\n1,one\n2,"sealed words\n3,"three, ""and"" more"\n', 3),
        ('"id,t\n1,one\n', 1),
    ],
)
def test_a_quote_that_takes_in_the_rows_below_is_refused(
    tmp_path: Path, content: str, line: int
) -> None:
    (tmp_path / "a.csv").write_bytes(content.encode())
    with pytest.raises(DataError, match=f"a.csv, line {line}: expected the quote") as caught:
        Table(path="a.csv", text="t").read(tmp_path)
    assert "sealed" not in str(caught.value)


def test_quotes_that_take_in_no_other_row_are_kept(tmp_path: Path) -> None:
    lines = [b'\xef\xbb\xbf"t","n"', b'a 5" screen,1', b'"a 5" screen",2', b'"a ""b"",\nc",""']
    (tmp_path / "a.csv").write_bytes(b"\n".join(lines))
    rows = Table(path="a.csv", text="t").read(tmp_path)
    texts = [one and one.text for one in rows.source.payloads(tmp_path, ["1", "2", "3"])]
    assert texts == ['a 5" screen', 'a 5 screen"', 'a "b",\nc']


def test_ids_of_two_kinds_in_jsonl_become_text(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [{"id": 7, "t": "x"}, {"id": "7b", "t": "y"}])
    assert list(Table(path="a.jsonl", text="t").read(tmp_path).ids) == ["7", "7b"]


def test_compressed_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"t\nhello there\n"))
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"t": "hello there"}\n'))
    hashes = [
        Table(path=name, text="t").read(tmp_path).content_hashes[0]
        for name in ("a.csv.gz", "a.jsonl.gz")
    ]
    assert hashes[0] == hashes[1]


def test_text_features_have_unit_length_and_tell_texts_apart(tmp_path: Path) -> None:
    texts = ["good film, very good", "bad film", "good film, very good", "!?"]
    write_csv(tmp_path / "a.csv", [{"t": text} for text in texts])
    block = np.array(features_of(Table(path="a.csv", text="t", hash_width=64).read(tmp_path)))
    assert block.shape == (4, 64)
    np.testing.assert_allclose(np.linalg.norm(block, axis=1), [1, 1, 1, 0], atol=1e-6)
    assert (block[0] == block[2]).all()
    assert block[0] @ block[1] < 0.9


def test_texts_may_come_with_features_of_their_own(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [{"t": "one", "x": 1, "y": 2}, {"t": "two", "x": "", "y": 2}])
    rows = Table(path="a.csv", text="t", features=("y", "x")).read(tmp_path)
    assert features_of(rows) == [[2, 1]]
    assert reasons_of(rows) == {"a.csv, row 2": "column 'x' is not a finite number"}


def test_labels_that_are_numbers_match_class_names(tmp_path: Path) -> None:
    table = pa.table({"x": [1.0, 2.0, 3.0], "label": pa.array([1.0, None, 2.0])})
    parquet.write_table(table, tmp_path / "a.parquet")
    rows = Table(path="a.parquet").read(tmp_path, SCHEMA)
    assert list(rows.labels or ()) == ["1", "2"]


def test_columns_of_categories_are_read(tmp_path: Path) -> None:
    table = pa.table({"x": [1.0, 2.0], "label": pa.array(["1", "2"]).dictionary_encode()})
    parquet.write_table(table, tmp_path / "a.parquet")
    assert list(Table(path="a.parquet").read(tmp_path, SCHEMA).labels or ()) == ["1", "2"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "cannot be parsed"),
        (b"a,b\n", "at least one row"),
        (b"a,a\n1,2\n", "occurs twice"),
        (b"a,t\nsealed\xff\xfe,x\n", "UTF-8"),
        ("a,t\nsealed,x\n".encode("utf-16"), "UTF-8"),
        (b"a\nx\n", "numeric columns"),
    ],
)
def test_a_csv_that_will_not_do_is_said_in_one_sentence(
    tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError, match=said) as caught:
        Table(path="a.csv").read(tmp_path)
    assert "a.csv" in str(caught.value)
    assert "sealed" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("name", ["a.csv.gz", "a.jsonl.gz"])
@pytest.mark.parametrize("spoil", [lambda packed: packed[:40], lambda packed: packed[:20] * 9])
def test_half_a_compressed_file_is_said(
    tmp_path: Path, name: str, spoil: Callable[[bytes], bytes]
) -> None:
    (tmp_path / name).write_bytes(spoil(gzip.compress(bytes(range(256)) * 99)))
    with pytest.raises(DataError, match=f"{name}: expected a whole gzip file"):
        Table(path=name, text="t").read(tmp_path)


@pytest.mark.parametrize("name", ["a.parquet", "a.csv.gz", "a.jsonl.gz", "a.xlsx"])
def test_a_file_that_is_something_else_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("sealed words")
    with pytest.raises(DataError, match=f"{name}: expected"):
        Table(path=name, text="t").read(tmp_path)


def test_a_missing_column_names_those_that_are_there(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [{"txt": "x", "n": 1}])
    for settings in (
        Table(path="a.csv", text="text"),
        Table(path="a.csv", features=("m",)),
        Table(path="a.csv", id="key"),
        Table(path="a.csv", group="who"),
        Table(path="a.csv", label="y"),
    ):
        with pytest.raises(DataError, match=r"expected a column .* got \['txt', 'n'\]"):
            settings.read(tmp_path)


def test_a_labeled_set_needs_labels(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [{"x": 1}])
    with pytest.raises(DataError, match="expected a label for every row"):
        Table(path="a.csv").read(tmp_path, SCHEMA)


def test_nested_cells_are_no_features(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", [{"x": [1.0, 2.0]}])
    with pytest.raises(DataError, match="one value a cell"):
        Table(path="a.parquet", features=("x",)).read(tmp_path)


def test_a_pool_without_one_usable_row_is_refused(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [{"t": " ", "n": 1}, {"t": "", "n": 2}])
    with pytest.raises(DataError, match=r"not one of 2 rows .* a.csv, row 1: its text is empty"):
        Table(path="a.csv", text="t").read(tmp_path)


def test_heldout_rows_may_lack_id_and_group(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [{"key": "k", "who": "w", "x": 1}])
    write_csv(tmp_path / "h.csv", [{"x": 1, "label": "2"}])
    settings = Table(path="a.csv", id="key", group="who", heldout="h.csv")
    pool = settings.read(tmp_path)
    heldout = pool.source.read_heldout(tmp_path, SCHEMA)
    assert heldout is not None
    assert list(heldout.content_hashes) == list(pool.content_hashes)


def test_heldout_numbers_may_be_an_npz_but_heldout_texts_not(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [{"x": 1, "y": 2, "t": "words"}])
    np.savez(tmp_path / "h.npz", X=np.array([[1, 2], [3, 4]]), y=np.array([1, 2]))
    pool = Table(path="a.csv", heldout="h.npz").read(tmp_path)
    heldout = pool.source.read_heldout(tmp_path, SCHEMA)
    assert heldout is not None
    assert heldout.content_hashes[0] == pool.content_hashes[0]
    assert heldout.source.where(heldout.references[1]) == "h.npz, row 2"
    with pytest.raises(DataError, match="an npz has no texts"):
        Table(path="a.csv", text="t", heldout="h.npz").read_heldout(tmp_path, SCHEMA)


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"path": ""}, "pool.path"),
        ({"path": "a.csv", "features": []}, "pool.features"),
        ({"path": "a.csv", "features": "age"}, "pool.features"),
        ({"path": "a.csv", "features": ["x"], "label": "x"}, "pool.features"),
        ({"path": "a.csv", "hash_width": 1}, "pool.hash_width"),
    ],
)
def test_settings_are_checked_by_key(settings: dict[str, object], key: str) -> None:
    with pytest.raises(ConfigurationError, match=key):
        Table(**settings)  # type: ignore[arg-type]


def test_features_of_a_table_are_float32(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [{"x": "0.1"}])
    features = Table(path="a.csv").read(tmp_path).features
    assert isinstance(features, ArrayRows)
    assert features_of(Table(path="a.csv").read(tmp_path)) == [[float(np.float32(0.1))]]

"""Arrays: shapes and types that will not do, and files larger than memory."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.pool.arrays_source import Arrays
from auto_labeling.pool.rows import CHUNK_BYTES, ArrayRows, StackedRows, row_hashes
from auto_labeling.pool.snapshot import ingest
from auto_labeling.records import LabelSchema

SCHEMA = LabelSchema(task="single", classes=("0", "1"))


def test_rows_that_are_not_finite_are_quarantined(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([[1.0, 2], [np.nan, 0], [0, -np.inf], [0, 1e300], [3, 4]]))
    rows = Arrays(features="x.npy").read(tmp_path)
    assert list(rows.references) == ["1", "5"]
    assert [(entry.where, entry.reason) for entry in rows.quarantined] == [
        ("x.npy, row 2", "feature 0 is not a finite number"),
        ("x.npy, row 3", "feature 1 is not a finite number"),
        ("x.npy, row 4", "feature 1 is not a finite number"),
    ]


def test_ids_are_the_content_where_none_are_given(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([[1, 2], [3, 4], [1, 2], [1, 2]]))
    ids = list(Arrays(features="x.npy").read(tmp_path).ids)
    assert len(ids[0]) == 16
    assert ids[2:] == [f"{ids[0]}-2", f"{ids[0]}-3"]


def test_equal_numbers_have_one_hash_whatever_their_type() -> None:
    hashes = {
        row_hashes(np.asarray(ArrayRows(array=np.array([[0, 1, -3]], dtype)).chunks().__next__()))[
            0
        ]
        for dtype in (np.int8, np.float64, np.float32, ">f8")
    }
    assert len(hashes) == 1
    assert row_hashes(np.array([[-0.0]], np.float32)) == row_hashes(np.array([[0.0]], np.float32))


def test_an_array_is_flattened_and_a_fortran_array_is_not_mixed_up(tmp_path: Path) -> None:
    cube = np.arange(24.0).reshape(2, 3, 4)
    np.save(tmp_path / "c.npy", cube)
    np.save(tmp_path / "f.npy", np.asfortranarray(cube))
    for name in ("c.npy", "f.npy"):
        block = next(Arrays(features=name).read(tmp_path).features.chunks())
        np.testing.assert_array_equal(block, cube.reshape(2, 12))


class Watched(np.ndarray[Any, Any]):
    """An array that keeps the largest number of rows ever taken out of it at once."""

    largest = 0

    def __getitem__(self, wanted: Any) -> Any:
        taken = super().__getitem__(wanted)
        Watched.largest = max(Watched.largest, len(taken))
        return np.asarray(taken)


@pytest.mark.parametrize("keep", [None, np.arange(0, 3000, 2)])
def test_never_more_than_a_chunk_is_taken(keep: NDArray[np.intp] | None) -> None:
    width = CHUNK_BYTES // 4 // 1000
    wide = np.broadcast_to(np.float32(1), (3000, width)).view(Watched)
    Watched.largest = 0
    total = sum(len(block) for block in ArrayRows(array=wide, keep=keep).chunks())
    assert total == (3000 if keep is None else 1500)
    assert Watched.largest == 1000


def test_an_npy_is_mapped_not_loaded(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((10, 2), np.float32))
    features = Arrays(features="x.npy").read(tmp_path).features
    assert isinstance(features, ArrayRows)
    assert isinstance(features.array, np.memmap)


@pytest.mark.parametrize(
    ("features", "said"),
    [
        (np.ones(3), r"shape \(n, d\), got \(3,\)"),
        (np.ones((3, 0)), r"got \(3, 0\)"),
        (np.ones((0, 3)), "at least one row"),
        (np.array([["a", "b"]]), "numbers, got <U1"),
        (np.ones((2, 2), complex), "numbers, got complex"),
        (np.array([[{}, 1]], dtype=object), "nothing is unpickled"),
    ],
)
def test_features_that_will_not_do(tmp_path: Path, features: NDArray[Any], said: str) -> None:
    np.save(tmp_path / "x.npy", features, allow_pickle=True)
    with pytest.raises(DataError, match=said):
        Arrays(features="x.npy").read(tmp_path)


def test_a_column_of_another_length_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((3, 2)))
    np.save(tmp_path / "ids.npy", np.arange(4))
    with pytest.raises(DataError, match=r"pool.ids \(ids.npy\): expected shape \(3,\).*got \(4,\)"):
        Arrays(features="x.npy", ids="ids.npy").read(tmp_path)


class Bomb:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (self.mark,)  # type: ignore[return-value]


@pytest.mark.parametrize("name", ["x.npy", "x.npz"])
def test_nothing_is_unpickled(tmp_path: Path, name: str) -> None:
    mark = tmp_path / "exploded"
    (tmp_path / name).write_bytes(pickle.dumps(Bomb(mark)))
    with pytest.raises(DataError, match="nothing is unpickled"):
        Arrays(features=name).read(tmp_path)
    bombs = np.empty((1, 1), dtype=object)
    bombs[0, 0] = Bomb(mark)
    np.savez(tmp_path / "bombs.npz", X=bombs)
    with pytest.raises(DataError, match="nothing is unpickled"):
        Arrays(features="bombs.npz").read(tmp_path)
    assert not mark.exists()


def test_half_a_file_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((100, 9)))
    np.savez(tmp_path / "x.npz", X=np.ones((100, 9)))
    for name in ("x.npy", "x.npz"):
        content = (tmp_path / name).read_bytes()
        for size in (0, 5, len(content) // 2):
            (tmp_path / name).write_bytes(content[:size])
            with pytest.raises(DataError, match=f"{name}: expected a whole NumPy file"):
                Arrays(features=name).read(tmp_path)


def test_keys_of_an_npz(tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", anything=np.ones((2, 2)))
    np.savez(tmp_path / "two.npz", X=np.ones((2, 2)), y=np.array([0, 1]))
    np.savez(tmp_path / "odd.npz", a=np.ones((2, 2)), b=np.ones((2, 2)))
    assert len(Arrays(features="one.npz").read(tmp_path)) == 2
    assert list(Arrays(features="two.npz", labels="y").read(tmp_path).labels or ()) == ["0", "1"]
    with pytest.raises(DataError, match=r"expected the key 'X', got \['a', 'b'\]"):
        Arrays(features="odd.npz").read(tmp_path)
    with pytest.raises(DataError, match=r"expected the key 'z'"):
        Arrays(features="two.npz", labels="z").read(tmp_path)
    with pytest.raises(DataError, match=r"expected FILE.npy"):
        Arrays(features="one.txt").read(tmp_path)


def test_a_heldout_set_of_another_width_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.eye(3))
    np.savez(tmp_path / "h.npz", X=np.ones((2, 2)), y=np.array([0, 1]))
    settings = Arrays(features="x.npy", heldout="h.npz")
    with pytest.raises(DataError, match=r"expected 3 features, as in x.npy, got 2"):
        ingest(settings, tmp_path, tmp_path / "pool", number=1, schema=SCHEMA)
    assert not (tmp_path / "pool").exists()


def test_features_have_to_be_named() -> None:
    with pytest.raises(ConfigurationError, match=r"pool\.features"):
        Arrays(features="")


def test_several_arrays_are_seen_as_one() -> None:
    whole = np.arange(24, dtype=np.float32).reshape(12, 2)
    stacked = StackedRows((whole[:5], whole[5:5], whole[5:6], whole[6:]))
    assert (len(stacked), stacked.shape, stacked.ndim) == (12, (12, 2), 2)
    chosen = np.arange(12) % 3 == 0
    for wanted in (slice(3, 9), slice(None, None, -1), [11, 0, 5, 5], chosen, [-1]):
        np.testing.assert_array_equal(stacked[wanted], whole[wanted])
    assert stacked[[]].shape == (0, 2)
    np.testing.assert_array_equal(np.asarray(stacked), whole)
    np.testing.assert_array_equal(np.concatenate(list(stacked.chunks())), whole)
    with pytest.raises(IndexError, match="below 12"):
        stacked[[12]]

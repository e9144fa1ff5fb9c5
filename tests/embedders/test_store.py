"""Points on disk: embedded once, whole or absent, and never of two widths."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from auto_labeling.embedders.embedding import complete
from auto_labeling.embedders.store import Store
from auto_labeling.errors import DataError
from auto_labeling.ports import Precision


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Lengths:
    """A text as (its length, 1), and a note of what was asked."""

    digest = "0" * 64

    def __init__(self, width: int = 2) -> None:
        self.asked: list[str] = []
        self.width = width
        self.dies_after: int | None = None

    def embed(self, contents: Any) -> NDArray[np.float64]:
        if self.dies_after is not None and len(self.asked) >= self.dies_after:
            raise KeyboardInterrupt
        self.asked += list(contents)
        points = np.ones((len(contents), self.width))
        points[:, 0] = [len(text) for text in contents]
        return points


def embedded(
    folder: Path,
    texts: Sequence[str],
    embedder: Any,
    at_once: int = 3,
    precision: Precision = "single",
) -> NDArray[Any]:
    hashes = [hash_of(text) for text in texts]
    store = complete(
        Store(folder=folder, precision=precision),
        embedder,
        hashes,
        lambda positions: [texts[at] for at in positions],
        at_once=at_once,
        where=lambda at: f"row {at}",
        tell=lambda _: None,
    )
    points = np.concatenate([np.asarray(shard) for shard in store.shards])
    return points[[store.rows[one] for one in hashes]]


def test_equal_contents_are_embedded_once(tmp_path: Path) -> None:
    embedder = Lengths()
    points = embedded(tmp_path, ["aa", "b", "aa", "ccc", "b"], embedder)
    assert points[:, 0].tolist() == [2, 1, 2, 3, 1]
    assert embedder.asked == ["aa", "b", "ccc"]


def test_what_is_there_is_not_asked_about_again(tmp_path: Path) -> None:
    embedded(tmp_path, ["aa", "b"], Lengths())
    later = Lengths()
    points = embedded(tmp_path, ["dddd", "b", "aa"], later)
    assert points[:, 0].tolist() == [4, 1, 2]
    assert later.asked == ["dddd"]


def test_a_killed_run_leaves_whole_shards_that_the_next_one_goes_on_from(tmp_path: Path) -> None:
    texts = ["x" * at for at in range(1, 11)]
    killed = Lengths()
    killed.dies_after = 6
    with pytest.raises(KeyboardInterrupt):
        embedded(tmp_path, texts, killed)
    later = Lengths()
    assert embedded(tmp_path, texts, later)[:, 0].tolist() == list(range(1, 11))
    assert later.asked == texts[6:]


def test_contents_whose_points_were_never_written_are_as_if_absent(tmp_path: Path) -> None:
    embedded(tmp_path, ["a", "bb"], Lengths())
    [points] = [one for one in tmp_path.glob("*.npy") if "contents" not in one.name]
    points.rename(tmp_path / f".{points.name}.0011.tmp")  # as a writer leaves it that was killed
    again = Lengths()
    embedded(tmp_path, ["a", "bb"], again)
    assert again.asked == ["a", "bb"]


@pytest.mark.parametrize("name", ["*.contents.npy", "[0-9a-f]*[0-9a-f].npy"])
def test_a_file_cut_short_is_said_with_the_remedy(tmp_path: Path, name: str) -> None:
    embedded(tmp_path, ["a", "bb"], Lengths())
    for path in tmp_path.glob(name):
        path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataError, match=r"what was embedded is damaged; delete .* anew"):
        embedded(tmp_path, ["a", "bb"], Lengths())


def test_points_are_memory_maps(tmp_path: Path) -> None:
    embedded(tmp_path, ["a", "bb"], Lengths())
    assert all(isinstance(shard, np.memmap) for shard in Store(folder=tmp_path).shards)


def test_half_precision_takes_half_and_holds_three_digits(tmp_path: Path) -> None:
    points = embedded(tmp_path, ["a" * 1000], Lengths(), precision="half")
    assert points.dtype == np.float16
    assert points[0, 0] == 1000


class Says:
    """An embedder that says what it is told to."""

    digest = "0" * 64

    def __init__(self, points: Any) -> None:
        self.points = points

    def embed(self, contents: Any) -> NDArray[Any]:
        return np.asarray(self.points)


@pytest.mark.parametrize(
    ("points", "precision", "said"),
    [
        ([[1.0], [np.nan]], "single", r"expected finite numbers, got NaN for row 1; 1 of 2 items"),
        ([[np.inf], [0.0]], "single", r"got an infinite one for row 0"),
        ([[7e4], [0.0]], "half", r"got 7e\+04, beyond what `precision: half` holds, for row 0"),
        ([[1.0]], "single", r"a point for each of 2 items, \(2, d\) numbers, got \(1, 1\)"),
        ([1.0, 2.0], "single", r"got \(2,\)"),
        (np.empty((2, 0)), "single", r"got \(2, 0\)"),
    ],
)
def test_points_that_nothing_can_be_made_of_name_the_item(
    tmp_path: Path, points: Any, precision: Precision, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        embedded(tmp_path, ["a", "b"], Says(points), precision=precision)
    assert not list(tmp_path.glob("*.npy"))


def test_another_width_than_before_is_said(tmp_path: Path) -> None:
    embedded(tmp_path, ["a"], Lengths())
    said = "expected points of 2 numbers, as those it made before, got 3; if it has changed, delete"
    with pytest.raises(DataError, match=said):
        embedded(tmp_path, ["a", "b"], Lengths(width=3))

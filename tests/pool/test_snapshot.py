"""Snapshots: what is kept, what a growing pool takes in, and what a kill or a full disk leaves."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auto_labeling.errors import BlockedError, ConfigurationError, DataError
from auto_labeling.pool.arrays_source import Arrays
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.snapshot import ingest, ingest_labeled
from auto_labeling.pool.stored import Snapshot
from auto_labeling.pool.table import Table
from auto_labeling.records import LabelSchema
from tests.pool.written import write_csv

SCHEMA = LabelSchema(task="single", classes=("0", "1"))
NUMBERS = Arrays(features="x.npy")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(30, 4)))
    return tmp_path


def take(settings: Arrays | Table, base: Path, number: int = 1, **options: object) -> Snapshot:
    return ingest(settings, base, base / "pool", number=number, schema=SCHEMA, **options)  # type: ignore[arg-type]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def bytes_in(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_the_digest_names_ids_and_contents(base: Path) -> None:
    first = take(NUMBERS, base)
    assert Pool.open(base / "pool").snapshots == (first,)
    features = np.load(base / "x.npy")
    features[3, 1] += 1
    np.save(base / "x.npy", features)
    second = take(NUMBERS, base)
    assert second.digest != first.digest
    assert second.size == first.size == 30
    assert len(Pool.open(base / "pool")) == 30


def test_what_was_left_out_is_kept_with_its_reasons(base: Path) -> None:
    write_csv(base / "a.csv", [{"x": 1}, {"x": "?"}, *({"x": n} for n in range(2, 20))])
    snapshot = take(Table(path="a.csv"), base)
    assert [entry.where for entry in snapshot.quarantined] == ["a.csv, row 2"]
    assert Pool.open(base / "pool").snapshots[0].quarantined == snapshot.quarantined


def test_a_labeled_set_keeps_its_labels(base: Path) -> None:
    write_csv(base / "a.csv", [{"x": 1, "label": 1}, {"x": 2, "label": 0}, {"x": 3, "label": ""}])
    snapshot = ingest_labeled(Table(path="a.csv"), base, base / "labeled", number=1, schema=SCHEMA)
    assert Pool.open(base / "labeled").labels == ("1", "0")
    assert [entry.reason for entry in snapshot.quarantined] == ["it has no label"]


def test_ids_taken_elsewhere_are_not_given_again(base: Path) -> None:
    write_csv(base / "a.csv", [{"id": "a", "x": 1}, {"id": "b", "x": 2}])
    snapshot = take(Table(path="a.csv"), base, known_ids={"b"})
    assert Pool.open(base / "pool").ids == ("a",)
    assert [(one.item_id, one.reason) for one in snapshot.quarantined] == [
        ("b", "its id belongs to another item already")
    ]
    derived = next(iter(NUMBERS.read(base).ids))
    ingest(NUMBERS, base, base / "other", number=1, schema=SCHEMA, known_ids={derived})
    assert Pool.open(base / "other").ids[0] == f"{derived}-2"


def test_rows_put_in_front_do_not_bring_old_ones_back(base: Path) -> None:
    write_csv(base / "a.csv", [{"t": "one"}, {"t": "two"}, {"t": "two"}])
    texts = Table(path="a.csv", text="t", hash_width=8)
    take(texts, base)
    write_csv(base / "a.csv", [{"t": t} for t in ("new", "one", "two", "two", "two", "last")])
    second = take(texts, base, 2)
    pool = Pool.open(base / "pool")
    assert (second.size, second.known) == (3, 3)
    assert [item.text for item in pool.items([3, 4, 5])] == ["new", "two", "last"]
    assert pool.ids[4] == f"{pool.ids[1]}-3"


def test_equal_content_from_elsewhere_is_an_item_of_its_own(base: Path) -> None:
    take(NUMBERS, base)
    np.save(base / "y.npy", np.load(base / "x.npy")[:2])
    second = take(Arrays(features="y.npy"), base, 2)
    pool = Pool.open(base / "pool")
    assert (second.size, second.known) == (2, 0)
    assert pool.content_hashes[30:] == pool.content_hashes[:2]
    assert pool.ids[30] == f"{pool.ids[0]}-2"


def test_an_id_that_comes_back_with_other_content_is_quarantined(base: Path) -> None:
    settings = Table(path="a.csv")
    write_csv(base / "a.csv", [{"id": "a", "x": 1}, {"id": "b", "x": 2}])
    take(settings, base)
    write_csv(base / "a.csv", [{"id": "a", "x": 1}, {"id": "b", "x": 5}, {"id": "c", "x": 3}])
    second = take(settings, base, 2)
    assert Pool.open(base / "pool").ids == ("a", "b", "c")
    assert [one.where for one in second.quarantined] == ["a.csv, row 2"]


def test_snapshots_are_seen_as_one_pool(base: Path) -> None:
    take(NUMBERS, base)
    np.save(base / "y.npy", np.ones((3, 4)))
    write_csv(base / "z.csv", [{"a": n, "b": 0, "c": 0, "d": 0} for n in range(4)])
    take(Arrays(features="y.npy"), base, 2)
    take(Table(path="z.csv"), base, 3)
    pool = Pool.open(base / "pool")
    whole = np.concatenate([np.load(base / "x.npy"), np.ones((3, 4)), np.zeros((4, 4))])
    whole[33:, 0] = range(4)
    np.testing.assert_array_equal(pool.features[np.arange(37)], whole.astype(np.float32))
    items = pool.items([34, 0, 31, 36, 34])
    assert [item.item_id for item in items] == [pool.ids[at] for at in (34, 0, 31, 36, 34)]
    assert items[0].row == {"a": "1", "b": "0", "c": "0", "d": "0"}
    assert items[2].row == {"x0": 1.0, "x1": 1.0, "x2": 1.0, "x3": 1.0}
    assert [pool.position_of(one) for one in pool.ids] == list(range(37))
    assert len(Pool.open(base / "pool", upto=2)) == 33


def test_shards_cover_the_pool_and_are_named_by_their_content(base: Path) -> None:
    take(NUMBERS, base)
    before = list(Pool.open(base / "pool").shards(10))
    np.save(base / "y.npy", np.ones((3, 4)))
    take(Arrays(features="y.npy"), base, 2)
    pool = Pool.open(base / "pool")
    after = list(pool.shards(10))
    assert after[:3] == before
    assert [(one.start, one.stop) for one in after] == [(0, 10), (10, 20), (20, 30), (30, 33)]
    assert len({one.digest for one in after}) == 4
    assert pool.features[after[3].positions].shape == (3, 4)


def test_other_features_are_not_added(base: Path) -> None:
    write_csv(base / "a.csv", [{"x": 1, "y": 2}])
    take(Table(path="a.csv"), base)
    write_csv(base / "b.csv", [{"x": 1, "z": 2}])
    with pytest.raises(DataError, match=r"b.csv: expected .* \['x', 'y'\], got \['x', 'z'\]"):
        take(Table(path="b.csv"), base, 2)
    with pytest.raises(DataError, match=r"x.npy: expected the features of the pool, 2, got 4"):
        take(NUMBERS, base, 2)


def test_positions_and_ids_that_are_not_there(base: Path) -> None:
    take(NUMBERS, base)
    pool = Pool.open(base / "pool")
    for position in (30, -1):
        with pytest.raises(DataError, match=f"position {position} is not in the pool of 30"):
            pool.items([position])
    with pytest.raises(DataError, match="'nobody' is not in the pool"):
        pool.position_of("nobody")


def test_a_row_that_is_gone_is_said(base: Path) -> None:
    take(NUMBERS, base)
    np.save(base / "x.npy", np.load(base / "x.npy")[:5])
    pool = Pool.open(base / "pool")
    items, quarantined = pool.check([6, 2])
    assert [item.item_id for item in items] == [pool.ids[2]]
    assert [one.item_id for one in quarantined] == [pool.ids[6]]
    assert quarantined[0].reason.startswith("it is gone since")


def test_a_pool_without_snapshots_or_with_a_gap_is_refused(base: Path) -> None:
    for number in (1, 2):
        with pytest.raises(DataError, match=r"expected the snapshots 1 to \d, got \[\]"):
            Pool.open(base / "pool", upto=number)
    with pytest.raises(DataError, match="expected the snapshots 1 to 1"):
        take(NUMBERS, base, 2)


def test_a_later_format_and_damage_are_told_apart(base: Path) -> None:
    folder = take(NUMBERS, base).folder
    about = json.loads((folder / "snapshot.json").read_text())
    (folder / "snapshot.json").write_text(json.dumps({**about, "schema_version": 99}))
    with pytest.raises(DataError, match="got 99; upgrade"):
        Pool.open(base / "pool")
    (folder / "snapshot.json").write_text("{")
    with pytest.raises(DataError, match=r"snapshot.json: .* damaged"):
        Pool.open(base / "pool")
    take(NUMBERS, base)
    features = (folder / "features.npy").read_bytes()
    (folder / "features.npy").write_bytes(features[:-8])
    with pytest.raises(DataError, match="damaged"):
        Pool.open(base / "pool")


KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from auto_labeling.pool import rows, snapshot
from auto_labeling.pool.arrays_source import Arrays
from auto_labeling.records import LabelSchema

base, chunk = Path(sys.argv[1]), int(sys.argv[2])
read_to_the_end = rows.ArrayRows.chunks
passes = []

def chunks(self):
    passes.append(self)
    for number, block in enumerate(read_to_the_end(self)):
        if len(passes) == 2 and number == chunk:
            os.kill(os.getpid(), signal.SIGKILL)
        yield block

rows.ArrayRows.chunks = chunks
rows.CHUNK_BYTES = 4 * 4 * 10
schema = LabelSchema(task="single", classes=("0", "1"))
snapshot.ingest(Arrays(features="x.npy"), base, base / "pool", number=1, schema=schema)
"""


@pytest.mark.parametrize("chunk", [0, 2])
def test_a_kill_while_writing_leaves_no_snapshot_and_no_trace_later(base: Path, chunk: int) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_WRITING, str(base), str(chunk)], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(names_in(base / "pool")) == 1
    with pytest.raises(DataError, match=r"got \[\]"):
        Pool.open(base / "pool")
    take(NUMBERS, base)
    ingest(NUMBERS, base, base / "undisturbed", number=1, schema=SCHEMA)
    assert bytes_in(base / "pool") == bytes_in(base / "undisturbed")


def test_a_disk_that_fills_up_blocks_and_leaves_nothing(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from auto_labeling.pool import stored

    monkeypatch.setattr(stored, "FEATURES", "/dev/full")  # the folder joins it as it stands
    with pytest.raises(BlockedError, match="snapshot-001 cannot be written: the disk is full"):
        take(NUMBERS, base)
    assert names_in(base / "pool") == []


def test_the_source_is_found_from_another_working_folder(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(base)
    ingest(NUMBERS, Path(), Path("pool"), number=1, schema=SCHEMA)
    monkeypatch.chdir("/")
    assert len(Pool.open(base / "pool").items([0])) == 1


def test_heldout_rows_come_with_the_first_snapshot_only(base: Path) -> None:
    np.savez(base / "h.npz", X=np.ones((2, 4)), y=np.array([0, 1]))
    settings = replace(NUMBERS, heldout="h.npz")
    assert take(settings, base).heldout_size == 2
    np.save(base / "y.npy", np.ones((1, 4)))
    assert take(replace(settings, features="y.npy"), base, 2).heldout_size == 0
    pool = Pool.open(base / "pool")
    assert pool.heldout is not None
    assert list(pool.heldout.labels) == ["0", "1"]


def test_another_heldout_set_cannot_come_later(base: Path) -> None:
    np.savez(base / "h.npz", X=np.ones((2, 4)), y=np.array([0, 1]))
    np.save(base / "y.npy", np.ones((1, 4)))
    take(NUMBERS, base)
    with pytest.raises(ConfigurationError, match=r"pool\.heldout: .* got 'h\.npz' with a later"):
        take(Arrays(features="y.npy", heldout="h.npz"), base, 2)


@pytest.mark.parametrize("key", ["id", None])
def test_a_label_for_an_item_of_the_pool_is_not_lost(base: Path, key: str | None) -> None:
    settings = Table(path="a.csv", features=("x",), id=key)
    named = [{"id": f"i{n}"} if key else {} for n in range(4)]
    rows = [{**row, "x": n // 2, "label": n % 2} for n, row in enumerate(named)]
    write_csv(base / "a.csv", rows)
    take(settings, base)
    snapshot = ingest_labeled(settings, base, base / "pool", number=2, schema=SCHEMA)
    pool = Pool.open(base / "pool")
    assert (snapshot.size, snapshot.known, len(pool)) == (0, 4, 4)
    assert snapshot.known_labels == dict(zip(pool.ids, "0101", strict=True))
    assert pool.features[[1, 2]].tolist() == [[0], [1]]
    assert len(pool.items(range(4))) == 4


def test_a_labeled_set_may_hold_old_and_new_items(base: Path) -> None:
    settings = Table(path="a.csv", features=("x",))
    write_csv(base / "a.csv", [{"id": "a", "x": 1}, {"id": "b", "x": 2}])
    take(settings, base)
    write_csv(base / "b.csv", [{"id": "b", "x": 2, "label": 1}, {"id": "c", "x": 3, "label": 0}])
    snapshot = ingest_labeled(
        replace(settings, path="b.csv"), base, base / "pool", number=2, schema=SCHEMA
    )
    assert snapshot.known_labels == {"b": "1"}
    assert Pool.open(base / "pool").labels == (None, None, "0")

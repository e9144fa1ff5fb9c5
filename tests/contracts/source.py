"""What every pool kind promises, whatever its files look like."""

from __future__ import annotations

import abc
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from auto_labeling.errors import DataError
from auto_labeling.files import sha256_of
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.snapshot import ingest, ingest_labeled
from auto_labeling.pool.source import Source
from auto_labeling.records import LabelSchema

SCHEMA = LabelSchema(task="single", classes=("cat", "dog"))
CANARY = "xyzzyplugh"
"""A word that the fixtures put into a payload; it may appear nowhere else."""


class SourceContract(abc.ABC):
    """Subclass it for each row of the pool's `TABLE`; `Files` writes what the tests read."""

    schema = SCHEMA
    unlabeled = "it has no label"
    """Why a row without a label is none of a labeled set."""

    def kept(self, label: str) -> str:
        """Return a label as the pool keeps it."""
        return label

    @abc.abstractmethod
    def write(self, base: Path, labels: list[str | None]) -> Source:
        """Write one good row a label, rows 0 and 3 of equal content, else all different.

        The settings say where the labels are. Groups are g0, g1, g0, g1, ...
        """

    @abc.abstractmethod
    def write_heldout(self, base: Path, labels: list[str | None]) -> Source:
        """Do as `write` and name rows of the same contents as the held-out rows."""

    @abc.abstractmethod
    def change(self, base: Path) -> None:
        """Give the first row that `write` wrote other content."""

    @abc.abstractmethod
    def remove(self, base: Path) -> None:
        """Remove what the settings name."""

    @pytest.fixture
    def base(self, tmp_path: Path) -> Path:
        base = tmp_path / "base"
        base.mkdir()
        return base

    @pytest.fixture
    def source(self, base: Path) -> Source:
        return self.write(base, ["cat", "dog", "cat", "cat", "dog"])

    def test_columns_are_parallel_and_features_finite(self, source: Source, base: Path) -> None:
        rows = source.read(base)
        blocks = np.concatenate(list(rows.features.chunks()))
        assert len(rows) == 5
        assert blocks.shape == rows.features.shape
        assert blocks.dtype == np.float32
        assert np.isfinite(blocks).all()
        assert len(set(rows.ids)) == 5
        assert rows.quarantined == ()

    def test_groups_and_labels_are_read(self, source: Source, base: Path) -> None:
        rows = source.read(base)
        groups = dict(zip(rows.ids, rows.groups, strict=True))
        assert sorted(map(str, groups.values())) == ["g0", "g0", "g0", "g1", "g1"]
        assert sorted(map(str, rows.labels or ())) == [
            self.kept(one) for one in ("cat", "cat", "cat", "dog", "dog")
        ]

    def test_equal_content_is_two_items_of_one_hash(self, source: Source, base: Path) -> None:
        rows = source.read(base)
        assert len(set(rows.content_hashes)) == 4
        twin = max(rows.content_hashes, key=list(rows.content_hashes).count)
        features = np.concatenate(list(rows.features.chunks()))
        same = features[[one == twin for one in rows.content_hashes]]
        assert len(same) == 2
        assert np.array_equal(same[0], same[1])

    def test_taking_rows_keeps_them_together(self, source: Source, base: Path) -> None:
        rows = source.read(base)
        some = rows.take(np.array([3, 1]))
        features = np.concatenate(list(rows.features.chunks()))
        assert list(some.ids) == [rows.ids[3], rows.ids[1]]
        assert np.array_equal(np.concatenate(list(some.features.chunks())), features[[3, 1]])

    def test_a_label_that_is_missing_or_unknown_is_quarantined(self, base: Path) -> None:
        rows = self.write(base, ["cat", None, "cow", "cat", "dog"]).read(base, self.schema)
        assert len(rows) == 3
        reasons = sorted(entry.reason for entry in rows.quarantined)
        assert reasons == sorted([self.unlabeled, "its label is not one of labels.classes"])
        assert all(entry.where for entry in rows.quarantined)

    def test_without_a_schema_labels_are_not_judged(self, base: Path) -> None:
        rows = self.write(base, ["cat", None, "cow", "cat", "dog"]).read(base)
        assert len(rows) == 5
        assert rows.labels is not None
        assert None in rows.labels

    def test_ingesting_twice_changes_no_byte(self, source: Source, base: Path) -> None:
        pool = base / "pool"
        first = ingest(source, base, pool, number=1, schema=self.schema)
        before = _bytes_in(pool)
        again = ingest(source, base, pool, number=1, schema=self.schema)
        assert again == first
        assert _bytes_in(pool) == before
        elsewhere = base / "elsewhere"
        ingest(source, base, elsewhere, number=1, schema=self.schema)
        assert _bytes_in(elsewhere) == before

    def test_what_was_ingested_can_be_opened(self, source: Source, base: Path) -> None:
        rows = source.read(base)
        ingest(source, base, base / "pool", number=1, schema=self.schema)
        pool = Pool.open(base / "pool")
        assert pool.ids == tuple(rows.ids)
        assert pool.groups == tuple(rows.groups)
        assert pool.content_hashes == tuple(rows.content_hashes)
        assert np.array_equal(pool.features, np.concatenate(list(rows.features.chunks())))
        assert [pool.position_of(one) for one in pool.ids] == list(range(5))

    def test_items_come_back_in_the_order_asked(self, source: Source, base: Path) -> None:
        ingest(source, base, base / "pool", number=1, schema=self.schema)
        pool = Pool.open(base / "pool")
        items = pool.items([3, 0, 4])
        assert [item.item_id for item in items] == [pool.ids[3], pool.ids[0], pool.ids[4]]
        assert [item.group for item in items] == [pool.groups[3], pool.groups[0], pool.groups[4]]

    def test_pictures_are_the_files_that_people_see(self, base: Path) -> None:
        source = self.write_heldout(base, ["cat", "dog", "cat", "cat", "dog"])
        ingest(source, base, base / "pool", number=1, schema=self.schema)
        pool = Pool.open(base / "pool")
        items = pool.items([3, 0, 3])
        assert pool.heldout is not None
        if items[0].uri is None:
            for looked in (partial(pool.pictures, [3, 0]), pool.heldout_pictures):
                with pytest.raises(DataError, match="expected a picture file on this machine"):
                    looked()
            return
        assert [str(path) for path in pool.pictures([3, 0, 3])] == [item.uri for item in items]
        hashes = [sha256_of(path) for path in pool.heldout_pictures()]
        assert hashes == list(pool.heldout.content_hashes)

    def test_a_changed_payload_is_noticed(self, source: Source, base: Path) -> None:
        ingest(source, base, base / "pool", number=1, schema=self.schema)
        self.change(base)
        pool = Pool.open(base / "pool")
        items, quarantined = pool.check(range(5))
        assert len(items) == 4
        assert [entry.reason.split(";")[0] for entry in quarantined] == [
            "it has changed since it was taken into the pool"
        ]
        with pytest.raises(DataError, match="has changed"):
            pool.items([pool.position_of(str(quarantined[0].item_id))])

    def test_payload_text_is_nowhere_in_the_pool(self, source: Source, base: Path) -> None:
        ingest_labeled(source, base, base / "pool", number=1, schema=self.schema)
        for path, content in _bytes_in(base / "pool").items():
            assert CANARY.encode() not in content, path

    def test_a_source_that_is_not_there_is_said(self, source: Source, base: Path) -> None:
        self.remove(base)
        with pytest.raises(DataError, match="there is no such"):
            source.read(base)

    def test_adding_the_same_source_again_is_refused(self, source: Source, base: Path) -> None:
        ingest(source, base, base / "pool", number=1, schema=self.schema)
        with pytest.raises(DataError, match="holds 5 of them already"):
            ingest(source, base, base / "pool", number=2, schema=self.schema)
        assert len(Pool.open(base / "pool").snapshots) == 1

    def test_only_what_is_new_is_added(self, source: Source, base: Path) -> None:
        ingest(source, base, base / "pool", number=1, schema=self.schema)
        grown = self.write(base, ["cat", "dog", "cat", "cat", "dog", "dog", "cat"])
        second = ingest(grown, base, base / "pool", number=2, schema=self.schema)
        pool = Pool.open(base / "pool")
        assert (second.size, second.known) == (2, 5)
        assert len(set(pool.ids)) == 7
        assert len(pool.items(range(7))) == 7
        assert pool.ids[:5] == Pool.open(base / "pool", upto=1).ids

    def test_heldout_rows_are_compared_by_content(self, base: Path) -> None:
        source = self.write_heldout(base, ["cat", "dog", None, "cat", "cow"])
        snapshot = ingest(source, base, base / "pool", number=1, schema=self.schema)
        pool = Pool.open(base / "pool")
        assert pool.heldout is not None
        assert snapshot.heldout_size == len(pool.heldout.ids) == 3
        assert len(snapshot.heldout_quarantined) == 2
        assert sorted(map(str, pool.heldout.labels)) == [
            self.kept(one) for one in ("cat", "cat", "dog")
        ]
        assert set(pool.heldout.content_hashes) < set(pool.content_hashes)
        for row, content_hash in enumerate(pool.heldout.content_hashes):
            same = pool.content_hashes.index(content_hash)
            assert np.array_equal(pool.heldout.features[row], pool.features[[same]][0])

    def test_the_heldout_settings_may_be_left_out(self, source: Source, base: Path) -> None:
        assert source.heldout is None
        assert source.read_heldout(base, self.schema) is None


def _bytes_in(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

"""Every pool kind, in each of its file formats, keeps the promises of `Source`."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from auto_labeling.pool import TABLE
from auto_labeling.pool.arrays_source import Arrays
from auto_labeling.pool.cvat_export import CVATExport
from auto_labeling.pool.images import Images
from auto_labeling.pool.label_studio_export import LabelStudioExport
from auto_labeling.pool.table import Table
from tests.contracts.source import CANARY, SourceContract
from tests.pool import test_drawn
from tests.pool.written import (
    annotation,
    write_csv,
    write_cvat_xml,
    write_export,
    write_jsonl,
    write_parquet,
    write_png,
)

Labels = list[str | None]


def content(row: int) -> int:
    """Return a number for the content of a row: that of row 3 is that of row 0."""
    return 0 if row == 3 else row


def text_rows(labels: Labels) -> list[dict[str, Any]]:
    return [
        {
            "words": f"{CANARY} of kind{content(row)} was seen",
            "key": f"t{row}",
            "patient": f"g{row % 2}",
            "answer": label,
        }
        for row, label in enumerate(labels)
    ]


def number_rows(labels: Labels) -> list[dict[str, Any]]:
    return [
        {
            "height": 1.5 * content(row),
            "note": f"{CANARY} {content(row)}",
            "width": content(row) - 2,
            "group": f"g{row % 2}",
            "label": label,
        }
        for row, label in enumerate(labels)
    ]


class TestTextsInCsv(SourceContract):
    settings = Table(path="pool.csv", text="words", id="key", group="patient", label="answer")

    def write(self, base: Path, labels: Labels) -> Table:
        write_csv(base / "pool.csv", text_rows(labels))
        return self.settings

    def write_heldout(self, base: Path, labels: Labels) -> Table:
        self.write(base, labels)
        write_csv(base / "heldout.csv", text_rows(labels))
        return replace(self.settings, heldout="heldout.csv")

    def change(self, base: Path) -> None:
        rows = text_rows(["cat", "dog", "cat", "cat", "dog"])
        write_csv(base / "pool.csv", [{**rows[0], "words": "other words"}, *rows[1:]])

    def remove(self, base: Path) -> None:
        (base / "pool.csv").unlink()


class TestTextsInJsonl(SourceContract):
    settings = Table(path="pool.jsonl", text="words", group="patient", label="answer")

    def write(self, base: Path, labels: Labels) -> Table:
        write_jsonl(base / "pool.jsonl", text_rows(labels))
        return self.settings

    def write_heldout(self, base: Path, labels: Labels) -> Table:
        self.write(base, labels)
        write_parquet(base / "heldout.parquet", text_rows(labels))
        return replace(self.settings, heldout="heldout.parquet")

    def change(self, base: Path) -> None:
        rows = text_rows(["cat", "dog", "cat", "cat", "dog"])
        write_jsonl(base / "pool.jsonl", [{**rows[0], "words": "other words"}, *rows[1:]])

    def remove(self, base: Path) -> None:
        (base / "pool.jsonl").unlink()


class TestNumbersInParquet(SourceContract):
    settings = Table(path="pool.parquet")

    def write(self, base: Path, labels: Labels) -> Table:
        write_parquet(base / "pool.parquet", number_rows(labels))
        return self.settings

    def write_heldout(self, base: Path, labels: Labels) -> Table:
        self.write(base, labels)
        write_jsonl(base / "heldout.jsonl", number_rows(labels))
        return replace(self.settings, heldout="heldout.jsonl")

    def change(self, base: Path) -> None:
        rows = number_rows(["cat", "dog", "cat", "cat", "dog"])
        write_parquet(base / "pool.parquet", [{**rows[0], "height": 99.0}, *rows[1:]])

    def remove(self, base: Path) -> None:
        (base / "pool.parquet").unlink()


class TestArraysInNpy(SourceContract):
    settings = Arrays(features="x.npy", ids="ids.npy", groups="g.npy", labels="y.npy")

    def write(self, base: Path, labels: Labels) -> Arrays:
        rows = range(len(labels))
        np.save(base / "x.npy", np.array([[content(row), 0.25, -row * 0.0] for row in rows]))
        np.save(base / "ids.npy", np.array([100 + row for row in rows]))
        np.save(base / "g.npy", np.array([f"g{row % 2}" for row in rows]))
        np.save(base / "y.npy", np.array([label or "" for label in labels]))
        return self.settings

    def write_heldout(self, base: Path, labels: Labels) -> Arrays:
        self.write(base, labels)
        rows = [
            {"a": float(content(row)), "label": label, "b": 0.25, "c": 0, "id": row}
            for row, label in enumerate(labels)
        ]
        write_parquet(base / "heldout.parquet", rows)
        return replace(self.settings, heldout="heldout.parquet")

    def change(self, base: Path) -> None:
        features = np.load(base / "x.npy")
        features[0, 0] = 99
        np.save(base / "x.npy", features)

    def remove(self, base: Path) -> None:
        (base / "x.npy").unlink()


class TestArraysInNpz(SourceContract):
    """Features of three dimensions, and ids from the content."""

    settings = Arrays(features="all.npz:X", groups="who", labels="y")

    def write(self, base: Path, labels: Labels, name: str = "all.npz") -> Arrays:
        rows = range(len(labels))
        np.savez_compressed(
            base / name,
            X=np.array([[[content(row), 1], [2, 3]] for row in rows], dtype=np.uint8),
            who=np.array([f"g{row % 2}" for row in rows]),
            y=np.array([label or "" for label in labels]),
        )
        return self.settings

    def write_heldout(self, base: Path, labels: Labels) -> Arrays:
        self.write(base, labels)
        self.write(base, labels, "heldout.npz")
        return replace(self.settings, heldout="heldout.npz")

    def change(self, base: Path) -> None:
        arrays = dict(np.load(base / "all.npz"))
        arrays["X"][0, 0, 0] = 99
        np.savez(base / "all.npz", **arrays)

    def remove(self, base: Path) -> None:
        (base / "all.npz").unlink()


class TestImagesInAFolder(SourceContract):
    settings = Images(path="photos", group_by="folder", label_by="folder", size=4)

    def write(self, base: Path, labels: Labels, folder: str = "photos") -> Images:
        shutil.rmtree(base / folder, ignore_errors=True)
        for row, label in enumerate(labels):
            lies_in = base / folder / f"g{row % 2}" / label if label else base / folder
            write_png(lies_in / f"{row}.png", 20 * content(row), CANARY)
        return self.settings

    def write_heldout(self, base: Path, labels: Labels) -> Images:
        self.write(base, labels)
        self.write(base, labels, "judges")
        return replace(self.settings, label_by=None, heldout="judges")

    def change(self, base: Path) -> None:
        write_png(base / "photos/g0/cat/0.png", 200)

    def remove(self, base: Path) -> None:
        shutil.rmtree(base / "photos")


class TestTextsOfAProject(SourceContract):
    settings = LabelStudioExport(
        export="project.json", field="words", id="key", group="patient", control="label"
    )

    def write(self, base: Path, labels: Labels, name: str = "project.json") -> LabelStudioExport:
        write_export(base / name, [_task(at, row) for at, row in enumerate(text_rows(labels))])
        return self.settings

    def write_heldout(self, base: Path, labels: Labels) -> LabelStudioExport:
        self.write(base, labels)
        self.write(base, labels, "judges.json")
        return replace(self.settings, heldout="judges.json")

    def change(self, base: Path) -> None:
        rows = text_rows(["cat", "dog", "cat", "cat", "dog"])
        changed = [{**rows[0], "words": "other words"}, *rows[1:]]
        write_export(base / "project.json", [_task(at, row) for at, row in enumerate(changed)])

    def remove(self, base: Path) -> None:
        (base / "project.json").unlink()


class TestPicturesOfAProject(SourceContract):
    """Ids come from the content."""

    settings = LabelStudioExport(
        export="project.json", group="patient", files="documents", size=4, colors="rgb"
    )

    def write(self, base: Path, labels: Labels, name: str = "project.json") -> LabelStudioExport:
        rows = []
        for row, label in enumerate(labels):
            write_png(base / f"documents/pets/{row}.png", 20 * content(row), CANARY)
            shown = {"photo": f"/data/local-files/?d=pets/{row}.png", "patient": f"g{row % 2}"}
            rows.append(_task(row, {**shown, "answer": label}))
        write_export(base / name, rows)
        return replace(self.settings, field="photo", control="label")

    def write_heldout(self, base: Path, labels: Labels) -> LabelStudioExport:
        source = self.write(base, labels)
        self.write(base, labels, "judges.json")
        return replace(source, heldout="judges.json")

    def change(self, base: Path) -> None:
        write_png(base / "documents/pets/0.png", 200)

    def remove(self, base: Path) -> None:
        (base / "project.json").unlink()


class TestPicturesOfACVATProject(SourceContract):
    """Ids come from the content, groups from the folders in the pictures' names."""

    settings = CVATExport(export="project.xml", files="photos", group_by="folder", size=4)

    def write(self, base: Path, labels: Labels, name: str = "project.xml") -> CVATExport:
        tags: dict[str, list[str]] = {}
        for row, label in enumerate(labels):
            write_png(base / f"photos/g{row % 2}/{row}.png", 20 * content(row), CANARY)
            tags[f"g{row % 2}/{row}.png"] = [label] if label else []
        write_cvat_xml(base / name, tags)
        return self.settings

    def write_heldout(self, base: Path, labels: Labels) -> CVATExport:
        self.write(base, labels)
        self.write(base, labels, "judges.xml")
        return replace(self.settings, heldout="judges.xml")

    def change(self, base: Path) -> None:
        write_png(base / "photos/g0/0.png", 200)

    def remove(self, base: Path) -> None:
        (base / "project.xml").unlink()


def _task(at: int, row: dict[str, Any]) -> dict[str, Any]:
    """Return a task that one person has answered."""
    data = {name: cell for name, cell in row.items() if name != "answer"}
    answers = [annotation(row["answer"], 1)] if row["answer"] else []
    return {"id": 40 + at, "data": data, "annotations": answers}


CONTRACTS = [
    thing
    for module in (globals(), vars(test_drawn))
    for name, thing in module.items()
    if name.startswith("Test")
]


def test_every_kind_of_the_table_has_a_contract_here() -> None:
    assert set(TABLE.values()) == {type(contract.settings) for contract in CONTRACTS}

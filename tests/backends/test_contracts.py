"""Every row of the backends' TABLE passes the contract, in each of its forms."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

from auto_labeling.backends import TABLE
from auto_labeling.backends.files.backend import Files
from auto_labeling.backends.replay.settings import Replay
from auto_labeling.backends.simulated.settings import Simulated
from auto_labeling.clocks import SimulatedClock
from auto_labeling.ports import AnnotationBackend, Place
from auto_labeling.records import Item, LabelSchema, RemoteRef, Value
from tests.backends.annotators import LabelStudioContract
from tests.backends.cvat_annotators import CVATContract
from tests.contracts.asking import ALL_ITEMS, label_of
from tests.contracts.backend import BackendContract, Gap, Habit, without_contract

DAY_S = 86_400


class NoSecrets:
    def resolve(self, reference: Mapping[str, str]) -> str:
        raise KeyError(reference)


def place(folder: Path, clock: SimulatedClock, seed: int = 0) -> Place:
    return Place(
        folder=folder,
        base=folder,
        seed=seed,
        clock=clock,
        secrets=NoSecrets(),
        item_ids=lambda: [item.item_id for item in ALL_ITEMS],
    )


class SimulatedContract(BackendContract):
    """People answer by themselves as the clock moves on; here they are always right."""

    kind = "simulated"
    unit: ClassVar[Literal["item", "chunk"]]
    overlap: ClassVar[Literal["at_creation", "later"]]
    gaps = (
        Gap(
            "test_a_deletion_names_the_answer_that_is_gone",
            "simulated people do not take answers back",
        ),
    )
    clock: SimulatedClock

    def open(self, folder: Path, schema: LabelSchema, habit: Habit) -> AnnotationBackend:
        folder.mkdir(exist_ok=True)
        with (folder / "truth.csv").open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(["id", "label"])
            for item in ALL_ITEMS:
                label = label_of(item.item_id, schema)
                cell = label if isinstance(label, str) else json.dumps(label)
                rows.writerow([item.item_id, cell])
        self.clock = SimulatedClock(folder / "clock")
        settings = Simulated(
            annotators=(1.0, 1.0, 1.0),
            truth="truth.csv",
            unit=self.unit,
            overlap=self.overlap,
            chunk_size=3,
            skip=float(habit == "skip"),
            edit=float(habit == "edit"),
        )
        return settings.open(place(folder, self.clock))

    def answer(self, ref: RemoteRef, item: Item, value: Value, person: int = 0) -> None:
        self.clock.sleep(DAY_S)

    def skip(self, ref: RemoteRef, item: Item) -> None:
        self.clock.sleep(DAY_S)

    def edit(self, ref: RemoteRef, item: Item, value: Value) -> None:
        self.clock.sleep(DAY_S)

    def delete(self, ref: RemoteRef, item: Item) -> None:
        self.clock.sleep(DAY_S)

    def draft(self, ref: RemoteRef, item: Item, value: Value) -> None:
        self.clock.sleep(0.1)


class TestSimulatedItems(SimulatedContract):
    unit = "item"
    overlap = "at_creation"


class TestSimulatedChunks(SimulatedContract):
    unit = "chunk"
    overlap = "later"


class TestReplay(BackendContract):
    """Three people who have an opinion on everything give it again as the clock moves on."""

    kind = "replay"
    gaps = (
        Gap("test_an_edit_is_another_act_on_the_same_answer", "what is recorded stays as it is"),
        Gap("test_a_deletion_names_the_answer_that_is_gone", "what is recorded stays as it is"),
    )
    clock: SimulatedClock

    def open(self, folder: Path, schema: LabelSchema, habit: Habit) -> AnnotationBackend:
        folder.mkdir(exist_ok=True)
        with (folder / "answers.csv").open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(["item", "worker", "label"])
            for item in ALL_ITEMS:
                label = label_of(item.item_id, schema)
                cell = label if isinstance(label, str) else json.dumps(label)
                for worker in ("mia", "li", "ayşe"):
                    rows.writerow([item.item_id, worker, "" if habit == "skip" else cell])
        self.clock = SimulatedClock(folder / "clock")
        return Replay(answers="answers.csv").open(place(folder, self.clock))

    def answer(self, ref: RemoteRef, item: Item, value: Value, person: int = 0) -> None:
        self.clock.sleep(DAY_S)

    def skip(self, ref: RemoteRef, item: Item) -> None:
        self.clock.sleep(DAY_S)

    def edit(self, ref: RemoteRef, item: Item, value: Value) -> None:
        self.clock.sleep(DAY_S)

    def delete(self, ref: RemoteRef, item: Item) -> None:
        self.clock.sleep(DAY_S)

    def draft(self, ref: RemoteRef, item: Item, value: Value) -> None:
        self.clock.sleep(0.1)


class FilesContract(BackendContract):
    """People take tasks out of one folder and leave answers in another."""

    kind = "files"
    format: ClassVar[Literal["label_studio", "prodigy"]]
    gaps = (
        Gap(
            "test_a_deletion_names_the_answer_that_is_gone",
            "a file that shrinks may be half copied: an answer once given stays given",
        ),
    )
    root: Path
    acts: int = 0

    def open(self, folder: Path, schema: LabelSchema, habit: Habit) -> AnnotationBackend:
        self.root = folder / "handover"
        clock = SimulatedClock(folder / "clock")
        return Files(folder="handover", format=self.format).open(place(folder, clock))

    def tick(self) -> datetime:
        self.acts += 1
        return datetime(2026, 1, 5, 9, tzinfo=UTC) + timedelta(minutes=self.acts)


class TestLabelStudioFiles(FilesContract):
    format = "label_studio"

    def answer(self, ref: RemoteRef, item: Item, value: Value, person: int = 0) -> None:
        self.add(ref, item, self.result(value), person)

    def skip(self, ref: RemoteRef, item: Item) -> None:
        self.add(ref, item, [], 0, was_cancelled=True)

    def edit(self, ref: RemoteRef, item: Item, value: Value) -> None:
        path = self.export(ref)
        [task] = json.loads(path.read_text(encoding="utf-8"))
        changed = {"result": self.result(value), "updated_at": self.tick().isoformat()}
        task["annotations"][0] |= changed
        path.write_text(json.dumps([task]), encoding="utf-8")

    def delete(self, ref: RemoteRef, item: Item) -> None:
        path = self.export(ref)
        [task] = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps([task | {"annotations": []}]), encoding="utf-8")

    def draft(self, ref: RemoteRef, item: Item, value: Value) -> None:
        task = self.task(ref, item)
        task["drafts"] = [{"id": 1, "result": self.result(value)}]
        self.export(ref).write_text(json.dumps([task | {"annotations": []}]), encoding="utf-8")

    def add(self, ref: RemoteRef, item: Item, result: list[Any], person: int, **more: bool) -> None:
        now = self.tick().isoformat().replace("+00:00", "Z")
        annotation = {
            "id": self.acts,
            "completed_by": person + 1,
            "result": result,
            "created_at": now,
            "updated_at": now,
            "lead_time": 3.5,
            **more,
        }
        path = self.export(ref)
        task = self.task(ref, item)
        if path.exists():
            [task] = json.loads(path.read_text(encoding="utf-8"))
        task["annotations"] = [*task.get("annotations", []), annotation]
        path.write_text(json.dumps([task]), encoding="utf-8")

    def export(self, ref: RemoteRef) -> Path:
        return self.root / "answers" / f"{ref.remote_id}.json"

    def task(self, ref: RemoteRef, item: Item) -> dict[str, Any]:
        tasks = [
            task
            for path in (self.root / "tasks").glob("*.json")
            for task in json.loads(path.read_text(encoding="utf-8"))
        ]
        [found] = [task for task in tasks if task["data"]["al_unit"] == ref.remote_id]
        return dict(found)

    @staticmethod
    def result(value: Value) -> list[dict[str, Any]]:
        names = [value] if isinstance(value, str) else list(value)
        chosen = {"type": "choices", "from_name": "label", "value": {"choices": names}}
        return [chosen] if names else []


class TestProdigyFiles(FilesContract):
    format = "prodigy"

    def answer(self, ref: RemoteRef, item: Item, value: Value, person: int = 0) -> None:
        self.add(ref, {"answer": "accept", "accept": names(value)}, person)

    def skip(self, ref: RemoteRef, item: Item) -> None:
        self.add(ref, {"answer": "ignore"}, 0)

    def edit(self, ref: RemoteRef, item: Item, value: Value) -> None:
        self.answer(ref, item, value)

    def delete(self, ref: RemoteRef, item: Item) -> None:
        (self.root / "answers" / "all.jsonl").write_text("", encoding="utf-8")

    def draft(self, ref: RemoteRef, item: Item, value: Value) -> None:
        with (self.root / "answers" / "someone.jsonl").open("w", encoding="utf-8") as file:
            file.write(json.dumps(self.task(ref) | {"answer": "accept"})[:-20])

    def add(self, ref: RemoteRef, answer: dict[str, Any], person: int) -> None:
        line = self.task(ref) | answer
        line |= {"_session_id": f"p{person}", "_timestamp": self.tick().timestamp()}
        with (self.root / "answers" / "all.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def task(self, ref: RemoteRef) -> dict[str, Any]:
        tasks = [
            json.loads(line)
            for path in (self.root / "tasks").glob("*.jsonl")
            for line in path.read_text(encoding="utf-8").split("\n")
            if line
        ]
        [found] = [task for task in tasks if task["al_unit"] == ref.remote_id]
        return dict(found)


@pytest.mark.slow
class TestLabelStudioServer(LabelStudioContract):
    """The real one."""

    def test_links_and_rows_are_shown_as_well(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(type(self), "kinds", frozenset({"image", "row"}))
        super().test_links_and_rows_are_shown_as_well(folder)


class TestCVATServer(CVATContract):
    """The one that is held to recorded exchanges, or a real one; see `make test-cvat`."""

    @pytest.mark.slow
    def test_five_hundred_units_go_through(self, folder: Path) -> None:
        super().test_five_hundred_units_go_through(folder)


def names(value: Value) -> list[Any]:
    return [value] if isinstance(value, str) else list(value)


def test_every_row_of_the_table_has_a_contract() -> None:
    assert without_contract(TABLE) == set()

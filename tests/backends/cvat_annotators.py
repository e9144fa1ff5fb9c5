"""The contract's people at a CVAT."""

from __future__ import annotations

from pathlib import Path

import pytest

from auto_labeling.backends.cvat.settings import CVAT, Project
from auto_labeling.clocks import SystemClock
from auto_labeling.ports import AnnotationBackend, Place
from auto_labeling.records import Item, LabelSchema, RemoteRef, Value
from tests.backends.annotators import TokenOf
from tests.contracts.backend import BackendContract, Habit
from tests.cvat.people import Crew, Office, picture_of, tags_of


def place(folder: Path, password: str) -> Place:
    return Place(
        folder=folder / "tool",
        base=folder,
        seed=0,
        clock=SystemClock(),
        secrets=TokenOf(password),
        item_ids=tuple,
        kinds=lambda: frozenset({"image"}),
    )


class CVATContract(BackendContract):
    """Each folder is a project of its own on one server."""

    kind = "cvat"
    office: Office
    pictures: Path
    crews: dict[Path, Crew]

    @pytest.fixture(autouse=True)
    def server(self, cvat: Office, tmp_path: Path) -> None:
        self.office = cvat
        self.pictures = tmp_path / "pictures"
        self.crews = {}

    def open(self, folder: Path, schema: LabelSchema, habit: Habit) -> AnnotationBackend:
        if folder not in self.crews:
            self.crews[folder] = Crew(self.office, self.office.make_project(schema))
        settings = CVAT(
            url=self.office.url,
            user=self.office.admin.name,
            password={"env": "PASSWORD"},
            project=Project(adopt=self.crews[folder].project),
        )
        return settings.open(place(folder, self.office.admin.password))

    def shown(self, item: Item) -> Item:
        return picture_of(item, self.pictures)

    @property
    def people(self) -> Crew:
        [crew] = self.crews.values()
        return crew

    def answer(self, ref: RemoteRef, item: Item, value: Value, person: int = 0) -> None:
        self.people.answer(ref, item, value, person)

    def skip(self, ref: RemoteRef, item: Item) -> None:
        self.people.skip(ref, item)

    def edit(self, ref: RemoteRef, item: Item, value: Value) -> None:
        self.people.change(ref, item, tags_of(value))

    def delete(self, ref: RemoteRef, item: Item) -> None:
        self.people.change(ref, item, [])

    def draft(self, ref: RemoteRef, item: Item, value: Value) -> None:
        self.people.draft(ref, item, value)

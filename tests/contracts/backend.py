"""What every labeling tool promises behind AnnotationBackend, written against the port alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import pytest

from auto_labeling.errors import RejectedError
from auto_labeling.ports import AnnotationBackend
from auto_labeling.records import (
    CancelResult,
    EventKind,
    Item,
    LabelSchema,
    RemoteRef,
    Suggestion,
    Upload,
    Value,
)
from tests.contracts.asking import (
    ALL_ITEMS,
    CAMPAIGN,
    CLASSES,
    MULTI,
    SINGLE,
    STRANGE_ITEMS,
    answers,
    label_of,
    new,
    text_items,
    upload_of,
)

Habit = Literal["answer", "skip", "edit"]
"""What people do with a task once they are told to act; only simulated people need to know."""


@dataclass(frozen=True)
class Gap:
    """Something that an adapter cannot do, and why."""

    test: str
    reason: str


class BackendContract(ABC):
    """Subclass it, say how the tool is opened and how people act in it, and collect the tests."""

    kind: ClassVar[str]
    """The row of the TABLE that is tested."""
    gaps: ClassVar[tuple[Gap, ...]] = ()

    @abstractmethod
    def open(self, folder: Path, schema: LabelSchema, habit: Habit) -> AnnotationBackend:
        """Return the tool that lives in `folder`; a second call is another process's view of it."""

    @abstractmethod
    def answer(self, ref: RemoteRef, item: Item, value: Value, person: int = 0) -> None:
        """Let somebody submit an answer and a chunk's person complete it."""

    @abstractmethod
    def skip(self, ref: RemoteRef, item: Item) -> None:
        """Let somebody skip a task."""

    @abstractmethod
    def edit(self, ref: RemoteRef, item: Item, value: Value) -> None:
        """Let whoever answered (person 0) change the answer."""

    @abstractmethod
    def delete(self, ref: RemoteRef, item: Item) -> None:
        """Let whoever answered (person 0) take the answer back."""

    @abstractmethod
    def draft(self, ref: RemoteRef, item: Item, value: Value) -> None:
        """Let somebody begin an answer without submitting it."""

    def shown(self, item: Item) -> Item:
        """Return an item as the tool can show it; everything is asked about in words at first."""
        return item

    @pytest.fixture(autouse=True)
    def declared_gaps(self, request: pytest.FixtureRequest) -> None:
        for gap in self.gaps:
            if gap.test == request.node.originalname:
                request.applymarker(pytest.mark.xfail(reason=gap.reason, strict=True))

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return tmp_path / "tööl folder"

    @pytest.fixture
    def backend(self, folder: Path) -> AnnotationBackend:
        return self.prepared(folder)

    def prepared(
        self, folder: Path, schema: LabelSchema = SINGLE, habit: Habit = "answer"
    ) -> AnnotationBackend:
        backend = self.open(folder, schema, habit)
        backend.prepare(CAMPAIGN, schema)
        return backend

    def items(self, count: int, prefix: str = "item") -> list[Item]:
        """Return items of a kind that the tool shows."""
        return [self.shown(item) for item in text_items(count, prefix)]

    def units(
        self, backend: AnnotationBackend, count: int, prefix: str = "item", opinions: int = 1
    ) -> list[Upload]:
        """Return units of the tool's own size."""
        size = min(3, backend.traits.chunk_size)
        items = self.items(count * size, prefix)
        return [
            upload_of(items[at : at + size], opinions=opinions) for at in range(0, len(items), size)
        ]

    def answer_all(
        self, upload: Upload, ref: RemoteRef, schema: LabelSchema = SINGLE, people: int = 1
    ) -> None:
        for person in range(people):
            for item in upload.items:
                self.answer(ref, item, label_of(item.item_id, schema), person)

    def test_the_traits_fit_together(self, backend: AnnotationBackend) -> None:
        traits = backend.traits
        assert traits.chunk_size >= 1
        assert traits.unit == "chunk" or traits.chunk_size == 1
        assert traits.shapes
        assert traits.kinds
        assert {item.kind for item in self.items(1)} <= traits.kinds <= {"image", "text", "row"}

    def test_preparing_again_changes_nothing(self, folder: Path) -> None:
        first = self.prepared(folder)
        project = first.prepare(CAMPAIGN, SINGLE)
        [upload] = self.units(first, 1)
        first.create([upload])
        again = self.open(folder, SINGLE, "answer")
        assert again.prepare(CAMPAIGN, SINGLE) == project
        assert again.find([upload.key]).keys() == {upload.key}

    def test_before_it_is_prepared_nothing_is_there_and_nothing_can_be_made(
        self, folder: Path
    ) -> None:
        backend = self.open(folder, SINGLE, "answer")
        [upload] = self.units(backend, 1)
        assert dict(backend.find([upload.key])) == {}
        assert dict(backend.cancel([])) == {}
        with pytest.raises(RejectedError, match="call prepare first"):
            backend.create([upload])
        backend.prepare(CAMPAIGN, SINGLE)
        assert backend.create([upload]).keys() == backend.find([upload.key]).keys() == {upload.key}

    def test_a_new_place_holds_nothing(self, backend: AnnotationBackend) -> None:
        assert dict(backend.find(["0" * 32])) == {}
        events, cursor = backend.changes(None)
        assert list(events) == []
        assert list(backend.changes(cursor)[0]) == []

    def test_nothing_asked_changes_nothing(self, backend: AnnotationBackend) -> None:
        assert dict(backend.create([])) == {}
        assert dict(backend.find([])) == {}
        assert dict(backend.cancel([])) == {}

    def test_what_is_created_is_found(self, folder: Path) -> None:
        backend = self.prepared(folder)
        uploads = self.units(backend, 3)
        made = backend.create(uploads)
        assert made.keys() == {upload.key for upload in uploads}
        assert all(ref.key == key for key, ref in made.items())
        wanted = [upload.key for upload in uploads[:2]]
        for view in (backend, self.open(folder, SINGLE, "answer")):
            found = view.find([*wanted, "f" * 32])
            assert dict(found) == {key: (made[key],) for key in wanted}

    def test_creating_twice_makes_two_copies_oldest_first(self, backend: AnnotationBackend) -> None:
        uploads = self.units(backend, 2)
        older = backend.create(uploads)
        newer = backend.create(uploads[:1])
        [key, other] = [upload.key for upload in uploads]
        assert newer[key] != older[key]
        assert dict(backend.find([key, other])) == {
            key: (older[key], newer[key]),
            other: (older[other],),
        }

    def test_an_answer_is_reported_with_all_that_is_known(self, folder: Path) -> None:
        backend = self.prepared(folder)
        [upload] = self.units(backend, 1)
        ref = backend.create([upload])[upload.key]
        self.answer_all(upload, ref)
        given = answers(backend.changes(None)[0])
        assert {event.item_id for event in given} == {item.item_id for item in upload.items}
        for event in given:
            assert event.kind is EventKind.SUBMITTED
            assert event.key == upload.key
            assert event.value == label_of(event.item_id)
            assert event.person
            assert event.at > 0
            assert event.answer_id
            assert event.fingerprint
            assert (event.seconds is not None) == backend.traits.has_time_spent
            assert event.seconds is None or event.seconds > 0

    def test_several_classes_are_one_answer(self, folder: Path) -> None:
        backend = self.prepared(folder, MULTI)
        assert "multi" in backend.traits.shapes
        uploads = self.units(backend, 4)
        made = backend.create(uploads)
        for upload in uploads:
            self.answer_all(upload, made[upload.key], MULTI)
        given = answers(backend.changes(None)[0])
        assert len(given) == sum(len(upload.items) for upload in uploads)
        assert all(event.value == label_of(event.item_id, MULTI) for event in given)

    def test_nobody_gives_two_opinions_on_an_item(self, folder: Path) -> None:
        backend = self.prepared(folder)
        [upload] = self.units(backend, 1, opinions=2)
        ref = backend.create([upload])[upload.key]
        self.answer_all(upload, ref, people=2)
        given = answers(backend.changes(None)[0])
        assert len(given) == 2 * len(upload.items)
        assert len({(event.item_id, event.person) for event in given}) == len(given)
        assert len({event.answer_id for event in given}) == len(given)

    def test_every_kind_of_text_and_id_comes_back_as_it_was(self, folder: Path) -> None:
        backend = self.prepared(folder)
        uploads = [upload_of([self.shown(item)]) for item in STRANGE_ITEMS]
        made = backend.create(uploads)
        for upload in uploads:
            self.answer_all(upload, made[upload.key])
        given = answers(backend.changes(None)[0])
        assert {event.item_id: event.value for event in given} == {
            item.item_id: label_of(item.item_id) for item in STRANGE_ITEMS
        }

    def test_links_and_rows_are_shown_as_well(self, folder: Path) -> None:
        backend = self.prepared(folder)
        shown = [
            Item(item_id="item-0", uri="/data/local-files/?d=a b/é.png"),
            Item(item_id="item-1", row={"größe": 1.5, "<b>": "</td>", "none": None}),
        ]
        kinds = backend.traits.kinds
        uploads = [upload_of([self.shown(item)]) for item in shown if item.kind in kinds]
        made = backend.create(uploads)
        for upload in uploads:
            self.answer_all(upload, made[upload.key])
        given = answers(backend.changes(None)[0])
        assert {event.item_id for event in given} == {
            item.item_id for upload in uploads for item in upload.items
        }

    def test_a_suggestion_is_no_answer(self, folder: Path) -> None:
        backend = self.prepared(folder)
        [upload] = self.units(backend, 1)
        offered = tuple(
            Suggestion(item_id=item.item_id, value=CLASSES[0], score=0.9, model_version="r1")
            for item in upload.items
        )
        backend.create(
            [Upload(key=upload.key, items=upload.items, asks=upload.asks, suggestions=offered)]
        )
        assert list(backend.changes(None)[0]) == []

    def test_a_draft_is_no_answer(self, folder: Path) -> None:
        backend = self.prepared(folder)
        [upload] = self.units(backend, 1)
        ref = backend.create([upload])[upload.key]
        self.draft(ref, upload.items[0], CLASSES[0])
        assert list(backend.changes(None)[0]) == []
        self.answer_all(upload, ref)
        assert len(answers(backend.changes(None)[0])) == len(upload.items)

    def test_a_poll_goes_on_where_the_last_one_stopped(self, folder: Path) -> None:
        backend = self.prepared(folder)
        first, second = self.units(backend, 2)
        self.answer_all(first, backend.create([first])[first.key])
        early, cursor = backend.changes(None)
        self.answer_all(second, backend.create([second])[second.key])
        late, end = self.open(folder, SINGLE, "answer").changes(cursor)
        assert {event.key for event in answers(early)} == {first.key}
        assert second.key in {event.key for event in late}
        assert not new(backend.changes(end)[0], [*early, *late])
        everything, _ = backend.changes(None)
        assert not new(everything, [*early, *late])
        assert not new([*early, *late], everything)

    def test_an_old_cursor_reports_the_same_again(self, folder: Path) -> None:
        backend = self.prepared(folder)
        first, second = self.units(backend, 2)
        self.answer_all(first, backend.create([first])[first.key])
        _, cursor = backend.changes(None)
        self.answer_all(second, backend.create([second])[second.key])
        once, _ = backend.changes(cursor)
        twice, _ = self.open(folder, SINGLE, "answer").changes(cursor)
        assert list(once) == list(twice)

    def test_events_come_in_the_order_of_their_times(self, folder: Path) -> None:
        backend = self.prepared(folder)
        uploads = self.units(backend, 8)
        made = backend.create(uploads)
        for upload in reversed(uploads):
            self.answer_all(upload, made[upload.key])
        times = [event.at for event in backend.changes(None)[0]]
        assert len(times) >= 8
        assert times == sorted(times)

    def test_a_skip_is_reported_without_a_value(self, folder: Path) -> None:
        backend = self.prepared(folder, habit="skip")
        [upload] = self.units(backend, 1)
        ref = backend.create([upload])[upload.key]
        for item in upload.items:
            self.skip(ref, item)
        given = answers(backend.changes(None)[0])
        assert {event.item_id for event in given} == {item.item_id for item in upload.items}
        assert all(event.kind is EventKind.SKIPPED for event in given)
        assert all(event.value is None for event in given)
        assert all(event.person for event in given)

    def test_an_edit_is_another_act_on_the_same_answer(self, folder: Path) -> None:
        backend = self.prepared(folder, habit="edit")
        upload = upload_of(self.items(1))
        ref = backend.create([upload])[upload.key]
        self.answer(ref, upload.items[0], CLASSES[0])
        before, cursor = backend.changes(None)
        self.edit(ref, upload.items[0], CLASSES[1])
        after, _ = backend.changes(cursor)
        [given] = [event for event in before if event.kind is EventKind.SUBMITTED]
        [edited] = [event for event in [*before, *after] if event.kind is EventKind.EDITED]
        assert edited.answer_id == given.answer_id
        assert edited.fingerprint != given.fingerprint
        assert edited.at > given.at
        assert (edited.key, edited.item_id) == (given.key, given.item_id)
        assert edited.value in CLASSES

    def test_a_deletion_names_the_answer_that_is_gone(self, folder: Path) -> None:
        backend = self.prepared(folder)
        upload = upload_of(self.items(1))
        ref = backend.create([upload])[upload.key]
        self.answer(ref, upload.items[0], CLASSES[0])
        [given], cursor = backend.changes(None)
        self.delete(ref, upload.items[0])
        [deleted], _ = backend.changes(cursor)
        assert deleted.kind is EventKind.DELETED
        assert deleted.answer_id == given.answer_id
        assert deleted.fingerprint != given.fingerprint

    def test_what_nobody_answered_can_be_withdrawn(self, folder: Path) -> None:
        backend = self.prepared(folder)
        gone, kept = self.units(backend, 2)
        made = backend.create([gone, kept])
        assert dict(backend.cancel([made[gone.key]])) == {made[gone.key]: CancelResult.CANCELLED}
        assert dict(backend.find([gone.key, kept.key])) == {kept.key: (made[kept.key],)}
        self.answer_all(kept, made[kept.key])
        assert {event.key for event in backend.changes(None)[0]} == {kept.key}

    def test_withdrawing_what_is_gone_is_no_error(self, backend: AnnotationBackend) -> None:
        [upload] = self.units(backend, 1)
        ref = backend.create([upload])[upload.key]
        for _ in range(2):
            assert dict(backend.cancel([ref])) == {ref: CancelResult.CANCELLED}
        again = backend.create([upload])[upload.key]
        assert again != ref
        assert dict(backend.find([upload.key])) == {upload.key: (again,)}

    def test_an_answered_unit_is_left_alone(self, folder: Path) -> None:
        backend = self.prepared(folder)
        upload = upload_of(self.items(1), opinions=2)
        ref = backend.create([upload])[upload.key]
        self.answer(ref, upload.items[0], label_of("item-0"))
        before = answers(backend.changes(None)[0])
        assert dict(backend.cancel([ref])) == {ref: CancelResult.ANSWERED}
        assert dict(backend.find([upload.key])) == {upload.key: (ref,)}
        assert not new(before, backend.changes(None)[0])

    def test_a_skipped_unit_is_left_alone(self, folder: Path) -> None:
        backend = self.prepared(folder, habit="skip")
        upload = upload_of(self.items(1))
        ref = backend.create([upload])[upload.key]
        self.skip(ref, upload.items[0])
        assert dict(backend.cancel([ref])) == {ref: CancelResult.ANSWERED}

    def test_a_surplus_copy_goes_without_the_answered_one(self, folder: Path) -> None:
        backend = self.prepared(folder)
        [upload] = self.units(backend, 1)
        answered = backend.create([upload])[upload.key]
        self.answer_all(upload, answered)
        before = backend.changes(None)[0]
        surplus = backend.create([upload])[upload.key]
        assert dict(backend.cancel([surplus, answered])) == {
            surplus: CancelResult.CANCELLED,
            answered: CancelResult.ANSWERED,
        }
        assert dict(backend.find([upload.key])) == {upload.key: (answered,)}
        assert not new(before, backend.changes(None)[0])

    def test_five_hundred_units_go_through(self, folder: Path) -> None:
        backend = self.prepared(folder)
        uploads = [upload_of([item]) for item in self.items(500)]
        made = backend.create(uploads)
        assert len({ref.remote_id for ref in made.values()}) == 500
        assert len(backend.find([upload.key for upload in uploads])) == 500
        for upload in uploads[:20]:
            self.answer_all(upload, made[upload.key])
        assert {upload.key for upload in uploads[:20]} <= {
            event.key for event in backend.changes(None)[0]
        }
        more = [upload_of([self.shown(item)]) for item in ALL_ITEMS[500:550]]
        unanswered = backend.create(more)
        assert set(backend.cancel(unanswered.values()).values()) == {CancelResult.CANCELLED}


def without_contract(table: Mapping[str, type]) -> set[str]:
    """Return the kinds of a TABLE that no subclass of the contract tests."""
    return set(table) - set(_tested(BackendContract.__subclasses__()))


def _tested(contracts: Sequence[type[BackendContract]]) -> Iterator[str]:
    for contract in contracts:
        if contract.__name__.startswith("Test"):
            yield contract.kind
        yield from _tested(contract.__subclasses__())

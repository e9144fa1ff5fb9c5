"""What people do to folders that the contract does not say."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from auto_labeling.backends.files.backend import Files, FilesBackend
from auto_labeling.clocks import SimulatedClock
from auto_labeling.errors import BlockedError, ConfigurationError, RejectedError
from auto_labeling.ports import Place
from auto_labeling.records import CancelResult, EventKind, Item, LabelSchema, Upload
from tests.backends.town import ITEMS, NoSecrets
from tests.contracts.asking import CAMPAIGN, CLASSES, SINGLE, text_items, upload_of


class Handover:
    """A prepared folder of Prodigy files, and somebody who writes answers into it."""

    def __init__(self, base: Path, form: Any = "prodigy") -> None:
        self.place = Place(
            folder=base,
            base=base,
            seed=0,
            clock=SimulatedClock(base / "clock"),
            secrets=NoSecrets(),
            item_ids=lambda: ITEMS,
        )
        self.folder = base / "handover"
        self.settings = Files(folder="handover", format=form)
        self.backend = self.open()
        self.uploads = [upload_of([item]) for item in text_items(6)]
        self.made = self.backend.create(self.uploads)

    def open(self) -> FilesBackend:
        backend = self.settings.open(self.place)
        backend.prepare(CAMPAIGN, SINGLE)
        return backend

    def line(self, at: int, **answer: Any) -> str:
        """Return one answered task as Prodigy exports it."""
        [batch] = (self.folder / "tasks").iterdir()
        task = json.loads(batch.read_text(encoding="utf-8").split("\n")[at])
        given = {"answer": "accept", "accept": [CLASSES[0]], "_session_id": "mia", "_timestamp": at}
        return json.dumps(task | given | answer, ensure_ascii=False) + "\n"

    def write(self, name: str, content: str | bytes) -> None:
        path = self.folder / "answers" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def rejected(self) -> list[dict[str, Any]]:
        path = self.folder / "rejected.jsonl"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return [json.loads(line) for line in text.split("\n") if line]


@pytest.fixture
def handover(tmp_path: Path) -> Handover:
    return Handover(tmp_path)


def test_a_bad_line_is_kept_with_its_reason_and_stops_no_other(handover: Handover) -> None:
    bad = [
        "{not json}\n",
        "[]\n",
        '{"text": "of somebody else"}\n',
        handover.line(1, accept=["no such class"]),
        handover.line(1, accept=[CLASSES[0], CLASSES[1]]),
        handover.line(1, answer="perhaps"),
        handover.line(1, accept="ant"),
        handover.line(1, al_key="f" * 32),
        handover.line(1, _timestamp="noon"),
        handover.line(1, _timestamp=float("nan")),
        handover.line(1, _timestamp=1.7e18),
        "[" * 100_000 + "\n",
    ]
    handover.write("mia.jsonl", "".join([handover.line(0), *bad, handover.line(2)]))
    events, cursor = handover.backend.changes(None)
    assert [event.item_id for event in events] == ["item-0", "item-2"]
    reasons = [one["reason"] for one in handover.rejected()]
    assert len(reasons) == len(bad)
    for reason, said in zip(
        reasons,
        [
            "expected JSON",
            "expected an answered task",
            "expected the field 'al_key'",
            "expected classes out of",
            "expected one class, got",
            "expected an answer (accept, reject or ignore)",
            "expected an answer (accept, reject or ignore)",
            "expected a key that was asked here",
            "_timestamp: expected seconds",
            "_timestamp: expected seconds",
            "_timestamp: expected seconds",
            "expected JSON",
        ],
        strict=True,
    ):
        assert said in reason
    assert handover.rejected()[0]["content"] == "{not json}"
    assert handover.rejected()[0]["file"] == "answers/mia.jsonl"
    handover.backend.changes(None)
    handover.backend.changes(cursor)
    assert len(handover.rejected()) == len(bad)


def test_only_what_was_added_to_a_file_is_read_again(handover: Handover) -> None:
    handover.write("mia.jsonl", handover.line(0) + handover.line(1))
    _, cursor = handover.backend.changes(None)
    handover.write("mia.jsonl", handover.line(0) + handover.line(1) + handover.line(2))
    events, cursor = handover.open().changes(cursor)
    assert [event.item_id for event in events] == ["item-2"]
    handover.write("mia.jsonl", handover.line(3))
    events, _ = handover.open().changes(cursor)
    assert [event.item_id for event in events] == ["item-3"]


def test_the_same_answer_in_two_files_is_one_act(handover: Handover) -> None:
    handover.write("mia.jsonl", handover.line(0))
    handover.write("backup/mia.jsonl", handover.line(0))
    events, _ = handover.backend.changes(None)
    assert len(events) == 2
    assert len({event.fingerprint for event in events}) == 1


def test_a_line_that_is_still_being_written_is_left_for_later(handover: Handover) -> None:
    whole = (handover.line(0) + handover.line(1, note="ねこ")).encode()
    for cut in (len(handover.line(0).encode()) + 5, len(whole) - 5, len(whole) - 2):
        handover.write("mia.jsonl", whole[:cut])
        events, cursor = handover.backend.changes(None)
        assert [event.item_id for event in events] == ["item-0"]
        assert handover.rejected() == []
        handover.write("mia.jsonl", whole)
        events, _ = handover.backend.changes(cursor)
        assert [event.item_id for event in events] == ["item-1"]


def test_a_last_line_without_its_end_counts_when_it_is_whole(handover: Handover) -> None:
    handover.write("mia.jsonl", (handover.line(0) + handover.line(1)).rstrip())
    assert len(handover.backend.changes(None)[0]) == 2


def test_files_of_other_programs_are_taken_as_they_are(handover: Handover) -> None:
    handover.write("mia.jsonl", b"\xef\xbb\xbf" + handover.line(0).encode().replace(b"\n", b"\r\n"))
    handover.write("latin.jsonl", b'{"text": "\xe9t\xe9"}\n')
    handover.write("notes.txt", "nothing to do with it")
    events, _ = handover.backend.changes(None)
    assert [event.item_id for event in events] == ["item-0"]
    assert len(handover.rejected()) == 1


def test_an_answer_without_a_time_has_that_of_its_file(handover: Handover) -> None:
    handover.write("mia.jsonl", handover.line(0, _timestamp=None))
    [event], _ = handover.backend.changes(None)
    written = (handover.folder / "answers" / "mia.jsonl").stat().st_mtime_ns // 1000
    assert event.at == written


def test_one_file_holds_a_batch_and_withdrawing_moves_single_tasks(handover: Handover) -> None:
    [batch] = (handover.folder / "tasks").iterdir()
    refs = list(handover.made.values())
    handover.write("mia.jsonl", handover.line(0))
    results = handover.backend.cancel(refs[:3])
    assert [results[ref] for ref in refs[:3]] == [
        CancelResult.ANSWERED,
        CancelResult.CANCELLED,
        CancelResult.CANCELLED,
    ]
    assert len(batch.read_text(encoding="utf-8").split("\n")) == 4 + 1
    withdrawn = handover.folder / "withdrawn" / batch.name
    assert len(withdrawn.read_text(encoding="utf-8").split("\n")) == 2 + 1
    handover.backend.cancel(refs)
    assert list(handover.backend.find([u.key for u in handover.uploads])) == [refs[0].key]
    assert len(withdrawn.read_text(encoding="utf-8").split("\n")) == 5 + 1


def test_an_answer_to_a_withdrawn_task_is_still_reported(handover: Handover) -> None:
    line = handover.line(0)
    handover.backend.cancel(handover.made.values())
    assert list((handover.folder / "tasks").iterdir()) == []
    handover.write("mia.jsonl", line)
    [event], _ = handover.backend.changes(None)
    assert event.key == handover.uploads[0].key


def test_a_withdrawal_that_was_cut_short_is_finished_by_the_next(handover: Handover) -> None:
    [batch] = (handover.folder / "tasks").iterdir()
    before = batch.read_bytes()
    refs = list(handover.made.values())
    handover.backend.cancel(refs[:2])
    batch.write_bytes(before)  # as if the process had died between the two files
    assert len(handover.open().find([ref.key for ref in refs])) == 6
    handover.open().cancel(refs[:2])
    assert len(handover.open().find([ref.key for ref in refs])) == 4
    withdrawn = (handover.folder / "withdrawn" / batch.name).read_text(encoding="utf-8")
    assert len(withdrawn.split("\n")) == 2 + 1


def test_answers_that_lost_the_mark_of_their_copy_protect_every_copy(handover: Handover) -> None:
    line = json.loads(handover.line(0))
    del line["al_unit"]
    handover.write("mia.jsonl", json.dumps(line))
    copy = handover.backend.create(handover.uploads[:1])[handover.uploads[0].key]
    refs = [handover.made[handover.uploads[0].key], copy]
    assert set(handover.backend.cancel(refs).values()) == {CancelResult.ANSWERED}


def test_another_answer_of_the_same_person_is_an_edit(handover: Handover) -> None:
    handover.write(
        "mia.jsonl", handover.line(0) + handover.line(0, accept=[CLASSES[1]], _timestamp=9)
    )
    first, second = handover.backend.changes(None)[0]
    assert (first.kind, second.kind) == (EventKind.SUBMITTED, EventKind.EDITED)
    assert first.answer_id == second.answer_id


def test_numbers_of_batches_are_never_given_twice(handover: Handover) -> None:
    handover.backend.cancel(handover.made.values())
    again = handover.backend.create(handover.uploads)
    assert not set(again.values()) & set(handover.made.values())


def test_people_find_the_configuration_beside_label_studio_s_tasks(tmp_path: Path) -> None:
    handover = Handover(tmp_path, "label_studio")
    config = ET.parse(handover.folder / "label_config.text.xml").getroot()
    assert [one.get("value") for one in config.iter("Choice")] == [*CLASSES, "cannot tell"]
    row = Item(item_id="row", row={"a": 1})
    handover.backend.create([upload_of([row])])
    assert (handover.folder / "label_config.row.xml").exists()


@pytest.mark.parametrize(
    "content", ["{", '{"tasks": []}', "[7]", '[{"data": {}, "annotations": []}]']
)
def test_an_export_that_is_none_is_kept_with_its_reason(tmp_path: Path, content: str) -> None:
    handover = Handover(tmp_path, "label_studio")
    handover.write("export.json", content)
    assert list(handover.backend.changes(None)[0]) == []
    assert len(handover.rejected()) == 1


def test_a_task_file_that_people_changed_blocks_with_its_name(handover: Handover) -> None:
    [batch] = (handover.folder / "tasks").iterdir()
    batch.write_text("{}\n", encoding="utf-8")
    with pytest.raises(BlockedError, match=f"{batch.name}: expected the tasks .*Put the file back"):
        handover.open().find(["k"])


def test_one_folder_serves_one_campaign(handover: Handover) -> None:
    with pytest.raises(RejectedError, match="use another folder"):
        handover.backend.prepare("another", SINGLE)
    with pytest.raises(RejectedError, match="use another folder"):
        handover.backend.prepare(CAMPAIGN, LabelSchema(task="single", classes=("a", "b")))


def test_what_files_cannot_hold_is_refused(handover: Handover, tmp_path: Path) -> None:
    with pytest.raises(RejectedError, match="expected one item, got 2"):
        handover.backend.create([upload_of(text_items(2))])
    with pytest.raises(RejectedError, match="not to 'boxes'"):
        handover.backend.prepare(CAMPAIGN, LabelSchema(task="boxes", classes=("a",)))
    with pytest.raises(ConfigurationError, match="format: expected one of"):
        Files(folder="x", format="cvat")  # type: ignore[arg-type]
    empty = Files(folder="elsewhere").open(handover.place)
    with pytest.raises(RejectedError, match="call prepare first"):
        empty.create([upload_of(text_items(1))])


def test_a_cursor_of_another_tool_is_refused(handover: Handover) -> None:
    for cursor in ("0-7", "[1]", '{"a": {"b": 1}}'):
        with pytest.raises(RejectedError, match="cursor: expected one of this tool"):
            handover.backend.changes(cursor)


def test_no_key_leads_out_of_the_folder(handover: Handover) -> None:
    upload = handover.uploads[0]
    odd = Upload(key="../../etc/passwd", items=upload.items, asks=upload.asks)
    made = handover.backend.create([odd])
    assert sorted(path.name[:6] for path in (handover.folder / "tasks").iterdir()) == [
        "000001",
        "000002",
    ]
    assert dict(handover.open().find([odd.key])) == {odd.key: (made[odd.key],)}


def test_a_document_that_is_still_being_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    handover = Handover(tmp_path, "label_studio")
    [batch] = (handover.folder / "tasks").iterdir()
    [first, *_] = json.loads(batch.read_text(encoding="utf-8"))
    said = {"from_name": "label", "to_name": "item", "type": "choices"}
    answer = {"id": 1, "completed_by": 1, "created_at": "2026-01-05T09:00:00Z"}
    answer["result"] = [said | {"value": {"choices": [CLASSES[0]]}}]
    whole = json.dumps([first | {"annotations": [answer]}])
    cursor = None
    for part in ("", whole[:40], whole[:-1]):
        handover.write("export.json", part)
        events, cursor = handover.backend.changes(cursor)
        assert events == []
    handover.write("export.json", whole)
    events, cursor = handover.backend.changes(cursor)
    assert [event.value for event in events] == [CLASSES[0]]
    assert handover.backend.changes(cursor)[0] == []

"""The file in which a backend keeps its project."""

from __future__ import annotations

from pathlib import Path

import pytest

from auto_labeling.backends.cvat.settings import CVAT
from auto_labeling.backends.kept import KeptProject
from auto_labeling.backends.label_studio.settings import LabelStudio
from auto_labeling.errors import BlockedError, RejectedError
from auto_labeling.ports import AnnotationBackend
from auto_labeling.records import RemoteRef
from tests.backends.annotators import place


def test_what_is_kept_is_read_by_another_process(tmp_path: Path) -> None:
    KeptProject(tmp_path / "tool").write(project=7, labels={"ねこ": ["a"]})
    assert KeptProject(tmp_path / "tool").is_there()
    assert KeptProject(tmp_path / "tool").read() == {"project": 7, "labels": {"ねこ": ["a"]}}


def test_what_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    kept = KeptProject(tmp_path)
    kept.write(project=7)
    [path] = tmp_path.iterdir()
    before = path.stat()
    kept.write(project=7)
    assert path.stat().st_ino == before.st_ino
    kept.write(project=8)
    assert kept.read() == {"project": 8}


def test_before_anything_is_kept_it_says_what_to_call(tmp_path: Path) -> None:
    assert not KeptProject(tmp_path).is_there()
    with pytest.raises(RejectedError, match="knows no project; call prepare first"):
        KeptProject(tmp_path).read()


def test_a_spoiled_file_is_named(tmp_path: Path) -> None:
    kept = KeptProject(tmp_path)
    kept.write(project=7)
    [path] = tmp_path.iterdir()
    path.write_text('{"proj', encoding="utf-8")
    with pytest.raises(BlockedError, match=r"project.json cannot be read.*Restore it"):
        kept.read()


@pytest.mark.parametrize("kind", [CVAT, LabelStudio])
def test_a_tool_that_was_never_reached_holds_nothing(
    kind: type[CVAT | LabelStudio], tmp_path: Path
) -> None:
    backend: AnnotationBackend = kind(url="http://127.0.0.1:9").open(place(tmp_path, "token"))
    assert backend.find(["0" * 32]) == {}
    assert backend.cancel([]) == {}
    with pytest.raises(RejectedError, match="call prepare first"):
        backend.cancel([RemoteRef(key="0" * 32, remote_id="7")])  # it was reached: the file is lost

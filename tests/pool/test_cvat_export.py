"""What of CVAT's exports becomes a label; the rest of its promises are those of every source."""

from __future__ import annotations

import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.files import sha256_of
from auto_labeling.formats.cvat import Document, Picture, write_xml
from auto_labeling.pool.cvat_export import CVATExport
from auto_labeling.pool.images import Images
from auto_labeling.pool.snapshot import ingest, ingest_labeled
from auto_labeling.records import LabelSchema
from tests.pool.written import write_cvat_xml, write_png

SCHEMA = LabelSchema(task="single", classes=("cat", "dog"))
SEVERAL = LabelSchema(task="multi", classes=("cat", "dog"))
EXPORT = CVATExport(export="project.xml", files="photos")
GOLDEN = Path(__file__).parents[1] / "formats" / "cvat" / "exported.xml"


def photos(base: Path, *names: str) -> None:
    for at, name in enumerate(names):
        write_png(base / "photos" / name, 10 * at)


def labels(found: Any) -> dict[str, str | None]:
    names = [reference.removeprefix("photos/") for reference in found.references]
    return dict(zip(names, found.labels, strict=True))


def reasons(found: Any) -> dict[str, str]:
    return {one.where.removeprefix("photos/"): one.reason for one in found.quarantined}


def test_a_tag_is_a_label_and_what_is_none_is_left_out(tmp_path: Path) -> None:
    photos(tmp_path, "a.png", "b.png", "c.png", "d.png", "e.png")
    tags = {"a.png": ["cat"], "b.png": [], "c.png": ["dog", "cat"], "d.png": ["cow"]}
    write_cvat_xml(tmp_path / "project.xml", tags | {"e.png": ["blurred", "dog"], "f.png": ["cat"]})
    found = EXPORT.read(tmp_path, SCHEMA)
    assert labels(found) == {"a.png": "cat", "e.png": "dog"}
    assert reasons(found) == {
        "b.png": "it has no label",
        "c.png": "most people chose several classes",
        "d.png": "its label is not one of labels.classes",
        "f.png": "its picture is not below `files`, and nothing is downloaded",
    }
    several = EXPORT.read(tmp_path, SEVERAL)
    assert labels(several) == {"a.png": '["cat"]', "c.png": '["cat", "dog"]', "e.png": '["dog"]'}
    assert "b.png" in reasons(several)  # a file does not say what was looked at


def test_several_tasks_are_votes(tmp_path: Path) -> None:
    photos(tmp_path, "a.png", "b.png", "c.png")
    said = {
        "mia": {"a.png": ["cat"], "b.png": ["cat"], "c.png": ["cat"]},
        "li": {"a.png": ["cat"], "b.png": ["dog"], "c.png": []},
        "sam": {"a.png": ["dog"]},
    }
    for who, tags in said.items():
        write_cvat_xml(tmp_path / f"{who}.xml", tags, person=who, part=f"task of {who}")
    source = CVATExport(export=tuple(f"{who}.xml" for who in said), files="photos")
    found = source.read(tmp_path, SCHEMA)
    assert labels(found) == {"a.png": "cat", "c.png": "cat"}
    assert reasons(found) == {"b.png": "people do not agree, and there is no majority"}
    strict = CVATExport(export=source.export, files="photos", at_least=2)
    assert labels(strict.read(tmp_path, SCHEMA)) == {"a.png": "cat"}
    assert reasons(strict.read(tmp_path, SCHEMA))["c.png"] == "1 of 2 people have answered it"


def test_of_one_person_the_last_answer_counts_and_nobodies_are_different(tmp_path: Path) -> None:
    photos(tmp_path, "a.png")
    for name, tag, who in (
        ("1", "cat", "mia"),
        ("2", "dog", "mia"),
        ("3", "dog", ""),
        ("4", "dog", ""),
    ):
        write_cvat_xml(tmp_path / f"{name}.xml", {"a.png": [tag]}, person=who)
    first = CVATExport(export=("1.xml", "2.xml"), files="photos")
    assert labels(first.read(tmp_path, SCHEMA)) == {"a.png": "dog"}
    others = CVATExport(export=("1.xml", "3.xml", "4.xml"), files="photos", at_least=3)
    assert labels(others.read(tmp_path, SCHEMA)) == {"a.png": "dog"}


def test_an_abstention_is_no_opinion(tmp_path: Path) -> None:
    photos(tmp_path, "a.png")
    for who, tag in (("mia", "cannot tell"), ("li", "dog")):
        write_cvat_xml(tmp_path / f"{who}.xml", {"a.png": [tag]}, person=who)
    schema = LabelSchema(task="single", classes=("cat", "dog"), abstain=("cannot tell",))
    source = CVATExport(export=("mia.xml", "li.xml"), files="photos")
    assert labels(source.read(tmp_path, schema)) == {"a.png": "dog"}


def test_a_project_s_file_has_an_opinion_of_each_task(tmp_path: Path) -> None:
    photos(tmp_path, "a.png", "b.png")
    pictures = [
        Picture(name="a.png", size=(8, 6), part="7", person="mia"),
        Picture(name="a.png", size=(8, 6), part="8", person="li"),
        Picture(name="b.png", size=(8, 6), part="7", person="mia"),
        Picture(name="b.png", size=(6, 8), part="8", person="li"),
    ]
    tags = [{"frame": at, "label_id": 1} for at in range(4)]
    document = Document(
        labels=[{"id": 1, "name": "cat"}], pictures=pictures, annotations={"tags": tags}
    )
    (tmp_path / "project.xml").write_text(write_xml(document))
    found = CVATExport(export="project.xml", files="photos", at_least=2).read(tmp_path, SCHEMA)
    assert labels(found) == {"a.png": "cat"}
    assert reasons(found) == {"b.png": "two pictures of different sizes have its name"}


def test_the_export_of_a_real_server_is_read_also_as_its_archive(tmp_path: Path) -> None:
    photos(tmp_path, "img_0.png", "img_1.png", "img_2.png")
    with zipfile.ZipFile(tmp_path / "task.zip", "w") as archive:
        archive.write(GOLDEN, "annotations.xml")
    for export in (str(GOLDEN), "task.zip"):
        found = CVATExport(export=export, files="photos").read(tmp_path, SCHEMA)
        assert labels(found) == {"img_2.png": "cat"}
        assert reasons(found) == dict.fromkeys(("img_0.png", "img_1.png"), "it has no label")


def test_pictures_are_read_below_the_folder_and_nowhere_else(tmp_path: Path) -> None:
    photos(tmp_path, "cats/a b.png", "../outside.png")
    (tmp_path / "photos" / "broken.png").write_bytes(b"no picture")
    names = ["cats/a b.png", "../outside.png", str(tmp_path / "outside.png"), "broken.png", "x\\y"]
    write_cvat_xml(tmp_path / "project.xml", {name: ["cat"] for name in names})
    source = CVATExport(export="project.xml", files="photos", group_by="folder")
    found = source.read(tmp_path, SCHEMA)
    assert (labels(found), list(found.groups)) == ({"cats/a b.png": "cat"}, ["cats"])
    assert len(found.quarantined) == 4


def test_it_labels_the_pictures_of_a_pool_and_has_their_features(tmp_path: Path) -> None:
    photos(tmp_path, "a.png", "b.png", "c.png")
    pool = Images(path="photos")
    ingest(pool, tmp_path, tmp_path / "pool", number=1, schema=SCHEMA)
    write_cvat_xml(tmp_path / "project.xml", {"a.png": ["cat"], "b.png": ["dog"], "c.png": []})
    done = ingest_labeled(EXPORT, tmp_path, tmp_path / "pool", number=2, schema=SCHEMA)
    assert (sorted(done.known_labels.values()), done.size) == (["cat", "dog"], 0)
    one, other = (np.concatenate(list(s.read(tmp_path).features.chunks())) for s in (pool, EXPORT))
    assert np.array_equal(one, other)


def test_what_is_no_export_is_said_without_quoting_it(tmp_path: Path) -> None:
    path = tmp_path / "project.xml"
    track = "<annotations><track label='secret'/></annotations>"
    for content in ("<secret/>", "secret", "<a>&secret;</a>", track, "<!DOCTYPE secret><a/>"):
        path.write_text(content)
        with pytest.raises(DataError, match="expected pictures in an XML file") as told:
            EXPORT.read(tmp_path)
        assert "secret" not in str(told.value)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("secret.json", "{}")
    with pytest.raises(DataError, match="expected pictures in an XML file"):
        EXPORT.read(tmp_path)
    write_cvat_xml(path, {})
    with pytest.raises(DataError, match="expected at least one row"):
        EXPORT.read(tmp_path)


JUNK = st.text(alphabet="acdgot<>&\"'/= \n0123-.", max_size=60)


@settings(max_examples=200, deadline=None)
@given(JUNK, st.sampled_from(["tag", "box", "image", "points"]), JUNK)
def test_whatever_a_file_holds_it_is_read_or_refused(within: str, kind: str, name: str) -> None:
    escaped = name.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    text = f"""<annotations><image name="a.png" width="8" height="6"><tag label="cat"/></image>
      <image name="{escaped}" width="8" height="6">
      <{kind} label="{escaped}">{within}</{kind}></image></annotations>"""
    with TemporaryDirectory() as folder:
        photos(Path(folder), "a.png")
        (Path(folder) / "project.xml").write_text(text)
        try:
            found = EXPORT.read(Path(folder), SCHEMA)
        except DataError:
            pass
        else:
            assert labels(found) == {"a.png": "cat"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"export": ""},
        {"export": []},
        {"files": ""},
        {"at_least": 0},
        {"size": 0},
        {"colors": "cmyk"},
        {"group_by": "label"},
    ],
)
def test_impossible_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        CVATExport(**{"export": "project.xml", "files": "photos", **wrong})


def test_what_a_campaign_uploaded_is_known_by_its_content(tmp_path: Path) -> None:
    photos(tmp_path, "a.png", "deep/b.png")
    first, second = (sha256_of(tmp_path / "photos" / one)[:16] for one in ("a.png", "deep/b.png"))
    mia = {f"0000-{first}.png": ["cat"], f"0001-{second}.png": ["dog"], f"0002-{'f' * 16}.png": []}
    write_cvat_xml(tmp_path / "project.xml", mia, person="mia", part="task 1")
    write_cvat_xml(tmp_path / "more.xml", {f"0007-{first}.png": ["cat"]}, person="li")
    source = CVATExport(export=("project.xml", "more.xml"), files="photos")
    assert labels(source.read(tmp_path, SCHEMA)) == {"a.png": "cat", "deep/b.png": "dog"}
    strict = CVATExport(export=source.export, files="photos", at_least=2)
    assert labels(strict.read(tmp_path, SCHEMA)) == {"a.png": "cat"}

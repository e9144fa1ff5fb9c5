"""The pictures in exports of CVAT, with the classes that most people gave each as tags."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from auto_labeling.errors import DataError
from auto_labeling.formats.cvat import Document, Picture, labeled_tasks, read_xml
from auto_labeling.formats.cvat.names import content_in
from auto_labeling.formats.cvat.shapes import Size
from auto_labeling.formats.opinions import LabeledTask
from auto_labeling.formats.value import write_label
from auto_labeling.records import LabelSchema, Value

_LARGEST = 2**30
"""Bytes of XML in an archive: more is no export of labels, but one made to fill a memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaggedPicture:
    """One picture, however many tasks show it."""

    name: str
    label: str | None
    """As a table holds it; None where people chose nothing, or do not agree."""
    refused: str | None
    """Why it has no label, although people have answered."""


def read_exports(
    paths: Sequence[Path], schema: LabelSchema | None, at_least: int
) -> list[TaggedPicture]:
    """Return the pictures of exports `CVAT for images 1.1`, each once, in the order of their names.

    Each task, or job, in which a picture stands is an opinion: that of its assignee, of whose
    several the last counts. Shapes are passed over. Of a schema, tags of other names are passed
    over where one of its classes is given, and its abstentions are no opinion. A picture without a
    tag has none either, because a file does not say what is finished.
    """
    document = _together([_document(path) for path in paths])
    classes = [str(row["name"]) for row in document.labels]
    asked = LabelSchema(task="multi", classes=tuple(classes))
    sizes: dict[str, set[Size]] = {}
    for picture in document.pictures:
        sizes.setdefault(picture.name, set()).add(picture.size)
    several = {name for name, found in sizes.items() if len(found) > 1}
    return [
        _tagged(task, schema, at_least, twice=task.task_id in several)
        for task in sorted(labeled_tasks(document, asked), key=lambda one: one.task_id)
    ]


def _tagged(
    task: LabeledTask, schema: LabelSchema | None, at_least: int, *, twice: bool
) -> TaggedPicture:
    if twice:
        why: str | None = "two pictures of different sizes have its name"
        return TaggedPicture(name=task.task_id, label=None, refused=why)
    label, why = _label(task, schema, at_least)
    return TaggedPicture(name=task.task_id, label=label, refused=why)


def _label(
    task: LabeledTask, schema: LabelSchema | None, at_least: int
) -> tuple[str | None, str | None]:
    """Return the label of a picture, or why it has none although people have answered."""
    votes = [ours for value in task.votes().values() if (ours := _ours(value, schema))]
    if not votes:
        return None, None
    if len(votes) < at_least:
        return None, f"{len(votes)} of {at_least} people have answered it"
    (names, most), *others = Counter(votes).most_common(2)
    if others and others[0][1] == most:
        return None, "people do not agree, and there is no majority"
    if len(names) == 1:
        return names[0], None
    if schema is not None and schema.task == "single":
        return None, "most people chose several classes"
    return write_label(names), None


def _ours(value: Value, schema: LabelSchema | None) -> tuple[str, ...]:
    """Return the classes that count, in one order; strange ones where there are no others."""
    given = sorted({str(name) for name in value})
    if schema is None:
        return tuple(given)
    classes = tuple(name for name in given if name in schema.classes)
    return classes or tuple(name for name in given if name not in schema.abstain)


def _together(documents: Sequence[Document]) -> Document:
    """Return several files as one, with their tags; what has the same name, or content, is one."""
    numbers: dict[str, int] = {}
    called: dict[str, str] = {}
    pictures: list[Picture] = []
    tags: list[dict[str, int]] = []
    for at, document in enumerate(documents, start=1):
        names = {int(row["id"]): str(row["name"]) for row in document.labels}
        for row in document.annotations.get("tags", ()):
            number = numbers.setdefault(names[row["label_id"]], len(numbers) + 1)
            frame = row["frame"] + len(pictures)
            tags.append({"label_id": number, "frame": frame})
        for one in document.pictures:
            name = called.setdefault(content_in(one.name) or one.name, one.name)
            part, person = one.part or f"file {at}", one.person or document.assignee or ""
            pictures.append(replace(one, name=name, part=part, person=person))
    labels = [{"id": number, "name": name} for name, number in numbers.items()]
    return Document(labels=labels, pictures=pictures, annotations={"tags": tags})


def _document(path: Path) -> Document:
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; mend the path, or put the file there")
    try:
        content = _xml_of(path) if zipfile.is_zipfile(path) else path.read_bytes()
        return read_xml(content.decode("utf-8-sig"))
    except PermissionError:
        raise DataError(f"{path}: this user may not read it; grant read access") from None
    except (DataError, OSError, ValueError, zipfile.BadZipFile, RecursionError):
        # Without the message, which may quote the file, and that may be sealed.
        raise DataError(
            f"{path}: expected pictures in an XML file or in an archive with one, as CVAT's export "
            "`CVAT for images 1.1` and `auto-label audit --tool cvat --save` write it"
        ) from None


def _xml_of(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        named = [one for one in archive.infolist() if Path(one.filename).name == "annotations.xml"]
        if len(named) != 1 or named[0].file_size > _LARGEST:
            raise DataError("expected one annotations.xml in the archive")
        return archive.read(named[0])

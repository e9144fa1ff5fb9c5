"""The pool kind `label_studio`: the tasks of a project, as its JSON export holds them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats.labeled import local_path
from auto_labeling.pool.exported_tasks import Export, ExportedTask, read_export, task_name
from auto_labeling.pool.picture_files import expect_picture, see_pictures
from auto_labeling.pool.pixels import MODES, Colors
from auto_labeling.pool.rows import ArrayRows
from auto_labeling.pool.screen import Candidates, screen, why_empty
from auto_labeling.pool.source import Payload, SourceRows
from auto_labeling.pool.texts import HashedTexts, text_hash
from auto_labeling.pool.twins import folded_hash
from auto_labeling.records import LabelSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelStudioExport:
    """Tasks of a Label Studio project, ours or not, with the labels that most people gave.

    The features of texts are those of a `table`, and of pictures those of `images`.
    """

    export: str
    """The file that Label Studio's export `JSON` or `auto-label audit --save` wrote."""
    field: str | None = None
    """The field of a task that people saw; omitted: the only one there is."""
    control: str | None = None
    """The name of the tag whose choices are the labels; omitted: the only one there is."""
    id: str | None = None
    """A field of the tasks; omitted: our own, where we made the tasks, else from the content."""
    group: str | None = None
    at_least: int = 1
    """How many people must have answered a task for its label to count."""
    shows: Literal["text", "image"] | None = None
    """Omitted: images, where every content is the address of one."""
    files: str | None = None
    """The folder that the server serves local files from: pictures elsewhere are left out."""
    hash_width: int = 1024
    size: int = 16
    colors: Colors = "gray"
    heldout: str | None = None
    """Another export, whose labels judge."""

    def __post_init__(self) -> None:
        if not self.export:
            raise ConfigurationError("pool.export: expected a JSON export, got nothing")
        for key, least in (("at_least", 1), ("hash_width", 2), ("size", 1)):
            if getattr(self, key) < least:
                raise ConfigurationError(
                    f"pool.{key}: expected {least} or more, got {getattr(self, key)}"
                )
        if self.colors not in MODES or self.shows not in (None, "text", "image"):
            raise ConfigurationError(
                f"pool: expected colors out of {list(MODES)} and shows text or image, got "
                f"{self.colors!r} and {self.shows!r}"
            )

    @property
    def location(self) -> str:
        """Return the path of the file."""
        return self.export

    @property
    def origin(self) -> str | None:
        """Return the file: its tasks are told apart by their content."""
        return self.export

    def read(self, base: Path, schema: LabelSchema | None = None) -> SourceRows:
        """Return the usable tasks; with a schema, those with a label that people agree on."""
        found = read_export(base / self.export, self.field, self.control, self.at_least)
        if not found.tasks:
            raise DataError(why_empty(self.export, found.quarantined))
        source = replace(
            self,
            field=found.field,
            control=found.control,
            id=self.id or found.id_field(),
            shows=self.shows or ("image" if found.shows_pictures else "text"),
        )
        return source._screened(found, base, schema)

    def read_heldout(self, base: Path, schema: LabelSchema) -> SourceRows | None:
        """Return the tasks of the other export."""
        if self.heldout is None:
            return None
        return replace(self, export=self.heldout, heldout=None).read(base, schema)

    def where(self, reference: str) -> str:
        """Return the file and the number of the task."""
        return task_name(self.export, reference)

    def payloads(self, base: Path, references: Sequence[str]) -> Iterator[Payload | None]:
        """Read the tasks again; the uri of a picture is the absolute path of its file."""
        found = read_export(base / self.export, self.field, self.control, self.at_least)
        standing = {task.number: task for task in found.tasks}
        for reference in references:
            task = standing.get(reference)
            yield None if task is None else self._payload(task, base)

    def paths(self, base: Path, references: Sequence[str]) -> Iterator[Path | None]:
        """Read the tasks again; a text is no picture."""
        found = read_export(base / self.export, self.field, self.control, self.at_least)
        standing = {task.number: task for task in found.tasks}
        for reference in references:
            task = standing.get(reference) if self.shows == "image" else None
            yield None if task is None else self._path(task.content, base)

    def _screened(self, found: Export, base: Path, schema: LabelSchema | None) -> SourceRows:
        tasks = found.tasks
        bad: dict[int, str] = {}
        if schema is not None:  # without, a task is something to be labeled
            unlabeled = [(at, task.refused) for at, task in enumerate(tasks) if task.label is None]
            bad = {at: refused or "it has no label" for at, refused in unlabeled}
        features: ArrayRows | HashedTexts
        twins: list[str] | None = None
        if self.shows == "text":
            texts = [task.content for task in tasks]
            hashes = [text_hash(text) for text in texts]
            twins = [folded_hash(text) for text in texts]
            features = HashedTexts(texts=texts, width=self.hash_width)
        else:

            def content(at: int) -> bytes:
                return expect_picture(self._content(tasks[at], base))

            seen = see_pictures(len(tasks), content, self.size, self.colors)
            hashes, features = seen.content_hashes, seen.features
            bad |= seen.bad
        candidates = Candidates(
            source=self,
            references=[task.number for task in tasks],
            content_hashes=hashes,
            features=features,
            ids=None if self.id is None else [task.named(self.id) for task in tasks],
            groups=None if self.group is None else [task.named(self.group) for task in tasks],
            labels=[task.label for task in tasks],
            twins=twins,
            bad=bad,
            quarantined=found.quarantined,
        )
        return screen(candidates, schema)

    def _payload(self, task: ExportedTask, base: Path) -> Payload | None:
        if self.shows == "text":
            return Payload(content_hash=text_hash(task.content), text=task.content)
        content, path = self._content(task, base), self._path(task.content, base)
        if content is None or path is None:
            return None
        return Payload(content_hash=hashlib.sha256(content).hexdigest(), uri=str(path.absolute()))

    def _content(self, task: ExportedTask, base: Path) -> bytes | None:
        path = self._path(task.content, base)
        try:
            return None if path is None else path.read_bytes()
        except OSError:
            return None

    def _path(self, address: str, base: Path) -> Path | None:
        """Return where a picture lies below `files`; None where it does not."""
        if self.files is None:
            return None
        inside = local_path(address)
        if inside.startswith("/") and "/data/local-files" not in address:
            return None
        folder = (base / self.files).resolve()
        path = (folder / inside).resolve()
        return path if path.is_relative_to(folder) else None

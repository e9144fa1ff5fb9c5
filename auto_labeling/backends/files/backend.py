"""Files behind AnnotationBackend: for tools out of reach, and for people with a script."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from auto_labeling import formats
from auto_labeling.backends.files.answers import AnswerFolder
from auto_labeling.backends.files.tasks import TaskFolder
from auto_labeling.errors import ConfigurationError, RejectedError
from auto_labeling.files import disk_errors, write_atomically
from auto_labeling.formats.codec import TaskFormat
from auto_labeling.formats.schema import decode_schema, encode_schema
from auto_labeling.ports import Place, Traits
from auto_labeling.records import (
    CampaignId,
    CancelResult,
    Cursor,
    Event,
    LabelSchema,
    RemoteProject,
    RemoteRef,
    Upload,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Tasks are written into `folder/tasks`, and answers are read from `folder/answers`.

    >>> Files(folder="handover", format="prodigy").folder
    'handover'
    """

    folder: str
    format: Literal["label_studio", "prodigy"] = "label_studio"

    def __post_init__(self) -> None:
        if self.format not in formats.TABLE:
            raise ConfigurationError(
                f"format: expected one of {sorted(formats.TABLE)}, got {self.format!r}"
            )

    def open(self, place: Place) -> FilesBackend:
        """Return the tool; its folder is made by `prepare`."""
        return FilesBackend(folder=place.base / self.folder, codec=formats.TABLE[self.format]())


class FilesBackend:
    """A folder in which people find tasks and leave answers."""

    def __init__(self, *, folder: Path, codec: TaskFormat) -> None:
        self._folder = folder
        self._tasks = TaskFolder(folder=folder, codec=codec)
        self._answers = AnswerFolder(folder=folder, codec=codec)
        self._has_time_spent = codec.has_time_spent

    @property
    def traits(self) -> Traits:
        """One task an item; how many people answer it is said on the task and fixed there."""
        return Traits(shapes=frozenset({"single", "multi"}), has_time_spent=self._has_time_spent)

    def prepare(self, campaign: CampaignId, schema: LabelSchema) -> RemoteProject:
        """Make the folders, and keep campaign and schema; one folder serves one campaign."""
        if schema.task not in self.traits.shapes:
            raise RejectedError(
                f"files hold answers to {sorted(self.traits.shapes)}, not to {schema.task!r}"
            )
        with disk_errors(self._folder):
            for name in ("tasks", "answers", "withdrawn"):
                (self._folder / name).mkdir(parents=True, exist_ok=True)
        self._keep_once("schema.json", encode_schema(schema))
        self._keep_once("campaign.txt", campaign)
        return RemoteProject(project_id=campaign, url=self._folder.resolve().as_uri())

    def find(self, keys: Collection[str]) -> Mapping[str, tuple[RemoteRef, ...]]:
        """Look at the marks on the tasks that are to be answered."""
        wanted = set(keys)
        found: dict[str, dict[str, RemoteRef]] = {}
        for marks in self._tasks.live():
            if marks.key in wanted:
                ref = RemoteRef(key=marks.key, remote_id=marks.unit)
                found.setdefault(marks.key, {})[marks.unit] = ref
        return {key: tuple(copies.values()) for key, copies in found.items()}

    def create(self, uploads: Sequence[Upload]) -> Mapping[str, RemoteRef]:
        """Write one file of tasks, all or none."""
        for upload in uploads:
            if len(upload.items) != 1:
                raise RejectedError(
                    f"upload {upload.key}: expected one item, got {len(upload.items)}"
                )
        return self._tasks.add(uploads, self._schema())

    def changes(self, cursor: Cursor | None) -> tuple[Sequence[Event], Cursor]:
        """Read new and changed answer files; a cursor is how far each file was read.

        An edit may come without the answer before it, where both were made between two polls. What
        cannot be read stands in `rejected.jsonl` with its reason, and stops nothing.
        """
        return self._answers.changes(cursor, self._schema(), self._tasks.known())

    def cancel(self, refs: Collection[RemoteRef]) -> Mapping[RemoteRef, CancelResult]:
        """Move tasks without an answer to `withdrawn/`."""
        if not refs:
            return {}
        units, keys = self._answers.answered(self._schema())
        kept = {ref for ref in refs if ref.remote_id in units or ref.key in keys}
        self._tasks.withdraw({ref.remote_id for ref in refs if ref not in kept})
        return {
            ref: CancelResult.ANSWERED if ref in kept else CancelResult.CANCELLED for ref in refs
        }

    def _schema(self) -> LabelSchema:
        try:
            return decode_schema((self._folder / "schema.json").read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise RejectedError(f"{self._folder} holds no campaign; call prepare first") from error

    def _keep_once(self, name: str, content: str) -> None:
        path = self._folder / name
        if not path.exists():
            write_atomically(path, content)
        elif (there := path.read_text(encoding="utf-8")) != content:
            raise RejectedError(
                f"{path}: this folder is of another campaign: expected {content}, got {there}; "
                "use another folder"
            )

"""A project that was read for an audit, whatever tool it is in."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auto_labeling.errors import ConfigurationError

if TYPE_CHECKING:
    from auto_labeling.auditing.contents import Fetch
    from auto_labeling.backends.cvat.existing import ReadProject as CVATProject
    from auto_labeling.backends.label_studio.reading import ReadProject as LabelStudioProject
    from auto_labeling.formats.cvat.quality import Quality
    from auto_labeling.formats.opinions import LabeledTask
    from auto_labeling.records import LabelSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """How a person says who they are, and where the secret lies."""

    user: str | None = None
    organization: str | None = None
    env: str | None = None
    file: Path | None = None

    def resolve(self, variable: str) -> str:
        """Return the secret, by default of this variable. Raises `BlockedError`."""
        from auto_labeling.secrets import LocalSecrets

        if self.env is not None and self.file is not None:
            raise ConfigurationError("expected --token-env or --token-file, got both")
        told = {"env": self.env or variable} if self.file is None else {"file": str(self.file)}
        return LocalSecrets().resolve(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Auditable:
    """What an audit judges, and what it shows beside its figures."""

    tool: str
    noun: str
    """What one of `tasks` is called."""
    number: int
    title: str
    schema: LabelSchema
    tasks: Sequence[LabeledTask]
    picture: Fetch
    lead: str
    """How a person gets from a task in the lists to where it is seen."""
    kept: Callable[[], str]
    """What was read, as a file."""
    teaches: Callable[[Path], str]
    """The lines by which a campaign learns from that file; empty where none can."""
    left_out: int = 0
    """How many pictures are not in that file: no file of pictures holds a track."""
    logins: Mapping[str, str] | None = None
    """By the number of a person; None where people are called by their login."""
    overwrites_are_told: bool = True
    jobs: tuple[int, int] | None = None
    """How many there are, and how many are finished, where only those are read."""
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Where a task of ours is a picture: in which task there it is seen, and on which frame."""
    quality: Sequence[Quality] = ()
    """What the tool measured itself."""
    unmeasured: Mapping[int, str] = field(default_factory=dict)
    """Tasks with ground truth, and why nothing was measured there."""

    def login(self, person: str) -> str:
        """Return what a person is called."""
        return person if self.logins is None else self.logins.get(person, f"user {person}")

    def where(self, task_id: str) -> str:
        """Return what a task is called in lists."""
        place = self.places.get(task_id)
        return task_id if place is None else f"{task_id} [{place[0]}/{place[1]}]"


def read_label_studio(
    url: str, project: int, secrets: Secrets, control: str | None = None
) -> Auditable:
    """Read a project of a Label Studio."""
    from auto_labeling.backends.label_studio.client import Client
    from auto_labeling.backends.label_studio.reading import picture, read_project

    token = secrets.resolve(LABEL_STUDIO_TOKEN)
    client = Client(url, lambda: token)
    read = read_project(client, project, control)
    return Auditable(
        tool="label_studio",
        noun="task",
        number=read.number,
        title=read.title,
        schema=read.schema,
        tasks=read.tasks,
        picture=lambda uri: picture(client, project, uri),
        lead=f"A task: {url.rstrip('/')}/projects/{read.number}/data?task=NUMBER",
        kept=lambda: json.dumps(list(read.rows), ensure_ascii=False, indent=1),
        teaches=lambda path: _label_studio_line(read, path),
        logins=read.logins,
    )


def read_cvat(url: str, project: int, secrets: Secrets, kind: str | None = None) -> Auditable:
    """Read a project of a CVAT."""
    from auto_labeling.backends.cvat.existing import picture, read_project
    from auto_labeling.backends.cvat.existing_calls import ExistingClient
    from auto_labeling.formats.cvat import write_xml

    secret = secrets.resolve(CVAT_TOKEN if secrets.user is None else CVAT_PASSWORD)
    client = ExistingClient(
        url, lambda: secret, user=secrets.user, organization=secrets.organization
    )
    read = read_project(client, project, kind)
    return Auditable(
        tool="cvat",
        noun="picture",
        number=read.number,
        title=read.title,
        schema=read.schema,
        tasks=read.tasks,
        picture=lambda name: picture(client, read, name),
        lead=f"A picture [TASK/FRAME]: {url.rstrip('/')}/tasks/TASK",
        kept=lambda: write_xml(read.document),
        teaches=lambda path: _cvat_line(read, path),
        left_out=read.tracked,
        overwrites_are_told=False,
        jobs=(read.jobs, read.finished),
        places=read.places,
        quality=read.quality,
        unmeasured=read.unmeasured,
    )


LABEL_STUDIO_TOKEN = "LABEL_STUDIO_API_KEY"  # noqa: S105 - the name of a variable
CVAT_TOKEN = "CVAT_ACCESS_TOKEN"  # noqa: S105 - the name of a variable
CVAT_PASSWORD = "CVAT_PASSWORD"  # noqa: S105 - the name of a variable


def _label_studio_line(read: LabelStudioProject, path: Path) -> str:
    if read.schema.task != "single" or read.layout.way not in ("text", "html", "image"):
        return ""
    told = {"export": path, "field": read.layout.field, "control": read.layout.control}
    return _line("label_studio", told | _folder(read.layout.way == "image"))


def _cvat_line(read: CVATProject, path: Path) -> str:
    if read.schema.is_drawn:
        return ""
    return _line("cvat_export", {"export": path} | _folder(True))


def _folder(pictures: bool) -> dict[str, Any]:
    return {"files": "FOLDER"} if pictures else {}


def _line(kind: str, told: Mapping[str, Any]) -> str:
    named = ", ".join(f"{key}: {value}" for key, value in told.items())
    return f"labeled: [{{kind: {kind}, {named}}}]"

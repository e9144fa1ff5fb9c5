"""A project as it stands, ours or not: everything that was answered in it; nothing is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auto_labeling.backends.label_studio.client import Client, Row, where
from auto_labeling.backends.label_studio.polling import FIELDS, Seen
from auto_labeling.errors import BlockedError, DataError, RejectedError, TransientError
from auto_labeling.formats.label_studio import Layout
from auto_labeling.formats.label_studio.asked import asked_by
from auto_labeling.formats.label_studio.opinions import labeled_task
from auto_labeling.formats.opinions import LabeledTask
from auto_labeling.records import LabelSchema, Micros, PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadProject:
    """What a project asks for, and what people said."""

    number: int
    title: str
    schema: LabelSchema
    layout: Layout
    tasks: Sequence[LabeledTask]
    logins: Mapping[PersonId, str]
    """Of those whom the server still knows."""
    rows: Sequence[Row]
    """The tasks as the server gave them: what its JSON export holds."""
    seen: Seen
    """Where to look on from."""


def read_project(client: Client, number: int, control: str | None = None) -> ReadProject:
    """Read a project and all of its tasks.

    `control` names the tag whose classes are meant, where the project has several. Raises
    `DataError` where it asks for no classes, `BlockedError` where it cannot be had.
    """
    project = client.project(number)
    try:
        asked = asked_by(str(project["label_config"]), control)
    except DataError as error:
        raise DataError(f"project {number}: {error}") from error
    latest = client.newest_change(number)  # before they are read, so that nothing is passed over
    rows = list(client.tasks(number, fields=FIELDS))
    return ReadProject(
        number=number,
        title=str(project["title"]),
        schema=asked.schema,
        layout=asked.layout,
        tasks=[labeled_task(row, asked.schema, asked.layout) for row in rows],
        logins={str(person): login for person, login in client.people().items()},
        rows=rows,
        seen=Seen() if latest is None else Seen(latest=latest),
    )


def touched(
    client: Client, read: ReadProject, seen: Seen, now: Micros
) -> tuple[list[LabeledTask], Seen]:
    """Return the tasks that anybody has touched since, as they stand now; nothing new is cheap.

    `now` is the time by a clock that goes on between looks.
    """
    latest = client.newest_change(read.number) or seen.latest
    if latest == seen.latest and seen.settled:
        return [], seen
    after = where("updated_at", "greater", seen.since, "Datetime")
    rows = client.tasks(read.number, after, fields=FIELDS)
    found = [labeled_task(row, read.schema, read.layout) for row in rows]
    return found, seen.then(latest, now)


def picture(client: Client, project: int, uri: str) -> bytes | None:
    """Return the bytes of a picture that the server itself keeps; None where it has none there.

    Nobody else is asked: an address elsewhere would learn who looks, and our token.
    """
    if not uri.startswith("/data/"):
        return None
    try:
        return client.download(uri)
    except (BlockedError, RejectedError):
        return None
    except TransientError:  # which a file that is gone may be as well
        client.project(project)
        return None

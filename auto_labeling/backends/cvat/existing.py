"""A project as it stands, ours or not: what its finished jobs hold; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from auto_labeling.backends.cvat.existing_calls import ExistingClient
from auto_labeling.backends.cvat.gallery import Gallery, Place, gallery_of
from auto_labeling.backends.cvat.jobs import finished, is_answer
from auto_labeling.backends.cvat.measuring import newest_quality
from auto_labeling.backends.cvat.people import assignee, nobody
from auto_labeling.backends.cvat.refusals import Gone
from auto_labeling.backends.cvat.session import Row
from auto_labeling.backends.cvat.stamps import micros_of
from auto_labeling.errors import BlockedError, DataError, RejectedError, TransientError
from auto_labeling.formats.cvat import Document, Picture, asked_by, labeled_tasks, shown_on
from auto_labeling.formats.cvat.quality import Quality
from auto_labeling.formats.opinions import LabeledTask
from auto_labeling.records import Item, LabelSchema, PersonId

_AT_ONCE = 50
"""Jobs that are read before it is asked whether they still stand as they did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadProject:
    """What a project asks for, what people said, and what CVAT measured."""

    number: int
    title: str
    schema: LabelSchema
    tasks: Sequence[LabeledTask]
    """One for each picture, however many tasks and jobs show it."""
    places: Mapping[str, Place]
    """Where a picture, by its name here, is seen."""
    document: Document
    """What stands in finished jobs: each of their pictures, once a job, less those with tracks."""
    tracked: int
    """How many pictures are missing there: no file of pictures holds a track."""
    jobs: int
    """Those that people answer."""
    finished: int
    quality: tuple[Quality, ...]
    """The newest report about each task that has one."""
    unmeasured: Mapping[int, str]
    """Tasks with ground truth, and why they have no figures."""


def read_project(client: ExistingClient, number: int, kind: str | None = None) -> ReadProject:
    """Read a project: all of its pictures, and the answers in those of its jobs that are finished.

    `kind` says what was asked (single, multi, boxes, polygons or masks), where several kinds of
    answers were given. Raises `DataError` where that has to be said, `BlockedError` where the
    project cannot be had.
    """
    project = client.project(number)
    tasks = [row for row in client.tasks_in(number) if row.get("size")]
    jobs = [job for job in client.jobs(number) if is_answer(job)]
    gallery = gallery_of(client, tasks)
    labels = [row for row in client.labels(number) if not row.get("has_parent")]
    read = list(_standing(client, [job for job in jobs if finished(job, review=False)]))
    document = _document(str(project["name"]), labels, read, gallery, _people(jobs))
    try:
        schema = asked_by(document, kind)
    except DataError as error:
        why = str(error).partition(": ")[2]
        raise DataError(f"project {number}: {why}; say which by its kind (--kind)") from error
    answered = {one.task_id: one for one in labeled_tasks(document, schema)}
    places = gallery.places
    tracked = {row["frame"] for row in document.annotations["shapes"] if row["type"] == "track"}
    quality, unmeasured = _quality(client, tasks)
    return ReadProject(
        number=number,
        title=document.name,
        schema=schema,
        tasks=[*(answered.get(name) or _unanswered(name) for name in places), *_films(gallery)],
        places=places,
        document=document.without(tracked),
        tracked=len(tracked),
        jobs=len(jobs),
        finished=len(read),
        quality=quality,
        unmeasured=unmeasured,
    )


def picture(client: ExistingClient, read: ReadProject, name: str) -> bytes | None:
    """Return the bytes of a picture of a project; None where the server has none."""
    try:
        return client.picture(*read.places[name])
    except (BlockedError, RejectedError):
        return None
    except TransientError:  # which a picture that is gone may be as well
        client.project(read.number)
        return None


def _standing(client: ExistingClient, jobs: Sequence[Row]) -> Iterator[tuple[Row, Row]]:
    """Yield jobs with what stands in them, unless somebody opened or changed them meanwhile."""
    for start in range(0, len(jobs), _AT_ONCE):
        some = jobs[start : start + _AT_ONCE]
        found: list[tuple[Row, Row]] = []
        for job in some:
            try:
                found.append((job, client.annotations(int(job["id"]))))
            except Gone:
                continue
        after = {int(job["id"]): job for job in client.jobs_with([int(job["id"]) for job in some])}
        for job, there in found:
            then = after.get(int(job["id"]), {})
            if then.get("updated_date") == job["updated_date"] and finished(then, review=False):
                yield job, there


def _people(jobs: Sequence[Row]) -> dict[int, PersonId]:
    """Return who answers each job; those that are nobody's are told apart where they are copies."""
    copies: dict[tuple[int, int], list[Row]] = {}
    for job in sorted(jobs, key=lambda job: int(job["id"])):
        copies.setdefault((int(job["task_id"]), int(job["start_frame"])), []).append(job)
    return {
        int(job["id"]): assignee(job) or nobody(place)
        for same in copies.values()
        for place, job in enumerate(same)
    }


def _document(
    title: str,
    labels: Sequence[Row],
    read: Sequence[tuple[Row, Row]],
    gallery: Gallery,
    people: Mapping[int, PersonId],
) -> Document:
    """Return jobs behind each other, the last touched last, as one file."""
    pictures: list[Picture] = []
    rows: dict[str, list[Row]] = {"tags": [], "shapes": []}
    for job, there in sorted(read, key=lambda one: str(one[0]["updated_date"])):
        number, task = int(job["id"]), int(job["task_id"])
        moved: dict[int, int] = {}
        for frame in range(int(job["start_frame"]), int(job["stop_frame"]) + 1):
            if (task, frame) in gallery.names:
                moved[frame] = len(pictures)
                picture = Picture(
                    name=gallery.names[task, frame],
                    size=gallery.sizes[task, frame],
                    part=f"job {number}",
                    person=people[number],
                    at=micros_of(job["updated_date"]),
                )
                pictures.append(picture)
        for kind, found in rows.items():
            found += [
                {**row, "frame": moved[row["frame"]]}
                for row in there[kind]
                if row["frame"] in moved
            ]
        rows["shapes"] += [
            {**row, "frame": moved[frame], "type": "track"}
            for row in there["tracks"]
            for frame in shown_on(row, int(job["stop_frame"]) + 1)
            if frame in moved
        ]
    return Document(name=title, labels=labels, pictures=pictures, annotations=rows)


def _unanswered(name: str) -> LabeledTask:
    return LabeledTask(task_id=name, item=Item(item_id=name, uri=name), opinions=())


def _films(gallery: Gallery) -> Iterator[LabeledTask]:
    for task in gallery.films:
        problem = f"task {task}: expected pictures, got a film"
        yield LabeledTask(task_id=f"task {task}", item=None, opinions=(), problems=(problem,))


def _quality(
    client: ExistingClient, tasks: Sequence[Row]
) -> tuple[tuple[Quality, ...], dict[int, str]]:
    """Return what was measured, and why of some tasks nothing is known."""
    found: list[Quality] = []
    unmeasured: dict[int, str] = {}
    for task in (int(row["id"]) for row in tasks if row.get("validation_mode")):
        try:
            quality = newest_quality(client, task)
        except (BlockedError, RejectedError) as error:  # the account may not see it
            unmeasured[task] = str(error)
            continue
        if quality is None:
            unmeasured[task] = "nobody has asked CVAT for a report"
        else:
            found.append(quality)
    return tuple(found), unmeasured

"""`CVATClient`: tasks, pictures, suggestions and labels of a CVAT, for scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from auto_labeling.backends.address import check_address
from auto_labeling.backends.cvat.quality_calls import QualityClient
from auto_labeling.backends.cvat.refusals import CredentialsRefused, Forbidden, Gone, NoServer
from auto_labeling.building import refuse_below
from auto_labeling.by_hand.cvat_consolidating import answered, consolidated
from auto_labeling.by_hand.cvat_quality import add_ground_truth, quality
from auto_labeling.by_hand.cvat_tasks import labels_wanted, name_for, task_for
from auto_labeling.by_hand.cvat_uploading import (
    PictureFile,
    all_said,
    bring_pictures,
    drawings_of,
    only_boxes,
    picture_files,
    suggest,
)
from auto_labeling.by_hand.exported import Export
from auto_labeling.by_hand.plain_shapes import Said
from auto_labeling.errors import BlockedError, ConfigurationError
from auto_labeling.formats import ENCODERS
from auto_labeling.formats.cvat.quality import Quality

_FORMATS = ("coco", "csv", "cvat", "voc", "yolo")


class CVATClient:
    """A CVAT server, spoken to by a script.

    Every call may be made again, also after one that failed or was killed half-way: what is there
    is found, not made once more. Two scripts at once are not kept apart.

    Args:
        host: where the server is, such as http://localhost:8080.
        credentials: (name, password) of an account, or an access token.
        organization: the short name of the organization that the tasks belong to.
        timeout_s: how long an answer may take.

    Raises `TransientError` where another try may help, `BlockedError` where a person has to mend
    something, `RejectedError` where the server refuses, and `DataError` for what was given.
    """

    def __init__(
        self,
        host: str,
        credentials: Sequence[str],
        *,
        organization: str | None = None,
        timeout_s: float = 60.0,
    ) -> None:
        check_address(host, "host")
        user, secret = _account(credentials)
        self._client = QualityClient(
            host, lambda: secret, user=user, organization=organization, timeout_s=timeout_s
        )

    def create_task(
        self,
        name: str,
        labels: Sequence[Any],
        subset: str | None = None,
        *,
        overlap: int = 1,
        items_per_job: int | None = None,
    ) -> int:
        """Return the number of our task of this name and subset; it is made where there is none.

        Args:
            name: its name.
            labels: names of classes, which take tags, boxes, outlines and masks alike, or labels as
                CVAT has them: `{"name": ..., "type": ..., "attributes": [...]}`.
            subset: such as Train.
            overlap: how many people label a picture, each in a replica of a job.
            items_per_job: how many pictures a job has; all by default.

        A task of the same name that somebody else made, or that is in a project, is left alone.
        Raises `ConfigurationError` where ours was made with other labels or replicas.
        """
        refuse_below(1, overlap, "overlap")
        refuse_below(1, 1 if items_per_job is None else items_per_job, "items_per_job")
        wanted = labels_wanted(labels)
        with _for_scripts():
            return task_for(self._client, name, wanted, subset or "", overlap, items_per_job or 0)

    def create_segmentation_task(
        self,
        images: Any,
        labels: Sequence[str],
        *,
        name: str | None = None,
        subset: str | None = None,
        kind: Literal["mask", "polygon"] = "mask",
        overlap: int = 1,
    ) -> int:
        """Return the number of a task that shows these pictures, and whose labels take masks.

        Args:
            images: paths of pictures.
            labels: names of classes.
            name: its name; by default one of the pictures' contents, so that the same pictures make
                the same task.
            subset: such as Train.
            kind: mask, or polygon for outlines.
            overlap: how many people label a picture.
        """
        if kind not in ("mask", "polygon"):
            raise ConfigurationError(f"kind: expected mask or polygon, got {kind!r}")
        refuse_below(1, overlap, "overlap")
        wanted = labels_wanted(labels, kind)
        pictures = picture_files(images)
        title = name_for([one.path for one in pictures], wanted) if name is None else name
        with _for_scripts():
            task = task_for(self._client, title, wanted, subset or "", overlap, 0)
            bring_pictures(self._client, self._client.task(task), pictures)
        return task

    def upload_images(
        self, task_id: int, images: Any, annotations: Sequence[Any] | None = None
    ) -> list[str]:
        """Put pictures into a task, with what is said of them as a start; return their names there.

        Args:
            task_id: a task without pictures, or with these.
            images: paths of pictures. CVAT knows them by their file names, and where two have the
                same by their folders as well.
            annotations: for each image a class, a list of classes or of shapes, a pair of one of
                these and a score in [0, 1], or None. A shape is a `Box`, `Polygon` or `Mask` in
                fractions of the image, or in its pixels a tuple `(label, left, top, right, bottom)`
                with or without a score behind it, or a mapping, as COCO has it,
                `{"label": ..., "bbox": [left, top, width, height]}` or, as CVAT has it,
                `{"label": ..., "type": "rectangle", "points": [...]}` (also polygon and mask), with
                or without `score` and `attributes`.

        Pixels and fractions are those of the image as people see it, turned as EXIF says. Nothing
        is sent before all of it could be read. What is said replaces what an earlier call said; a
        job in which somebody has begun is left as it is, and all are where `annotations` is None.
        """
        pictures = picture_files(images)
        said = None if annotations is None else all_said(annotations, pictures)
        return self._upload(task_id, pictures, said)

    def upload_with_annotations(self, task_id: int, images: Any, boxes: Sequence[Any]) -> list[str]:
        """Put pictures into a task with the boxes that a model has found; return their names there.

        `boxes` are one list for each image, of boxes in any form that `upload_images` takes.
        """
        pictures = picture_files(images)
        said = all_said(boxes, pictures)
        only_boxes(said, pictures)
        return self._upload(task_id, pictures, said)

    def export_annotations(
        self,
        task_id: int,
        format: str = "YOLO",
        *,
        kind: str | None = None,
        unfinished: bool = False,
    ) -> Export:
        """Return the labels of a task, one a picture, however many people answered.

        Args:
            task_id: the task.
            format: YOLO, COCO, VOC, CVAT or CSV.
            kind: boxes, polygons, masks, single or multi, where several of them were drawn, or
                none; single and multi are tags.
            unfinished: whether what stands in jobs that nobody has finished counts as well.

        See `consolidated` for how several answers become one label. Pictures that nobody has
        answered, and those that people do not agree on, are left out.
        """
        chosen = str(format).lower()
        if chosen not in _FORMATS:
            raise ConfigurationError(
                f"format: expected one of {', '.join(_FORMATS).upper()}, got {format!r}"
            )
        with _for_scripts():
            found = answered(self._client, self._client.task(task_id), unfinished=unfinished)
        schema = found.asked(kind)
        return Export(ENCODERS[chosen](consolidated(found, schema), schema))

    def add_ground_truth(self, task_id: int, answers: Mapping[Any, Any]) -> int:
        """Give a task its ground truth, and return the number of the job that holds it, accepted.

        Args:
            task_id: a task with pictures.
            answers: by picture, its name or its frame, in any form that `upload_images` takes; an
                empty list says that nothing is there.

        A task has one such job, made for certain frames once: a later call gives other answers to
        the same pictures. Raises `ConfigurationError` for other pictures.
        """
        with _for_scripts():
            return add_ground_truth(self._client, task_id, answers)

    def quality(self, task_id: int) -> Quality:
        """Have CVAT hold the jobs of a task against its ground truth, and return what it found.

        The figures are CVAT's own: accuracy, precision and recall of annotations, for the task, by
        job and by person, and where they differ. Raises `RejectedError` where the task has no
        ground truth that is accepted.
        """
        with _for_scripts():
            return quality(self._client, task_id)

    def _upload(
        self, task_id: int, pictures: Sequence[PictureFile], said: Sequence[Said] | None
    ) -> list[str]:
        with _for_scripts():
            task = self._client.task(task_id)
            if said is None:
                bring_pictures(self._client, task, pictures)
            else:
                drawings = drawings_of(said, pictures, self._client.task_labels(task_id))
                bring_pictures(self._client, task, pictures)
                suggest(self._client, task_id, drawings)
        return [one.name for one in pictures]


def _account(credentials: Any) -> tuple[str | None, str]:
    """Return user and password, or no user and a token."""
    if isinstance(credentials, str) and (token := credentials.strip()):
        return None, token
    if isinstance(credentials, list | tuple) and [type(one) for one in credentials] == [str, str]:
        user, password = credentials
        return user, password
    raise ConfigurationError("credentials: expected (name, password), or a token as text")


_REMEDIES: Mapping[type[BlockedError], str] = {
    CredentialsRefused: "Give credentials that are valid: (name, password), or a token.",
    Forbidden: "Have it given the right to, or give the credentials of another.",
    Gone: "Name one that is there.",
    NoServer: "Mend `host`, or start the server there.",
}
"""What a script can do about an error; a campaign is told of its file."""


@contextmanager
def _for_scripts() -> Iterator[None]:
    try:
        yield
    except tuple(_REMEDIES) as error:
        raise BlockedError(error.reason, remedy=_REMEDIES[type(error)]) from error

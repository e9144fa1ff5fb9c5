"""Pictures of a script in a task of CVAT, and what is said of them in its jobs; each once."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from auto_labeling.backends.cvat.by_hand_calls import HandClient
from auto_labeling.backends.cvat.jobs import begun, opinions
from auto_labeling.backends.cvat.session import Row
from auto_labeling.backends.cvat.waiting import reason_of_failure
from auto_labeling.by_hand.cvat_drawing import drawn, label_of
from auto_labeling.by_hand.picture_files import names_of, paths_of, size_of
from auto_labeling.by_hand.plain_shapes import Said, said_of
from auto_labeling.by_hand.progress import progress
from auto_labeling.errors import DataError, RejectedError
from auto_labeling.formats.cvat import Labels
from auto_labeling.formats.cvat.labels import ANY, TYPES
from auto_labeling.formats.cvat.shapes import Size
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Box, Mask, Polygon, Shape

_UNFIT = re.compile(r'["\\/\x00-\x1f\x7f]')
"""What a file name may not hold on its way to CVAT: folders are cut off there."""
Drawing: TypeAlias = Sequence[tuple[str, Row]]
"""What stands on one frame: each with where it belongs, `tags` or `shapes`."""
_QUALITY = 95
"""Of what people see, in percent: CVAT compresses pictures for them."""
_KINDS: Mapping[type, str] = {
    str: TYPES["single"],
    Box: TYPES["boxes"],
    Polygon: TYPES["polygons"],
    Mask: TYPES["masks"],
}
"""What a script gives -> the type of label that takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFile:
    """A picture that can be shown, here and there."""

    name: str
    """What it is called there."""
    path: Path
    size: Size


def picture_files(images: Any) -> list[PictureFile]:
    """Return pictures in order; each is read to its end, one after another. Raises `DataError`."""
    paths = paths_of(images)
    found: list[PictureFile] = []
    with progress("Reading pictures", len(paths)) as done:
        for name, path in zip(names_of(paths), paths, strict=True):
            found.append(PictureFile(name=_name(name, path), path=path, size=size_of(path)))
            done(1)
    names: dict[str, Path] = {}
    for one in found:
        if one.name in names:
            raise DataError(
                f"images: {names[one.name]} and {one.path} would both be called {one.name!r} in "
                "CVAT; rename one"
            )
        names[one.name] = one.path
    return found


def all_said(said: Sequence[Any], pictures: Sequence[PictureFile]) -> list[Said]:
    """Return what is said of every picture. Raises `DataError`."""
    said = [said] if isinstance(said, str | Mapping) else list(said)
    if len(said) != len(pictures):
        raise DataError(
            f"annotations: expected one for each of {len(pictures)} images, got {len(said)}"
        )
    found: list[Said] = []
    for one, picture in zip(said, pictures, strict=True):
        try:
            found.append(said_of(one, picture.size))
        except DataError as error:
            raise DataError(f"annotations of {picture.path}: {error}") from error
    return found


def drawings_of(
    said: Sequence[Said], pictures: Sequence[PictureFile], rows: Sequence[Row]
) -> list[Drawing]:
    """Return what is drawn on every frame of a task with these labels.

    Raises `DataError` where they do not take all that is said.
    """
    labels = Labels.of(rows, LabelSchema(task="multi", classes=()))
    types = {str(row["name"]): str(row.get("type") or ANY) for row in rows}
    found: list[Drawing] = []
    for frame, ((parts, score), picture) in enumerate(zip(said, pictures, strict=True)):
        try:
            for part in parts:
                kind, given = types.get(label_of(part), ANY), _KINDS[type(part)]
                if kind not in (given, ANY):
                    raise DataError(f"label {label_of(part)!r} takes a {kind}, got a {given}")
            found.append(tuple(drawn(frame, picture.size, parts, score, labels)))
        except DataError as error:
            raise DataError(f"annotations of {picture.path}: {error}") from error
    return found


def bring_pictures(client: HandClient, task: Row, pictures: Sequence[PictureFile]) -> None:
    """Put pictures into a task, unless they are there; what was cut off is completed.

    Raises `DataError` where other pictures are there.
    """
    number = int(task["id"])
    if not task.get("size"):
        request = client.creation(number)
        known = client.request(request)
        if known is None or known["status"] == "failed":
            files = [(one.name, one.path) for one in pictures]
            with progress("Uploading pictures", len(files)) as done:
                request = client.send_pictures(number, files, {"image_quality": _QUALITY}, done)
        if why := reason_of_failure(client, request, f"what was sent to task {number}"):
            raise RejectedError(f"{client.url}: task {number} did not get its pictures: {why}")
    frames = client.task_pictures(number)["frames"]
    names = [str(frame["name"]) for frame in frames]
    wanted = [one.name for one in pictures]
    if names != wanted:
        pair = next((two for two in zip(wanted, names, strict=False) if two[0] != two[1]), None)
        beside = f", {pair[1]!r} where {pair[0]!r} was due" if pair else ""
        raise DataError(
            f"images: task {number} has {len(names)} pictures, and not these {len(wanted)}{beside}"
            "; CVAT takes pictures into a task once, so create another task for others"
        )
    for frame, one in zip(frames, pictures, strict=True):
        width, height = int(frame["width"]), int(frame["height"])
        if (width, height) != one.size:
            raise DataError(
                f"images: task {number} shows {one.name!r} with {width} x {height} pixels, and "
                f"{one.path} has {one.size[0]} x {one.size[1]}"
            )


def suggest(client: HandClient, task: int, drawings: Sequence[Drawing]) -> None:
    """Put what is drawn into every job, also each replica, in which nobody has begun.

    Where nothing is drawn, what was put there before is taken out.
    """
    for job in opinions(client.jobs_of([task])):
        frames = range(int(job["start_frame"]), int(job["stop_frame"]) + 1)
        rows: dict[str, list[Row]] = {"tags": [], "shapes": []}
        for kind, row in (one for frame in frames for one in drawings[frame]):
            rows[kind].append(row)
        if begun(client, job):
            continue
        kept = client.annotate(int(job["id"]), rows)
        for kind, sent in rows.items():
            if len(kept[kind]) != len(sent):
                raise RejectedError(
                    f"{client.url}: job {job['id']}: it kept {len(kept[kind])} of {len(sent)} "
                    f"{kind}"
                )


def only_boxes(said: Sequence[Said], pictures: Sequence[PictureFile]) -> None:
    """Raise `DataError` where anything but a box is said."""
    for (parts, _), picture in zip(said, pictures, strict=True):
        other: str | Shape | None = next((one for one in parts if not isinstance(one, Box)), None)
        if other is not None:
            raise DataError(f"boxes of {picture.path}: expected boxes, got {other!r:.60}")


def _name(name: str, path: Path) -> str:
    """Return what a picture is called there: CVAT goes by the ending of a name."""
    fit = _UNFIT.sub("_", name)
    if (mimetypes.guess_type(f"_{Path(fit).suffix.lower()}")[0] or "").startswith("image/"):
        return fit
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            ending = f".{str(picture.format).lower()}"
            return fit if fit.lower().endswith(ending) else fit + ending
    except (OSError, UnidentifiedImageError):
        return fit  # `size_of` says what is wrong with it

"""Which pictures a project of anybody's shows, and where: one may be seen at several places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from auto_labeling.backends.cvat.existing_calls import ExistingClient
from auto_labeling.backends.cvat.session import Row
from auto_labeling.formats.cvat.names import content_in
from auto_labeling.formats.cvat.shapes import Size

Place: TypeAlias = tuple[int, int]
"""A task, and a frame of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """The pictures of some tasks, less those that people took out."""

    names: Mapping[Place, str]
    """The same name where it is the same picture, and another where it is another."""
    sizes: Mapping[Place, Size]
    films: tuple[int, ...]
    """Tasks that show no pictures."""

    @property
    def places(self) -> Mapping[str, Place]:
        """Return where each picture is seen first."""
        found: dict[str, Place] = {}
        for place, name in self.names.items():
            found.setdefault(name, place)
        return found


def gallery_of(client: ExistingClient, tasks: Sequence[Row]) -> Gallery:
    """Return the pictures of tasks that have any.

    Two tasks may each show another picture under one name. They show the same one where its name
    holds its content, as our uploads' do; a honeypot is the picture that it shows again.
    """
    sizes: dict[Place, Size] = {}
    called: dict[Place, str] = {}
    same: dict[Place, str | Place] = {}
    films: list[int] = []
    for row in tasks:
        task = int(row["id"])
        there = client.task_pictures(task)
        if row["mode"] == "interpolation" or len(there["frames"]) != row["size"]:
            films.append(task)
            continue
        again = _honeypots(client, row)
        taken_out = set(there.get("deleted_frames") or ())
        for at, frame in enumerate(there["frames"]):
            if at not in taken_out:
                name = str(frame["name"])
                called[task, at] = name
                sizes[task, at] = (int(frame["width"]), int(frame["height"]))
                same[task, at] = content_in(name) or (task, again.get(at, at))
    return Gallery(names=_told_apart(called, same), sizes=sizes, films=tuple(films))


def _honeypots(client: ExistingClient, task: Row) -> Mapping[int, int]:
    """Return the frames that show another frame of the task once more, and which that is."""
    if task.get("validation_mode") != "gt_pool":
        return {}
    layout = client.validation_layout(int(task["id"]))
    return dict(zip(layout["honeypot_frames"], layout["honeypot_real_frames"], strict=True))


def _told_apart(called: Mapping[Place, str], same: Mapping[Place, str | Place]) -> dict[Place, str]:
    """Return a name for each place, with the task behind it where others have that name."""
    first: dict[str | Place, Place] = {}
    for place, picture in same.items():
        first.setdefault(picture, place)
    of_each = {picture: called[place] for picture, place in first.items()}
    for way in ("{name} (task {task})", "{name} (task {task}, frame {frame})"):
        times = Counter(of_each.values())
        for picture, name in of_each.items():
            if times[name] > 1:
                task, frame = first[picture]
                of_each[picture] = way.format(name=called[task, frame], task=task, frame=frame)
    return {place: of_each[picture] for place, picture in same.items()}

"""What a file of CVAT's holds, in the terms of its server, so that both are read alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from auto_labeling.formats.cvat.shapes import Size
from auto_labeling.records import Micros, PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture of a file."""

    name: str
    size: Size
    """Width and height in pixels, as people see it."""
    part: str = ""
    """The task or the job that shows it, such as "task 7", where several may show the same."""
    person: PersonId = ""
    """Who answers in it, where that is known."""
    at: Micros = 0
    """When they were done with it, where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A task or a project of pictures: `Labels.of` and `read_frames` take its parts.

    >>> Document(pictures=[Picture(name="a.png", size=(320, 240))]).sizes
    [(320, 240)]
    """

    name: str = ""
    """Of the task or the project."""
    labels: Sequence[Mapping[str, Any]] = ()
    """Rows as the server lists them; their numbers mean nothing elsewhere."""
    pictures: Sequence[Picture] = ()
    annotations: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    """Tags and shapes; a frame is a position in `pictures`."""
    assignee: str | None = None
    """Whose task it is, where the file says."""

    @property
    def sizes(self) -> list[Size]:
        """Return (width, height) of every frame."""
        return [picture.size for picture in self.pictures]

    def without(self, frames: Collection[int]) -> Document:
        """Return it less some pictures and all that stands on them."""
        kept = [at for at in range(len(self.pictures)) if at not in frames]
        moved = {frame: at for at, frame in enumerate(kept)}
        return replace(
            self,
            pictures=[self.pictures[frame] for frame in kept],
            annotations={
                kind: [
                    {**row, "frame": moved[row["frame"]]} for row in rows if row["frame"] in moved
                ]
                for kind, rows in self.annotations.items()
            },
        )

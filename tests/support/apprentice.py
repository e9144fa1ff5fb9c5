"""A detector that needs no torch: it sees spots, the better the more pictures it has learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from zlib import crc32

import numpy as np

from auto_labeling import assemble
from auto_labeling.detections import Detections
from auto_labeling.pictures import Pictures
from auto_labeling.records import CampaignId, LabelSchema
from auto_labeling.shapes import Shape
from auto_labeling.workspace import Workspace
from tests.serving.spots import SPOTS, Spot, Spotter, campaign_about
from tests.support.campaigns import data_of, merged, template


@dataclass(frozen=True, slots=True, kw_only=True)
class Apprenticeship:
    """The detector's settings; a row of `models.TABLE` while a test runs."""

    draws: bool = False
    clumsy: float = 0.5
    """How far off it is before it has learned anything, as a share of a spot's side."""
    reads: ClassVar[str] = "pictures"
    tasks: ClassVar[tuple[str, ...]] = ("boxes", "polygons", "masks")

    def build(self, seed: int, base: Path = Path()) -> Apprentice:
        return Apprentice(draws=self.draws, clumsy=self.clumsy)


@dataclass(eq=False)
class Apprentice(Spotter):
    """Is off by less the more objects it was shown, and always by as much on the same picture."""

    clumsy: float = 0.5
    learned: int = 0
    seen_of: dict[str, int] = field(default_factory=dict)
    """How many objects of each class it was shown."""
    asked: ClassVar[list[tuple[int, Path]]] = []
    """After how much learning it looked at which picture."""

    def learn(
        self, pictures: Pictures, drawn: Sequence[tuple[Shape, ...]], schema: LabelSchema
    ) -> None:
        if len(pictures) != len(drawn):
            raise ValueError(f"{len(pictures)} pictures and {len(drawn)} answers")
        for path in pictures:
            path.read_bytes()
        self.names = schema.classes
        labels = [shape.label for shapes in drawn for shape in shapes]
        self.seen_of = {name: labels.count(name) for name in schema.classes}
        self.learned = len(labels)

    def _one(self, path: Path, mirrored: bool) -> Detections:
        self.asked.append((self.learned, path))
        seen = super()._one(path, mirrored)
        known = np.array([self.seen_of[self.names[at]] > 0 for at in seen.labels], dtype=bool)
        seen = seen.where(known)
        off = self.clumsy / (1 + self.learned) ** 0.5
        rng = np.random.default_rng(crc32(path.name.encode()))
        shaken = rng.normal(0, 1, seen.boxes.shape) * off * np.tile(seen.boxes[:, 2:], 2)
        edges = np.clip(seen.boxes + shaken, 0, 0.95).astype(np.float32)
        edges[:, 2:] = np.clip(edges[:, 2:], 0.01, 1 - edges[:, :2])
        return Detections(
            offsets=seen.offsets,
            boxes=edges,
            scores=(seen.scores * (1 - off / 2)).astype(np.float32),
            labels=seen.labels,
            masks=seen.masks,
        )


def coco_of(spots: Mapping[Path, Sequence[Spot]]) -> dict[str, Any]:
    """Return what a COCO file says of such pictures; none of them lies on its side."""
    pictures, objects = [], []
    for number, (path, there) in enumerate(sorted(spots.items()), start=1):
        pictures.append({"id": number, "file_name": path.name, "width": 160, "height": 120})
        for spot in there:
            left, top, right, bottom = spot.edges
            edges = [left, top, right - left, bottom - top]
            kind = 1 + SPOTS.index(spot.label)
            own = {"id": len(objects) + 1, "image_id": number, "category_id": kind}
            objects.append({**own, "bbox": edges, "area": edges[2] * edges[3], "iscrowd": 0})
    classes = [{"id": at, "name": name} for at, name in enumerate(SPOTS, start=1)]
    return {"images": pictures, "annotations": objects, "categories": classes}


def begun(
    path: Path, spots: Mapping[Path, Sequence[Spot]], task: str = "boxes", **keys: Any
) -> CampaignId:
    """Begin a campaign about spots in the workspace `path`, with an apprentice to learn from it.

    `keys` are merged into its campaign file, as `tests.support.campaigns.tiny` does.
    """
    return begin(path, raw_about(path, spots, task, **keys))


def raw_about(
    path: Path, spots: Mapping[Path, Sequence[Spot]], task: str = "boxes", **keys: Any
) -> dict[str, Any]:
    """Return what its campaign file says."""
    folder = data_of(path)
    folder.mkdir(parents=True, exist_ok=True)
    raw = merged(template(), campaign_about(spots, folder / "spots.csv", task))
    raw["model"] = {"kind": "apprentice", "draws": task != "boxes"}
    return merged(raw, keys)


def begin(path: Path, raw: Mapping[str, Any]) -> CampaignId:
    """Begin the campaign of a file."""
    return assemble.create(Workspace.of(path), raw, config_path=None, base=data_of(path))

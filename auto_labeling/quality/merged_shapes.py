"""Of several drawings of a picture, what is probably there, each object drawn once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.ports import Verdict, Vote
from auto_labeling.quality.drawn_objects import Candidates, by_picture, candidates
from auto_labeling.quality.existence import DifficultyModel, least_probability
from auto_labeling.quality.fused_boxes import PreciseEdges
from auto_labeling.quality.fused_pixels import fused_pixels
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Box, Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class MergedShapes:
    """What several people drew of one object becomes one shape, kept where it probably exists.

    How probable that is, who drew it and who did not decide; somebody who drew nothing counts, and
    how much each overlooks, adds and is off is learned from all pictures together. Boxes become one
    box, outlines and masks one by STAPLE, and the class is what most say, by their reliability. The
    probability of an object is its `score`. The least probability that is kept makes the expected
    F1 greatest; it is never above 0.5.

    The confidence is the share of the objects that somebody drew of which this is probably right:
    kept ones by their probability, others by its complement; 1 where nobody drew any. A single
    drawing stands as it is. Abstentions do not count, and alone they leave the picture without a
    value. The dissent is one shape of each object that is not kept, and what people drew of another
    class than the one an object got.
    """

    existence: DifficultyModel = field(default_factory=DifficultyModel)
    edges: PreciseEdges = field(default_factory=PreciseEdges)

    def resolve(self, votes: Sequence[Vote], schema: LabelSchema) -> Sequence[Verdict]:
        if not schema.is_drawn:
            raise ConfigurationError(
                f"merged_shapes: expected the task boxes, polygons or masks, got {schema.task!r}"
            )
        counting = by_picture([vote for vote in votes if _draws(vote, schema)])
        found = candidates(list(counting.values()))
        believed = self.existence.existence(found)
        odds = np.log(believed.sensitivity / believed.false_rate).clip(0.1)
        labels, outvoted = _labels(found, odds[found.drawers], schema)
        shapes = self._fused(found, labels, believed.probability)
        probability = believed.probability
        kept = probability >= least_probability(probability)
        kept |= np.array([len(said) == 1 for said in counting.values()], bool)[found.pictures]
        right = np.where(kept, probability, 1 - probability)
        starts = np.searchsorted(found.pictures, np.arange(len(counting) + 1))
        verdicts = {}
        for at, (item, said) in enumerate(counting.items()):
            here = range(starts[at], starts[at + 1])
            alone = len(said) == 1
            verdicts[item] = Verdict(
                item_id=item,
                value=tuple(
                    shapes[k] if alone else _scored(shapes[k], float(probability[k]))
                    for k in here
                    if kept[k]
                ),
                confidence=float(right[here].mean()) if here else 1.0,
                votes=len(said),
                dissent=tuple(shapes[k] for k in here if not kept[k])
                + tuple(one for k in here if kept[k] for one in outvoted.get(k, ())),
            )
        return [
            verdicts.get(item) or Verdict(item_id=item, value=None, confidence=0.0, votes=0)
            for item in dict.fromkeys(vote.item_id for vote in votes)
        ]

    def _fused(
        self, found: Candidates, labels: Sequence[str], believed: NDArray[np.float64]
    ) -> list[Shape]:
        """Return one shape of each candidate; what one person alone drew stays as it is."""
        members: list[list[Shape]] = [[] for _ in labels]
        for k, shape in zip(found.objects.tolist(), found.shapes, strict=True):
            members[k].append(shape)
        boxes = {k for k, of in enumerate(members) if all(isinstance(one, Box) for one in of)}
        edges = self._edges(found, boxes, believed)
        fused: list[Shape] = []
        for k, (label, of) in enumerate(zip(labels, members, strict=True)):
            if len(of) == 1:
                fused.append(of[0])
            elif k in boxes:
                fused.append(_box(label, edges[k], of))
            else:
                fused.append(fused_pixels(label, of))
        return fused

    def _edges(
        self, found: Candidates, boxes: set[int], believed: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return (k, 4) edges; those of candidates that are no boxes are nan."""
        edges = np.full((found.n, 4), np.nan)
        taken = np.flatnonzero([int(k) in boxes for k in found.objects.tolist()])
        if not len(taken):
            return edges
        drawn = np.array(
            [
                (one.x, one.y, one.x + one.width, one.y + one.height)
                for one in (found.shapes[at] for at in taken.tolist())
                if isinstance(one, Box)
            ]
        )
        which, objects = np.unique(found.objects[taken], return_inverse=True)
        edges[which] = self.edges.fused(
            drawn, objects, found.drawers[taken], believed[which], found.n_people
        )
        return edges


def _draws(vote: Vote, schema: LabelSchema) -> bool:
    """Return whether a vote draws, or says that there is nothing to draw; else it abstains."""
    for one in vote.value:
        if isinstance(one, str):
            return False
        if one.label not in schema.classes:
            raise DataError(
                f"item {vote.item_id!r}: expected shapes of the classes {list(schema.classes)}, "
                f"got {one.label!r}"
            )
    return True


def _labels(
    found: Candidates, weights: NDArray[np.float64], schema: LabelSchema
) -> tuple[list[str], dict[int, list[Shape]]]:
    """Return the class of each candidate, and for candidates of several what the others drew."""
    places = {name: at for at, name in enumerate(schema.classes)}
    said = np.array([places[shape.label] for shape in found.shapes], dtype=np.intp)
    tally = np.zeros((found.n, len(schema.classes)))
    np.add.at(tally, (found.objects, said), weights)
    best = tally.argmax(axis=1)
    outvoted: dict[int, list[Shape]] = {}
    for at in np.flatnonzero(said != best[found.objects]).tolist():
        outvoted.setdefault(int(found.objects[at]), []).append(found.shapes[at])
    return [schema.classes[at] for at in best.tolist()], outvoted


def _box(label: str, edges: NDArray[np.float64], drawn: Sequence[Shape]) -> Shape:
    left, top, right, bottom = (float(edge) for edge in edges.clip(0, 1))
    if not (left < right and top < bottom):  # slivers, of which more than their size is habit
        return drawn[0]
    return Box(label=label, x=left, y=top, width=right - left, height=bottom - top)


def _scored(shape: Shape, probability: float) -> Shape:
    return replace(shape, score=probability)

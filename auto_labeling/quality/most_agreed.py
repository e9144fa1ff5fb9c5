"""Of several drawings of one picture, the one that the others agree with most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Verdict, Vote
from auto_labeling.quality.overlaps import agreement
from auto_labeling.records import LabelSchema, shapes_of
from auto_labeling.shapes import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class MostAgreed:
    """One person's whole drawing; which, the mean agreement with the others decides.

    That is the confidence; a single drawing stands as it is, with 1. Abstentions do not count, and
    alone they leave the picture without a value. Equally good drawings: the first person by name.

    Shapes are not merged: one that everybody but this person saw is not in the label.
    """

    def resolve(self, votes: Sequence[Vote], schema: LabelSchema) -> Sequence[Verdict]:
        if not schema.is_drawn:
            raise ConfigurationError(
                f"most_agreed: expected the task boxes, polygons or masks, got {schema.task!r}"
            )
        drawn: dict[str, list[tuple[Shape, ...]]] = {vote.item_id: [] for vote in votes}
        for vote in sorted(votes, key=lambda vote: vote.person):
            shapes = shapes_of(vote.value)
            if len(shapes) == len(vote.value):
                drawn[vote.item_id].append(shapes)
        return [_verdict(item, drawings) for item, drawings in drawn.items()]


def _verdict(item: str, drawings: Sequence[tuple[Shape, ...]]) -> Verdict:
    if not drawings:
        return Verdict(item_id=item, value=None, confidence=0.0, votes=0)
    support = [
        sum(agreement(one, other) for at, other in enumerate(drawings) if at != mine)
        / max(len(drawings) - 1, 1)
        for mine, one in enumerate(drawings)
    ]
    best = max(range(len(drawings)), key=support.__getitem__)
    sure = support[best] if len(drawings) > 1 else 1.0
    return Verdict(item_id=item, value=drawings[best], confidence=sure, votes=len(drawings))

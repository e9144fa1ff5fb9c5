"""Pseudo-labels that were learned, and what people say later of the same crops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from auto_labeling.semi_supervised.guard import Audited, Judgement, judge
from auto_labeling.semi_supervised.pseudo_labels import PseudoLabels

Claim: TypeAlias = tuple[int, float]
"""A class, and the claimed chance that it is right."""


@dataclass(slots=True, kw_only=True)
class Audit:
    """What was claimed of which crop, and where people were asked without a bias."""

    carried: dict[int, Claim] = field(default_factory=dict)
    """Position -> the pseudo-label that was learned last."""
    heard: dict[int, Claim] = field(default_factory=dict)
    """Position -> the pseudo-label that it carried when a person labeled it."""
    owed: float = 0.0
    """Audits that are due: a share of every crop handed out, added up."""

    def carry(self, taken: PseudoLabels) -> None:
        """Remember pseudo-labels that are about to be learned."""
        claims = zip(taken.targets.tolist(), taken.confidence.tolist(), strict=True)
        self.carried |= dict(zip(taken.positions.tolist(), claims, strict=True))

    def draw(
        self, among: NDArray[np.intp], size: int, share: float, rng: np.random.Generator
    ) -> NDArray[np.intp]:
        """Return positions drawn by lot of those that carry a pseudo-label, for a batch."""
        carrying: NDArray[np.intp] = among[np.isin(among, list(self.carried))]
        if not len(carrying):
            return carrying
        self.owed += share * size
        due = min(int(self.owed), size, len(carrying))
        self.owed -= due
        return rng.choice(carrying, due, replace=False)

    def hear(self, new: Mapping[int, int], chosen: Mapping[int, bool]) -> bool:
        """Return whether new labels tell something of pseudo-labels.

        Only what was drawn by lot does. A strategy asks about what the model doubts, where
        pseudo-labels are wrong more often than where they were learned; and by what a person picks
        who was not asked, nobody knows.
        """
        claims = {at: self.carried.pop(at) for at in new if at in self.carried}
        fair = {at: claim for at, claim in claims.items() if not chosen.get(at, True)}
        self.heard |= fair
        return bool(fair)

    def judgement(self, labels: Mapping[int, int], asked: float, n_classes: int) -> Judgement:
        """Return whether pseudo-labels go on, by people's labels."""
        claims = list(self.heard.values())
        audited = Audited(
            claimed=np.array([claimed for claimed, _ in claims], dtype=np.intp),
            confidence=np.array([sure for _, sure in claims], dtype=np.float64),
            answered=np.array([labels[at] for at in self.heard], dtype=np.intp),
        )
        return judge(audited, asked=asked, n_classes=n_classes)

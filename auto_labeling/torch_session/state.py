"""All that a torch session remembers, but for weights and crops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import numpy as np

from auto_labeling.arrays import rng_for
from auto_labeling.semi_supervised.guard import Judgement
from auto_labeling.torch_session.audit import Audit
from auto_labeling.torch_session.given import Given


@dataclass(slots=True, kw_only=True)
class State:
    """People's labels, what is audited, and how far the session has come."""

    given: Given
    audit: Audit = field(default_factory=Audit)
    seed: int
    rounds: int = 0
    """How many trainings there were."""
    steps: int = 0
    """How many the pseudo-labeler has made."""
    off: str | None = None
    """Why pseudo-labels are off for good."""

    @classmethod
    def read(cls, saved: Mapping[str, Any]) -> Self:
        """Return what `plain` said."""
        parts = {"given": Given(**saved["given"]), "audit": Audit(**saved["audit"])}
        return cls(**{**saved, **parts})

    def plain(self) -> dict[str, Any]:
        """Return what can be saved."""
        return asdict(self)

    def judgement(self, precision: float) -> Judgement:
        """Return what people's answers to audits come to."""
        return self.audit.judgement(self.given.labels, precision, self.given.n_classes)

    def one_class(self) -> str | None:
        """Return why there is nothing to learn yet; None where there is."""
        classes = len(set(self.given.labels.values()))
        if classes > 1:
            return None
        return f"people's labels show {classes} of {self.given.n_classes} classes"

    def asking(self) -> np.random.Generator:
        """Return what draws the next batch: another one after every label and every batch."""
        known = len(self.given.labels) + len(self.given.held)
        return rng_for(self.seed, known, "select")

    def training(self) -> int:
        """Return the seed of the next training."""
        return int(rng_for(self.seed, self.rounds, "train").integers(2**31))

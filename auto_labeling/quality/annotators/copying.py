"""Who accepts suggestions because they are there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auto_labeling.quality.annotators.shares import Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Following:
    """How often w people answer what a model suggests, beside people who are shown nothing."""

    agreed: Floats
    """(w,) answers that are what the person was shown."""
    shown: Floats
    """(w,) answers that began with a suggestion."""
    blind_agreed: float
    """Answers that are what was suggested, of people who did not see it."""
    blind: float
    """Answers of people who did not see the suggestion."""

    def p(self, margin: float) -> Floats:
        """Return (w,) how likely so much more agreement is, if seeing brings `margin` at most.

        nan for who was shown nothing, and where nobody answered without. One is added to the hits
        and misses of both shares, for the test to hold with few [1]_.

        References:
            [1] Agresti, A. and Caffo, B. (2000). Simple and effective confidence intervals for
            proportions and differences of proportions. The American Statistician 54.
        """
        from scipy.special import ndtr

        seen = (self.agreed + 1) / (self.shown + 2)
        unseen = (self.blind_agreed + 1) / (self.blind + 2)
        variance = seen * (1 - seen) / (self.shown + 2) + unseen * (1 - unseen) / (self.blind + 2)
        p = ndtr(-(seen - unseen - margin) / np.sqrt(variance))
        return np.where((self.shown > 0) & (self.blind > 0), p, np.nan)

"""What people's answers are worth: the share that is right, and how far it is beyond chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import ratio
from auto_labeling.quality.annotators.comparing import Compared
from auto_labeling.quality.annotators.shares import Floats, at_most, exact_limits
from auto_labeling.records import Interval


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Merit:
    """The w people of a campaign against one reference: what is known, or what the others say."""

    n: Floats
    """(w,) how many answers there are to compare."""
    hits: Floats
    """(w,) the sum of their scores."""
    chance: Floats
    """(w,) the mean score that chance gives each; nan without answers."""

    @property
    def beyond_chance(self) -> Floats:
        """(w,) the share right as Cohen's kappa counts it: 0 is chance, 1 is all; or nan."""
        return self._kappa(self.share)

    @property
    def share(self) -> Floats:
        """(w,) the share right; nan without answers."""
        return ratio(self.hits, self.n)

    def shares(self, alpha: float = 0.05) -> list[Interval]:
        """Return the share right of each person, with exact limits."""
        return self._intervals(self.share, exact_limits(self.hits, self.n, alpha))

    def kappas(self, alpha: float = 0.05) -> list[Interval]:
        """Return the same beyond chance, at the exact limits of the share."""
        return self._intervals(self.beyond_chance, self.kappa_limits(alpha))

    def kappa_limits(self, alpha: float = 0.05) -> tuple[Floats, Floats]:
        """Return (w,) the lower and (w,) the upper limit of that; nan without answers."""
        low, high = exact_limits(self.hits, self.n, alpha)
        return self._kappa(low), self._kappa(high)

    def below(self, kappa: float) -> Floats:
        """Return (w,) how likely so few are right, or fewer, of one who is worth this kappa.

        nan without answers, and where chance alone is always right.
        """
        tail = at_most(self.hits, self.n, self.chance + kappa * (1 - self.chance))
        return np.where(self.chance < 1, tail, np.nan)

    def typical(self, least: int) -> float:
        """Return the median kappa of the people with at least so many answers; nan below two.

        Of one person nobody can say what is usual.
        """
        kappas = self.beyond_chance[self.n >= least]
        kappas = kappas[np.isfinite(kappas)]
        return float(np.median(kappas)) if len(kappas) > 1 else np.nan

    def _kappa(self, share: Floats) -> Floats:
        return ratio(share - self.chance, 1 - self.chance)

    def _intervals(self, values: Floats, limits: tuple[Floats, Floats]) -> list[Interval]:
        rows = zip(values.tolist(), *(one.tolist() for one in limits), self.n.tolist(), strict=True)
        return [Interval(value=v, low=low, high=high, n=round(n)) for v, low, high, n in rows]


def merit_of(compared: Compared, people: NDArray[np.integer[Any]], w: int) -> Merit:
    """Return what w people are worth, by v answers of whom (v,) `people` tells."""
    known = compared.known
    who = people[known]
    n = np.bincount(who, minlength=w).astype(np.float64)
    chance = np.bincount(who, compared.chance[known], minlength=w).astype(np.float64)
    return Merit(
        n=n,
        hits=np.bincount(who, compared.score[known], minlength=w).astype(np.float64),
        chance=ratio(chance, n),
    )

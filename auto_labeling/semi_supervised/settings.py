"""What the campaign file says under `semi_supervised`: what the unlabeled may teach a model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal

from auto_labeling.errors import ConfigurationError
from auto_labeling.shares import Share, share


@dataclass(frozen=True, slots=True, kw_only=True)
class SemiSupervised:
    """Pseudo-labels beside people's labels, as far as the guards let them."""

    shorthand: ClassVar[str] = "kind"
    """`semi_supervised: auto` says this."""

    kind: Literal["auto", "label_spreading", "self_training", "co_training"] = "auto"
    """Who proposes them beside the model: neighbours (`auto` and `label_spreading`), a student of
    the model, or models of several views; each is believed as far as cross-validation says."""
    views: tuple[int, ...] = ()
    """For `co_training`: how many columns each view has, side by side."""
    weight: float = 0.5
    """What each counts beside a person's label, which counts 1."""
    max_ratio: float | None = None
    """The most pseudo-labels a label of people's; None: as many as are sure enough."""
    audit: Share = "5%"
    """Share of what is asked for that is drawn by lot among them, for people to label."""
    precision: Share = "80%"
    """How much of the confidence they claim people have to bear out: else they are off for good."""

    def __post_init__(self) -> None:
        for name in ("weight", "audit", "precision"):
            if not 0 < share(name, getattr(self, name)) < 1:
                raise ConfigurationError(
                    f"{name}: expected a share in (0, 1), got {getattr(self, name)}"
                )
        if (self.kind == "co_training") != (len(self.views) >= 2):
            raise ConfigurationError(
                "views: expected how many columns each of two or more views has where kind is "
                f"co_training, and nothing elsewhere, got {list(self.views)} for {self.kind}"
            )
        if any(width < 1 for width in self.views):
            raise ConfigurationError(
                f"views: expected at least one column each, got {list(self.views)}"
            )
        if self.max_ratio is not None and not 0 < self.max_ratio < math.inf:
            raise ConfigurationError(
                f"max_ratio: expected a number above 0, or null for no cap, got {self.max_ratio}"
            )

    def expect_columns(self, columns: int) -> None:
        """Raise `ConfigurationError` where views are configured that are not these columns."""
        if self.views and sum(self.views) != columns:
            raise ConfigurationError(
                f"semi_supervised.views: expected widths that add up to the {columns} columns of "
                f"the pool, got {list(self.views)}"
            )

    @property
    def share_of_batch(self) -> Fraction:
        """How many of the items of a batch are audits."""
        return share("audit", self.audit)

    @property
    def least_precision(self) -> float:
        """The share of the claimed confidence that people have to bear out."""
        return float(share("precision", self.precision))

    @property
    def terms(self) -> tuple[object, ...]:
        """On which terms they are learned from, however these are spelled: all but the audit's."""
        return (
            "neighbours" if self.spreads else self.kind,
            self.views,
            share("weight", self.weight),
            self.max_ratio,
            self.least_precision,
        )

    @property
    def spreads(self) -> bool:
        """Whether neighbours propose."""
        return self.kind in ("auto", "label_spreading")

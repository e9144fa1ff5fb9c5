"""What the campaign file says under `quality`: opinions, gold, adjudicators, the blind slice."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar

from auto_labeling.building import refuse_below
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Consensus
from auto_labeling.quality.majority import Majority
from auto_labeling.shares import Share, share


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """How many opinions an item gets.

    >>> Overlap(default=1, adaptive_max=3).most
    3
    """

    shorthand: ClassVar[str] = "default"
    """`overlap: 3` says this."""

    default: int = 1
    """What every item gets."""
    adaptive_max: int | None = None
    """Up to how many are bought where another is worth its price; None: no more than `default`."""
    gain: float = 0.015
    """The share of right labels that buying all, on every item, may bring beyond what is bought.

    It is what all opinions that an item may still get have to bring together (`least_gain` each);
    what was lost on real people's answers is a tenth to a third of it."""
    include: str | None = None
    """A role of `people`: an opinion of one of them is among those of every item."""

    def __post_init__(self) -> None:
        refuse_below(1, self.default, "default")
        if self.adaptive_max is not None:
            refuse_below(self.default, self.adaptive_max, "adaptive_max")
        if not 0 < self.gain < 1:
            raise ConfigurationError(f"gain: expected a share in (0, 1), got {self.gain}")
        if self.include not in (None, "annotator", "senior", "adjudicator"):
            raise ConfigurationError(
                f"include: expected a role, annotator, senior or adjudicator, got {self.include!r}"
            )

    @property
    def most(self) -> int:
        """The most opinions that are bought on an item whose votes decide."""
        return self.default if self.adaptive_max is None else self.adaptive_max

    @property
    def least_gain(self) -> float:
        """The rise of the expected share of right labels that an opinion has to bring.

        >>> Overlap(default=1, adaptive_max=3, gain=0.02).least_gain
        0.01
        """
        return self.gain / max(self.most - self.default, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """Items whose answer is known, among the others: what people's accuracy is measured on.

    They are priced as any other, look like any other, and nothing is learned from them.
    """

    shorthand: ClassVar[str] = "count"
    """`gold: 60` says this."""

    count: int
    """How many there are."""
    share: Share = "5%"
    """Of the items of a batch; those that were shown least come first."""
    path: str | None = None
    """CSV with `item` and `label`. None: imported labels serve, and where these are too few, items
    drawn by lot, which the adjudicators answer first."""

    def __post_init__(self) -> None:
        refuse_below(1, self.count, "count")
        share("share", self.share)

    @property
    def share_of_batch(self) -> Fraction:
        """How many there are among the items of a batch, on average."""
        return share("share", self.share)


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldIf:
    """When nothing more is bought because people disagree: then the guide is wrong."""

    alpha_upper_below: float
    """The upper 95 % limit of Krippendorff's alpha that is too low."""
    after: int = 50
    """How many items of the slice have to be answered before that is believed."""

    def __post_init__(self) -> None:
        if not -1 < self.alpha_upper_below <= 1:
            raise ConfigurationError(
                f"alpha_upper_below: expected a figure in (-1, 1], got {self.alpha_upper_below}"
            )
        refuse_below(2, self.after, "after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Items drawn by lot that several people answer, without suggestions and unseen by each other.

    The only ones from which agreement can be said of the whole pool.
    """

    shorthand: ClassVar[str] = "slice"
    """`agreement: 300` says this."""

    slice: int
    """How many items, over the whole campaign."""
    opinions: int = 2
    """How many different people answer each."""
    share: Share = "10%"
    """Of a batch, until the slice is full."""
    raters: tuple[str, ...] = ()
    """The users of `people` who answer it; none: whoever is free."""
    hold_if: HoldIf | None = None
    """None: agreement is told, and holds nothing."""

    def __post_init__(self) -> None:
        refuse_below(1, self.slice, "slice")
        refuse_below(2, self.opinions, "opinions")
        if not share("share", self.share):
            raise ConfigurationError("share: expected more than 0%, or the slice is never filled")
        if self.raters and len(set(self.raters)) < self.opinions:
            raise ConfigurationError(
                f"raters: expected at least {self.opinions} people, for as many opinions "
                f"on an item, got {list(self.raters)}"
            )
        if self.hold_if is not None and self.hold_if.after > self.slice:
            raise ConfigurationError(
                f"hold_if.after: expected at most the {self.slice} items of the slice, "
                f"got {self.hold_if.after}"
            )

    @property
    def share_of_batch(self) -> Fraction:
        """How many of the items of a batch are of the slice, until it is full."""
        return share("share", self.share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How many opinions an item gets, how they become one label, and how people are checked."""

    overlap: Overlap = field(default_factory=Overlap)
    max_overlap: int | None = None
    """The most opinions ever asked for on one item, ties and skips included."""
    consensus: Consensus = field(default_factory=Majority)
    gold: Gold | None = None
    adjudicators: tuple[str, ...] = ()
    """The users of `people` who decide what the others' votes do not."""
    reserve: Share = "0%"
    """Share of the answers and of the money that only adjudicators' answers may use."""
    agreement: Slice | None = None

    def __post_init__(self) -> None:
        if self.max_overlap is not None:
            refuse_below(self.overlap.most, self.max_overlap, "max_overlap")
        if self.reserved_share == 1:
            raise ConfigurationError("reserve: expected less than 100%, or nobody else is asked")
        if self.reserved_share and not self.adjudicators:
            raise ConfigurationError(
                "reserve: it is kept for adjudicators, and none is named; name some, or leave it "
                "out"
            )

    @property
    def opinions(self) -> int:
        """How many opinions every item gets."""
        return self.overlap.default

    @property
    def most_opinions(self) -> int:
        """The most opinions ever asked for on one item."""
        return self.overlap.most + 2 if self.max_overlap is None else self.max_overlap

    @property
    def reserved_share(self) -> Fraction:
        """The share that is kept for adjudicators."""
        return share("reserve", self.reserve)

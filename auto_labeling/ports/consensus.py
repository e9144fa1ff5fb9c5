"""Many opinions on an item, and the one verdict they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from auto_labeling.records import ItemId, LabelSchema, Value
from auto_labeling.shapes import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One opinion that counts in a consensus."""

    item_id: ItemId
    person: str
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a consensus made of the votes on one item."""

    item_id: ItemId
    value: Value | None
    """None where the votes do not decide."""
    confidence: float
    """Share of, or posterior for, the winning value, in [0, 1]."""
    votes: int
    posterior: tuple[float, ...] | None = None
    """The probability of every class of the schema, where the rule has one; of `multi`, each by
    itself."""
    dissent: tuple[Shape, ...] = ()
    """Of drawings: what some people drew, and the value leaves out."""


class Consensus(Protocol):
    """Many opinions in, one verdict an item out."""

    def resolve(self, votes: Sequence[Vote], schema: LabelSchema) -> Sequence[Verdict]:
        """Return one verdict for every item that has a vote, in order of first appearance."""
        ...

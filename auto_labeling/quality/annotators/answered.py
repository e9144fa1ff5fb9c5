"""What people answered, as parallel arrays: all that a person is judged on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import expect_shape
from auto_labeling.quality.annotators.comparing import (
    Compared,
    drawings_with_others,
    with_others,
    with_truth,
)
from auto_labeling.quality.annotators.shares import Floats
from auto_labeling.ratings import Ratings
from auto_labeling.shapes import Shape


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answered:
    """v answers of w people to n items, in the order of time."""

    items: NDArray[np.integer[Any]]
    """(v,) the position of the item."""
    people: NDArray[np.integer[Any]]
    """(v,) the position of the person."""
    shape: tuple[int, int]
    """n and w."""
    at: Floats
    """(v,) when, in seconds since any moment."""
    seconds: Floats
    """(v,) what the answer took; nan where the tool did not measure it."""
    gold: Compared
    """With what is known of the items."""
    others: Compared
    """With what the others say."""
    ratings: Ratings | None
    """The answers as classes; None of drawings."""

    def __post_init__(self) -> None:
        v = len(self.items)
        for name in ("people", "at", "seconds"):
            expect_shape(f"answered: {name}", getattr(self, name), (v,))

    @classmethod
    def classes(
        cls, ratings: Ratings, at: Floats, seconds: Floats, truth: NDArray[np.integer[Any]]
    ) -> Answered:
        """Compare classes; `truth` is (n,) what is known of the items, -1 where nothing is.

        Of what a person said twice about one item, the last counts.
        """
        kept = _last_word(ratings.items, ratings.people, at, ratings.shape[1])
        said = Ratings(
            items=ratings.items[kept], people=ratings.people[kept], labels=ratings.labels[kept],
            shape=ratings.shape,
        )  # fmt: skip
        return cls(
            items=said.items,
            people=said.people,
            shape=ratings.shape[:2],
            at=at[kept],
            seconds=seconds[kept],
            gold=with_truth(said, truth),
            others=with_others(said),
            ratings=said,
        )

    @classmethod
    def drawings(
        cls,
        items: NDArray[np.integer[Any]],
        people: NDArray[np.integer[Any]],
        shape: tuple[int, int],
        at: Floats,
        seconds: Floats,
        drawn: Sequence[Sequence[Shape]],
        right: Floats,
    ) -> Answered:
        """Compare drawings; `right` is (v,) how far each is what is known, nan where nothing is."""
        kept = _last_word(items, people, at, shape[1])
        known = right[kept]
        return cls(
            items=items[kept],
            people=people[kept],
            shape=shape,
            at=at[kept],
            seconds=seconds[kept],
            gold=Compared(score=known, chance=np.where(np.isfinite(known), 0.0, np.nan)),
            others=drawings_with_others(items[kept], [drawn[one] for one in kept.tolist()]),
            ratings=None,
        )


def _last_word(
    items: NDArray[np.integer[Any]], people: NDArray[np.integer[Any]], at: Floats, w: int
) -> NDArray[np.intp]:
    """Return the answers in the order of time, without those that a person gave anew."""
    order = np.argsort(at, kind="stable")
    cells = (items.astype(np.int64) * w + people)[order][::-1]
    _, last = np.unique(cells, return_index=True)
    kept: NDArray[np.intp] = order[::-1][np.sort(last)[::-1]]
    return kept

"""Take the largest, again and again, of values that every pick can only make smaller.

Plain greedy works out every value after every pick. Here a value is a bound that was true once, and
so still is one: only rows with large bounds are brought up to date, and a row is picked when its
exact value is at least as large as every bound (lazy evaluation, Minoux 1978). The few rows that
can win are worked out in double precision; the bounds of all others allow for what rounding took.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from auto_labeling.arrays import Floats, spans

COLUMNS = 512
"""Picks in one product: their products with a chunk of rows stay in the cache."""
_WATCHED = 262_144  # contenders of a pool at most; their points stay where they are
_LONG = 256  # picks for which it pays to watch so many
_COPIED = 65_536  # contenders whose points are copied together
_SHARE = 16  # rows of a small level for each contender
_FEWEST = 512  # contenders that are worth a level
_AT_ONCE = 8  # contenders worked out exactly in one go, at first
_LEAST = float(np.finfo(np.float64).tiny)


class Law(Protocol):
    """How picks make values smaller."""

    count: int
    """How many picks it knows."""

    def add(self, point: Floats) -> None:
        """Take note of a pick (d,)."""
        ...

    def bounds(
        self, points: Floats, known: NDArray[np.float64], values: NDArray[np.float64], since: int
    ) -> NDArray[np.float64]:
        """Return (m,) bounds after all picks, of rows whose `values` were bounds after `since`."""
        ...

    def exact(self, points: Floats, known: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (m,) values after all picks: at most the bounds, equal for equal rows."""
        ...


@dataclass(slots=True, kw_only=True)
class Level:
    """Rows of a pool, and what each is worth at most."""

    rows: NDArray[np.intp]
    """(m,) positions in the pool."""
    points: Floats
    """(m, d), or more of which these are some."""
    known: NDArray[np.float64]
    """(m, c) what the law wants to know of a row beside its point."""
    values: NDArray[np.float64]
    """(m,) upper bounds."""
    seen: int = 0
    """After how many picks they were brought up to date."""
    places: NDArray[np.intp] | None = None
    """(m,) where among the points those of the rows are; None: in the same order."""

    def read(self, some: slice | NDArray[np.intp]) -> Floats:
        """Return the points of some of the rows."""
        if self.places is None:
            return self.points[some]
        return self.points.take(self.places[some], axis=0)

    def fold(self, law: Law) -> None:
        """Bring all bounds up to date."""
        pending = law.count - self.seen
        if pending:
            for span in spans(len(self.rows), self.points.shape[1] + min(pending, COLUMNS)):
                self.values[span] = law.bounds(
                    self.read(span), self.known[span], self.values[span], self.seen
                )
        self.seen = law.count

    def narrow(
        self, size: int, room: Floats | None, rng: np.random.Generator
    ) -> tuple[Level, NDArray[np.intp], float]:
        """Return the level of the `size` largest bounds, where they are, and the next bound.

        Their points are copied to the room (size, d), where there is one.
        """
        others = len(self.rows) - size
        cut = np.partition(self.values, others - 1)[others - 1]
        above, tied = np.flatnonzero(self.values > cut), np.flatnonzero(self.values == cut)
        # Drawn, so that of copies each has the same chance.
        kept = np.sort(np.concatenate([above, rng.choice(tied, size - len(above), replace=False)]))
        places = kept if self.places is None else self.places[kept]
        if room is not None:
            self.points.take(places, axis=0, out=room, mode="clip")
        level = Level(
            rows=self.rows[kept],
            points=self.points if room is None else room,
            places=places if room is None else None,
            known=self.known[kept],
            values=self.values[kept],
            seen=self.seen,
        )
        return level, kept, float(cut)


def take_largest(
    level: Level, law: Law, size: int, rng: np.random.Generator, floor: float = _LEAST
) -> list[int]:
    """Return at most `size` picks, as positions in the pool; equal values in random order.

    Fewer where no value is at least `floor`: rows outside the level may be worth as much as that.
    With fewer, the bounds are up to date.
    """
    level.fold(law)
    width = _width(len(level.rows), size)
    if not width:
        return _take_exactly(level, law, size, rng, floor)
    picks: list[int] = []
    # One room for all contenders to come: memory that is new costs more than copying into it.
    shape = (width, level.points.shape[1])
    room = np.empty(shape, level.points.dtype) if width <= _COPIED else None
    while level.values.max() >= floor:
        contenders, where, others = level.narrow(width, room, rng)
        picks += take_largest(contenders, law, size - len(picks), rng, max(floor, others))
        if len(picks) == size:
            break
        level.fold(law)
        level.values[where] = np.minimum(level.values[where], contenders.values)
    return picks


def _width(n: int, size: int) -> int:
    """Return how many contenders to watch among `n` rows, or 0: all of them."""
    if n > _WATCHED and size >= _LONG:
        return _WATCHED
    if n > _COPIED:
        return _COPIED
    return n // _SHARE if n >= _SHARE * _FEWEST else 0


def _take_exactly(
    level: Level, law: Law, size: int, rng: np.random.Generator, floor: float
) -> list[int]:
    picks: list[int] = []
    is_exact, at_once = np.zeros(len(level.rows), dtype=bool), _AT_ONCE
    while (top := level.values.max(initial=0.0)) >= floor:
        tied = np.flatnonzero(level.values == top)
        if not is_exact[tied].all():
            _work_out(level, law, is_exact, max(at_once, len(tied)))
            at_once *= 2
            continue
        row = rng.choice(tied)
        picks.append(int(level.rows[row]))
        law.add(level.read(slice(row, row + 1))[0])
        if len(picks) == size:
            break
        level.fold(law)
        level.values[row] = 0.0
        is_exact[:], at_once = False, _AT_ONCE
    return picks


def _work_out(level: Level, law: Law, is_exact: NDArray[np.bool_], most: int) -> None:
    others = max(0, len(level.rows) - most)
    best = np.argpartition(level.values, others)[others:]
    todo = best[~is_exact[best]]
    values = law.exact(level.read(todo), level.known[todo])
    level.values[todo] = np.minimum(level.values[todo], values)
    is_exact[todo] = True

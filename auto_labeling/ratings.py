"""Who said which class about what: opinions as parallel arrays, an entry each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.errors import DataError

_AXES = ("items", "people", "labels")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ratings:
    """v opinions by w people on n items, each one of k classes.

    Items without an opinion and people who said nothing may be among them; nothing keeps a person
    from saying two things about one item.

    >>> ratings = Ratings.of([("a", "ann", "cat"), ("a", "bob", "dog"), ("b", "ann", "cat")])[0]
    >>> ratings.shape, ratings.counts().tolist()
    ((2, 2, 2), [[1, 1], [1, 0]])
    """

    items: NDArray[np.integer[Any]]
    """(v,) the position of the item, in [0, n)."""
    people: NDArray[np.integer[Any]]
    """(v,) the position of the person, in [0, w)."""
    labels: NDArray[np.integer[Any]]
    """(v,) the position of the class, in [0, k)."""
    shape: tuple[int, int, int]
    """n, w and k."""

    def __post_init__(self) -> None:
        v = len(self.items)
        for name, most in zip(_AXES, self.shape, strict=True):
            given = getattr(self, name)
            if given.shape != (v,):
                raise DataError(f"ratings: expected {name} of shape ({v},), got {given.shape}")
            if v and not (given.min() >= 0 and given.max() < most):
                raise DataError(
                    f"ratings: expected {name} from 0 to {most - 1}, got "
                    f"{given.min()} to {given.max()}"
                )

    def __len__(self) -> int:
        return len(self.items)

    @classmethod
    def of(
        cls,
        said: Iterable[tuple[object, object, object]],
        classes: Sequence[object] | None = None,
    ) -> tuple[Ratings, list[Any], list[Any], list[Any]]:
        """Return (item, person, class) rows as ratings, with the items, people and classes.

        All are in order of first appearance; `classes` fixes the order of the classes. Raises
        `DataError` for a class that is none of them.
        """
        known: tuple[dict[object, int], ...] = (
            {},
            {},
            {name: at for at, name in enumerate(classes or ())},
        )
        rows = []
        for item, person, name in said:
            if classes is not None and name not in known[2]:
                raise DataError(
                    f"item {item!r}: expected one of the classes {list(classes)}, got {name!r}"
                )
            rows.append(
                tuple(
                    places.setdefault(one, len(places))
                    for places, one in zip(known, (item, person, name), strict=True)
                )
            )
        columns = np.array(rows, dtype=np.int32).reshape(-1, 3).T
        items, people, labels = (np.ascontiguousarray(column) for column in columns)
        n, w, k = (len(places) for places in known)
        made = cls(items=items, people=people, labels=labels, shape=(n, w, k))
        return made, list(known[0]), list(known[1]), list(known[2])

    def counts(self) -> NDArray[np.intp]:
        """Return (n, k) how many opinions say each class of each item."""
        n, _, k = self.shape
        cells = self.items.astype(np.intp) * k + self.labels
        return np.bincount(cells, minlength=n * k).reshape(n, k)

    def where(self, wanted: NDArray[np.bool_]) -> Ratings:
        """Return the opinions at the (v,) entries that are true, of the same items and people."""
        return Ratings(
            items=self.items[wanted],
            people=self.people[wanted],
            labels=self.labels[wanted],
            shape=self.shape,
        )

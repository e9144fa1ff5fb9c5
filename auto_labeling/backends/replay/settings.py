"""Recorded people, as the campaign file describes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

from auto_labeling.backends.replay import opinions as recorded_opinions
from auto_labeling.backends.replay.opinions import Opinions
from auto_labeling.backends.replay.recorded import Recorded
from auto_labeling.backends.replay.recordings import COLUMNS, Recordings
from auto_labeling.backends.simulated.backend import Faults, SimulatedBackend
from auto_labeling.backends.simulated.naming import known_as
from auto_labeling.backends.simulated.people import Person
from auto_labeling.backends.simulated.store import Store
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.ports import Place, Traits
from auto_labeling.records import ItemId, LabelSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """People whose opinions are recorded, for trying a campaign out on what they really said.

    An item is answered by those who have an opinion on it, in an order that is drawn; asks beyond
    that stay unanswered.

    >>> Replay(answers="boxes.csv", images="images.csv", columns={"item": "image"}).overlap
    'at_creation'
    """

    simulated_time: ClassVar[bool] = True
    """Its people live in a time of their own, which passes as fast as it is slept through."""

    answers: str
    """CSV or Parquet with the columns `item`, `worker` and `label`, a row an opinion; no label is a
    skip. An item is an id of the pool, or the end of the path of a picture. What is drawn is JSON
    in a label, or boxes are rows with `x1`, `y1`, `x2`, `y2` in pixels. A column `seconds` says
    what the opinion took."""
    images: str | None = None
    """The same with `item`, `width` and `height`, where boxes are in pixels."""
    assignments: str | None = None
    """The same with `item` and `worker`: who drew no box there has answered that nothing is."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """How the files call these columns, where they call them otherwise."""
    where: Mapping[str, str] = field(default_factory=dict)
    """The rows that count: column of the files -> text. A file without the column counts whole."""
    overlap: Literal["at_creation", "later"] = "at_creation"

    def __post_init__(self) -> None:
        if self.overlap not in ("at_creation", "later"):
            raise ConfigurationError(
                f"overlap: expected at_creation or later, got {self.overlap!r}"
            )
        if unknown := sorted(set(self.columns) - set(COLUMNS)):
            raise ConfigurationError(f"columns: expected some of {list(COLUMNS)}, got {unknown}")

    def open(self, place: Place) -> SimulatedBackend:
        """Return the tool whose file lies in `place.folder`."""
        return SimulatedBackend(
            traits=Traits(
                overlap=self.overlap,
                shapes=frozenset({"single", "multi", "boxes", "polygons", "masks"}),
                has_time_spent=True,
            ),
            store=Store(place.folder / "replay.db"),
            clock=place.clock,
            seed=place.seed,
            world=partial(self._world, place),
            faults=Faults(),
        )

    def _world(self, place: Place, schema: LabelSchema) -> Recorded:
        opinions = recorded_opinions.read(self._recordings(place.base), schema)
        places = place.places()
        self._expect_some(opinions, place.item_ids(), places)
        names = {name for said in opinions.values() for name in said}
        return Recorded(
            seed=place.seed,
            opinions=opinions,
            people={name: Person(name=name) for name in sorted(names)},
            schema=schema,
            places=places,
        )

    def _recordings(self, base: Path) -> Recordings:
        return Recordings(
            answers=base / self.answers,
            images=None if self.images is None else base / self.images,
            assignments=None if self.assignments is None else base / self.assignments,
            columns=self.columns,
            where={name: str(text) for name, text in self.where.items()},
        )

    def _expect_some(
        self, opinions: Opinions, items: Sequence[ItemId], places: Mapping[ItemId, str]
    ) -> None:
        """Raise `DataError` where the files are about other items than the pool."""
        if items and not any(known_as(item, places.get(item), opinions) for item in items):
            known = next(iter(opinions), None)
            raise DataError(
                f"{self.answers}: expected opinions on items of the pool, such as {items[0]!r}, "
                f"got none" + ("" if known is None else f" but on such as {known!r}")
            )

"""Simulated annotators, as the campaign file describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

from auto_labeling.backends.simulated import truth as truths
from auto_labeling.backends.simulated.backend import Faults, SimulatedBackend
from auto_labeling.backends.simulated.crew import HABITS, crew, probability
from auto_labeling.backends.simulated.store import Store
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Place, Traits

_SHARES = (*HABITS, "unasked", "outage", "duplicate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """People who do not exist, for trying a campaign out before it costs anything.

    Each annotator is an accuracy, or a mapping of `name`, `accuracy` or `confusion` (rows: true
    class, columns: chosen class), `seconds` an answer, `hours` such as `Mon-Fri 09-15` in `tz`, and
    own values of `skip`, `edit`, `late`, `abstain`.

    >>> Simulated(annotators=(0.8, {"name": "mia", "accuracy": 0.95}), truth="truth.csv").unit
    'item'
    """

    simulated_time: ClassVar[bool] = True
    """Its people live in a time of their own, which passes as fast as it is slept through."""

    annotators: tuple[float | Mapping[str, Any], ...]
    truth: str
    """CSV or Parquet with the columns `id` and `label`; without `id`, in the order of the pool."""
    unit: Literal["item", "chunk"] = "item"
    overlap: Literal["at_creation", "later"] = "at_creation"
    chunk_size: int = 20
    """Items of a unit, where the unit is a chunk."""
    skip: float = 0.0
    edit: float = 0.0
    late: float = 0.0
    abstain: float = 0.0
    unasked: float = 0.0
    """How often somebody else answers as well."""
    outage: float = 0.0
    """How often a call fails; half of these after it took effect."""
    duplicate: float = 0.0
    """How often an event is reported twice."""

    def __post_init__(self) -> None:
        for name in _SHARES:
            probability(name, getattr(self, name))
        if self.outage > 0.9:
            raise ConfigurationError(f"outage: expected at most 0.9, got {self.outage}")
        if self.chunk_size < 1:
            raise ConfigurationError(f"chunk_size: expected at least 1, got {self.chunk_size}")
        if self.unit not in ("item", "chunk"):
            raise ConfigurationError(f"unit: expected item or chunk, got {self.unit!r}")
        if self.overlap not in ("at_creation", "later"):
            raise ConfigurationError(
                f"overlap: expected at_creation or later, got {self.overlap!r}"
            )
        crew(self.annotators, self._habits())

    def open(self, place: Place) -> SimulatedBackend:
        """Return the tool whose file lies in `place.folder`."""
        people = crew(self.annotators, self._habits())
        path = place.base / self.truth
        return SimulatedBackend(
            traits=Traits(
                unit=self.unit,
                overlap=self.overlap,
                shapes=frozenset({"single", "multi"}),
                has_time_spent=True,
                chunk_size=self.chunk_size if self.unit == "chunk" else 1,
                people=len(people),
            ),
            store=Store(place.folder / "simulated.db"),
            clock=place.clock,
            seed=place.seed,
            people={person.name: person for person in people},
            truth=partial(truths.read, path, place.item_ids),
            unasked=self.unasked,
            faults=Faults(outage=self.outage, duplicate=self.duplicate),
        )

    def _habits(self) -> Mapping[str, float]:
        return {name: getattr(self, name) for name in HABITS}

"""Simulated annotators, as the campaign file describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal

from auto_labeling.backends.simulated import truth as truths
from auto_labeling.backends.simulated.backend import Faults, SimulatedBackend
from auto_labeling.backends.simulated.crew import HABITS, crew, probability
from auto_labeling.backends.simulated.imagined import Imagined
from auto_labeling.backends.simulated.people import Person
from auto_labeling.backends.simulated.skill import SKILLS, skill
from auto_labeling.backends.simulated.store import Store
from auto_labeling.backends.simulated.truth import Truth
from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Place, Traits
from auto_labeling.records import LabelSchema

_SHARES = (*HABITS, "unasked", "outage", "duplicate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """People who do not exist, for trying a campaign out before it costs anything.

    Each annotator is an accuracy, or a mapping of `name`, `accuracy` or `confusion` (rows: true
    class, columns: chosen class), `seconds` an answer, `hours` such as `Mon-Fri 09-15` in `tz`, and
    own values of `skip`, `edit`, `late`, `abstain`; and, where the task is to draw, of `jitter`,
    `misses`, `extras` and `anchoring` (see `Skill`; accuracy is how often the class is right).

    >>> Simulated(annotators=(0.8, {"name": "mia", "accuracy": 0.95}), truth="truth.csv").unit
    'item'
    """

    simulated_time: ClassVar[bool] = True
    """Its people live in a time of their own, which passes as fast as it is slept through."""

    annotators: tuple[float | Mapping[str, Any], ...]
    truth: str
    """CSV or Parquet with the columns `id` and `label`; without `id`, in the order of the pool.

    What is drawn may be a COCO file (.json) as well. `pool`: the labels that came with the pool."""
    unit: Literal["item", "chunk"] = "item"
    overlap: Literal["at_creation", "later"] = "at_creation"
    chunk_size: int = 20
    """Items of a unit, where the unit is a chunk."""
    queues: bool = False
    """Whether people do what is theirs; those whom `people` names have to be annotators then."""
    skip: float = 0.0
    edit: float = 0.0
    late: float = 0.0
    abstain: float = 0.0
    jitter: float | None = None
    """This and the next three: omitted, those of `Skill`."""
    misses: float | None = None
    extras: float | None = None
    anchoring: float | None = None
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
        skill({}, self._usual())
        crew(self.annotators, self._usual())

    def open(self, place: Place) -> SimulatedBackend:
        """Return the tool whose file lies in `place.folder`."""
        people = crew(self.annotators, self._usual())
        return SimulatedBackend(
            traits=Traits(
                unit=self.unit,
                overlap=self.overlap,
                shapes=frozenset({"single", "multi", "boxes", "polygons", "masks"}),
                has_time_spent=True,
                chunk_size=self.chunk_size if self.unit == "chunk" else 1,
                people=len(people),
                has_queues=self.queues,
            ),
            store=Store(place.folder / "simulated.db"),
            clock=place.clock,
            seed=place.seed,
            world=partial(self._world, place, people),
            faults=Faults(outage=self.outage, duplicate=self.duplicate),
        )

    def _world(self, place: Place, people: tuple[Person, ...], schema: LabelSchema) -> Imagined:
        strangers = set(place.people()) - {person.name for person in people}
        if self.queues and strangers:
            raise ConfigurationError(
                f"people: with queues they have to be annotators, got {sorted(strangers)}"
            )
        truth = self._truth(place, schema.task)
        truth.check(schema)
        for person in people:
            person.check(schema)
        return Imagined(
            seed=place.seed,
            people={person.name: person for person in people},
            truth=truth,
            schema=schema,
            unasked=self.unasked,
        )

    def _truth(self, place: Place, task: str) -> Truth:
        if self.truth == "pool":
            return truths.of_pool(place.labels(), task)
        return truths.read(place.base / self.truth, place.item_ids, task, place.places)

    def _usual(self) -> Mapping[str, float]:
        told = {name: getattr(self, name) for name in (*HABITS, *SKILLS)}
        return {name: value for name, value in told.items() if value is not None}

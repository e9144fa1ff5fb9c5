"""A small town of simulated annotators, for tests to ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from auto_labeling.backends.simulated.backend import SimulatedBackend
from auto_labeling.backends.simulated.settings import Simulated
from auto_labeling.clocks import SimulatedClock
from auto_labeling.errors import TransientError
from auto_labeling.files import write_atomically
from auto_labeling.ports import Place
from auto_labeling.records import (
    Ask,
    CampaignId,
    Event,
    EventKind,
    Item,
    ItemId,
    LabelSchema,
    PersonId,
    Purpose,
    Upload,
    Value,
    ask_id,
    upload_key,
)

CLASSES = ("ant", "bee", "cat", "dog")
SCHEMA = LabelSchema(task="single", classes=CLASSES, abstain=("cannot tell",))
ITEMS = [f"i{n}" for n in range(40)]
TRUTH = ["label", *(CLASSES[n % len(CLASSES)] for n in range(len(ITEMS)))]
DAY_S = 86_400


class NoSecrets:
    def resolve(self, reference: Mapping[str, str]) -> str:
        raise KeyError(reference)


class Town:
    """One simulated tool in one folder, with the clock it lives by."""

    def __init__(
        self,
        folder: Path,
        *,
        seed: int = 0,
        campaign: CampaignId = "c",
        schema: LabelSchema = SCHEMA,
        truth: Sequence[str] = TRUTH,
        **settings: Any,
    ):
        folder.mkdir(parents=True, exist_ok=True)
        # Whole at once: towns of two processes may share a folder.
        write_atomically(folder / "truth.csv", "\n".join(truth))
        self.schema = schema
        self.clock = SimulatedClock(folder / "clock")
        self.campaign = campaign
        self.settings = Simulated(
            **{"annotators": (0.6, 0.7, 0.8, 0.9), "truth": "truth.csv", **settings}
        )
        self.place = Place(
            folder=folder,
            base=folder,
            seed=seed,
            clock=self.clock,
            secrets=NoSecrets(),
            item_ids=lambda: ITEMS,
        )
        self.backend = self.open()

    def open(self) -> SimulatedBackend:
        backend = self.settings.open(self.place)
        patiently(lambda: backend.prepare(self.campaign, self.schema))
        return backend

    def upload(
        self,
        items: Sequence[ItemId],
        opinions: int = 1,
        first: int = 0,
        assignee: PersonId | None = None,
    ) -> Upload:
        asks = tuple(
            Ask(
                ask_id=ask_id(self.campaign, item, ordinal),
                item_id=item,
                round=0,
                ordinal=ordinal,
                purpose=Purpose.TRAIN,
                price_micros=0,
                assignee=assignee,
            )
            for item in items
            for ordinal in range(first, first + opinions)
        )
        return Upload(
            key=upload_key(self.campaign, [ask.ask_id for ask in asks]),
            items=tuple(Item(item_id=item, text=item) for item in items),
            asks=asks,
        )

    def uploads(self, items: Sequence[ItemId], opinions: int = 1, first: int = 0) -> list[Upload]:
        return [self.upload([item], opinions, first) for item in items]

    def events(self, days: float = 30) -> list[Event]:
        """Return everything that is done in the days to come, and was done before."""
        self.clock.sleep(days * DAY_S)
        return list(self.open().changes(None)[0])

    def said(self, days: float = 30) -> set[tuple[ItemId, PersonId | None, Value | None]]:
        """Return (item, person, value) of all first answers."""
        kinds = (EventKind.SUBMITTED, EventKind.SKIPPED)
        return {(e.item_id, e.person, e.value) for e in self.events(days) if e.kind in kinds}


def patiently(call: Any, tries: int = 100) -> Any:
    """Return what a call returns once the tool is in order."""
    for _ in range(tries):
        try:
            return call()
        except TransientError:
            continue
    raise AssertionError(f"out of order {tries} times in a row")

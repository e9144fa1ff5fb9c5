"""A model between rounds: trained when somebody asks for it, on all answers there are so far.

The ledger knows nothing of it, so that no round, curve or choice depends on who pressed a button.
It is forgotten as soon as the campaign has a newer model of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, select

from auto_labeling.campaign import labels
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.schema import CAMPAIGN, asks, of, pseudo_rounds, rounds
from auto_labeling.campaign.transition import newest_model, of_people_before, read_state
from auto_labeling.errors import DataError
from auto_labeling.files import write_atomically
from auto_labeling.models import fitting
from auto_labeling.records import ItemId, Purpose, Value

_JUDGES = select(asks.c.item).where(
    asks.c.campaign == CAMPAIGN, asks.c.purpose.in_((Purpose.CONTROL, Purpose.GOLD))
)
_MODELS = select(rounds.c.model_sha256).where(rounds.c.campaign == CAMPAIGN)
_OF_PEOPLE = select(pseudo_rounds.c.people_sha256).where(pseudo_rounds.c.campaign == CAMPAIGN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interim:
    """Which model it is."""

    model: str
    """Its sha256; it lies beside the models of the rounds."""
    after: str | None
    """The campaign's newest model when it was trained."""
    labels: int
    """How many items it learned from."""

    @classmethod
    def read(cls, folder: Path) -> Interim | None:
        """Return the one that lies in a campaign's folder."""
        try:
            return cls(**json.loads((folder / "interim.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise DataError(f"{folder / 'interim.json'}: expected what `retrain` wrote") from error

    def keep(self, folder: Path) -> None:
        """Write it into a campaign's folder."""
        write_atomically(folder / "interim.json", json.dumps(asdict(self)))


def retrain(campaign: Campaign) -> Interim | None:
    """Fit the campaign's model on all labels there are, of answers not reconciled yet as well.

    Return None where nothing is labeled. What judges models is never learned from, and neither are
    pseudo-labels: no guard looks at a model between rounds.
    """
    with campaign.ledger.read() as connection:
        known = dict(_known(connection, campaign))
        name = campaign.campaign_id
        after = newest_model(connection, name)
        begun = of_people_before(connection, name, read_state(connection, name).round + 1)
        of_rounds = {
            sha for one in (_MODELS, _OF_PEOPLE) for sha in connection.scalars(one, of(name))
        }
    if not known:
        return None
    before = Interim.read(campaign.folder)
    fitted = campaign.lesson.fit(
        campaign.unfitted(begun),
        campaign.inputs(np.array([campaign.pool.position_of(item) for item in known])),
        list(known.values()),
    )
    draft = campaign.folder / "models" / "draft-interim.joblib"
    made = Interim(model=fitting.dump(fitted, draft), after=after, labels=len(known))
    draft.replace(campaign.model_file(made.model))
    made.keep(campaign.folder)
    if before is not None and before.model not in {made.model, *of_rounds}:
        campaign.model_file(before.model).unlink(missing_ok=True)
    return made


def _known(connection: Connection, campaign: Campaign) -> Iterator[tuple[ItemId, Value]]:
    """Yield items and their labels: imported ones, and what the votes so far decide."""
    name = campaign.campaign_id
    judges = set(connection.scalars(_JUDGES, of(name)))
    for label in labels.read(connection, name):
        if label.source == "imported" and label.value is not None:
            yield label.item_id, label.value
    for verdict in labels.verdicts(connection, campaign):
        if verdict.item_id not in judges and verdict.value is not None:
            yield verdict.item_id, verdict.value

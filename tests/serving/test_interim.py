from __future__ import annotations

import pytest
from sqlalchemy import select

from auto_labeling import assemble
from auto_labeling.campaign.rounds import RoundState
from auto_labeling.campaign.schema import answers, campaigns, items, labels, rounds
from auto_labeling.campaign.steps.collecting import sync
from auto_labeling.campaign.transition import newest_model
from auto_labeling.errors import DataError
from auto_labeling.records import Side
from auto_labeling.serving import interim
from auto_labeling.serving.interim import Interim
from tests.serving.conftest import Counter
from tests.support.campaigns import drive, drive_until, driving, tiny


def in_the_middle_of_a_round(counter: Counter, **overrides: object) -> str:
    """Return a campaign some of whose answers of the first round have come in."""
    campaign = tiny(counter.workspace.root, **overrides)
    drive_until(counter.workspace.root, campaign, RoundState.SENT)
    with driving(counter.workspace.root, campaign) as opened:
        while not sync(opened):
            opened.clock.sleep(60)
    counter.put_into(campaign, 12)
    return campaign


def rows(counter: Counter) -> list[list[object]]:
    """Return what the ledger says about rounds, labels and campaigns."""
    with counter.ledger.read() as connection:
        return [
            [tuple(row) for row in connection.execute(select(table)).all()]
            for table in (rounds, labels, campaigns)
        ]


def test_it_learns_from_what_is_answered_and_the_ledger_stays_as_it_is(counter: Counter) -> None:
    campaign = in_the_middle_of_a_round(counter, pool={"heldout": "heldout.csv"})
    before = rows(counter)
    with assemble.opened(counter.workspace, campaign) as opened:
        made = interim.retrain(opened)
    with counter.ledger.read() as connection:
        answered = set(connection.scalars(select(answers.c.item).where(answers.c.kind == "answer")))
    assert made is not None
    assert 0 < made.labels == len(answered)
    assert rows(counter) == before
    assert counter.shelf.refresh(campaign).version == (f"tiny-{made.model[:12]}")
    [one] = counter.predict([{"data": {"al_item": "p000"}}], project=12)
    assert one["result"]


def test_what_judges_models_is_not_learned_from(counter: Counter) -> None:
    campaign = tiny(counter.workspace.root)
    drive_until(counter.workspace.root, campaign, RoundState.TRAINED)
    with assemble.opened(counter.workspace, campaign) as opened:
        made = interim.retrain(opened)
    with counter.ledger.read() as connection:
        control = items.c.side == Side.CONTROL
        judged = connection.scalars(
            select(labels.c.item).join(items, items.c.item == labels.c.item).where(control)
        ).all()
        known = connection.scalars(select(labels.c.item)).all()
        learned = connection.scalar(select(rounds.c.learned))
    assert judged
    assert made is not None
    assert made.labels == len(known) - len(judged) == learned


def test_a_newer_model_of_the_campaign_replaces_it(counter: Counter) -> None:
    campaign = in_the_middle_of_a_round(counter)
    with assemble.opened(counter.workspace, campaign) as opened:
        made = interim.retrain(opened)
    assert made is not None
    served = counter.shelf.refresh(campaign).version
    assert served == f"tiny-{made.model[:12]}"
    drive(counter.workspace.root, campaign, max_rounds=2)
    with counter.ledger.read() as connection:
        newest = str(newest_model(connection, campaign))
    assert counter.shelf.refresh(campaign).version == f"tiny-{newest[:12]}" != served


def test_one_is_kept_and_no_model_of_a_round_is_lost(counter: Counter) -> None:
    campaign = in_the_middle_of_a_round(counter)
    made = []
    for _ in range(2):
        with assemble.opened(counter.workspace, campaign) as opened:
            made.append(interim.retrain(opened))
    assert made[0] == made[1]
    drive(counter.workspace.root, campaign, max_rounds=2)
    for _ in range(2):
        with assemble.opened(counter.workspace, campaign) as opened:
            last = interim.retrain(opened)
            folder = opened.folder
    with counter.ledger.read() as connection:
        of_rounds = set(connection.scalars(select(rounds.c.model_sha256))) - {None}
    assert last is not None
    assert last.after in of_rounds
    there = {path.stem for path in (folder / "models").glob("*.joblib")}
    assert there == of_rounds | {last.model}


def test_without_a_label_there_is_none(counter: Counter) -> None:
    campaign = tiny(counter.workspace.root)
    with assemble.opened(counter.workspace, campaign) as opened:
        assert interim.retrain(opened) is None
        assert Interim.read(opened.folder) is None
        (opened.folder / "interim.json").write_text("{}")
        with pytest.raises(DataError, match=r"interim\.json"):
            Interim.read(opened.folder)

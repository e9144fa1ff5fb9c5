from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select, update

from auto_labeling import assemble
from auto_labeling.campaign import suggesting
from auto_labeling.campaign.schema import CAMPAIGN, asks, items, of, picks
from auto_labeling.formats.label_studio import label_config
from auto_labeling.models import fitting
from auto_labeling.records import LabelSchema, Side
from tests.serving.conftest import HOSTS, Counter
from tests.support.campaigns import CLASSES, data_of, drive, tiny

SCHEMA = LabelSchema(task="single", classes=CLASSES)


def trained(counter: Counter, **overrides: object) -> str:
    """Return a campaign with two rounds behind it, in project 12."""
    campaign = tiny(counter.workspace.root, **overrides)
    drive(counter.workspace.root, campaign, max_rounds=2)
    counter.put_into(campaign, 12)
    counter.shelf.refresh(campaign)
    return campaign


def test_the_newest_model_answers_with_the_class_and_how_sure_it_is(counter: Counter) -> None:
    campaign = trained(counter, pool={"heldout": "heldout.csv"})
    ids = [f"p{at:03d}" for at in range(40)]
    found = counter.predict([{"data": {"al_item": one}} for one in ids], project="12.1732190000")
    with assemble.opened(counter.workspace, campaign) as opened:
        model = opened.model(str(newest(counter, campaign)))
        proba = fitting.predict(model, opened.pool.features[:], len(CLASSES))
    assert [one["result"][0]["value"]["choices"] for one in found] == [
        [CLASSES[at]] for at in proba.argmax(1)
    ]
    np.testing.assert_allclose([one["score"] for one in found], proba.max(1))
    least_sure_first = np.argsort([one["score"] for one in found], kind="stable")
    assert list(least_sure_first) == list(np.argsort(proba.max(1), kind="stable"))


def newest(counter: Counter, campaign: str) -> str | None:
    from auto_labeling.campaign.transition import newest_model

    with counter.ledger.read() as connection:
        return newest_model(connection, campaign)


def test_each_round_has_a_version_of_its_own(counter: Counter) -> None:
    campaign = trained(counter)
    before = counter.post("/setup", {"project": "12.5"}).json()["model_version"]
    assert before == f"tiny-{str(newest(counter, campaign))[:12]}"
    assert counter.predict([{"data": {}}], project=12)[0]["model_version"] == before
    drive(counter.workspace.root, campaign, max_rounds=1)
    counter.put_into(campaign, 12)
    counter.shelf.refresh(campaign)
    after = counter.post("/setup", {"project": "12.5"}).json()["model_version"]
    assert after == f"tiny-{str(newest(counter, campaign))[:12]}" != before
    assert counter.client.get("/versions").json()["versions"] == [after]


def test_the_project_is_answered_in_its_own_tags(counter: Counter) -> None:
    trained(counter)
    config = label_config(SCHEMA, "html").replace('name="label"', 'name="kind"')
    [one] = counter.predict([{"data": {"al_item": "p001"}}], project=12, label_config=config)
    assert (one["result"] == []) or (one["result"][0]["from_name"] == "kind")
    other = label_config(LabelSchema(task="single", classes=("x", "y")), "html")
    [one] = counter.predict([{"data": {"al_item": "p001"}}], project=12, label_config=other)
    assert one["result"] == []


def test_whoever_judges_a_model_does_not_see_what_it_says(counter: Counter) -> None:
    campaign = trained(counter)
    with counter.ledger.read() as connection:
        sides = dict(
            connection.execute(
                select(items.c.item, items.c.side).where(items.c.campaign == CAMPAIGN),
                of(campaign),
            ).all()
        )
    assert Side.CONTROL in sides.values()
    found = counter.predict([{"data": {"al_item": one}} for one in sides], project=12)
    for (_, side), one in zip(sides.items(), found, strict=True):
        assert bool(one["result"]) == (side == Side.TRAIN)
        assert one["score"] is not None


def test_an_item_asked_about_to_judge_is_left_blank_as_well(counter: Counter) -> None:
    campaign = trained(counter, pool={"heldout": "heldout.csv"})
    with counter.ledger.write() as connection:
        item = connection.scalar(select(asks.c.item).where(asks.c.campaign == campaign))
        connection.execute(update(asks).where(asks.c.item == item).values(purpose="gold"))
    counter.shelf._held.clear()
    counter.shelf.refresh(campaign)
    [one] = counter.predict([{"data": {"al_item": item}}], project=12)
    assert one["result"] == []


def test_the_blind_slice_is_left_blank_as_soon_as_it_is_drawn(counter: Counter) -> None:
    plan = {"agreement": {"slice": 6, "share": "50%"}}
    campaign = trained(counter, pool={"heldout": "heldout.csv"}, quality=plan)
    with counter.ledger.write() as connection:
        blind = set(connection.scalars(select(picks.c.item).where(picks.c.blind)))
        other = connection.scalar(select(picks.c.item).where(~picks.c.blind))
    counter.shelf.refresh(campaign)
    assert blind
    asked = [{"data": {"al_item": item}} for item in [*sorted(blind), other]]
    *of_slice, shown = counter.predict(asked, project=12)
    assert all(one["result"] == [] for one in of_slice)
    assert shown["result"]
    with counter.ledger.write() as connection:
        connection.execute(update(picks).where(picks.c.item == other).values(blind=True))
    counter.shelf.refresh(campaign)
    [hidden] = counter.predict(asked[-1:], project=12)
    assert hidden["result"] == []


def test_nobody_is_shown_more_than_suggestions_would_show(counter: Counter) -> None:
    campaign = trained(counter, preannotate={"blind": "50%", "at_least": 0.5})
    with assemble.opened(counter.workspace, campaign) as opened:
        with counter.ledger.read() as connection:
            sent = set(connection.scalars(select(asks.c.item).where(asks.c.campaign == campaign)))
        # What was sent keeps the suggestion of the model of its time.
        ids = [item for item in opened.pool.ids if item not in sent]
        shown = suggesting.suggestions(opened, ids)
    found = counter.predict([{"data": {"al_item": one}} for one in ids], project=12)
    assert 0 < len(shown) < len(ids)
    for item, one in zip(ids, found, strict=True):
        assert bool(one["result"]) == (item in shown)
        if item in shown:
            assert one["model_version"] == shown[item].model_version
            assert one["score"] == pytest.approx(shown[item].score)


def test_tasks_that_are_not_ours_are_no_error(counter: Counter) -> None:
    trained(counter)
    strange = [{"data": {"text": "rain"}}, {"data": {"al_item": "nobody"}}, {"data": {}}]
    found = counter.predict([*strange, {"data": {"al_item": "p000"}}], project=12)
    assert [one["result"] for one in found[:3]] == [[], [], []]
    assert found[3]["score"] is not None
    assert counter.predict(strange, project=99) == [[], [], []]
    assert counter.post("/setup", {"project": "99.1"}).json()["model_version"] == "no campaign"


def test_a_task_says_whose_it_is_where_the_project_is_unknown(counter: Counter) -> None:
    campaign = trained(counter)
    task = {"data": {"al_key": counter.key_of(campaign), "al_item": "p000"}}
    [one] = counter.predict([task])
    assert one["model_version"] == f"tiny-{str(newest(counter, campaign))[:12]}"


def test_a_number_that_two_servers_have_is_told_apart_by_the_server_or_by_a_task(
    counter: Counter,
) -> None:
    ours, others = trained(counter), tiny(counter.workspace.root, name="others")
    for campaign, host in zip((ours, others), HOSTS, strict=True):
        counter.put_into(campaign, 12, host)
        counter.shelf.refresh(campaign)
    versions = [
        counter.post("/setup", {"project": "12.1", "hostname": host}).json()["model_version"]
        for host in (f"{HOSTS[0]}/", HOSTS[1], "http://localhost:8080", 7)
    ]
    version = f"tiny-{str(newest(counter, ours))[:12]}"
    assert versions == [version, "others-untrained", *["campaigns of several servers"] * 2]
    task = {"data": {"al_key": counter.key_of(ours), "al_item": "p000"}}
    [one] = counter.predict([task], project="12.1")
    assert one["model_version"] == version
    strange = {"tasks": [{"data": {"al_item": "p000"}}], "project": "12.1"}
    assert counter.post("/predict", strange).status_code == 409


def test_texts_of_others_are_answered_too(counter: Counter) -> None:
    folder = data_of(counter.workspace.root)
    folder.mkdir(parents=True)
    words = {"ant": "small black crawling", "bee": "yellow flying honey", "cat": "furry soft purr"}
    rows = [(f"{words[c]} number {at}", c) for at in range(20) for c in CLASSES]
    frame = pd.DataFrame(rows, columns=["text", "label"])
    frame.insert(0, "id", [f"t{at}" for at in range(len(frame))])
    frame.drop(columns="label").to_csv(folder / "pool.csv", index=False)
    frame[["id", "label"]].to_csv(folder / "words.csv", index=False)
    campaign = tiny(
        counter.workspace.root,
        pool={"kind": "table", "path": "pool.csv", "text": "text", "features": None, "ids": None},
        model={"kind": "logistic_regression"},
        backend={"truth": "words.csv", "annotators": [1.0, 1.0, 1.0, 1.0]},
        strategy={"batch": 20},
    )
    drive(counter.workspace.root, campaign, max_rounds=1)
    counter.put_into(campaign, 7)
    counter.shelf.refresh(campaign)
    tasks = [{"data": {"text": text}} for text in words.values()]
    found = counter.predict(tasks, project=7, label_config=label_config(SCHEMA, "text"))
    assert [one["result"][0]["value"]["choices"] for one in found] == [[c] for c in CLASSES]
    assert counter.predict([{"data": {"text": 7}}], project=7)[0]["result"] == []


def test_before_the_first_model_there_is_nothing_to_keep(counter: Counter) -> None:
    campaign = tiny(counter.workspace.root)
    counter.put_into(campaign, 12)
    assert counter.post("/setup", {"project": 12}).json()["model_version"] == "tiny-untrained"
    assert counter.predict([{"data": {"al_item": "p000"}}], project=12) == [[]]


def test_predict_loads_nothing(counter: Counter) -> None:
    campaign = tiny(counter.workspace.root)
    counter.put_into(campaign, 12)
    answer = counter.post("/predict", {"tasks": [{"data": {}}], "project": 12})
    assert answer.status_code == 503
    assert counter.shelf.campaigns() == []


def test_a_model_stays_served_when_the_pool_is_away(counter: Counter) -> None:
    trained(counter)
    folder = data_of(counter.workspace.root)
    folder.rename(Path(f"{folder}-away"))
    [one] = counter.predict([{"data": {"al_item": "p000"}}], project=12)
    assert one["score"] is not None

"""How campaigns begin: who judges, what came labeled, and what is refused at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from auto_labeling import assemble
from auto_labeling.campaign import creation, labels
from auto_labeling.campaign.labels import Label
from auto_labeling.campaign.points import CAMPAIGN_RUN
from auto_labeling.campaign.schema import (
    asks,
    items,
    log_points,
    picks,
    quarantine,
    rounds,
    transitions,
)
from auto_labeling.campaign.steps.learning import training_set
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.ports import Traits
from auto_labeling.records import CampaignId
from auto_labeling.workspace import Workspace
from tests.support.campaigns import (
    CLASSES,
    cloud,
    data_of,
    drive,
    ledger_of,
    tiny,
    write_points,
)
from tests.support.examination import examined

pytestmark = pytest.mark.slow

HELDOUT = {"kind": "arrays", "features": "pool.npy", "ids": "ids.npy", "heldout": "heldout.csv"}
LABELED = {
    "kind": "arrays",
    "features": "old.npy",
    "ids": "old_ids.npy",
    "labels": "old_labels.npy",
}


def rows(path: Path, campaign: CampaignId, table: Any) -> list[Any]:
    with ledger_of(path) as ledger, ledger.read() as connection:
        return list(connection.execute(select(table).where(table.c.campaign == campaign)))


def known(path: Path, campaign: CampaignId) -> list[Label]:
    with ledger_of(path) as ledger, ledger.read() as connection:
        return labels.read(connection, campaign)


def write_labeled(
    path: Path, features: Any, names: list[str], ids: list[str] | None = None
) -> None:
    """Write what was labeled before, beside the pool that `tiny` writes."""
    folder = data_of(path)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "old.npy", features)
    np.save(folder / "old_labels.npy", np.array(names))
    np.save(folder / "old_ids.npy", np.array(ids or [f"old{at}" for at in range(len(names))]))


def test_a_random_share_of_every_batch_judges_and_never_teaches(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, points=60, strategy={"batch": 10}, evaluation={"control": 0.3})
    drive(path, campaign)
    account = examined(path, campaign)
    chosen = rows(path, campaign, picks)
    judges = {row.item for row in chosen if row.purpose == "control"}
    assert len(judges) == 9
    assert all(
        sum(row.round == number and row.purpose == "control" for row in chosen) == 3
        for number in (1, 2, 3)
    )
    sides = {row.item: row.side for row in rows(path, campaign, items)}
    assert {sides[item] for item in judges} == {"control"}
    assert {sides[row.item] for row in chosen if row.purpose == "train"} == {"train"}
    learned = {label.item_id for label in training_set(known(path, campaign))}
    assert learned
    assert not learned & judges
    assert account.judged_against == "consensus on the control slice"
    assert account.curve[-1].interval.n == len(judges)


def test_a_held_out_set_judges_alone(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, pool=HELDOUT)
    drive(path, campaign)
    account = examined(path, campaign)
    assert {row.purpose for row in rows(path, campaign, picks)} == {"train"}
    assert account.items["control"] == 0
    assert account.judged_against == "held-out labels"
    assert {point.interval.n for point in account.curve} == {20}


def test_no_group_lies_on_two_sides(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, points=60, pool={"groups": "groups.npy"})
    drive(path, campaign)
    sides: dict[str, set[str]] = {}
    for row in rows(path, campaign, items):
        sides.setdefault(row.group_id, set()).add(row.side)
    assert len(sides) == 30
    assert {len(one) for one in sides.values()} == {1}
    examined(path, campaign)


def test_what_came_labeled_teaches_the_first_model_and_costs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    features, names = cloud(12, CLASSES, seed=5)
    write_labeled(path, features, names)
    campaign = tiny(path, pool=HELDOUT, labeled=LABELED)
    drive(path, campaign)
    account = examined(path, campaign)
    steps = [row.step for row in rows(path, campaign, transitions) if row.round == 0]
    assert steps == ["freeze", "train", "evaluate"]
    assert rows(path, campaign, rounds)[0].model_sha256
    first = account.curve[0]
    assert (first.round, first.items, first.answers, first.cost_micros) == (0, 12, 0, 0)
    assert first.interval.value > 0.8
    assert account.answers["imported"] == 12
    assert account.items["labeled"] == 12 + 18
    assert not {row.item for row in rows(path, campaign, asks)} & {f"old{n}" for n in range(12)}
    # The first batch is chosen with the model already, so it is scored first.
    assert "score" in [row.step for row in rows(path, campaign, transitions) if row.round == 1]


def test_totals_count_rounds_in_which_no_item_is_decided(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    features, names = cloud(12, CLASSES, seed=5)
    write_labeled(path, features, names)
    campaign = tiny(
        path,
        pool=HELDOUT,
        labeled=LABELED,
        backend={"annotators": [1.0, 0.0]},  # never of one mind
        quality={"overlap": 2},
    )
    drive(path, campaign)
    budget = examined(path, campaign).budget
    points = [row for row in rows(path, campaign, log_points) if row.round == CAMPAIGN_RUN]
    last = {row.series: row.value for row in sorted(points, key=lambda row: row.step)}
    assert budget.cost_micros > 0
    assert last["cost/committed"] == budget.cost_micros / 1e6
    assert last["labels/human_total"] == budget.committed_answers
    assert {row.step for row in points if row.series == "eval/accuracy"} == {12}


def test_what_came_labeled_judges_nothing_and_neither_does_what_is_like_it(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    write_points(data_of(path), 40)
    copies = np.load(data_of(path) / "pool.npy")[:20]
    write_labeled(path, copies, ["ant"] * 20)
    campaign = tiny(path, labeled=LABELED)
    drive(path, campaign)
    examined(path, campaign)
    sides = {row.item: row.side for row in rows(path, campaign, items)}
    alike = [f"p{at:03d}" for at in range(20)] + [f"old{at}" for at in range(20)]
    assert {sides[item] for item in alike} == {"train"}
    assert "control" in sides.values()


def test_what_came_labeled_on_items_of_the_pool_is_their_label(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    write_points(data_of(path), 40)
    ids = [f"p{at:03d}" for at in range(8)]
    write_labeled(path, np.load(data_of(path) / "pool.npy")[:8], ["bee"] * 8, ids)
    campaign = tiny(path, pool=HELDOUT, labeled=LABELED)
    drive(path, campaign)
    account = examined(path, campaign)
    assert account.items["pool"] == 40
    assert account.answers["imported"] == 8
    found = {label.item_id: label for label in known(path, campaign)}
    assert {(found[item].value, found[item].source) for item in ids} == {("bee", "imported")}
    assert not {row.item for row in rows(path, campaign, asks)} & set(ids)


def test_nothing_is_learned_from_labels_on_what_judges(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    write_points(data_of(path), 40)
    judges, _ = cloud(20, CLASSES, seed=2)
    features, names = cloud(6, CLASSES, seed=5)
    write_labeled(path, np.concatenate([judges[:4], features]), ["ant"] * 4 + names)
    campaign = tiny(path, pool=HELDOUT, labeled=LABELED)
    aside = {row.item: row.reason for row in rows(path, campaign, quarantine)}
    assert aside.keys() == {f"old{at}" for at in range(4)}
    assert "held-out" in aside["old0"]
    assert {label.item_id for label in known(path, campaign)} == {f"old{at}" for at in range(4, 10)}


def test_a_pool_whose_every_item_came_labeled_is_exhausted(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    write_points(data_of(path), 40)
    ids = [f"p{at:03d}" for at in range(40)]
    write_labeled(path, np.load(data_of(path) / "pool.npy"), ["bee", "ant"] * 20, ids)
    campaign = tiny(path, pool=HELDOUT, labeled=LABELED)
    state = drive(path, campaign)
    assert (state.stop_kind, state.round) == ("exhausted", 0)
    assert rows(path, campaign, asks) == []
    assert examined(path, campaign).items["labeled"] == 40


def test_one_class_only_is_learned_and_said(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    write_points(data_of(path), 40)
    campaign = tiny(path, backend={"annotators": [1.0]})
    truth = data_of(path) / "truth.csv"
    lines = truth.read_text().splitlines()
    truth.write_text("\n".join([lines[0], *(f"{line.split(',')[0]},bee" for line in lines[1:])]))
    assert drive(path, campaign).stopped
    account = examined(path, campaign)
    assert {label.value for label in known(path, campaign)} == {"bee"}
    assert account.curve[-1].interval.value == 1.0


def test_every_data_set_names_its_lineage(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path)
    drive(path, campaign)
    account = examined(path, campaign)
    assert [number for number, *_ in account.manifests] == [1, 2, 3]
    for _, number, digest, count in account.manifests:
        folder = path / "manifests" / digest
        lineage = json.loads((folder / f"lineage.{campaign}.{number:03d}.json").read_text())
        assert (lineage["round"], lineage["items"]) == (number, count)
        assert lineage["pool_snapshots"][0]["item_count"] == 40
        assert (folder / f"answers.{campaign}.{number:03d}.parquet").exists()


def test_equal_answers_make_equal_data_sets_wherever_they_were_given(tmp_path: Path) -> None:
    digests = []
    for name in ("one", "other"):
        path = tmp_path / name
        campaign = tiny(path, name=f"campaign-{name}")
        drive(path, campaign)
        digests.append([digest for _, _, digest, _ in examined(path, campaign).manifests])
    assert digests[0] == digests[1]
    other = tiny(tmp_path / "other", seed=8)
    drive(tmp_path / "other", other)
    assert examined(tmp_path / "other", other).dataset not in digests[0]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"wait": {"enough": "most"}}, r"wait\.enough"),
        ({"wait": {"after": "soon"}}, r"wait\.after"),
        ({"wait": {"poll_s": 0}}, r"wait\.poll_s"),
        ({"evaluation": {"metrics": ["acuracy"]}}, "acuracy"),
        ({"evaluation": {"metrics": ["recall/cow"]}}, "cow"),
        ({"evaluation": {"metrics": []}}, r"evaluation\.metrics"),
        ({"stop": {"target": {"metric": "recall/cow", "at_least": 0.5}}}, "cow"),
        ({"labels": {"task": "boxes"}}, r"labels\.task"),
        ({"labels": {"task": "multi"}}, r"strategy: it reads 'proba', and an item may"),
        ({"quality": {"overlap": 5}}, r"quality\.overlap.*4 people"),
    ],
)
def test_what_no_step_could_work_with_is_refused_before_anything_stands(
    tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    path = tmp_path / "ws"
    with pytest.raises(ConfigurationError, match=said):
        tiny(path, **wrong)
    assert assemble.unstopped(Workspace.of(path)) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"features": "missing.npy"}, "missing.npy"),
        ({"features": "nan.npy"}, "row"),
        ({"features": "empty.npy"}, "expected at least one row"),
        ({"groups": "one_group.npy"}, "control side"),
    ],
)
def test_a_pool_that_cannot_be_used_is_refused_before_anything_stands(
    tmp_path: Path, change: dict[str, str], said: str
) -> None:
    path = tmp_path / "ws"
    folder = data_of(path)
    folder.mkdir()
    np.save(folder / "nan.npy", np.full((40, 4), np.nan, dtype=np.float32))
    np.save(folder / "empty.npy", np.zeros((0, 4), dtype=np.float32))
    np.save(folder / "one_group.npy", np.array(["g"] * 40))
    if change.get("features") == "empty.npy":
        change = {**change, "ids": ""}
    with pytest.raises(DataError, match=said):
        tiny(path, pool={key: value or None for key, value in change.items()})
    assert assemble.unstopped(Workspace.of(path)) == []


def test_repeated_ids_and_rows_with_nan_are_put_aside_by_name(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    write_points(data_of(path), 40)
    features, ids = (np.load(data_of(path) / name) for name in ("pool.npy", "ids.npy"))
    features[3, 1] = np.nan
    ids[5] = ids[4]
    np.save(data_of(path) / "broken.npy", features)
    np.save(data_of(path) / "broken_ids.npy", ids)
    campaign = tiny(path, pool={"features": "broken.npy", "ids": "broken_ids.npy"})
    assert drive(path, campaign).stopped
    account = examined(path, campaign)
    assert account.items["pool"] == 38
    assert {item for _, item, _ in account.quarantine} == {"p003", "p004"}
    assert len(account.quarantine) == 2


PICTURES_ONLY = {"kind": "cvat", "url": "http://127.0.0.1:1", "truth": None, "annotators": None}


def test_a_pool_that_the_tool_cannot_show_is_refused_before_anything_is_bought(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ws"
    with pytest.raises(ConfigurationError, match="pool: this tool shows items of kind image, got"):
        tiny(path, backend=PICTURES_ONLY)
    with ledger_of(path) as ledger, ledger.read() as connection:
        assert connection.execute(select(rounds)).all() == []


def test_rows_that_the_tool_cannot_show_are_not_added(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path)
    before = len(rows(path, campaign, items))
    np.save(data_of(path) / "more.npy", np.load(data_of(path) / "pool.npy") + 1)
    np.save(data_of(path) / "more_ids.npy", np.array([f"q{at}" for at in range(40)]))
    with (
        assemble.held(Workspace.of(path), campaign) as fence,
        assemble.opened(Workspace.of(path), campaign, fence=fence) as opened,
        pytest.raises(ConfigurationError, match="pool: this tool shows items of kind image, got"),
    ):
        creation.add(
            opened.ledger,
            fence=fence,
            config=opened.config,
            raw_source={"kind": "arrays", "features": "more.npy", "ids": "more_ids.npy"},
            base=opened.base,
            folder=opened.folder,
            clock=opened.clock,
            traits=Traits(kinds=frozenset({"image"})),
        )
    assert len(rows(path, campaign, items)) == before
    with assemble.opened(Workspace.of(path), campaign) as opened:
        assert len(opened.pool) == before

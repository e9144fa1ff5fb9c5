"""What the unlabeled teach in a campaign: who is asked, what is kept, and when it goes off."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select

from auto_labeling import assemble
from auto_labeling.campaign import labels as labels_room
from auto_labeling.campaign import pseudo_files, pseudo_labels
from auto_labeling.campaign.pseudo_account import PseudoAccount
from auto_labeling.campaign.rounds import RoundState
from auto_labeling.campaign.schema import (
    answers,
    asks,
    audits,
    events,
    gold,
    items,
    labels,
    log_points,
    picks,
    pseudo_rounds,
    rounds,
    suggested,
)
from auto_labeling.campaign.statement import Statement
from auto_labeling.campaign.steps.choosing import select_batch
from auto_labeling.campaign.steps.judging import judges_of
from auto_labeling.campaign.steps.learning import train, training_set
from auto_labeling.campaign.transition import model_before, of_people_before, state_of
from auto_labeling.cli.account import account_json
from auto_labeling.models import fitting
from auto_labeling.records import Purpose, Side
from auto_labeling.reporting import pseudo_labels as pseudo_report
from auto_labeling.reporting.markdown import campaign_markdown
from auto_labeling.reporting.report import render
from auto_labeling.workspace import Workspace
from tests.support.campaigns import (
    CLASSES,
    cloud,
    data_of,
    drive,
    drive_until,
    driving,
    ledger_of,
    tiny,
)
from tests.support.examination import examined
from tests.support.unlabeled import Neighbours

pytestmark = pytest.mark.slow
ON = {"kind": "label_spreading", "audit": 0.34}
CALM: dict[str, Any] = {
    "points": 90,
    "backend": {"annotators": [1.0, 1.0]},
    "budget": {"answers": 80},
    "stop": {"max_rounds": 6},
    "preannotate": {"blind": "0%"},
    "semi_supervised": ON,
}
LONGER: dict[str, Any] = {"stop": {"max_rounds": 10}}
GOLD = [f"p{at:03d}" for at in range(6)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A campaign that has ended, and what its learner was handed."""

    path: Path
    learner: Neighbours | None
    account: Statement

    @property
    def handed(self) -> list[dict[str, Any]]:
        assert self.learner is not None
        return self.learner.handed

    @property
    def pseudo(self) -> PseudoAccount:
        assert self.account.pseudo_labels is not None
        return self.account.pseudo_labels

    def rows(self, table: Any) -> list[Any]:
        return rows(self.path, table)


def rows(path: Path, table: Any) -> list[Any]:
    with ledger_of(path) as ledger, ledger.read() as connection:
        keys = [column.name for column in table.primary_key]
        return list(connection.execute(select(table).order_by(*(table.c[key] for key in keys))))


def run(path: Path, learner: Neighbours | None, **overrides: Any) -> Run:
    """Run a campaign to its end; without a learner by what the library proposes itself."""
    with pytest.MonkeyPatch.context() as patch:
        if learner is not None:
            learner.put_in(patch)
        campaign = tiny(path, campaign_id="c", **{**CALM, **overrides})
        drive(path, campaign)
    return Run(path=path, learner=learner, account=examined(path, campaign))


def written(path: Path, name: str, columns: list[str], labels: Sequence[str]) -> None:
    """Write labels of the first items beside the data of a campaign that is not begun yet."""
    folder = data_of(path)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        rows = [[f"p{at:03d}", one] for at, one in enumerate(labels)]
        csv.writer(file).writerows([columns, *rows])


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One whose clusters are classes, with gold, and with people who do not err."""
    path = tmp_path_factory.mktemp("calm") / "ws"
    _, labels = cloud(CALM["points"], CLASSES, seed=1)
    written(path, "gold.csv", ["item", "label"], labels[: len(GOLD)])
    plan = {"gold": {"count": len(GOLD), "share": "20%", "path": "gold.csv"}}
    return run(path, Neighbours(), quality=plan, evaluation={"control": 0.3})


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One whose classes no cluster knows of, while its learner is sure of itself."""
    path = tmp_path_factory.mktemp("broken") / "ws"
    drawn = np.random.default_rng(4).integers(0, len(CLASSES), CALM["points"])
    written(path, "scrambled.csv", ["id", "label"], [CLASSES[one] for one in drawn])
    backend = CALM["backend"] | {"truth": "scrambled.csv"}
    return run(path, Neighbours(), backend=backend, **LONGER)


def test_a_model_learns_from_the_unlabeled_and_a_few_are_audited_in_each_batch(
    calm: Run,
) -> None:
    account = calm.pseudo
    assert account.in_use
    assert account.off_since is None
    drawn = calm.rows(audits)
    by_round = {row.round: [one for one in drawn if one.round == row.round] for row in drawn}
    assert list(by_round) == [2, 3, 4, 5, 6], "the first batch is chosen without a model"
    sizes = [len(found) for found in by_round.values()]
    asked = [-(-34 * 6 * many // 100) for many in range(1, 6)]
    assert np.cumsum(sizes).tolist() == asked, "the share, by whole numbers over the campaign"
    chosen = {(row.round, row.item): row for row in calm.rows(picks)}
    for row in drawn:
        pick = chosen[row.round, row.item]
        assert pick.purpose == Purpose.AUDIT
        assert pick.blind is False
        taken = calm.rows(pseudo_rounds)[row.claimed_in - 1].taken
        assert pick.chance == pytest.approx(len(by_round[row.round]) / taken)
    assert account.audited == len(drawn)
    assert account.precision.value == 1.0, "clusters and nobody who errs"


def test_batches_of_one_are_audited_as_rarely(tmp_path: Path) -> None:
    few = {"answers": 60}, {"max_rounds": 24}
    found = run(
        tmp_path / "ws",
        Neighbours(),
        semi_supervised={"kind": "label_spreading", "audit": 0.2},
        strategy={"batch": 1},
        budget=few[0],
        stop=few[1],
    )
    used = {line.round + 1 for line in found.rows(pseudo_rounds) if line.used}
    asked = [row for row in found.rows(picks) if row.round in used]
    audited = [row for row in asked if row.purpose == Purpose.AUDIT]
    assert len(asked) > 10
    assert len(audited) == -(-len(asked) // 5), "a fifth, and the rest is the strategy's"


def test_what_was_audited_teaches_and_never_judges(calm: Run) -> None:
    with (
        assemble.opened(Workspace.of(calm.path), "c") as opened,
        opened.ledger.read() as connection,
    ):
        known = labels_room.read(connection, "c")
        judges = judges_of(opened, known)
        assert judges is not None
        control = [one for one in known if one.purpose == Purpose.CONTROL and one.value]
        assert len(judges.truth) == len(control)
    learned = {one.item_id for one in training_set(known)}
    assert {row.item for row in calm.rows(audits)} <= learned


def test_no_row_that_judges_or_is_gold_is_ever_handed_over(
    calm: Run,
) -> None:
    features = np.load(data_of(calm.path) / "pool.npy")
    apart = {row.item for row in calm.rows(gold)}
    sides = {row.item: row.side for row in calm.rows(items)}
    barred = [
        features[at]
        for at in range(len(features))
        if sides[f"p{at:03d}"] != Side.TRAIN or f"p{at:03d}" in apart
    ]
    assert apart == set(GOLD)
    assert len(barred) > 20
    assert calm.handed
    for handed in calm.handed:
        seen = {row.tobytes() for row in handed["X"]}
        assert not seen & {row.tobytes() for row in barred}
        assert len(handed["X"]) == len(handed["points"]) == len(features) - len(barred)
    for row in calm.rows(audits):
        assert sides[row.item] == Side.TRAIN
        assert row.item not in apart


def test_pseudo_labels_count_nowhere_as_labels_of_people(
    calm: Run,
) -> None:
    account, path = calm.account, calm.path
    made, given = calm.rows(labels), calm.rows(answers)
    assert {row.source for row in made} == {"human"}
    assert {row.item for row in made} <= {row.item for row in given}
    assert account.items["labeled"] == len(made)
    frame = pd.read_parquet(path / "manifests" / str(account.dataset) / "labels.parquet")
    assert set(frame["item"]) == {row.item for row in made}
    points = [row for row in rows(path, log_points) if row.series == "labels/human_total"]
    paid = sum(row.state == "answered" for row in rows(path, asks))
    assert max(row.value for row in points) == paid == account.budget.committed_answers


def test_what_was_taken_lies_marked_beside_the_data_set(
    calm: Run,
) -> None:
    path = calm.path
    names = np.load(data_of(path) / "ids.npy")
    for line in rows(path, pseudo_rounds):
        [found] = [row.manifest for row in rows(path, rounds) if row.number == line.round]
        file = pseudo_files.file_of(path / "manifests" / found, line.digest)
        frame = pd.read_parquet(file)
        assert list(frame.columns) == [
            "item", "position", "label", "confidence", "weight", "source",
        ]  # fmt: skip
        assert set(frame["source"]) == {"pseudo"}
        assert len(frame) == line.taken == line.proposed
        assert frame["item"].tolist() == names[frame["position"]].tolist()
        assert frame["weight"].mean() == pytest.approx(line.weight)
        assert frame["confidence"].mean() == pytest.approx(line.confidence)
        labeled = pd.read_parquet(path / "manifests" / found / "labels.parquet")
        assert not set(labeled["item"]) & set(frame["item"])


def test_the_curves_have_what_was_taken_and_how_right_it_is(
    calm: Run,
) -> None:
    path = calm.path
    own = [row for row in rows(path, log_points) if row.round == -1]
    series = {row.series for row in own if row.series.startswith("pseudo/")}
    assert series == {
        "pseudo/taken", "pseudo/precision", "pseudo/precision_low", "pseudo/precision_high",
        "pseudo/cv_gain",
    }  # fmt: skip
    taken = {row.value for row in own if row.series == "pseudo/taken"}
    assert taken == {float(line.taken) for line in rows(path, pseudo_rounds)}


def test_an_audit_convicts_what_clusters_do_not_know(
    broken: Run,
) -> None:
    found, path = broken.pseudo, broken.path
    assert not found.in_use
    assert found.off_since is not None
    assert found.precision.high < 0.8
    lines = rows(path, pseudo_rounds)
    assert [line.stopped for line in lines] == [line.round >= found.off_since for line in lines]
    assert [line.used for line in lines] == [line.round < found.off_since for line in lines]
    assert {line.digest for line in lines if line.stopped} == {None}
    [told] = [row for row in rows(path, events) if row.kind == pseudo_labels.STOPPED]
    assert told.body["round"] == found.off_since
    assert told.body["reason"] == found.reason
    assert "at least 72.0% is asked for" in found.reason
    assert max(row.round for row in rows(path, audits)) == found.off_since
    assert len(broken.handed) == found.off_since - 1, "then nothing is proposed any more"


def test_the_model_of_a_conviction_has_learned_from_people_alone(
    broken: Run,
) -> None:
    account, path = broken.pseudo, broken.path
    with assemble.opened(Workspace.of(path), "c") as opened, opened.ledger.read() as connection:
        newest = account.rounds[-1]
        assert newest.stopped
        known = training_set(labels_room.read(connection, "c"))
        alone = opened.lesson.fit(
            opened.unfitted(),
            opened.inputs([one.position for one in known]),
            [one.value for one in known],
        )
        everything = opened.inputs(slice(None))
        stored = opened.model(newest.people_sha256)
        assert (
            fitting.predict(stored, everything, 3) == fitting.predict(alone, everything, 3)
        ).all()
        line = rows(path, rounds)[newest.round - 1]
        assert line.model_sha256 == newest.people_sha256
        convicted = next(one for one in account.rounds if one.used)
        after = convicted.round + 1
        assert of_people_before(connection, "c", after) == convicted.people_sha256
        assert model_before(connection, "c", after) != convicted.people_sha256


def test_what_to_ask_is_chosen_by_what_people_alone_have_taught(calm: Run) -> None:
    taught = {line.round: line.people_sha256 for line in calm.pseudo.rounds if line.used}
    assert taught
    newest = {row.number: row.model_sha256 for row in calm.rows(rounds)}
    assert all(newest[number] != people for number, people in taught.items())
    scored = {
        row.body["round"]: row.body for row in calm.rows(events) if row.kind == "round.scored"
    }
    for number, people in taught.items():
        if number + 1 in scored:
            assert scored[number + 1]["model"] == people
    for path in calm.path.glob("manifests/*/lineage.c.*.json"):
        lineage = json.loads(path.read_text(encoding="utf-8"))
        assert lineage["chosen_by_model"] == taught.get(lineage["round"] - 1)


def test_cross_validation_keeps_them_from_the_model_and_says_why(tmp_path: Path) -> None:
    learner = Neighbours(refuses="cross-validated accuracy falls")
    found = run(tmp_path / "ws", learner, stop={"max_rounds": 2})
    assert not found.pseudo.in_use
    assert found.pseudo.off_since is None
    assert found.pseudo.reason == "cross-validated accuracy falls"
    assert found.rows(audits) == []
    for line in found.pseudo.rounds:
        assert (line.taken, line.used, line.digest) == (0, False, None)
        assert line.proposed > 0
        assert line.gain == 0.25


def test_too_sure_pseudo_labels_weigh_less(tmp_path: Path) -> None:
    backend = CALM["backend"] | {"annotators": [0.93, 0.93]}
    found = run(tmp_path / "ws", Neighbours(claimed=0.999), backend=backend, **LONGER)
    assert found.pseudo.off_since is None
    assert 0.6 < found.pseudo.precision.value < 1
    weights = [one["settings"].weight for one in found.handed]
    assert weights[0] == 0.5
    assert 0 < weights[-1] < 0.5
    assert "so that they weigh" in found.pseudo.reason


def test_a_batch_that_is_chosen_again_audits_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ws"
    Neighbours().put_in(monkeypatch)
    campaign = tiny(path, campaign_id="c", **CALM)
    drive(path, campaign, max_rounds=1)
    drive_until(path, campaign, RoundState.SELECTED)
    before = rows(path, picks), rows(path, audits)
    with driving(path, campaign) as opened:
        for _ in range(2):
            again = select_batch(opened, state_of(opened.ledger, campaign))
            with opened.ledger.write(opened.fence) as connection:
                for write in again.writes:
                    write(connection)
    assert (rows(path, picks), rows(path, audits)) == before
    assert any(row.round == 2 for row in before[1])


def test_a_round_that_is_trained_again_has_one_row_and_one_conviction(
    tmp_path: Path, broken: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    Neighbours().put_in(monkeypatch)
    shutil.copytree(broken.path, tmp_path / "ws")
    shutil.copytree(data_of(broken.path), data_of(tmp_path / "ws"))
    path, off = tmp_path / "ws", broken.pseudo.off_since
    with driving(path, "c") as opened:
        state = replace(state_of(opened.ledger, "c"), round=off)
        again = train(opened, state)
        with opened.ledger.write(opened.fence) as connection:
            for write in again.writes:
                write(connection)
    lines = rows(path, pseudo_rounds)
    assert [row.stopped for row in lines] == [one.stopped for one in broken.pseudo.rounds]
    assert lines[-1].reason == broken.pseudo.reason
    assert sum(row.kind == pseudo_labels.STOPPED for row in rows(path, events)) == 1


def test_the_same_campaign_goes_the_same_way(tmp_path: Path, broken: Run) -> None:
    shutil.copytree(data_of(broken.path), data_of(tmp_path / "ws"))
    backend = CALM["backend"] | {"truth": "scrambled.csv"}
    again = run(tmp_path / "ws", Neighbours(), backend=backend, **LONGER)
    for table in (audits, picks):
        assert again.rows(table) == broken.rows(table)
    lines = [
        [replace(line, people_sha256="") for line in one.pseudo.rounds] for one in (again, broken)
    ]
    assert lines[0] == lines[1]


def test_nobody_is_shown_a_suggestion_for_what_is_audited(calm: Run) -> None:
    audited = {row.item for row in calm.rows(audits)}
    shown = {row.item for row in calm.rows(suggested)}
    assert audited
    assert shown
    assert not audited & shown


def test_the_screen_and_the_report_say_where_pseudo_labels_stand(calm: Run, broken: Run) -> None:
    on, off = (pseudo_report.summary(one.pseudo) for one in (calm, broken))
    assert on.startswith("on, ")
    assert "precision 100.0% (" in on
    assert off.startswith(f"off since round {broken.pseudo.off_since}; precision ")
    said = account_json(broken.account, Workspace.of(broken.path))["pseudo_labels"]
    assert said["off_since"] == broken.pseudo.off_since
    assert said["reason"] == broken.pseudo.reason
    assert said["precision"]["high"] < 0.8
    for one, wanted in ((calm, "The newest model learned from"), (broken, "are off for good")):
        page = render(one.account)
        assert wanted in page
        assert 'id="table-pseudo-labels"' in page
        assert wanted in campaign_markdown(one.account)


def test_what_proposes_is_never_convicted_where_clusters_are_classes(tmp_path: Path) -> None:
    calm = {"kind": "logistic_regression", "C": 0.01}  # says too little by itself
    found = run(tmp_path / "ws", None, model=calm, **LONGER).pseudo
    assert found.off_since is None
    assert any(line.used for line in found.rounds)
    assert found.audited > 0
    assert found.precision.value >= 0.9
    # Cross-validation may find that the model needs none of them, and then says so.
    assert all(line.used or line.reason for line in found.rounds)


def test_what_proposes_is_doubted_where_clusters_say_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    drawn = np.random.default_rng(4).integers(0, len(CLASSES), CALM["points"])
    written(path, "scrambled.csv", ["id", "label"], [CLASSES[one] for one in drawn])
    found = run(path, None, backend=CALM["backend"] | {"truth": "scrambled.csv"}, **LONGER)
    refused = [line for line in found.pseudo.rounds if not line.used]
    assert refused
    for line in refused:
        assert line.reason
        assert (line.taken, line.digest) == (0, None)
        model = found.rows(rounds)[line.round - 1].model_sha256
        assert model == line.people_sha256, "the model of people's labels is the round's"
    assert refused[0].reason in render(found.account).replace("&#39;", "'")
    learned = [line for line in found.pseudo.rounds if line.used]
    assert all((line.weight or 0) < 0.4 for line in learned), "what claims little weighs little"

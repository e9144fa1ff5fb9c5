"""Campaigns whose items may have several labels, from the first answer to the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import f1_score

from auto_labeling import assemble
from auto_labeling.campaign import labels, manifest
from auto_labeling.campaign.lessons import SetOfClasses, lesson_of
from auto_labeling.campaign.statement import Statement
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models import fitting
from auto_labeling.models.sklearn import LogisticRegression
from auto_labeling.ports import Model
from auto_labeling.records import LabelSchema
from auto_labeling.reporting.report import render
from auto_labeling.workspace import Workspace
from tests.support.campaigns import (
    CLASSES,
    cloud_of_sets,
    data_of,
    drive,
    driving,
    ledger_of,
    tiny_sets,
)
from tests.support.examination import examined

PERFECT: dict[str, Any] = {"backend": {"annotators": [1.0]}}


def account(path: Path, campaign: str) -> Statement:
    return assemble.account_of(Workspace.of(path), campaign)


@pytest.mark.parametrize("heldout", [None, "heldout.csv"])
def test_a_campaign_learns_sets_of_classes(tmp_path: Path, heldout: str | None) -> None:
    path = tmp_path / "ws"
    pool = {} if heldout is None else {"pool": {"heldout": heldout}}
    metrics = ["accuracy", "f1_macro", "f1_micro", "recall/bee", "log_loss", "brier"]
    campaign = tiny_sets(path, **PERFECT, **pool, evaluation={"metrics": metrics})
    drive(path, campaign)
    examined(path, campaign)
    said = account(path, campaign)
    last = {point.metric: point for point in said.curve if point.round == 3}
    assert set(last) == set(metrics)
    assert last["recall/bee"].interval.value >= 0.8
    assert last["accuracy"].interval.value >= 0.7
    assert last["log_loss"].interval.value < 0.5
    assert {line.number for line in said.rounds if line.model} == {1, 2, 3}


def test_its_data_set_holds_sets_as_people_gave_them(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny_sets(path, **PERFECT, stop={"max_rounds": 2})
    drive(path, campaign)
    _, sets = cloud_of_sets(40, seed=1)
    truth = {f"p{at:03d}": one.split("|") if one else [] for at, one in enumerate(sets)}
    with driving(path, campaign) as opened:
        digest = account(path, campaign).rounds[-1].manifest
        frame = manifest.read(opened.workspace, str(digest))
    assert len(frame) == 12
    assert {row["item"]: json.loads(row["label"]) for row in frame.to_dict("records")} == {
        item: truth[item] for item in frame["item"]
    }


def test_its_report_and_its_baseline_are_made(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    campaign = tiny_sets(path, baseline="random", pool={"heldout": "heldout.csv"})
    drive(path, campaign)
    said = account(path, campaign)
    assert {point.arm for point in said.curve} == {"campaign", "random"}
    assert "accuracy" in render(said)


def test_the_default_strategy_asks_by_label(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    strategy = {"kind": "auto", "scorer": None, "batch": 6}
    campaign = tiny_sets(path, strategy=strategy, **PERFECT)
    drive(path, campaign)
    assert account(path, campaign).items["labeled"] == 18


def test_imported_sets_teach(tmp_path: Path) -> None:
    path = tmp_path / "ws"
    folder = data_of(path)
    folder.mkdir(parents=True)
    (folder / "old.csv").write_text(
        'x0,x1,x2,label\n6,0,0,ant\n0,6,0,bee\n0,0,6,"[""cat""]"\n6,6,0,bee|ant\n0,0,0,[]\n'
        "1,1,1,\n2,2,2,dog\n3,3,3,[ant\n",
        encoding="utf-8",
    )
    campaign = tiny_sets(path, labeled=[{"kind": "table", "path": "old.csv"}], **PERFECT)
    with ledger_of(path) as ledger, ledger.read() as connection:
        known = [label.value for label in labels.read(connection, campaign)]
    assert set(known) == {(), ("ant",), ("ant", "bee"), ("bee",), ("cat",)}
    drive(path, campaign, max_rounds=1)
    examined(path, campaign)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"strategy": {"scorer": {"kind": "margin"}}}, r"'proba'.*several labels.*multi_label"),
        (
            {
                "strategy": {"scorer": {"kind": "vote_entropy"}},
                "model": {"kind": "committee", "of": {"kind": "naive_bayes"}},
            },
            r"'posterior'.*several labels",
        ),
        (
            {"labels": {"task": "boxes"}},
            "model: it learns single, multi, and labels.task is 'boxes'",
        ),
    ],
)
def test_what_cannot_be_learned_is_said_before_it_is_bought(
    tmp_path: Path, overrides: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        tiny_sets(tmp_path / "ws", **overrides)


def test_a_model_of_classes_is_no_lesson_in_drawing() -> None:
    lesson = lesson_of(LabelSchema(task="boxes", classes=("cell",)))
    with pytest.raises(DataError, match="cannot learn boxes"):
        lesson.fit(LogisticRegression().build(0), np.zeros((1, 2)), [()])


def test_labels_that_are_always_or_never_there_need_no_model() -> None:
    lesson = SetOfClasses(CLASSES)
    features = np.array([[0.0], [1.0], [5.0], [6.0]])
    fitted = lesson.fit(
        LogisticRegression().build(0),
        features,
        [("ant",), ("ant",), ("ant", "bee"), ("ant", "bee")],
    )
    said = lesson.predict(fitted, features)
    assert said[:, 0].tolist() == [1.0] * 4
    assert said[:, 2].tolist() == [0.0] * 4
    assert (said[:, 1] > 0.5).tolist() == [False, False, True, True]
    assert lesson.likeliest(said[3])[0] == ("ant", "bee")


@pytest.mark.parametrize("model", [LogisticRegression().build(0)])
def test_each_label_is_learned_as_if_it_were_alone(model: Model) -> None:
    features, truth = make_multilabel_classification(120, 8, n_classes=4, random_state=0)
    together = fitting.predict(fitting.fit_sets(model, features, truth), features, 4)
    for at, column in enumerate(truth.T):
        alone = fitting.fit(LogisticRegression().build(0), features, column, 2)
        assert together[:, at] == pytest.approx(fitting.predict(alone, features, 2)[:, 1])
    assert f1_score(truth, together > 0.5, average="micro") > 0.7


def test_a_model_is_kept_and_found_again(tmp_path: Path) -> None:
    features, truth = make_multilabel_classification(60, 5, n_classes=3, random_state=1)
    fitted = fitting.fit_sets(LogisticRegression().build(0), features, truth)
    sha256 = fitting.dump(fitted, tmp_path / "model.joblib")
    again = fitting.load(tmp_path / "model.joblib", sha256)
    assert again.several
    assert (fitting.predict(again, features, 3) == fitting.predict(fitted, features, 3)).all()


@pytest.mark.parametrize("y", [[[0, 2]], [[0.5, 1.0]], [0], []])
def test_targets_that_are_no_sets_are_refused(y: Any) -> None:
    with pytest.raises(DataError, match="labels"):
        fitting.fit_sets(LogisticRegression().build(0), np.ones((len(y), 2)), y)

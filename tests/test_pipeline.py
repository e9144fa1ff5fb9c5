"""What a person types in Python: every form of data in, one report out."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from sklearn.ensemble import ExtraTreesClassifier

from auto_labeling import AutoLabelingPipeline, assemble, launch
from auto_labeling.campaign import driver
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.workspace import Workspace


def run_plainly(workspace: Workspace, campaign: str) -> str:
    """Stand in for the flow: the same steps without Prefect."""
    with (
        assemble.held(workspace, campaign) as fence,
        assemble.opened(workspace, campaign, fence=fence) as opened,
    ):
        driver.drive(opened)
    return campaign


@pytest.fixture(autouse=True)
def without_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "run_campaign", run_plainly)


def blobs(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    X = rng.normal(size=(n, 4)) + 4 * np.eye(4)[y]
    return X.astype(np.float32), np.array(["ash", "birch", "cedar"])[y]


def pipeline(truth: Any, **settings: Any) -> AutoLabelingPipeline:
    made = AutoLabelingPipeline(
        model=settings.pop("model", None),
        active_learning=settings.pop("active_learning", "margin"),
        labeling_tool="simulated",
        annotators=[0.95, 0.95, 0.95],
        truth=truth,
    )
    return made.configure(tracking=False, batch_size=10, **settings)


def test_arrays_with_seed_labels_and_a_heldout_set(tmp_path: Path) -> None:
    X, y = blobs(160)
    made = pipeline(
        y[10:110], budget=60, price_per_label="0.05", heldout=(X[110:], y[110:]), workspace=tmp_path
    )
    report = made.run((X[:10], y[:10]), X[10:110])
    assert report.labels_used == 60
    assert report.cost == pytest.approx(3.0)
    assert report.items_labeled == 70
    assert report.judged_against == "held-out labels"
    assert report.accuracy_interval[0] < report.accuracy <= report.accuracy_interval[1]
    assert math.isnan(report.cost_savings)
    assert report.curve["items"].iloc[0] == 10
    assert set(report.dataset["source"]) == {"human", "imported"}
    assert report.stop_reason is not None
    assert "budget" in report.stop_reason
    assert made.budget.free_answers == 0
    assert report.model_path is not None
    assert report.model_path.exists()


def test_a_cold_start_is_judged_by_a_control_slice(tmp_path: Path) -> None:
    X, y = blobs(120)
    classes = ["ash", "birch", "cedar"]
    report = pipeline(y, budget=60, classes=classes, workspace=tmp_path).run(None, X)
    assert report.judged_against == "consensus on the control slice"
    assert (report.dataset["purpose"] == "control").sum() == 12


def test_a_target_ends_it(tmp_path: Path) -> None:
    X, y = blobs(400)
    made = pipeline(y[10:200], budget=150, heldout=(X[200:], y[200:]), workspace=tmp_path)
    report = made.run((X[:10], y[:10]), X[10:200], target_accuracy=0.8)
    assert report.stop_reason is not None
    assert report.stop_reason.startswith("target reached")
    assert report.labels_used < 150


def test_texts(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 80)
    words = [("good", "fine", "great"), ("bad", "poor", "awful")]
    texts = [" ".join(rng.choice(words[label], 3)) + f" {at}" for at, label in enumerate(y)]
    report = pipeline(y, budget=40, classes=["0", "1"], workspace=tmp_path).run(None, texts)
    assert report.labels_used == 40


def test_a_frame_with_its_own_ids(tmp_path: Path) -> None:
    X, y = blobs(80)
    frame = pd.DataFrame(X, columns=list("abcd")).assign(id=[f"tree-{at}" for at in range(80)])
    seeds = pd.DataFrame(X[:5], columns=list("abcd")).assign(label=y[:5])
    made = pipeline(y, budget=20, classes=["ash", "birch", "cedar"], workspace=tmp_path)
    report = made.run(seeds, frame)
    bought = report.dataset[report.dataset["source"] == "human"]
    assert bought["item"].str.startswith("tree-").all()


def test_image_paths(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    shades = rng.integers(0, 2, 40)
    paths = []
    for at, shade in enumerate(shades):
        path = tmp_path / f"{at:02d}.png"
        pixels = rng.integers(0, 80, (8, 8)) + 150 * shade
        Image.fromarray(pixels.astype(np.uint8)).save(path)
        paths.append(path)
    names = np.array(["dark", "light"])[shades]
    made = pipeline(names, budget=20, classes=["dark", "light"], workspace=tmp_path / "w")
    assert made.run(None, paths).labels_used == 20


def test_a_model_of_ones_own(tmp_path: Path) -> None:
    X, y = blobs(80)
    model = ExtraTreesClassifier(n_estimators=20, random_state=0)
    classes = ["ash", "birch", "cedar"]
    made = pipeline(y, model=model, budget=20, classes=classes, workspace=tmp_path)
    assert made.run(None, X).labels_used == 20


def test_resume_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = blobs(120)

    def dies(workspace: Workspace, campaign: str) -> str:
        with (
            assemble.held(workspace, campaign) as fence,
            assemble.opened(workspace, campaign, fence=fence) as opened,
        ):
            driver.drive(opened, max_rounds=1)
        raise KeyboardInterrupt

    made = pipeline(y, budget=60, classes=["ash", "birch", "cedar"], workspace=tmp_path)
    monkeypatch.setattr(launch, "run_campaign", dies)
    with pytest.raises(KeyboardInterrupt):
        made.run(None, X)
    assert made.report().labels_used == 10
    monkeypatch.setattr(launch, "run_campaign", run_plainly)
    assert made.resume().labels_used == 60


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"active_learning": "uncertanty"},
            "active_learning: expected .* did you mean .uncertainty",
        ),
        ({"model": "logistic"}, "model: expected one of"),
        ({"model": object()}, "fit and predict_proba"),
        ({"classes": None}, r"classes: expected configure\(classes"),
        ({"classes": ["one"]}, "labels.classes: expected at least two"),
        ({"budget": 0}, "budget.answers: expected at least 1"),
        ({"price_per_label": 0.05}, "quote"),
    ],
)
def test_a_wrong_argument_is_named(tmp_path: Path, arguments: dict[str, Any], said: str) -> None:
    X, y = blobs(30)
    settings = {"classes": ["ash", "birch", "cedar"], "workspace": tmp_path} | arguments
    with pytest.raises(ConfigurationError, match=said):
        pipeline(y, **settings).run(None, X)


def test_a_tool_that_is_not_there_is_named(tmp_path: Path) -> None:
    made = AutoLabelingPipeline(labeling_tool="paper")
    made.configure(classes=["a", "b"], workspace=tmp_path)
    with pytest.raises(ConfigurationError, match="files, label_studio, simulated, got 'paper'"):
        made.run(None, np.ones((3, 2)))


def test_a_tools_key_is_kept_apart_and_readable_by_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "run_campaign", lambda *_: None)
    made = AutoLabelingPipeline(api_key="s3cret", url="http://127.0.0.1:9")
    made.configure(classes=["a", "b"], workspace=tmp_path)
    made.run(None, [f"text {at}" for at in range(30)])
    holding = [
        path for path in tmp_path.rglob("*") if path.is_file() and b"s3cret" in path.read_bytes()
    ]
    assert [(path.name, path.stat().st_mode & 0o777) for path in holding] == [("token", 0o600)]


def test_the_models_answers_are_shown_from_a_threshold_on(tmp_path: Path) -> None:
    X, y = blobs(60)
    told: dict[str, Any] = {"classes": sorted(set(y)), "workspace": tmp_path, "max_iterations": 2}
    report = pipeline(y, **told, confidence_threshold=0.9).run(None, X)
    [config] = tmp_path.rglob("config.yaml")
    assert yaml.safe_load(config.read_text())["preannotate"] == {"at_least": 0.9}
    assert report.labels_used > 0
    with pytest.raises(ConfigurationError, match=r"preannotate.at_least: expected a probability"):
        pipeline(y, **told, confidence_threshold=7).run(None, X)


@pytest.mark.parametrize("pool", [None, [], np.ones((0, 3)), [object()]])
def test_a_pool_that_is_none_is_refused(tmp_path: Path, pool: Any) -> None:
    made = pipeline(["a"], classes=["a", "b"], workspace=tmp_path)
    with pytest.raises(DataError, match="expected"):
        made.run(None, pool)


def test_nothing_was_run_yet() -> None:
    with pytest.raises(ConfigurationError, match="call run"):
        AutoLabelingPipeline().report()

"""What a person types in Python: every form of data in, one report out."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from scipy.sparse import csr_array
from sklearn.ensemble import ExtraTreesClassifier

from auto_labeling import AutoLabelingPipeline, assemble, launch, models
from auto_labeling.campaign import driver
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats.coco import encode_coco
from auto_labeling.formats.labeled import Labeled
from auto_labeling.given import Desk
from auto_labeling.pool.pixels import size_of
from auto_labeling.records import LabelSchema
from auto_labeling.workspace import Workspace
from tests.serving.spots import SPOTS, Spotting, answer_of, write_spots


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


def test_numbers_of_numpy_and_sparse_arrays_are_taken(tmp_path: Path) -> None:
    X, y = blobs(60)
    made = pipeline(
        y[10:40],
        budget=np.int64(20),
        price_per_label=Decimal("0.05"),
        seed=np.int64(3),
        heldout=(csr_array(X[40:]), y[40:]),
        workspace=tmp_path,
    )
    report = made.run((csr_array(X[:10]), y[:10]), csr_array(X[10:40]), np.float64(0.999))
    assert (report.labels_used, report.cost) == (20, 1.0)


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


def die_after_a_round(workspace: Workspace, campaign: str) -> str:
    """Stand in for a script that is killed."""
    with (
        assemble.held(workspace, campaign) as fence,
        assemble.opened(workspace, campaign, fence=fence) as opened,
    ):
        driver.drive(opened, max_rounds=1)
    raise KeyboardInterrupt


def test_resume_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = blobs(120)
    made = pipeline(y, budget=60, classes=["ash", "birch", "cedar"], workspace=tmp_path)
    monkeypatch.setattr(launch, "run_campaign", die_after_a_round)
    with pytest.raises(KeyboardInterrupt):
        made.run(None, X)
    assert made.report().labels_used == 10
    monkeypatch.setattr(launch, "run_campaign", run_plainly)
    assert made.resume().labels_used == 60


def test_a_script_that_was_killed_goes_on_with_its_campaign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    X, y = blobs(120)
    told: dict[str, Any] = {"classes": ["ash", "birch", "cedar"], "workspace": tmp_path}

    def script(at: slice = slice(60), budget: int = 30) -> AutoLabelingPipeline:
        made = pipeline(y[at], **told, budget=budget)
        made.run(None, X[at])
        return made

    monkeypatch.setattr(launch, "run_campaign", die_after_a_round)
    for at in (slice(60), slice(60, 120)):
        with pytest.raises(KeyboardInterrupt):
            script(at)
    with pytest.raises(ConfigurationError, match="expected one campaign 'pipeline' under way, got"):
        pipeline(y, **told).resume()
    begun = assemble.unstopped(Workspace.of(tmp_path))
    with pytest.raises(
        ConfigurationError, match=rf"{begun[0]} over this pool .* resume\(\) goes on"
    ):
        script(budget=40)
    monkeypatch.setattr(launch, "run_campaign", run_plainly)
    assert script().report().campaign_id == begun[0]
    assert assemble.known(Workspace.of(tmp_path)) == begun[::-1], "no other was begun"
    assert sorted(path.name for path in (tmp_path / "campaigns").iterdir()) == sorted(begun)
    resumed = pipeline(y, **told).resume()
    assert (resumed.campaign_id, resumed.labels_used) == (begun[1], 30)
    assert script().report().campaign_id not in begun, "what has ended is not taken up"
    with pytest.raises(ConfigurationError, match="no campaign 'pipeline' is under way"):
        pipeline(y, **told).resume()


def test_a_new_key_is_taken_up_by_the_campaign_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "run_campaign", lambda *_: None)
    for key in ("expired", "renewed"):
        made = AutoLabelingPipeline(api_key=key, url="http://127.0.0.1:9")
        made.configure(classes=["a", "b"], workspace=tmp_path)
        made.run(None, [f"text {at}" for at in range(30)])
    [token] = tmp_path.rglob("token")
    assert token.read_text() == "renewed"
    assert token.stat().st_mode & 0o777 == 0o600


SPOTTED = LabelSchema(task="boxes", classes=SPOTS)


@pytest.fixture
def spotting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(models.TABLE, "spotting", Spotting)


def spotter(truth: Any, **told: Any) -> AutoLabelingPipeline:
    made = AutoLabelingPipeline(
        model={"kind": "spotting"}, labeling_tool="simulated", annotators=[1.0, 1.0], truth=truth
    )
    return made.configure(tracking=False, task="boxes", batch_size=6, max_iterations=3, **told)


@pytest.mark.usefixtures("spotting")
@pytest.mark.parametrize("by_file", [False, True])
def test_people_draw_on_pictures(tmp_path: Path, by_file: bool) -> None:
    """A pair of paths and shapes goes where a COCO file goes."""

    spots = write_spots(tmp_path / "all", 34)

    def handed(paths: list[Path], name: str) -> Any:
        drawn = [answer_of(spots[path], SPOTTED) for path in paths]
        if not by_file:
            return paths, drawn
        coco = tmp_path / "all" / name
        labeled = [
            Labeled(number=at, item_id="", value=shapes, picture=str(path), size=size_of(path))
            for at, (path, shapes) in enumerate(zip(paths, drawn, strict=True), 1)
        ]
        content = json.loads(encode_coco(labeled, SPOTTED)["annotations.json"])
        for one in content["images"]:
            one["file_name"] = paths[one["id"] - 1].name
        coco.write_text(json.dumps(content))
        return coco

    pool, rest = sorted(spots)[:24], sorted(spots)[24:]
    known, judges = handed(pool, "pool.json"), handed(rest, "judges.json")
    truth = known if by_file else known[1]
    made = spotter(truth, heldout=judges, classes=SPOTS, workspace=tmp_path / "w", budget=18)
    report = made.run(None, pool)
    assert (report.labels_used, report.items_labeled) == (18, 18)
    assert report.metric == "map50"
    assert report.accuracy == 1.0, "it sees every spot"
    assert report.judged_against == "held-out labels"
    assert report.dataset["label"].str.contains('"box"').any()
    assert report.model_path is not None


@pytest.mark.usefixtures("spotting")
def test_drawn_labels_teach_and_show_the_classes(tmp_path: Path) -> None:
    spots = write_spots(tmp_path / "all", 30)
    paths = sorted(spots)
    drawn = [answer_of(spots[path], SPOTTED) for path in paths]
    made = spotter(drawn[8:], workspace=tmp_path / "w", budget=12)
    report = made.run((paths[:8], drawn[:8]), paths[8:], target_accuracy=0.99)
    assert report.items_labeled == 20
    assert set(report.dataset["source"]) == {"human", "imported"}
    [config] = (tmp_path / "w").rglob("given/config.yaml")
    raw = yaml.safe_load(config.read_text())
    assert raw["labels"] == {"task": "boxes", "classes": sorted(SPOTS)}
    assert raw["strategy"]["scorer"] == {"kind": "objects"}
    assert raw["stop"]["target"] == {"metric": "map50", "at_least": 0.99}


def test_a_file_of_weights_is_found_from_where_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.pt").write_bytes(b"weights")
    desk = Desk(folder=tmp_path, schema=SPOTTED)
    found = desk.model({"kind": "yolo", "weights": "mine.pt", "sha256": "0" * 64, "epochs": 3})
    assert found["weights"] == str(tmp_path / "mine.pt")
    assert found["epochs"] == 3
    assert desk.model({"kind": "yolo", "weights": "yolov8n.yaml"})["weights"] == "yolov8n.yaml"


def test_what_is_drawn_needs_pictures_and_a_model_that_draws(tmp_path: Path) -> None:
    made = spotter([()], classes=SPOTS, workspace=tmp_path)
    with pytest.raises(DataError, match="pool: expected a list of image paths or a COCO file"):
        made.run(None, np.ones((3, 2)))
    path = tmp_path / "a.png"
    Image.new("RGB", (8, 8)).save(path)
    with pytest.raises(DataError, match="labeled: 1 pictures and 2 labels"):
        made.run(([path], [(), ()]), [path])
    plain = AutoLabelingPipeline(labeling_tool="simulated", annotators=[1.0], truth=[()])
    plain.configure(task="boxes", classes=SPOTS, workspace=tmp_path, tracking=False)
    with pytest.raises(ConfigurationError, match=r"model: it learns .* labels.task is 'boxes'"):
        plain.run(None, [path])


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
    with pytest.raises(
        ConfigurationError, match="files, label_studio, replay, simulated, got 'paper'"
    ):
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

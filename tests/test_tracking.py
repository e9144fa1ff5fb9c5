from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import joblib
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from pycocotools import mask as coco_masks

from auto_labeling.config import Tracking
from auto_labeling.errors import BlockedError, ConfigurationError, TransientError
from auto_labeling.formats.masks import pixels_of
from auto_labeling.pictures import Pictures
from auto_labeling.ports import Tracker
from auto_labeling.records import LabelSchema
from auto_labeling.tracking import MLflowTracker, NoTracker
from auto_labeling.tracking.saving import requirements_of, save
from auto_labeling.tracking.store import shown
from tests.contracts.tracker import Halves, Seen, TrackerContract, fitted, point
from tests.serving.spots import SPOTS, Spotter, answer_of, write_spots
from tests.support.memory_tracker import MemoryTracker


class TestMemory(TrackerContract):
    store: ClassVar = MemoryTracker()

    def opened(self) -> Tracker:
        return self.store

    def seen(self, run: str) -> Seen:
        found = self.store.runs[run]
        return Seen(
            name=found.name,
            parent=found.parent,
            params=found.params,
            tags=found.tags,
            files=found.files,
            status=found.status,
            values={(p.series, p.step): p.value for p in found.points},
        )

    def versions(self, name: str) -> Mapping[str, int]:
        aliases = {alias: at for (of, alias), at in self.store.aliases.items() if of == name}
        return {"": len(self.store.versions[name]), **aliases}


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with an MLflow store, made once: that takes seconds."""
    workspace = tmp_path_factory.mktemp("a workspace")
    of(workspace).open_run("digits", None, "digits")
    return workspace


def of(workspace: Path, experiment: str = "auto-label") -> MLflowTracker:
    return MLflowTracker(
        f"sqlite:///{workspace / 'mlflow.db'}", workspace / "artifacts", experiment
    )


class TestMLflow(TrackerContract):
    workspace: Path

    @pytest.fixture(autouse=True)
    def in_workspace(self, store: Path) -> None:
        self.workspace = store

    def opened(self) -> Tracker:
        return of(self.workspace)

    def seen(self, run: str) -> Seen:
        client: Any = of(self.workspace)._client
        found = client.get_run(run)
        files = Path(client._tracking_client.get_run(run).info.artifact_uri.removeprefix("file://"))
        files = Path(str(files).replace("%20", " "))
        keys = found.data.metrics
        return Seen(
            name=found.info.run_name,
            parent=found.data.tags.get("mlflow.parentRunId"),
            params=found.data.params,
            tags=found.data.tags,
            files={
                str(file.relative_to(files)): file.read_bytes()
                for file in files.rglob("*")
                if file.is_file()
            },
            status=found.info.status,
            values={
                (key, m.step): m.value for key in keys for m in client.get_metric_history(run, key)
            },
        )

    def versions(self, name: str) -> Mapping[str, int]:
        client: Any = of(self.workspace)._client
        aliases = client.get_registered_model(name).aliases
        return {
            "": len(client.search_model_versions(f"name = '{name}'")),
            **{alias: int(version) for alias, version in aliases.items()},
        }


def test_every_kind_of_the_campaign_file_has_a_tracker_here() -> None:
    kinds = typing.get_args(typing.get_type_hints(Tracking)["kind"])
    assert set(kinds) == {"mlflow", "none"}


def test_nowhere_takes_everything_and_keeps_nothing(tmp_path: Path) -> None:
    tracker: Tracker = NoTracker()
    run = tracker.open_run("digits", 1, "round 1")
    tracker.log(run, [point("eval/accuracy", 1)])
    tracker.describe(run, {"a": "b"}, {})
    tracker.artifact(run, tmp_path / "nowhere")
    tracker.model(run, fitted(), "digits", "champion")
    tracker.close(run, "FINISHED")
    assert tracker.steps(run, "eval/accuracy") == frozenset()


def test_files_lie_in_the_artifact_root_and_nowhere_else(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tracker = of(store)
    run = tracker.open_run("littering", None, "littering")
    tracker.model(run, fitted(), "littering", "champion")
    assert list(tmp_path.iterdir()) == []
    assert list((store / "artifacts").rglob("model.pkl"))
    assert {entry.name for entry in store.iterdir()} == {"mlflow.db", "artifacts"}


@pytest.mark.parametrize("model", [fitted(), Halves()], ids=["estimator", "any object"])
def test_what_is_kept_predicts_probabilities(tmp_path: Path, model: Any) -> None:
    import mlflow.pyfunc

    save(model, tmp_path / "model")
    X = np.array([[0.2], [0.9]])
    again = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    np.testing.assert_allclose(again.predict(X), model.predict_proba(X))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_what_is_kept_of_a_detector_finds_objects(tmp_path: Path) -> None:
    import mlflow.pyfunc

    spots = write_spots(tmp_path / "pictures", 8)
    model = Spotter(draws=True, names=SPOTS)
    save(model, tmp_path / "model")
    again = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    paths = [str(path) for path in spots]
    found = again.predict(paths)
    assert again.predict(pd.DataFrame({"path": paths})).equals(found)
    assert again.predict(np.array(paths)).equals(found)
    expected = model.detect(Pictures(tuple(spots)))
    assert list(found.picture) == [paths[at] for at in expected.pictures]
    assert list(found.label) == [SPOTS[at] for at in expected.labels]
    np.testing.assert_array_equal(found[["x", "y", "width", "height"]], expected.boxes)
    np.testing.assert_array_equal(found.score, expected.scores)
    for told, mask in zip(found["mask"], expected.masks or (), strict=True):
        runs = coco_masks.frPyObjects(told, *told["size"])
        np.testing.assert_array_equal(coco_masks.decode(runs).astype(bool), pixels_of(mask))
    nothing = again.predict([path for path in paths if not spots[Path(path)]])
    assert list(nothing.columns) == list(found.columns.drop("mask"))
    assert nothing.empty


def test_what_is_kept_of_a_model_of_pictures_takes_their_paths(tmp_path: Path) -> None:
    import mlflow.pyfunc

    spots = write_spots(tmp_path / "pictures", 4)
    save(Shades(), tmp_path / "model")
    again = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    paths = [str(path) for path in spots]
    said = Shades().predict_proba(Pictures(tuple(spots)))
    assert len(np.unique(said[:, 0])) == 4
    np.testing.assert_array_equal(again.predict(paths), said)


class Shades:
    """Says of pictures how dark they are."""

    classes_: ClassVar = np.array([0, 1])

    def fit(self, X: Any, y: Any) -> Shades:
        return self

    def predict_proba(self, X: Pictures) -> Any:
        light = np.array([np.asarray(Image.open(path).convert("L")).mean() / 255 for path in X])
        return np.stack([1 - light, light], axis=1)


def test_a_detector_names_what_it_needs_when_it_is_used() -> None:
    from PIL import __version__

    assert f"pillow=={__version__}" in requirements_of(Spotter())


@pytest.mark.slow
def test_a_detector_is_registered_once_by_whichever_process(store: Path, tmp_path: Path) -> None:
    tracker = of(store)
    name = "spots"
    model = Spotter(names=SPOTS)
    run = tracker.open_run(name, None, name)
    tracker.model(run, model, name, "champion")
    joblib.dump(model, tmp_path / "model.joblib")
    spots = write_spots(tmp_path / "pictures", 4)
    words = [str(tmp_path / "model.joblib"), str(store), run, name, *map(str, spots)]
    said = in_another_process(BRINGS, words)
    assert _at(store).versions(name) == {"": 1, "champion": 1}
    found = [line for line in said.splitlines() if line in SPOTS]
    assert sorted(found) == sorted(spot.label for one in spots.values() for spot in one)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_trained_network_is_kept_as_any_detector(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torchvision")
    from auto_labeling.models import yolo_results
    from auto_labeling.models.yolo import Yolo

    monkeypatch.setattr(yolo_results, "FLOOR", 1e-6)  # it has hardly learned anything
    spots = write_spots(tmp_path / "pictures", 8)
    schema = LabelSchema(task="boxes", classes=SPOTS)
    pictures = Pictures(tuple(spots))
    model = Yolo(weights="yolov8n.yaml", image_size=64, epochs=1, batch=4).build(seed=0)
    model.learn(pictures, [answer_of(one, schema) for one in spots.values()], schema)
    tracker = of(store)
    name = "network"
    run = tracker.open_run(name, None, name)
    tracker.model(run, model, name, "champion")
    before = joblib.hash(model)
    model.detect(pictures)  # the network is built, and is no part of what is kept
    assert joblib.hash(model) == before
    joblib.dump(model, tmp_path / "model.joblib")
    words = [str(tmp_path / "model.joblib"), str(store), run, name, *map(str, spots)]
    lower = "from auto_labeling.models import yolo_results; yolo_results.FLOOR = 1e-6"
    said = in_another_process(lower + BRINGS, words)
    assert _at(store).versions(name) == {"": 1, "champion": 1}
    expected = model.detect(pictures)
    assert len(expected.labels) > len(pictures)
    assert said.split() == [SPOTS[label] for label in expected.labels]


BRINGS = """
import sys
from pathlib import Path
import joblib
from auto_labeling.tracking import MLflowTracker
file, store, run, name, *pictures = sys.argv[1:]
store = Path(store)
tracker = MLflowTracker(f"sqlite:///{store / 'mlflow.db'}", store / "artifacts")
tracker.model(run, joblib.load(file), name, "champion")
import mlflow
mlflow.set_tracking_uri(tracker.uri)
mlflow.set_registry_uri(tracker.uri)
loaded = mlflow.pyfunc.load_model(f"models:/{name}@champion")
print(*loaded.predict(pictures).label, sep=chr(10))
"""


def in_another_process(program: str, words: Sequence[str]) -> str:
    """Run a program and return what it said; the folder of the checkout is where modules lie."""
    folder = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "ignore", "PYTHONPATH": str(folder)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_requirements_name_what_is_installed_and_nothing_else() -> None:
    from sklearn import __version__

    named = requirements_of(fitted())
    assert f"scikit-learn=={__version__}" in named
    assert [name for name in named if "auto" in name] == []


def test_a_model_that_cannot_be_registered_leaves_no_empty_name(store: Path) -> None:
    class Refusing:
        def __init__(self, client: Any) -> None:
            self.client = client

        def __getattr__(self, name: str) -> Any:
            return getattr(self.client, name)

        def create_model_version(self, *_: Any, **__: Any) -> None:
            raise OSError("the line is cut")

    tracker = of(store)
    run = tracker.open_run("refused", None, "refused")
    client = tracker._client
    vars(tracker)["_client"] = Refusing(client)
    with pytest.raises(TransientError, match="the line is cut"):
        tracker.model(run, fitted(), "refused", "champion")
    assert client.search_registered_models("name = 'refused'") == []
    of(store).model(run, fitted(), "refused", "champion")
    assert TestMLflow.versions(_at(store), "refused") == {"": 1, "champion": 1}


def _at(store: Path) -> TestMLflow:
    contract = TestMLflow()
    contract.workspace = store
    return contract


def test_a_deleted_experiment_needs_a_person(store: Path) -> None:
    tracker = of(store, "thrown away")
    tracker.open_run("digits", None, "digits")
    tracker._client.delete_experiment(tracker._experiment_id)
    with pytest.raises(BlockedError, match=r"'thrown away' was deleted"):
        of(store, "thrown away").open_run("digits", None, "digits")


@pytest.mark.parametrize("uri", ["./mlruns", "file:///tmp/mlruns", "sqlite:mlflow.db", ""])
def test_an_address_that_is_none_is_refused(uri: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"tracking\.uri: expected .*got"):
        MLflowTracker(uri, tmp_path)


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    assert shown("http://li:hush@mlflow.lan:5000") == "http://li@mlflow.lan:5000"
    with pytest.raises(ConfigurationError) as caught:
        MLflowTracker("ftp://li:hush@mlflow.lan", tmp_path)
    assert "hush" not in str(caught.value)


def test_a_server_that_is_not_there_may_be_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(TransientError, match=rf"MLflow at http://127\.0\.0\.1:{port}"):
        MLflowTracker(f"http://127.0.0.1:{port}", tmp_path).open_run("digits", None, "digits")


def test_a_server_that_never_answers_is_not_asked_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(TransientError, match="timed out"):
            MLflowTracker(uri, tmp_path).open_run("digits", None, "digits")
        silent.setblocking(False)
        tries = [silent.accept()[0] for _ in range(2)]
        with pytest.raises(BlockingIOError):
            silent.accept()
        for one in tries:
            one.close()


def test_a_store_of_another_version_needs_a_person(store: Path, tmp_path: Path) -> None:
    copied = tmp_path / "mlflow.db"
    copied.write_bytes((store / "mlflow.db").read_bytes())
    with sqlite3.connect(copied) as database:
        database.execute("UPDATE alembic_version SET version_num = '181f10493468'")
    database.close()
    with pytest.raises(BlockedError, match="mlflow db upgrade"):
        of(tmp_path).open_run("digits", None, "digits")


def test_a_file_that_is_no_store_needs_a_person(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("dear diary, " * 500)
    with pytest.raises(BlockedError, match="cannot be used"):
        of(tmp_path).open_run("digits", None, "digits")


@pytest.mark.slow
def test_a_locked_store_may_be_free_later(store: Path, tmp_path: Path) -> None:
    copied = tmp_path / "mlflow.db"
    copied.write_bytes((store / "mlflow.db").read_bytes())
    tracker = of(tmp_path)
    run = tracker.open_run("locked", None, "locked")
    other = sqlite3.connect(copied, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(TransientError, match="locked"):
            tracker.log(run, [point("eval/accuracy", 1)])
    finally:
        other.close()
    tracker.log(run, [point("eval/accuracy", 1)])
    assert tracker.steps(run, "eval/accuracy") == {1}


OPENS = """
import sys
from pathlib import Path
from auto_labeling.tracking import MLflowTracker
workspace = Path(sys.argv[1])
tracker = MLflowTracker(f"sqlite:///{workspace / 'mlflow.db'}", workspace / "artifacts")
tracker.open_run(sys.argv[2], 1, "round 1")
"""


@pytest.mark.slow
def test_two_processes_may_be_the_first_and_a_killed_one_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / ".mlflow.db.draft").write_text("half a store")
    children = [
        subprocess.Popen(
            [sys.executable, "-c", OPENS, str(tmp_path), campaign],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )
        for campaign in ("one", "two")
    ]
    said = [child.communicate()[0].decode() for child in children]
    assert [child.returncode for child in children] == [0, 0], said
    assert said == ["", ""]
    assert {entry.name for entry in tmp_path.iterdir()} == {"mlflow.db"}
    tracker = of(tmp_path)
    assert tracker._find("one", 1) is not None
    assert tracker._find("two", 1) is not None

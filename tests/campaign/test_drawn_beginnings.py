"""Models that begin with files: missed before anything is bought, and kept apart."""

from __future__ import annotations

import hashlib
import json
import pickle
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from auto_labeling import assemble, models
from auto_labeling.campaign import amending, creation
from auto_labeling.campaign.schema import suggested
from auto_labeling.errors import ConfigurationError
from auto_labeling.models.yolo_checkpoint import check_checkpoint
from auto_labeling.workspace import Workspace
from tests.models.yolo_scene import needs_yolo
from tests.serving.spots import write_spots
from tests.support.apprentice import Apprenticeship, begin, coco_of, raw_about
from tests.support.campaigns import drive, driving, merged, template

pytestmark = pytest.mark.slow

NET = """
import torch

def make(classes, shape):
    return torch.nn.Sequential(
        torch.nn.AdaptiveAvgPool2d(4), torch.nn.Flatten(), torch.nn.Linear(48, classes)
    )
"""
needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="needs torch")


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(models.TABLE, "apprentice", Apprenticeship)


def named(path: Path, name: str, head: str = "Detect") -> bytes:
    """Write a checkpoint of classes that nobody can import, and return its bytes."""
    layer = f"cultralytics.nn.modules.head\n{head}\n0"
    text = f"{layer}cultralytics.nn.tasks\n{name}\n)R.".encode()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", text)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("name", "finds", "said"),
    [
        ("DetectionModel", True, None),
        ("SegmentationModel", True, None),
        ("DetectionModel", False, None),
        ("ClassificationModel", False, None),
        ("ClassificationModel", True, "they classify pictures and have nothing to find"),
        ("PoseModel", True, "holds PoseModel; expected one of DetectionModel"),
    ],
)
def test_what_a_checkpoint_is_for_is_read_without_loading_it(
    tmp_path: Path, name: str, finds: bool, said: str | None
) -> None:
    content = named(tmp_path / "w.pt", name)
    if said is None:
        check_checkpoint(content, "w.pt", finds=finds)
    else:
        with pytest.raises(ConfigurationError, match=said):
            check_checkpoint(content, "w.pt", finds=finds)


def test_a_checkpoint_with_another_head_is_refused(tmp_path: Path) -> None:
    content = named(tmp_path / "w.pt", "DetectionModel", "v10Detect")
    with pytest.raises(ConfigurationError, match=r"w\.pt has a v10Detect head; expected one of"):
        check_checkpoint(content, "w.pt", finds=True)


@pytest.mark.parametrize("content", [b"", b"text", pickle.dumps({"model": 1})])
def test_what_is_no_checkpoint_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(ConfigurationError, match=r"w\.pt is no checkpoint of ultralytics"):
        check_checkpoint(content, "w.pt", finds=True)


@needs_yolo
@pytest.mark.parametrize(
    ("name", "digest", "said"),
    [
        (None, "0" * 64, "there is no such file"),
        ("DetectionModel", "0" * 64, "it is another file"),
        ("ClassificationModel", None, "they classify pictures"),
        ("yolov8n-cls.yaml", None, "they classify pictures"),
        ("yolov8q.yaml", None, "ultralytics ships no architecture 'yolov8q.yaml'"),
        ("yolov10n.yaml", None, "yolov10n.yaml has a v10Detect head"),
    ],
)
def test_weights_of_another_hash_or_task_are_refused_before_the_campaign_begins(
    tmp_path: Path, name: str | None, digest: str | None, said: str
) -> None:
    spots = write_spots(tmp_path / "pictures", 8)
    raw = raw_about(tmp_path / "ws", spots)
    raw["model"] = {"kind": "yolo", "weights": str(tmp_path / "w.pt"), "sha256": digest}
    if name is not None and name.endswith(".yaml"):
        raw["model"] = {"kind": "yolo", "weights": name}
    elif name is not None:
        content = named(tmp_path / "w.pt", name)
        raw["model"]["sha256"] = digest or hashlib.sha256(content).hexdigest()
    had = "ultralytics" in sys.modules
    with pytest.raises(ConfigurationError, match=said):
        begin(tmp_path / "ws", raw)
    assert ("ultralytics" in sys.modules) == had
    workspace = Workspace.of(tmp_path / "ws")
    assert not workspace.ledger.exists() or not assemble.known(workspace)


@needs_torch
def test_the_file_of_a_module_is_looked_at_before_the_campaign_begins(tmp_path: Path) -> None:
    raw = classified(tmp_path, torch_of(tmp_path) | {"sha256": "0" * 64})
    with pytest.raises(ConfigurationError, match=r"module: .*net\.py: .*it is another file"):
        assemble.create(Workspace.of(tmp_path / "ws"), raw, config_path=None, base=tmp_path)


def torch_of(folder: Path, **keys: Any) -> dict[str, Any]:
    (folder / "net.py").write_text(NET, encoding="utf-8")
    digest = hashlib.sha256(NET.encode()).hexdigest()
    own = {"kind": "torch", "module": "net.py:make", "sha256": digest, "reads": "pictures"}
    return {**own, "image_size": 32, "epochs": 30, **keys}


def classified(folder: Path, model: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """Write pictures of three colours, and return a campaign that tells them apart."""
    for name, count, seed in (("pool", 45, 1), ("judges", 18, 2)):
        rng = np.random.default_rng(seed)
        for at in range(count):
            place = folder / name / ("ant", "bee", "cat")[at % 3]
            place.mkdir(parents=True, exist_ok=True)
            levels = rng.integers(0, 90, (48, 48, 3), dtype=np.uint8)
            levels[..., at % 3] += 140
            Image.fromarray(levels).save(place / f"{at:03}.png")
    raw = template()
    raw["pool"] = {"kind": "images", "path": "pool", "label_by": "folder", "heldout": "judges"}
    raw["model"] = model
    raw["backend"]["truth"] = "pool"
    return merged(raw, {"backend": {"annotators": [1.0, 0.95]}, **keys})


def accuracy_of(folder: Path, raw: dict[str, Any], name: str = "ws") -> list[float]:
    workspace = Workspace.of(folder / name)
    campaign = assemble.create(workspace, raw, config_path=None, base=folder)
    assert drive(folder / name, campaign).stop_kind == "rule"
    curve = assemble.account_of(workspace, campaign).curve
    return [one.interval.value for one in curve if one.metric == "accuracy"]


@needs_torch
def test_a_module_that_looks_at_pictures_learns_their_classes(tmp_path: Path) -> None:
    raw = classified(tmp_path, torch_of(tmp_path), preannotate={})
    assert accuracy_of(tmp_path, raw)[-1] >= 0.9


@needs_yolo
def test_a_yolo_learns_the_classes_of_pictures(tmp_path: Path) -> None:
    options = {"optimizer": "AdamW", "lr0": 0.005, "nbs": 6, "warmup_epochs": 0}
    model = {"kind": "yolo", "weights": "yolov8n-cls.yaml", "image_size": 64, "epochs": 10}
    raw = classified(
        tmp_path,
        {**model, "batch": 6, "options": options},
        preannotate={"at_least": 0.5},
        strategy={"kind": "auto", "scorer": None, "batch": 12},
    )
    assert accuracy_of(tmp_path, raw)[-1] > 0.5


@needs_torch
def test_models_that_differ_in_anything_embed_apart(tmp_path: Path) -> None:
    points = {"kind": "typiclust", "scorer": None}
    for size in (24, 32, 32):
        model = torch_of(tmp_path, image_size=size, epochs=1)
        raw = classified(tmp_path, model, strategy=points, stop={"max_rounds": 2})
        accuracy_of(tmp_path, raw)
    found = [np.load(path) for path in (tmp_path / "ws").rglob("embeddings-*.npy")]
    assert len(found) == 2
    assert not np.allclose(found[0], found[1])


def test_an_amendment_to_thresholds_holds_for_what_is_suggested_next(tmp_path: Path) -> None:
    path, spots = tmp_path / "ws", write_spots(tmp_path / "pictures", 32)
    raw = raw_about(path, spots, preannotate={"at_least": 0.01, "blind": "0%"})
    campaign = begin(path, raw)
    drive(path, campaign, max_rounds=2)
    with driving(path, campaign) as opened:
        assert opened.fence is not None
        amending.amend(
            opened.ledger,
            fence=opened.fence,
            raw=raw | {"preannotate": {"at_least": 1.0, "blind": "0%"}},
            who="a test",
            why="too many wrong ones",
            clock=opened.clock,
            pseudonym=opened.pseudonyms,
        )
    drive(path, campaign)
    with driving(path, campaign) as opened, opened.ledger.read() as connection:
        rows = connection.execute(suggested.select()).all()
    models_of = list(dict.fromkeys(row.model for row in rows))
    shown = [sum(row.value is not None for row in rows if row.model == one) for one in models_of]
    assert len(shown) == 2
    assert shown[0] > 0
    assert shown[1] == 0


def test_pictures_that_are_added_are_looked_at_and_asked_about(tmp_path: Path) -> None:
    path, spots = tmp_path / "ws", write_spots(tmp_path / "pictures", 32)
    first = sorted(spots)[:8]
    raw = raw_about(path, spots, strategy={"kind": "top_k", "scorer": {"kind": "objects"}})
    raw["pool"]["path"] = [str(one) for one in first]
    raw["backend"]["truth"] = str(_truth(tmp_path, spots))
    campaign = begin(path, raw)
    drive(path, campaign, max_rounds=1)
    more = raw["pool"] | {"path": [str(one) for one in sorted(spots)[8:]]}
    with driving(path, campaign) as opened:
        assert opened.fence is not None
        added, bad = creation.add(
            opened.ledger,
            fence=opened.fence,
            config=opened.config,
            raw_source=more,
            base=opened.base,
            folder=opened.folder,
            clock=opened.clock,
        )
    assert (added, bad) == (24, 0)
    assert drive(path, campaign).stop_kind == "rule"
    account = assemble.account_of(Workspace.of(path), campaign)
    assert account.budget.committed_answers == 18


def _truth(folder: Path, spots: Any) -> Path:
    (folder / "truth.json").write_text(json.dumps(coco_of(spots)), encoding="utf-8")
    return folder / "truth.json"


@needs_yolo
def test_a_gpu_that_is_not_there_is_missed_before_anything_is_bought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    def missing(*size: int, device: object) -> None:
        raise RuntimeError(f"no {device} here")

    monkeypatch.setattr(torch, "empty", missing)
    raw = raw_about(tmp_path / "ws", write_spots(tmp_path / "pictures", 8))
    raw["model"] = {"kind": "yolo", "weights": "yolov8n.yaml", "device": "cuda:0"}
    with pytest.raises(ConfigurationError, match=r"^device: expected a GPU 'cuda:0', found none"):
        assemble.create(Workspace.of(tmp_path / "ws"), raw, config_path=None, base=tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"strategy": {"kind": "top_k", "scorer": {"kind": "objects", "of": "mask_entropy"}}},
            r"^strategy\.scorer\.of: mask_entropy is doubt about masks",
        ),
        (
            {"preannotate": {"thresholds": {"circle": 0.5}}},
            r"^preannotate\.thresholds: expected classes of labels\.classes, got \['circle'\]",
        ),
    ],
)
def test_what_could_never_be_is_said_before_anything_is_bought(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    raw = raw_about(tmp_path / "ws", write_spots(tmp_path / "pictures", 8)) | changes
    with pytest.raises(ConfigurationError, match=said):
        assemble.create(Workspace.of(tmp_path / "ws"), raw, config_path=None, base=tmp_path)

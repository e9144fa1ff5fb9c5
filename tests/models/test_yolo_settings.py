"""What a campaign file may say about YOLO; neither torch nor weights are needed to say no."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from auto_labeling.errors import ConfigurationError
from auto_labeling.models.yolo import OPTIONS, Yolo
from tests.models.yolo_scene import needs_yolo

DIGEST = "31" * 32


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"weights": "yolov8n.pt"}, "sha256: expected the digest of yolov8n.pt"),
        ({"weights": "yolov8n.pt", "sha256": "31e2"}, "sha256: expected 64 hex digits"),
        ({"weights": "yolov8n.onnx"}, r"weights: expected a .pt file or an architecture"),
        ({"weights": "own/yolov8n.yaml"}, "weights: expected the name of an architecture"),
        ({"image_size": 100}, "image_size: expected a multiple of 32, at least 64, got 100"),
        ({"image_size": 32}, "image_size: expected a multiple of 32, at least 64, got 32"),
        ({"epochs": 0}, "epochs: expected at least 1, got 0"),
        ({"patience": 0}, "patience: expected at least 1, got 0"),
        ({"batch": -1}, "batch: expected at least 1, got -1"),
        ({"device": "0,1"}, "device: expected cpu, mps, cuda or cuda:N, got '0,1'"),
        ({"options": {"learning_rate": 1}}, "options.learning_rate: expected a training argument"),
        ({"options": {"mosiac": 0}}, "did you mean 'mosaic'"),
        ({"options": {"project": "/home"}}, "options.project: expected a training argument"),
        ({"options": {"amp": True}}, "options.amp: expected false or bf16"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(given: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Yolo(**given)  # type: ignore[arg-type]


def test_a_model_is_built_without_torch_and_without_its_weights() -> None:
    code = (
        "import sys; from pathlib import Path; from auto_labeling.models import TABLE; "
        f"settings = TABLE['yolo'](weights='absent.pt', sha256='{DIGEST}'); "
        "model = settings.build(0, Path('/nowhere')); "
        "assert model.checkpoints is None; "
        "assert not {'torch', 'ultralytics', 'cv2'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@needs_yolo
def test_every_option_is_an_argument_of_ultralytics() -> None:
    spec = find_spec("ultralytics")
    assert spec is not None
    shipped = Path(str(spec.origin)).parent / "cfg" / "default.yaml"
    assert set(yaml.safe_load(shipped.read_text())) >= OPTIONS

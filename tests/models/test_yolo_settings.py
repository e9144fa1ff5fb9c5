"""What a campaign file may say about YOLO; neither torch nor weights are needed to say no."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from auto_labeling.errors import ConfigurationError
from auto_labeling.models.yolo import Yolo
from auto_labeling.models.yolo_architecture import plan_of
from auto_labeling.models.yolo_options import OPTIONS, check_options
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
        ({"options": {"lr0": "fast"}}, r"options.lr0: expected a number in \[0, 1\], got 'fast'"),
        ({"options": {"lr0": 5}}, r"options.lr0: expected a number in \[0, 1\], got 5"),
        ({"options": {"box": float("nan")}}, "options.box: expected a number, got nan"),
        ({"options": {"nbs": 0}}, "options.nbs: expected a whole number of 1 or more, got 0"),
        ({"options": {"workers": 1.5}}, "options.workers: expected a whole number of 0 or more"),
        ({"options": {"cos_lr": "yes"}}, "options.cos_lr: expected true or false, got 'yes'"),
        ({"options": {"optimizer": "Adamm"}}, "options.optimizer: expected .* mean 'Adam'?"),
        ({"options": {"freeze": "all"}}, "options.freeze: expected how many layers"),
        ({"options": {"cache": "tape"}}, "options.cache: expected true, false, ram or disk"),
        ({"options": {"scale": [0.5]}}, "options.scale: expected a number in"),
        ({"options": {"copy_paste_mode": "cut"}}, "options.copy_paste_mode: expected one of flip"),
        ({"options": {"auto_augment": "all"}}, "options.auto_augment: expected randaugment"),
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


PROBES: tuple[Any, ...] = (
    *(0, 1, 2, -1, 0.5, 3.0, 1.5, -0.5, None, True, False),
    *("flip", "SGD", "fast", "bf16", "ram", [0.5, 2.0], [1, 2], [1], {}),
)


def accepted(name: str, given: Any) -> bool:
    try:
        check_options({name: given})
    except ConfigurationError:
        return False
    return True


@needs_yolo
@pytest.mark.slow
def test_an_option_takes_what_ultralytics_takes_and_nothing_else() -> None:
    from auto_labeling.models.yolo_library import ultralytics

    ultralytics()
    from ultralytics import cfg

    def theirs(name: str, given: Any) -> bool:
        try:
            cfg.get_cfg(overrides={name: given})
        except (TypeError, ValueError):
            return False
        return True

    for name in OPTIONS:
        ours = {at for at, given in enumerate(PROBES) if accepted(name, given)}
        said = {at for at, given in enumerate(PROBES) if theirs(name, given)}
        assert ours, name
        assert ours <= said, (name, [PROBES[at] for at in ours - said])
        if name in cfg.CFG_FRACTION_KEYS | cfg.CFG_BOOL_KEYS | cfg.CFG_FLOAT_KEYS:
            assert ours == said, (name, [PROBES[at] for at in said - ours])


@needs_yolo
@pytest.mark.parametrize(
    ("weights", "task", "said"),
    [
        ("yolov8q.yaml", "boxes", "ultralytics ships no architecture 'yolov8q.yaml'; expected one"),
        ("yolov10n.yaml", "boxes", "yolov10n.yaml has a v10Detect head; expected one of Detect"),
        ("yolov8n-obb.yaml", "boxes", "yolov8n-obb.yaml has a OBB head"),
        ("rtdetr-l.yaml", "single", "rtdetr-l.yaml has a RTDETRDecoder head"),
        ("yolo26n-seg.yaml", "masks", "yolo26n-seg.yaml has a Segment26 head"),
        ("yolov5n-cls.yaml", "single", "ships no architecture 'yolov5n-cls.yaml'"),
        ("yolov8n-cls.yaml", "boxes", "they classify pictures and have nothing to find"),
        ("yolo11-cls-resnet18.yaml", "single", "weights that torchvision downloads"),
        ("yolov8n.yaml", "boxes", None),
        ("yolov8.yaml", "masks", None),
        ("yolov5n6.yaml", "boxes", None),
        ("yolov8n-p2.yaml", "boxes", None),
        ("yolo11n-seg.yaml", "masks", None),
        ("yolo26n.yaml", "boxes", None),
        ("yolov9t.yaml", "single", None),
        ("yolov3-tiny.yaml", "boxes", None),
    ],
)
def test_what_cannot_learn_here_is_said_without_importing_ultralytics(
    weights: str, task: str, said: str | None
) -> None:
    had = {"torch", "ultralytics"} & set(sys.modules)
    if said is None:
        Yolo(weights=weights).check(Path(), task)
    else:
        with pytest.raises(ConfigurationError, match=said):
            Yolo(weights=weights).check(Path(), task)
    assert {"torch", "ultralytics"} & set(sys.modules) == had


@needs_yolo
@pytest.mark.slow
@pytest.mark.parametrize("weights", ["yolov8s-seg.yaml", "yolov5n6.yaml", "yolo26n.yaml"])
def test_an_architecture_is_read_as_ultralytics_reads_it(weights: str) -> None:
    from auto_labeling.models.yolo_library import ultralytics

    ultralytics()
    from ultralytics.nn.tasks import yaml_model_load

    theirs: dict[str, Any] = yaml_model_load(weights)  # type: ignore[no-untyped-call]
    assert plan_of(weights) == {**theirs, "yaml_file": weights}

"""Networks as plain data: read from weights of a known hash, kept as bytes, built when needed."""

from __future__ import annotations

import copy
import io
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auto_labeling.errors import ConfigurationError
from auto_labeling.models.yolo_architecture import plan_of, task_of
from auto_labeling.models.yolo_checkpoint import classifies, verified
from auto_labeling.models.yolo_library import ultralytics

MODULES = {
    "detect": "DetectionModel",
    "segment": "SegmentationModel",
    "classify": "ClassificationModel",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Network:
    """A network that is no torch module until it is asked for one."""

    task: str
    """`detect`, `segment` or `classify`."""
    plan: Mapping[str, Any]
    """The architecture, as ultralytics writes it down."""
    names: tuple[str, ...]
    state: bytes | None
    """The weights at half precision, read back without unpickling objects; None: random ones."""

    def module(self) -> Any:
        """Return a new torch module, in single precision; random weights depend on torch's seed."""
        module = _built(self.plan, self.task, self.names)
        if self.state is not None:
            state = _unpacked(self.state)
            _widen(module, state)
            module.load_state_dict(state)
        return module

    def adapted(self, task: str, names: Sequence[str]) -> Any:
        """Return a new module for another task or other classes, with all weights that fit it.

        A class that both know by the same name keeps its weights. Raises `ConfigurationError` where
        a task needs layers that these weights have nothing for.
        """
        module = _built(_plan_for(self.plan, self.task, task), task, names)
        if self.state is not None:
            module.load(self.module(), verbose=False)
        return module


def packed(module: Any, task: str, names: Sequence[str], state: Mapping[str, Any]) -> Network:
    """Return a network with the weights of a state dict."""
    import torch

    halved = {
        name: (one.half() if one.is_floating_point() else one).cpu().contiguous()
        for name, one in state.items()
    }
    buffer = io.BytesIO()
    torch.save(halved, buffer)
    plan = {key: value for key, value in module.yaml.items() if key != "yaml_file"}
    return Network(task=task, plan=plan, names=tuple(names), state=buffer.getvalue())


def read_network(weights: str, sha256: str | None, base: Path) -> Network:
    """Return the network of a `.pt` file of this hash, or of an architecture's name."""
    ultralytics()
    if weights.endswith(".yaml"):
        plan = plan_of(weights)
        return Network(task=task_of(plan, weights), plan=plan, names=(), state=None)
    path = base / Path(weights).expanduser()
    module = _loaded(verified(path, str(sha256)), path)
    task = task_of(module.yaml, path)
    names = [str(module.names[at]) for at in range(len(module.names))]
    return packed(module, task, names, module.state_dict())


def _loaded(content: bytes, path: Path) -> Any:
    """Return the module in a checkpoint, made of known classes only.

    The bytes that were checked are the bytes that are loaded, whatever happens to the file.
    """
    import pickle

    from ultralytics.nn.tasks import torch_safe_load

    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / "weights.pt"
        copied.write_bytes(content)
        try:
            checkpoint, _ = torch_safe_load(copied, safe_only=True)
        except (TypeError, RuntimeError, ImportError, pickle.UnpicklingError) as error:
            raise ConfigurationError(
                f"weights: {path} cannot be loaded: {str(error).splitlines()[0]}"
            ) from error
    module = checkpoint.get("ema") or checkpoint.get("model")
    if not hasattr(module, "yaml") or not hasattr(module, "names"):
        raise ConfigurationError(f"weights: {path} holds no network of ultralytics")
    return module.float()


def _plan_for(plan: Mapping[str, Any], has: str, task: str) -> Mapping[str, Any]:
    """Return the architecture with the head of a task in place of its own."""
    if has == task:
        return plan
    if has == "classify":
        raise ConfigurationError(classifies(task))
    made = copy.deepcopy(dict(plan))
    sources = made["head"][-1][0]
    if task == "classify":
        # A classifier of this family has the same backbone, less the pooling of many scales.
        made["backbone"] = [row for row in made["backbone"] if row[2] != "SPPF"]
        made["head"] = [[-1, 1, "Classify", ["nc"]]]
    elif task == "segment":
        made["head"][-1] = [sources, 1, "Segment", ["nc", 32, 256]]
    else:
        made["head"][-1] = [sources, 1, "Detect", ["nc"]]
    return made


def _built(plan: Mapping[str, Any], task: str, names: Sequence[str]) -> Any:
    ultralytics()
    from ultralytics.nn import tasks

    known = list(names) or [str(at) for at in range(plan.get("nc", 80))]
    module = getattr(tasks, MODULES[task])(
        copy.deepcopy(dict(plan)), nc=len(known), ch=3, verbose=False
    )
    module.names = dict(enumerate(known))
    module.task = task
    return module


def _widen(module: Any, state: Mapping[str, Any]) -> None:
    """Make the hidden layers of a head as wide as their weights are.

    They were sized by the number of classes that training once began with.
    """
    head = module.model[-1]
    if not hasattr(head, "cv3"):
        return
    last = len(head.cv3[0]) - 1
    width = state[f"model.{head.i}.cv3.0.{last}.weight"].shape[1]
    if width != head.cv3[0][last].in_channels:
        # A network for as many classes has layers of that width; `load` takes over its widths.
        like = _built(module.yaml, module.task, [str(at) for at in range(width)])
        module.load(like, verbose=False)


def _unpacked(state: bytes) -> dict[str, Any]:
    import torch

    loaded = torch.load(io.BytesIO(state), map_location="cpu", weights_only=True)
    return {name: one.float() if one.is_floating_point() else one for name, one in loaded.items()}

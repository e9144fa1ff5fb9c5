"""ultralytics as a guest: offline, silent, and nothing of this process changed when it leaves."""

from __future__ import annotations

import atexit
import logging
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

from auto_labeling.errors import ConfigurationError
from auto_labeling.models.torch_device import at_most_threads, torch_device
from auto_labeling.models.yolo import MISSING


def ultralytics() -> Any:
    """Import ultralytics and torchvision, which it calls, and return the former.

    It may neither connect nor install, its settings live in a temporary folder, and what its import
    changes for everybody (printing of numpy, `Image.open`, threads) is changed back.
    """
    if "ultralytics.nn.tasks" in sys.modules:
        return sys.modules["ultralytics"]
    try:
        import torch  # noqa: F401 - before ultralytics, which would hold it to one thread
        import torchvision  # noqa: F401
    except ImportError as error:
        raise ConfigurationError(MISSING) from error
    os.environ |= {"YOLO_OFFLINE": "1", "YOLO_AUTOINSTALL": "0", "YOLO_VERBOSE": "0"}
    if "YOLO_CONFIG_DIR" not in os.environ:
        os.environ["YOLO_CONFIG_DIR"] = _own_folder()
    with _unchanged():
        try:
            import ultralytics as library
            import ultralytics.nn.tasks
        except ImportError as error:
            raise ConfigurationError(MISSING) from error
    _hand_over_logging()
    return library


def few_threads() -> AbstractContextManager[None]:
    """Leave a core to others: where two threads share a core with them, each waits for the other.

    On two cores with other work, two threads took twice as long as one.
    """
    from ultralytics.utils import NUM_THREADS

    return at_most_threads(NUM_THREADS)


def channels_last(module: Any) -> Any:
    """Return a module on a CPU with its weights in the order that convolutions are fastest in.

    A step then takes 65 to 85 % of the time. GPUs are left to ultralytics.
    """
    import torch

    on_cpu = next(module.parameters()).device.type == "cpu"
    return module.to(memory_format=torch.channels_last) if on_cpu else module


def expect_device(device: str) -> None:
    """Raise `ConfigurationError` for a GPU that is not there; torch is imported for one alone."""
    try:
        if device != "cpu":
            torch_device(device)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"device: expected a GPU {device!r}, found none; write cpu"
        ) from error


@contextmanager
def guest(seed: int) -> Iterator[None]:
    """Let ultralytics work: seeded, warnings only, and everybody's randomness as it was after."""
    ultralytics()
    import torch

    logger = logging.getLogger("ultralytics")
    level = logger.level
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    logger.setLevel(max(level, logging.WARNING))
    try:
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002 - ultralytics draws from the global generator
        torch.manual_seed(seed)
        with few_threads():
            yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        torch.set_rng_state(states[2])
        logger.setLevel(level)


def _own_folder() -> str:
    folder = tempfile.mkdtemp(prefix="auto-labeling-yolo-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextmanager
def _unchanged() -> Iterator[None]:
    from PIL import Image

    printing, opens = np.get_printoptions(), Image.open
    threads = os.environ.get("OMP_NUM_THREADS")
    try:
        yield
    finally:
        np.set_printoptions(**printing)
        Image.open = opens  # theirs installs what it misses
        if threads is None:
            os.environ.pop("OMP_NUM_THREADS", None)


def _hand_over_logging() -> None:
    logger = logging.getLogger("ultralytics")
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    logger.propagate = True
    logger.setLevel(logging.WARNING)

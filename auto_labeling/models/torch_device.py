"""Where torch computes, with which random numbers, and on how many threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from auto_labeling.errors import ConfigurationError

_MUCH = 250_000  # numbers in a mini-batch: below it threads wait longer than they work


@contextmanager
def repeatable(seed: int, name: str) -> Iterator[Any]:
    """Seed torch for a while, on this device, which is returned."""
    import torch

    device = torch_device(name)
    forked = [torch.cuda.current_device()] if device.type == "cuda" else []
    with (
        torch.random.fork_rng(devices=forked),
        torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True),
    ):
        torch.manual_seed(seed)
        yield device


def torch_device(name: str) -> Any:
    """Return a device that is there; `ConfigurationError` says which is not."""
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # the latter where CUDA is not compiled in
        raise ConfigurationError(
            f"device: {name} cannot be used here ({str(error).splitlines()[0]}); choose cpu, or "
            "auto for a GPU where there is one"
        ) from error
    return device


def threads_for(numbers: int) -> AbstractContextManager[None]:
    """Hold torch to one thread where mini-batches have so few numbers that more would wait."""
    return at_most_threads(1) if numbers < _MUCH else nullcontext()


@contextmanager
def at_most_threads(most: int) -> Iterator[None]:
    """Hold torch to so many threads, or to fewer where it has fewer."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(min(before, most))
    try:
        yield
    finally:
        torch.set_num_threads(before)

"""Where a torch module comes from: a function in a file that is checked, or one installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auto_labeling.errors import AutoLabelingError, ConfigurationError
from auto_labeling.models.outside_code import code_in, function_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A function that makes modules, as it can be stored with what was trained."""

    name: str
    """`net.py:make_net` or `package.module:make_net`."""
    code: str | None = None
    """What the file held; None where the function is installed."""

    def make(self, classes: int, shape: tuple[int, ...]) -> Any:
        """Return a new module that maps (n, *shape) inputs to (n, classes) logits."""
        import torch

        function = self.function()
        with blamed(self.name, f"could not make a module of {classes} classes from {shape}"):
            made = function(classes, shape)
        if not isinstance(made, torch.nn.Module):
            raise ConfigurationError(
                f"module: expected {self.name} to return a torch.nn.Module, it returned a "
                f"{type(made).__name__}"
            )
        return made

    def function(self) -> Any:
        """Return the function itself; `ConfigurationError` where there is none."""
        with blamed(self.name, "cannot be loaded"):
            return function_of("module", self.name, self.code)


def found(name: str, sha256: str | None, base: Path) -> Source:
    """Return the function `name` says, of a file with this digest, or of an installed package."""
    source = Source(name=name, code=code_of(name, sha256, base))
    source.function()
    return source


def code_of(name: str, sha256: str | None, base: Path) -> str | None:
    """Return what the file with this digest holds, unread by Python; None for a package."""
    _require_torch()
    return code_in("module", name, sha256, base)


@contextmanager
def blamed(name: str, what: str) -> Iterator[None]:
    """Say of which function it is that something failed."""
    import torch

    try:
        yield
    except (AutoLabelingError, MemoryError, torch.OutOfMemoryError):
        raise
    except Exception as error:  # code from outside raises anything
        raise ConfigurationError(
            f"module: {name} {what}: {type(error).__name__}: {error}"
        ) from error


def _require_torch() -> None:
    if importlib.util.find_spec("torch") is None:
        raise ConfigurationError(
            "kind: torch is not installed here; `pip install 'auto-labeling[torch]'` installs it"
        )

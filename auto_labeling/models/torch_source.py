"""Where a torch module comes from: a function in a file that is checked, or one installed."""

from __future__ import annotations

import hashlib
import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from auto_labeling.errors import AutoLabelingError, ConfigurationError, DataError
from auto_labeling.models.storing import read_verified


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
        place, _, name = self.name.rpartition(":")
        with blamed(self.name, "cannot be loaded"):
            module = importlib.import_module(place) if self.code is None else self._loaded(place)
        function = getattr(module, name, None)
        if not callable(function):
            there = sorted(one for one, what in vars(module).items() if _is_own(what, module))
            raise ConfigurationError(
                f"module: {place} has no function {name}; its functions are: "
                f"{', '.join(there) or 'none'}"
            )
        return function

    def _loaded(self, place: str) -> ModuleType:
        """Return the module of the code, one in a process however often it is asked for."""
        code = str(self.code)
        name = f"_auto_labeling_{hashlib.sha256(code.encode()).hexdigest()[:16]}"
        if name not in sys.modules:
            spec = importlib.util.spec_from_loader(name, _Code(place, code))
            if spec is None or spec.loader is None:
                raise ImportError(name)
            module = importlib.util.module_from_spec(spec)
            sys.modules[name] = module  # where dataclasses and type hints look their names up
            try:
                spec.loader.exec_module(module)
            except BaseException:
                del sys.modules[name]
                raise
        return sys.modules[name]


def found(name: str, sha256: str | None, base: Path) -> Source:
    """Return the function `name` says, of a file with this digest, or of an installed package."""
    source = Source(name=name, code=code_of(name, sha256, base))
    source.function()
    return source


def code_of(name: str, sha256: str | None, base: Path) -> str | None:
    """Return what the file with this digest holds, unread by Python; None for a package."""
    _require_torch()
    place = name.rpartition(":")[0]
    if not place.endswith(".py"):
        return None
    try:
        content = read_verified(base / Path(place).expanduser(), str(sha256))
        return importlib.util.decode_source(content)
    except (DataError, SyntaxError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"module: {error}") from error


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


def _is_own(what: Any, module: ModuleType) -> bool:
    return callable(what) and getattr(what, "__module__", None) == module.__name__


class _Code(importlib.abc.ExecutionLoader):
    """Loads the text that was checked, whatever has happened to its file since."""

    def __init__(self, file: str, code: str) -> None:
        self._file, self._code = file, code

    def get_filename(self, fullname: str) -> str:  # noqa: ARG002 - importlib's shape
        return self._file

    def get_source(self, fullname: str) -> str:  # noqa: ARG002 - importlib's shape
        return self._code

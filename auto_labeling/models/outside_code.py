"""Functions of the user's own: of a file that is run only while its bytes are those configured."""

from __future__ import annotations

import hashlib
import importlib
import importlib.abc
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models.storing import read_verified


def check_name(key: str, name: str, sha256: str | None, example: str) -> None:
    """Raise `ConfigurationError` unless `name`, of the key `key`, is `FILE.py:FUNCTION` with the
    digest of the file, or `PACKAGE.MODULE:FUNCTION` without one.
    """
    place, _, function = name.rpartition(":")
    installed = f"package.module:{example.rpartition(':')[2]}"
    if not place or not function.isidentifier():
        raise ConfigurationError(
            f"{key}: expected a function, as {example} or {installed}, got {name!r}"
        )
    if not place.endswith(".py"):
        if sha256 is not None:
            raise ConfigurationError(
                f"sha256: expected none, because {place} is no file ({example}) but "
                f"installed, got {sha256!r}"
            )
    elif sha256 is None:
        raise ConfigurationError(
            f"sha256: expected the digest of {place}, because loading it runs what is in it; "
            "if you trust the file, take the digest with `sha256sum`"
        )
    elif not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise ConfigurationError(f"sha256: expected 64 hex digits, got {sha256!r}")


def code_in(key: str, name: str, sha256: str | None, base: Path) -> str | None:
    """Return what the file with this digest holds, unread by Python; None for a package."""
    place = name.rpartition(":")[0]
    if not place.endswith(".py"):
        return None
    try:
        content = read_verified(base / Path(place).expanduser(), str(sha256))
        return importlib.util.decode_source(content)
    except (DataError, SyntaxError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{key}: {error}") from error


def function_of(key: str, name: str, code: str | None) -> Any:
    """Return the function that `name` says, of this code, or of a package where there is none.

    Raises `ConfigurationError` where there is no such function, and whatever loading the code does.
    """
    place, _, function = name.rpartition(":")
    module = importlib.import_module(place) if code is None else module_of(place, code)
    found = getattr(module, function, None)
    if not callable(found):
        there = sorted(one for one, what in vars(module).items() if _is_own(what, module))
        raise ConfigurationError(
            f"{key}: {place} has no function {function}; its functions are: "
            f"{', '.join(there) or 'none'}"
        )
    return found


def module_of(place: str, code: str) -> ModuleType:
    """Return the module of the code, one in a process however often it is asked for."""
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

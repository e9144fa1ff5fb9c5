"""A torch session as one file: labels, what is handed out, audits and weights, but no crops."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from auto_labeling.errors import DataError
from auto_labeling.files import write_atomically

_FORMAT, _VERSION = "auto-labeling torch session", 1


def write(content: Mapping[str, Any], path: Path) -> None:
    """Write plain content and tensors; the file is whole or absent."""
    import torch

    held = BytesIO()
    torch.save({"format": _FORMAT, "version": _VERSION, **content}, held)
    write_atomically(path, held.getvalue())


def read(path: Path) -> dict[str, Any]:
    """Return what `write` wrote, or raise `DataError`; nothing of the file is run."""
    import torch

    try:
        content = torch.load(BytesIO(path.read_bytes()), map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file") from error
    except (OSError, RuntimeError, UnpicklingError, EOFError) as error:
        raise DataError(
            f"{path}: expected a saved session, and it cannot be read as one"
        ) from error
    if not isinstance(content, dict) or content.pop("format", None) != _FORMAT:
        raise DataError(f"{path}: expected a saved session, got another file")
    version = content.pop("version")
    if version != _VERSION:
        raise DataError(f"{path}: this installation reads version {_VERSION}, got {version!r}")
    return content

"""No model: labels are bought, and nothing learns from them."""

# ruff: noqa: ARG002 - every model is built by one call

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from auto_labeling.errors import ConfigurationError
from auto_labeling.ports import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class NoModel:
    """The cold start chooses every batch, and nothing is judged."""

    learns: ClassVar[bool] = False

    def build(self, seed: int, base: Path = Path()) -> Model:
        """Raise `ConfigurationError`: there is nothing to build."""
        raise ConfigurationError("model: expected one that learns, got none")

"""A model from outside: any estimator with fit and predict_proba that joblib saved."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.models.storing import load_verified, read_verified
from auto_labeling.ports import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Pickled:
    """A file that is loaded only while its bytes have the configured sha256."""

    path: str
    sha256: str | None = None

    def __post_init__(self) -> None:
        if self.sha256 is None:
            raise ConfigurationError(
                f"sha256: expected the digest of {self.path}, because loading a pickle runs what "
                "is in it; if you trust the file, take the digest with `sha256sum`"
            )
        if not re.fullmatch(r"[0-9a-fA-F]{64}", self.sha256):
            raise ConfigurationError(f"sha256: expected 64 hex digits, got {self.sha256!r}")

    def check(self, base: Path, task: str) -> None:  # noqa: ARG002 - which task, only loading tells
        """Read the file; nothing of it is loaded."""
        try:
            read_verified(base / Path(self.path).expanduser(), str(self.sha256))
        except DataError as error:
            raise ConfigurationError(f"path: {error}") from error

    def build(self, seed: int, base: Path = Path()) -> Model:
        """Return the estimator, its undecided `random_state`s set to `seed`."""
        try:
            estimator = load_verified(base / Path(self.path).expanduser(), str(self.sha256))
        except DataError as error:
            raise ConfigurationError(f"path: {error}") from error
        missing = [name for name in ("fit", "predict_proba") if not hasattr(estimator, name)]
        if missing:
            raise ConfigurationError(
                f"path: {self.path} holds a {type(estimator).__name__}, expected an estimator with "
                f"fit and predict_proba, it has no {' and no '.join(missing)}"
            )
        model: Model = _seeded(estimator, seed)
        return model


def _seeded(estimator: Any, seed: int) -> Any:
    if hasattr(estimator, "get_params"):
        undecided = {
            name: seed
            for name, value in estimator.get_params().items()
            if name.rpartition("__")[2] == "random_state" and value is None
        }
        estimator.set_params(**undecided)
    return estimator

"""How a torch module is trained: what the campaign file can say of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from auto_labeling.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """AdamW (Loshchilov & Hutter 2019) on the cross entropy."""

    epochs: int = 20
    min_steps: int = 400
    """While labels are few, an epoch goes through them as often as it takes to come to this."""
    batch: int = 32
    """Halved for as long as it does not fit into the memory of the device."""
    lr: float = 1e-3
    weight_decay: float = 0.01
    patience: int | None = 5
    """Epochs without progress on a tenth of the labels, after which the best weights are taken.

    None: learn from all labels in all epochs, as also happens while that tenth is less than 5.
    """
    balanced: bool = False
    """Whether every class weighs the same, however many labels it has."""
    device: str = "cpu"
    """As torch names them; `auto` is a CUDA device where there is one."""

    def __post_init__(self) -> None:
        for key, least in (("epochs", 1), ("min_steps", 0), ("batch", 2), ("patience", 1)):
            value = getattr(self, key)
            if value is not None and value < least:
                raise ConfigurationError(f"{key}: expected at least {least}, got {value}")
        if not (self.lr > 0 and isfinite(self.lr)):
            raise ConfigurationError(f"lr: expected a number above 0, got {self.lr}")
        if not (self.weight_decay >= 0 and isfinite(self.weight_decay)):
            raise ConfigurationError(
                f"weight_decay: expected a number of at least 0, got {self.weight_decay}"
            )

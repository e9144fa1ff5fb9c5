"""Any torch module as a campaign's model: a function makes it, and a plain loop trains it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from auto_labeling.errors import ConfigurationError
from auto_labeling.models.outside_code import check_name
from auto_labeling.models.torch_plan import Training
from auto_labeling.ports import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Torch(Training):
    """What `module`, a function, makes of the number of classes and the shape of an input.

    It returns a module that maps (n, *shape) single-precision inputs to (n, classes) logits. A
    shape is (p,) where features are read, each to mean 0 and variance 1, and (3, image_size,
    image_size) where pictures are: red, green and blue from 0 to 1.
    """

    module: str
    """`net.py:make_net`, in a file beside the campaign file, or `package.module:make_net`."""
    sha256: str | None = None
    """The digest of that file: it is loaded only while its bytes have it."""
    reads: Literal["features", "pictures"] = "features"
    image_size: int = 64
    dropout_samples: int = 0
    """As so many members the module disagrees with itself, each with other units dropped out."""

    def __post_init__(self) -> None:
        Training.__post_init__(self)
        check_name("module", self.module, self.sha256, "net.py:make_net")
        for key, least in (("image_size", 1), ("dropout_samples", 0)):
            if getattr(self, key) < least:
                raise ConfigurationError(
                    f"{key}: expected at least {least}, got {getattr(self, key)}"
                )
        if self.dropout_samples == 1:
            raise ConfigurationError("dropout_samples: expected 0 or at least 2, got 1")

    @property
    def samples_posterior(self) -> bool:
        """Whether the model can disagree with itself."""
        return self.dropout_samples > 0

    def check(self, base: Path, task: str) -> None:  # noqa: ARG002 - a module learns any task
        """Read the file, where there is one; nothing of it is run."""
        from auto_labeling.models.torch_source import code_of

        code_of(self.module, self.sha256, base)

    def build(self, seed: int, base: Path = Path()) -> Model:
        """Return the untrained module; `seed` draws its weights and the order of the items."""
        from auto_labeling.models.torch_classifier import TorchClassifier
        from auto_labeling.models.torch_dropout import DropoutClassifier
        from auto_labeling.models.torch_source import found

        cls = DropoutClassifier if self.samples_posterior else TorchClassifier
        return cls(settings=self, source=found(self.module, self.sha256, base), seed=seed)

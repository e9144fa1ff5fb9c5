"""What a step has in its hands: one campaign, opened."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.campaign.embedded import Embedded
from auto_labeling.campaign.ledger import Fence, Ledger
from auto_labeling.campaign.lessons import Lesson, lesson_of
from auto_labeling.campaign.payloads import heldout_as_it_was, pictures_as_they_were
from auto_labeling.campaign.pseudonyms import Pseudonyms
from auto_labeling.config import CampaignConfig
from auto_labeling.models import fitting
from auto_labeling.models.fitting import Fitted
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.rows import GatheredRows, StackedRows
from auto_labeling.ports import AnnotationBackend, Clock, Model, Waker, WarmStarts
from auto_labeling.records import CampaignId


def unwatched(_instant: str) -> None:
    """Let every instant of a step pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One campaign with everything that its steps use; made by `assemble`."""

    campaign_id: CampaignId
    config: CampaignConfig
    ledger: Ledger
    fence: Fence | None
    """None for those who only read."""
    pool: Pool
    backend: AnnotationBackend
    clock: Clock
    folder: Path
    """`campaigns/<id>` of the workspace."""
    workspace: Path
    base: Path
    """What relative paths of the configuration are relative to."""
    pseudonyms: Pseudonyms
    """Login -> pseudonym."""
    embedded: Embedded | None = None
    """What an embedder makes of the items; None: their features are those of the pool."""
    batch_override: int | None = None
    """Set where one run asks for another batch size than the configuration."""
    pause: Callable[[float], None] = time.sleep
    """Lets seconds of the driver's own time pass before another try; people's time is `clock`."""
    waker: Waker | None = None
    """Ends a wait for people early; None: it is waited to its end."""
    tell: Callable[[str], None] = unwatched
    """Told in words how far a step is that takes long."""
    watch: Callable[[str], None] = unwatched
    """Called with the name of each instant of a step; the kill test strikes here."""

    @property
    def batch(self) -> int:
        """How many items a round asks about."""
        return self.batch_override or self.config.strategy.batch

    @property
    def lesson(self) -> Lesson:
        """How its labels are learned."""
        return lesson_of(self.config.labels)

    @property
    def simulated_time(self) -> bool:
        """Whether people's time passes by being slept through, and in no other way."""
        return bool(getattr(self.config.backend, "simulated_time", False))

    def inputs(self, rows: slice | Sequence[int] | NDArray[Any]) -> Any:
        """Return what the model reads of some items: (n, p) features, or their pictures.

        Raises `BlockedError` for a picture that is gone or another than it was.
        """
        if self.config.reads_pictures:
            return pictures_as_they_were(self.pool, np.arange(len(self.pool))[rows])
        return self.features[rows]

    @property
    def features(self) -> NDArray[np.float32] | StackedRows | GatheredRows:
        """Return (n, p) numbers by position: of the embedder, or as the pool has them."""
        return self.pool.features if self.embedded is None else self.embedded.features

    def heldout_inputs(self) -> Any:
        """Return what it reads of the held-out items."""
        if self.config.reads_pictures:
            return heldout_as_it_was(self.pool)
        if self.embedded is not None:
            return self.embedded.heldout
        return None if self.pool.heldout is None else self.pool.heldout.features

    def unfitted(self, before: str | None = None) -> Model:
        """Return the model to fit; one that starts warm begins from the model of this hash."""
        settings = self.config.model
        model = settings.build(self.config.seed, self.base)
        if isinstance(model, WarmStarts):
            model.checkpoints = self.folder / "training"
            model.on_epoch = self._trained
            if before is not None and getattr(settings, "warm_start", False):
                return model.started_from(self.model(before).model)
        return model

    def _trained(self, done: int, of: int, losses: Mapping[str, float]) -> None:
        self.watch("train:epoch")
        figures = ", ".join(f"{name} {loss:.3g}" for name, loss in losses.items())
        self.tell(f"epoch {done} of {of}: {figures}")

    def model_file(self, sha256: str) -> Path:
        """Where the model with this hash lies."""
        return self.folder / "models" / f"{sha256}.joblib"

    def model(self, sha256: str) -> Fitted:
        """Return the model with this hash."""
        return _model(self.model_file(sha256), sha256)


@lru_cache(maxsize=4)  # a round asks for its two models several times; a content never changes
def _model(path: Path, sha256: str) -> Fitted:
    return fitting.load(path, sha256)

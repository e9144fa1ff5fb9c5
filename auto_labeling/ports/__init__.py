"""The seams. What every implementation of a port promises is written here, once.

Each port has one abstract contract suite in `tests/contracts/`; every adapter passes it.
"""

from __future__ import annotations

from auto_labeling.ports.annotation import (
    AnnotationBackend,
    BackendSettings,
    HandsOver,
    Place,
    Replays,
    Traits,
)
from auto_labeling.ports.consensus import Consensus, Verdict, Vote
from auto_labeling.ports.embedding import (
    Contents,
    Embedder,
    EmbedderSettings,
    FitsPool,
    Precision,
)
from auto_labeling.ports.models import (
    ChecksFiles,
    Detects,
    Embeds,
    LearnsDrawings,
    Model,
    ModelSettings,
    SamplesPosterior,
    WarmStarts,
)
from auto_labeling.ports.secrets import Secrets
from auto_labeling.ports.selection import KnowsChances, QueryStrategy, Scorer
from auto_labeling.ports.stopping import Progress, Shift, StoppingRule
from auto_labeling.ports.time import Clock, Waker
from auto_labeling.ports.tracking import Point, Tracker

__all__ = [
    "AnnotationBackend",
    "BackendSettings",
    "ChecksFiles",
    "Clock",
    "Consensus",
    "Contents",
    "Detects",
    "Embedder",
    "EmbedderSettings",
    "Embeds",
    "FitsPool",
    "HandsOver",
    "KnowsChances",
    "LearnsDrawings",
    "Model",
    "ModelSettings",
    "Place",
    "Point",
    "Precision",
    "Progress",
    "QueryStrategy",
    "Replays",
    "SamplesPosterior",
    "Scorer",
    "Secrets",
    "Shift",
    "StoppingRule",
    "Tracker",
    "Traits",
    "Verdict",
    "Vote",
    "Waker",
    "WarmStarts",
]

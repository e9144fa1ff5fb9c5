"""Labeling tools behind one port: `ports.AnnotationBackend`."""

from __future__ import annotations

from auto_labeling.backends.cvat.settings import CVAT
from auto_labeling.backends.files.backend import Files
from auto_labeling.backends.label_studio.settings import LabelStudio
from auto_labeling.backends.replay.settings import Replay
from auto_labeling.backends.simulated.settings import Simulated

TABLE: dict[str, type] = {
    "cvat": CVAT,
    "files": Files,
    "label_studio": LabelStudio,
    "replay": Replay,
    "simulated": Simulated,
}

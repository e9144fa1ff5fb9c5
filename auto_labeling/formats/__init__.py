"""What other programs read and write: pure encoding and decoding, no file is opened here."""

from __future__ import annotations

from auto_labeling.formats.label_studio import LabelStudio
from auto_labeling.formats.prodigy import Prodigy

TABLE: dict[str, type] = {"label_studio": LabelStudio, "prodigy": Prodigy}

"""Where the real data sets lie."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_BESIDE = Path(__file__).parents[2] / "shared" / "data"

DATA: Final = Path(os.environ.get("AUTO_LABELING_DATA") or _BESIDE).absolute()
"""The folder that `AUTO_LABELING_DATA` names, or `../shared/data`."""

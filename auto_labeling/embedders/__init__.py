"""What makes points of texts and pictures. A new embedder is one settings class and one line here.

They are made once: `store` keeps them by what items hold, so that nothing is embedded twice.
"""

from __future__ import annotations

from auto_labeling.embedders.folder import Folder
from auto_labeling.embedders.function import Function
from auto_labeling.embedders.hashing import Hashing
from auto_labeling.embedders.pixels import Pixels
from auto_labeling.embedders.tfidf import Tfidf
from auto_labeling.embedders.yolo import Yolo

TABLE: dict[str, type] = {
    "callable": Function,
    "folder": Folder,
    "hashing": Hashing,
    "pixels": Pixels,
    "tfidf": Tfidf,
    "yolo": Yolo,
}
"""The embedders of the campaign file."""

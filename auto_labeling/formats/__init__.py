"""What other programs read and write: pure encoding and decoding, no file is opened here."""

from __future__ import annotations

from auto_labeling.formats.coco import encode_coco
from auto_labeling.formats.cvat import encode_cvat
from auto_labeling.formats.label_studio import LabelStudio
from auto_labeling.formats.label_studio.exported import encode_json, encode_json_min
from auto_labeling.formats.labeled import Encoder
from auto_labeling.formats.pascal_voc import encode_voc
from auto_labeling.formats.prodigy import Prodigy
from auto_labeling.formats.table import encode_csv
from auto_labeling.formats.yolo import encode_yolo

TABLE: dict[str, type] = {"label_studio": LabelStudio, "prodigy": Prodigy}
"""How tasks are written, and answers read."""
ENCODERS: dict[str, Encoder] = {
    "coco": encode_coco,
    "csv": encode_csv,
    "cvat": encode_cvat,
    "json": encode_json,
    "json_min": encode_json_min,
    "voc": encode_voc,
    "yolo": encode_yolo,
}
"""How labels are written."""

"""Data in: where unlabeled, labeled and held-out rows come from, and the pool made of them."""

from __future__ import annotations

from auto_labeling.pool.arrays_source import Arrays
from auto_labeling.pool.coco import Coco
from auto_labeling.pool.cvat_export import CVATExport
from auto_labeling.pool.images import Images
from auto_labeling.pool.label_studio_export import LabelStudioExport
from auto_labeling.pool.source import Source
from auto_labeling.pool.table import Table
from auto_labeling.pool.voc import Voc
from auto_labeling.pool.yolo import Yolo

TABLE: dict[str, type[Source]] = {
    "images": Images,
    "table": Table,
    "arrays": Arrays,
    "label_studio": LabelStudioExport,
    "cvat_export": CVATExport,
    "coco": Coco,
    "yolo": Yolo,
    "voc": Voc,
}
"""The pool kinds of the campaign file."""

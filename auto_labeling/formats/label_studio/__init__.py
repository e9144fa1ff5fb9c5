"""Label Studio: its labeling configuration, its tasks, and the answers in its exports."""

from __future__ import annotations

from auto_labeling.formats.label_studio.answers import decode_annotation, decode_annotations
from auto_labeling.formats.label_studio.config import REGIONS, label_config
from auto_labeling.formats.label_studio.content import shown
from auto_labeling.formats.label_studio.exchange import LabelStudio
from auto_labeling.formats.label_studio.layout import Layout, way_of
from auto_labeling.formats.label_studio.markup import signature
from auto_labeling.formats.label_studio.predictions import encode_prediction
from auto_labeling.formats.label_studio.project_check import check_config
from auto_labeling.formats.label_studio.tasks import encode_tasks

__all__ = [
    "REGIONS",
    "LabelStudio",
    "Layout",
    "check_config",
    "decode_annotation",
    "decode_annotations",
    "encode_prediction",
    "encode_tasks",
    "label_config",
    "shown",
    "signature",
    "way_of",
]

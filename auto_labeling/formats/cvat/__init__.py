"""CVAT: its labels, its annotations, and its XML; pure encoding and decoding."""

from __future__ import annotations

from auto_labeling.formats.cvat.answers import Answer, read_frames, shown_on
from auto_labeling.formats.cvat.document import Document, Picture
from auto_labeling.formats.cvat.labeled import encode_cvat
from auto_labeling.formats.cvat.labels import Labels, label_specs
from auto_labeling.formats.cvat.masks import decode_mask, encode_mask
from auto_labeling.formats.cvat.opinions import asked_by, labeled_tasks
from auto_labeling.formats.cvat.suggested import count_of, suggested
from auto_labeling.formats.cvat.xml import write_xml
from auto_labeling.formats.cvat.xml_reading import read_xml

__all__ = [
    "Answer",
    "Document",
    "Labels",
    "Picture",
    "asked_by",
    "count_of",
    "decode_mask",
    "encode_cvat",
    "encode_mask",
    "label_specs",
    "labeled_tasks",
    "read_frames",
    "read_xml",
    "shown_on",
    "suggested",
    "write_xml",
]

"""A labeling session outside any campaign: batches out, labels in, and when it is enough."""

from __future__ import annotations

from auto_labeling.session.labeling import LabelingSession

__all__ = ["LabelingSession"]

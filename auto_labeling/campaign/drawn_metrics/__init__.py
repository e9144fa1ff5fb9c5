"""How good detectors and segmenters are, and how much two of them agree."""

from __future__ import annotations

from auto_labeling.campaign.drawn_metrics.agreement import agreement
from auto_labeling.campaign.drawn_metrics.figures import CONFIDENCE
from auto_labeling.campaign.drawn_metrics.judging import estimate_drawn
from auto_labeling.campaign.drawn_metrics.resampling import Estimate

__all__ = ["CONFIDENCE", "Estimate", "agreement", "estimate_drawn"]

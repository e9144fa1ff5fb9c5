"""Which strategy saves most labels on this data: paired learning curves, and what they say."""

from __future__ import annotations

from auto_labeling.compare.comparison import Comparison
from auto_labeling.compare.racing import compare_strategies

__all__ = ["Comparison", "compare_strategies"]

"""The classes people type to choose what to label, thin over the strategies."""

from __future__ import annotations

from auto_labeling.sampling.committee import QueryByCommittee
from auto_labeling.sampling.diversity import DiversitySampling
from auto_labeling.sampling.hybrid import HybridQueryStrategy
from auto_labeling.sampling.intelligent import IntelligentSampler
from auto_labeling.sampling.learner import ActiveLearner
from auto_labeling.sampling.model_change import ExpectedModelChange
from auto_labeling.sampling.select import select_for_labeling
from auto_labeling.sampling.uncertainty import UncertaintySampling

__all__ = [
    "ActiveLearner",
    "DiversitySampling",
    "ExpectedModelChange",
    "HybridQueryStrategy",
    "IntelligentSampler",
    "QueryByCommittee",
    "UncertaintySampling",
    "select_for_labeling",
]

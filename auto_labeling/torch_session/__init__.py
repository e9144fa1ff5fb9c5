"""A torch module that learns from people and from itself, outside any campaign."""

from __future__ import annotations

from auto_labeling.models.torch_plan import Training
from auto_labeling.models.torch_student import NoisyStudent
from auto_labeling.torch_session.gradient import ExpectedGradient
from auto_labeling.torch_session.proposing import Terms
from auto_labeling.torch_session.session import ActiveLearningSession, Retraining
from auto_labeling.torch_session.training_data import TrainingData

__all__ = [
    "ActiveLearningSession",
    "ExpectedGradient",
    "NoisyStudent",
    "Retraining",
    "Terms",
    "Training",
    "TrainingData",
]

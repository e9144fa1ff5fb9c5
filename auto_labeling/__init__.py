"""Label a pool within a budget: `AutoLabelingPipeline.run`, and what it is made of.

Names are loaded when they are first used, so that `import auto_labeling` stays cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"
__all__ = [
    "ActiveLearner",
    "ActiveLearningManager",
    "ActiveLearningRunner",
    "ActiveLearningSession",
    "AutoLabelingPipeline",
    "CVATClient",
    "CVATExporter",
    "CoTrainer",
    "DiversitySampling",
    "ExpectedModelChange",
    "HybridQueryStrategy",
    "IntelligentSampler",
    "LabelStudioClient",
    "LabelStudioExporter",
    "LabelingSession",
    "PreAnnotator",
    "ProdigyExporter",
    "PseudoLabeler",
    "QualityControl",
    "QueryByCommittee",
    "SelfTrainer",
    "UncertaintySampling",
    "__version__",
    "compare_strategies",
    "detect_label_errors",
    "expand_with_pseudo_labels",
    "select_for_labeling",
]

_HOMES = {
    "ActiveLearner": "auto_labeling.sampling.learner",
    "ActiveLearningManager": "auto_labeling.guided.manager",
    "ActiveLearningRunner": "auto_labeling.guided.runner",
    "ActiveLearningSession": "auto_labeling.torch_session.session",
    "AutoLabelingPipeline": "auto_labeling.pipeline",
    "CVATClient": "auto_labeling.by_hand.cvat",
    "CVATExporter": "auto_labeling.by_hand.cvat_exporter",
    "CoTrainer": "auto_labeling.semi_supervised.co_trainer",
    "DiversitySampling": "auto_labeling.sampling.diversity",
    "ExpectedModelChange": "auto_labeling.sampling.model_change",
    "HybridQueryStrategy": "auto_labeling.sampling.hybrid",
    "IntelligentSampler": "auto_labeling.sampling.intelligent",
    "LabelStudioClient": "auto_labeling.by_hand.label_studio",
    "LabelStudioExporter": "auto_labeling.by_hand.exporters",
    "LabelingSession": "auto_labeling.session.labeling",
    "PreAnnotator": "auto_labeling.by_hand.pre_annotator",
    "ProdigyExporter": "auto_labeling.by_hand.exporters",
    "PseudoLabeler": "auto_labeling.semi_supervised.pseudo_labeler",
    "QualityControl": "auto_labeling.quality_control.control",
    "QueryByCommittee": "auto_labeling.sampling.committee",
    "SelfTrainer": "auto_labeling.semi_supervised.self_trainer",
    "UncertaintySampling": "auto_labeling.sampling.uncertainty",
    "compare_strategies": "auto_labeling.compare.racing",
    "detect_label_errors": "auto_labeling.quality_control.label_errors",
    "expand_with_pseudo_labels": "auto_labeling.semi_supervised.expanding",
    "select_for_labeling": "auto_labeling.sampling.select",
}
"""Public name -> the module it lives in."""

if TYPE_CHECKING:
    from auto_labeling.by_hand.cvat import CVATClient
    from auto_labeling.by_hand.cvat_exporter import CVATExporter
    from auto_labeling.by_hand.exporters import LabelStudioExporter, ProdigyExporter
    from auto_labeling.by_hand.label_studio import LabelStudioClient
    from auto_labeling.by_hand.pre_annotator import PreAnnotator
    from auto_labeling.compare.racing import compare_strategies
    from auto_labeling.guided.manager import ActiveLearningManager
    from auto_labeling.guided.runner import ActiveLearningRunner
    from auto_labeling.pipeline import AutoLabelingPipeline
    from auto_labeling.quality_control.control import QualityControl
    from auto_labeling.quality_control.label_errors import detect_label_errors
    from auto_labeling.sampling.committee import QueryByCommittee
    from auto_labeling.sampling.diversity import DiversitySampling
    from auto_labeling.sampling.hybrid import HybridQueryStrategy
    from auto_labeling.sampling.intelligent import IntelligentSampler
    from auto_labeling.sampling.learner import ActiveLearner
    from auto_labeling.sampling.model_change import ExpectedModelChange
    from auto_labeling.sampling.select import select_for_labeling
    from auto_labeling.sampling.uncertainty import UncertaintySampling
    from auto_labeling.semi_supervised.co_trainer import CoTrainer
    from auto_labeling.semi_supervised.expanding import expand_with_pseudo_labels
    from auto_labeling.semi_supervised.pseudo_labeler import PseudoLabeler
    from auto_labeling.semi_supervised.self_trainer import SelfTrainer
    from auto_labeling.session.labeling import LabelingSession
    from auto_labeling.torch_session.session import ActiveLearningSession
else:

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module 'auto_labeling' has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)

    def __dir__() -> list[str]:
        return sorted(__all__)

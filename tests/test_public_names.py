from __future__ import annotations

import importlib

import pytest

import auto_labeling


def test_the_public_names_are_these() -> None:
    assert auto_labeling.__all__ == [
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
    assert dir(auto_labeling) == sorted(auto_labeling.__all__)


def test_every_public_name_is_there_and_lives_where_it_says() -> None:
    for name, home in auto_labeling._HOMES.items():
        assert getattr(auto_labeling, name) is getattr(importlib.import_module(home), name)
    assert {*auto_labeling._HOMES, "__version__"} == set(auto_labeling.__all__)


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"'auto_labeling' has no attribute 'AutoLabel'"):
        getattr(auto_labeling, "Auto" + "Label")
    assert not hasattr(auto_labeling, "AutoLabel")

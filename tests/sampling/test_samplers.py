"""Every sampler keeps the promises of all samplers."""

from __future__ import annotations

from typing import Any

from auto_labeling.sampling.committee import QueryByCommittee
from auto_labeling.sampling.intelligent import IntelligentSampler
from auto_labeling.sampling.learner import ActiveLearner
from auto_labeling.sampling.model_change import ExpectedModelChange
from auto_labeling.sampling.sampler import Sampler
from tests.contracts.sampler import SamplerContract


def subclasses(kind: type) -> set[type]:
    found = set(kind.__subclasses__())
    return found.union(*(subclasses(one) for one in found)) if found else found


class TestActiveLearner(SamplerContract):
    @staticmethod
    def make(seed: Any) -> Sampler:
        return ActiveLearner(random_state=seed)


class TestActiveLearnerCombined(SamplerContract):
    @staticmethod
    def make(seed: Any) -> Sampler:
        weights = {"uncertainty": 0.3, "diversity": 0.7}
        return ActiveLearner(None, "combined", weights=weights, random_state=seed)


class TestActiveLearnerWithACommittee(SamplerContract):
    @staticmethod
    def make(seed: Any) -> Sampler:
        return ActiveLearner(strategy="query_by_committee", random_state=seed)


class TestIntelligentSampler(SamplerContract):
    @staticmethod
    def make(seed: Any) -> Sampler:
        return IntelligentSampler(exploration_weight=0.3, random_state=seed)


class TestQueryByCommittee(SamplerContract):
    @staticmethod
    def make(seed: Any) -> Sampler:
        return QueryByCommittee(n_estimators=3, base_estimator="svm", random_state=seed)


class TestQueryByMixedCommittee(SamplerContract):
    @staticmethod
    def make(seed: Any) -> Sampler:
        return QueryByCommittee(
            ["logistic_regression", "svm"],
            disagreement_measure="consensus_entropy",
            random_state=seed,
        )


class TestExpectedModelChange(SamplerContract):
    @staticmethod
    def make(seed: Any) -> Sampler:
        return ExpectedModelChange(random_state=seed)


CONTRACTS = [thing for name, thing in globals().items() if name.startswith("Test")]


def test_every_sampler_has_a_contract_here() -> None:
    known = {type(contract.make(0)) for contract in CONTRACTS}
    ours = {one for one in subclasses(Sampler) if one.__module__.startswith("auto_labeling")}
    assert {one for one in ours if one.__name__ != "OneOff"} <= known

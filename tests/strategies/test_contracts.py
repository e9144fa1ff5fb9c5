"""Every strategy and scorer of the tables keeps its port's promises."""

from __future__ import annotations

from auto_labeling.strategies import SCORERS, TABLE
from auto_labeling.strategies.at_random import Random
from auto_labeling.strategies.cluster_top import ClusterTop
from auto_labeling.strategies.cold_start import KMedoids
from auto_labeling.strategies.top_k import TopK
from auto_labeling.strategies.uncertainty import Entropy, LeastConfident, Margin
from tests.contracts.scorer import ScorerContract
from tests.contracts.strategy import ScoredContract, StrategyContract


class TestMargin(ScorerContract):
    scorer = Margin()


class TestEntropy(ScorerContract):
    scorer = Entropy()


class TestLeastConfident(ScorerContract):
    scorer = LeastConfident()


class TestTopK(ScoredContract):
    strategy = TopK(Margin())
    scorer = Margin()


class TestClusterTop(ScoredContract):
    strategy = ClusterTop(Entropy(), beta=2)
    scorer = Entropy()
    shortlisted = 2


class TestRandom(StrategyContract):
    strategy = Random()


class TestKMedoids(StrategyContract):
    strategy = KMedoids()


CONTRACTS = [thing for name, thing in globals().items() if name.startswith("Test")]


def test_every_scorer_of_the_table_has_a_contract_here() -> None:
    assert set(SCORERS.values()) <= {type(getattr(c, "scorer", None)) for c in CONTRACTS}


def test_every_strategy_of_the_table_has_a_contract_here() -> None:
    assert set(TABLE.values()) <= {type(getattr(c, "strategy", None)) for c in CONTRACTS}

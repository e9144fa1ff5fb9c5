"""Every strategy and scorer of the tables keeps its port's promises."""

from __future__ import annotations

from auto_labeling.strategies import SCORERS, TABLE
from auto_labeling.strategies.at_random import Random
from auto_labeling.strategies.auto import Auto
from auto_labeling.strategies.badge import Badge
from auto_labeling.strategies.cluster_top import ClusterTop
from auto_labeling.strategies.clustered import Clustered
from auto_labeling.strategies.cold_start import KMedoids
from auto_labeling.strategies.committee import (
    ConsensusEntropy,
    MaxDisagreement,
    MutualInformation,
    VoteEntropy,
)
from auto_labeling.strategies.density import Density
from auto_labeling.strategies.detection import Objects
from auto_labeling.strategies.detection_count import CountEntropy
from auto_labeling.strategies.detection_mirror import MirrorDisagreement
from auto_labeling.strategies.determinantal import Determinantal
from auto_labeling.strategies.examples import LikeLabeled, LikePoints, Mentions
from auto_labeling.strategies.explore import Explore
from auto_labeling.strategies.gradient import ExpectedGradientLength
from auto_labeling.strategies.herding import Herding
from auto_labeling.strategies.k_center import KCenter
from auto_labeling.strategies.multi_label import (
    MultiLabelEntropy,
    MultiLabelLeastConfident,
    MultiLabelMargin,
)
from auto_labeling.strategies.one_of_a_kind import OneOfAKind
from auto_labeling.strategies.priced import Priced
from auto_labeling.strategies.prob_cover import ProbCover
from auto_labeling.strategies.quotas import AtLeast, AtMost
from auto_labeling.strategies.relevant import Relevant
from auto_labeling.strategies.seek import Seek
from auto_labeling.strategies.sequential import Sequential
from auto_labeling.strategies.sharpened import Sharpened
from auto_labeling.strategies.shortlist import Shortlist
from auto_labeling.strategies.spread import Spread
from auto_labeling.strategies.subsample import Subsample
from auto_labeling.strategies.top_k import TopK
from auto_labeling.strategies.typiclust import TypiClust
from auto_labeling.strategies.uncertainty import Entropy, LeastConfident, Margin, Ratio
from auto_labeling.strategies.uncertainty_herding import UncertaintyHerding
from auto_labeling.strategies.weighted import Weighted
from auto_labeling.strategies.weighted_k_means import WeightedKMeans
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


class TestSharpened(ScorerContract):
    scorer = Sharpened(Margin(), power=3.0)


class TestRelevant(StrategyContract):
    strategy = Relevant(KMedoids())


class TestAuto(StrategyContract):
    strategy = Auto()


class TestRandom(StrategyContract):
    strategy = Random()


class TestKMedoids(StrategyContract):
    strategy = KMedoids()


class TestHerding(StrategyContract):
    strategy = Herding()


class TestUncertaintyHerding(StrategyContract):
    strategy = UncertaintyHerding()


class TestProbCover(StrategyContract):
    strategy = ProbCover()


class TestTypiClust(StrategyContract):
    strategy = TypiClust()


class TestShortlist(StrategyContract):
    strategy = Shortlist(Entropy(), KMedoids(), reach=2.5)


class TestWeighted(StrategyContract):
    strategy = Weighted(Entropy(), uncertainty=0.3, diversity=0.7)


class TestWeightedKMeans(StrategyContract):
    strategy = WeightedKMeans(Entropy())


class TestRatio(ScorerContract):
    scorer = Ratio()


class TestVoteEntropy(ScorerContract):
    scorer = VoteEntropy()


class TestConsensusEntropy(ScorerContract):
    scorer = ConsensusEntropy()


class TestMaxDisagreement(ScorerContract):
    scorer = MaxDisagreement()


class TestMutualInformation(ScorerContract):
    scorer = MutualInformation()


class TestExpectedGradientLength(ScorerContract):
    scorer = ExpectedGradientLength()


class TestExpectedGradientLengthOfFeatures(ScorerContract):
    scorer = ExpectedGradientLength("features")


class TestDensity(ScorerContract):
    scorer = Density(Margin(), beta=2.0)


class TestMultiLabelEntropy(ScorerContract):
    scorer = MultiLabelEntropy()


class TestMultiLabelMargin(ScorerContract):
    scorer = MultiLabelMargin()


class TestMultiLabelLeastConfident(ScorerContract):
    scorer = MultiLabelLeastConfident()


class TestExplore(StrategyContract):
    strategy = Explore(TopK(Margin()), share=0.3)


class TestSubsample(StrategyContract):
    strategy = Subsample(TopK(Margin()), size=20)


class TestSpread(StrategyContract):
    strategy = Spread(TopK(Margin()), reach=3)


class TestOneOfAKind(StrategyContract):
    strategy = OneOfAKind(TopK(Margin()), share=0.5)


class TestClustered(StrategyContract):
    strategy = Clustered(TopK(Margin()), n_clusters=3, reach=3)


class TestSequential(StrategyContract):
    strategy = Sequential(TopK(Margin()), reach=3)


class TestAtMost(StrategyContract):
    strategy = AtMost(TopK(Margin()), 2)


class TestAtMostOfAClass(StrategyContract):
    strategy = AtMost(ClusterTop(), 2, of="classes")


class TestAtLeast(StrategyContract):
    strategy = AtLeast(TopK(Margin()), 2)


class TestAtLeastOfAGroup(StrategyContract):
    strategy = AtLeast(TopK(Margin()), 1, counts=((3, 4),), of="groups")


class TestLikeLabeled(ScorerContract):
    scorer = LikeLabeled((1, 2))


class TestLikePoints(ScorerContract):
    scorer = LikePoints(((0.0, 0.0, 1.0, 0.0, 0.0), (0.0, 0.0, -1.0, 0.0, 0.0)))


class TestMentions(ScorerContract):
    scorer = Mentions((1, 3))


class TestSeek(StrategyContract):
    strategy = Seek(LikeLabeled((1,)))


class TestBadge(StrategyContract):
    strategy = Badge()


class TestKCenter(StrategyContract):
    strategy = KCenter()


class TestDeterminantal(StrategyContract):
    strategy = Determinantal()


class TestDeterminantalOfQuality(StrategyContract):
    strategy = Determinantal(quality=Entropy())


class TestObjects(ScorerContract):
    scorer = Objects()


class TestObjectsOfRareClasses(ScorerContract):
    scorer = Objects(of="margin", by="max", balance=1.0)


class TestObjectsOfMasks(ScorerContract):
    scorer = Objects(of="mask_entropy", by="mean")


class TestCountEntropy(ScorerContract):
    scorer = CountEntropy()


class TestMirrorDisagreement(ScorerContract):
    scorer = MirrorDisagreement()


class TestMirrorDisagreementOfBoxes(ScorerContract):
    scorer = MirrorDisagreement(of="boxes", by="sum")


class TestPriced(ScorerContract):
    scorer = Priced(Margin())


class TestPricedObjects(ScorerContract):
    scorer = Priced(Objects())


class TestClusterTopOfObjects(ScoredContract):
    strategy = ClusterTop(Priced(Objects()))
    scorer = Priced(Objects())
    shortlisted = 3


class TestAutoOfSets(StrategyContract):
    strategy = Auto(task="multi")


class TestAutoOfBoxes(StrategyContract):
    strategy = Auto(task="boxes")


CONTRACTS = [thing for name, thing in globals().items() if name.startswith("Test")]


def test_every_scorer_of_the_table_has_a_contract_here() -> None:
    assert set(SCORERS.values()) <= {type(getattr(c, "scorer", None)) for c in CONTRACTS}


def test_every_strategy_of_the_table_has_a_contract_here() -> None:
    assert set(TABLE.values()) <= {type(getattr(c, "strategy", None)) for c in CONTRACTS}

"""What to ask about next. A new strategy or scorer is one file and one line here."""

from __future__ import annotations

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

TABLE: dict[str, type] = {
    "at_least": AtLeast,
    "at_most": AtMost,
    "auto": Auto,
    "badge": Badge,
    "cluster_top": ClusterTop,
    "clustered": Clustered,
    "cold_start": KMedoids,
    "coreset": KCenter,
    "determinantal": Determinantal,
    "explore": Explore,
    "facility_location": Herding,
    "herding": Herding,
    "hybrid": ClusterTop,
    "k_center": KCenter,
    "k_means": KMedoids,
    "k_medoids": KMedoids,
    "one_of_a_kind": OneOfAKind,
    "prob_cover": ProbCover,
    "random": Random,
    "relevant": Relevant,
    "seek": Seek,
    "sequential": Sequential,
    "shortlist": Shortlist,
    "spread": Spread,
    "subsample": Subsample,
    "top_k": TopK,
    "typiclust": TypiClust,
    "uncertainty_herding": UncertaintyHerding,
    "weighted": Weighted,
    "weighted_k_means": WeightedKMeans,
}

SCORERS: dict[str, type] = {
    "consensus_entropy": ConsensusEntropy,
    "count_entropy": CountEntropy,
    "density": Density,
    "entropy": Entropy,
    "expected_gradient_length": ExpectedGradientLength,
    "least_confident": LeastConfident,
    "like_labeled": LikeLabeled,
    "like_points": LikePoints,
    "margin": Margin,
    "max_disagreement": MaxDisagreement,
    "mentions": Mentions,
    "mirror_disagreement": MirrorDisagreement,
    "multi_label_entropy": MultiLabelEntropy,
    "multi_label_least_confident": MultiLabelLeastConfident,
    "multi_label_margin": MultiLabelMargin,
    "mutual_information": MutualInformation,
    "objects": Objects,
    "priced": Priced,
    "ratio": Ratio,
    "sharpened": Sharpened,
    "vote_entropy": VoteEntropy,
}

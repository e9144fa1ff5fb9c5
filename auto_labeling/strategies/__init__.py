"""What to ask about next. A new strategy or scorer is one file and one line here."""

from __future__ import annotations

from auto_labeling.strategies.at_random import Random
from auto_labeling.strategies.cluster_top import ClusterTop
from auto_labeling.strategies.cold_start import KMedoids
from auto_labeling.strategies.top_k import TopK
from auto_labeling.strategies.uncertainty import Entropy, LeastConfident, Margin

TABLE: dict[str, type] = {
    "cluster_top": ClusterTop,
    "cold_start": KMedoids,
    "hybrid": ClusterTop,
    "k_medoids": KMedoids,
    "random": Random,
    "top_k": TopK,
}

SCORERS: dict[str, type] = {
    "entropy": Entropy,
    "least_confident": LeastConfident,
    "margin": Margin,
}

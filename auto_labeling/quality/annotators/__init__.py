"""A model of each annotator, and what speaks against somebody's answers. Nothing here acts on it.

`Answered` (arrays) -> `profiles` (a model of each) -> `findings` (tests that keep the rate of false
finds) -> `proposals` (sentences that a person reads and decides upon).
"""

from auto_labeling.quality.annotators.answered import Answered
from auto_labeling.quality.annotators.copying import Following
from auto_labeling.quality.annotators.profile import Annotator, Profiles, profiles
from auto_labeling.quality.annotators.proposing import Proposal, proposals
from auto_labeling.quality.annotators.signals import Finding, Signal, Standards, findings
from auto_labeling.quality.annotators.speed import Speed
from auto_labeling.quality.annotators.trend import Trend
from auto_labeling.quality.annotators.weighing import weights

__all__ = [
    "Annotator",
    "Answered",
    "Finding",
    "Following",
    "Profiles",
    "Proposal",
    "Signal",
    "Speed",
    "Standards",
    "Trend",
    "findings",
    "profiles",
    "proposals",
    "weights",
]

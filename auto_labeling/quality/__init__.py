"""Quality of answers: how many opinions become one label."""

from auto_labeling.quality.majority import Majority
from auto_labeling.quality.most_agreed import MostAgreed

TABLE: dict[str, type] = {"majority": Majority, "most_agreed": MostAgreed}
"""The consensus rules: YAML kind -> class."""

"""Quality of answers: how many opinions become one label."""

from auto_labeling.ports import Consensus
from auto_labeling.quality.majority import Majority
from auto_labeling.quality.most_agreed import MostAgreed
from auto_labeling.records import LabelSchema

TABLE: dict[str, type] = {"majority": Majority, "most_agreed": MostAgreed}
"""The consensus rules: YAML kind -> class."""


def usual(schema: LabelSchema) -> Consensus:
    """Return the rule by which answers become one label where nobody names another."""
    return MostAgreed() if schema.is_drawn else Majority()

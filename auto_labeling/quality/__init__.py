"""Quality of answers: how many opinions become one label."""

from auto_labeling.ports import Consensus
from auto_labeling.quality.auto import Auto
from auto_labeling.quality.dawid_skene import DawidSkene
from auto_labeling.quality.majority import Majority
from auto_labeling.quality.merged_shapes import MergedShapes
from auto_labeling.quality.most_agreed import MostAgreed
from auto_labeling.quality.one_coin import OneCoin
from auto_labeling.quality.ordinal import Ordinal
from auto_labeling.quality.weighted_vote import WeightedVote
from auto_labeling.records import LabelSchema

TABLE: dict[str, type] = {
    "auto": Auto,
    "dawid_skene": DawidSkene,
    "majority": Majority,
    "merged_shapes": MergedShapes,
    "most_agreed": MostAgreed,
    "one_coin": OneCoin,
    "ordinal": Ordinal,
    "weighted_vote": WeightedVote,
}
"""The consensus rules: YAML kind -> class."""


def usual(schema: LabelSchema) -> Consensus:
    """Return the rule by which answers become one label where nobody names another."""
    return MostAgreed() if schema.is_drawn else Majority()

"""Quality of answers: how many opinions become one label."""

from auto_labeling.quality.majority import Majority

TABLE: dict[str, type] = {"majority": Majority}
"""The consensus rules: YAML kind -> class."""

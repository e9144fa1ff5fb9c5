"""The consensus rules by the names that people type, and what they make of annotations."""

from __future__ import annotations

from typing import Any

from auto_labeling import quality
from auto_labeling.errors import ConfigurationError
from auto_labeling.quality_control.annotations import Annotations

OF_LABELS = {
    "auto": "auto",
    "dawid_skene": "dawid_skene",
    "majority_vote": "majority",
    "one_coin": "one_coin",
    "weighted_vote": "weighted_vote",
}
"""Name -> kind in a campaign file."""
OF_SHAPES = {"auto": "merged_shapes", "majority_vote": "merged_shapes"}
"""The same of boxes, polygons and masks: one rule, which learns how far to trust each person."""


def decided(annotations: Annotations, method: object) -> tuple[list[Any], list[float]]:
    """Return a label for each item, None where nothing decides, and how sure it is, in [0, 1]."""
    table = OF_SHAPES if annotations.kind == "drawn" else OF_LABELS
    if not isinstance(method, str) or method not in table:
        of = "shapes" if annotations.kind == "drawn" else "labels"
        raise ConfigurationError(
            f"method: expected, of {of}, one of {', '.join(sorted(table))}, got {method!r}"
        )
    ordered, places = annotations.in_order()
    votes, schema, names = ordered.votes()
    labels: list[Any] = [None] * len(annotations.items)
    confidence = [0.0] * len(annotations.items)
    for verdict in quality.TABLE[table[method]]().resolve(votes, schema):
        if verdict.value is None:
            continue
        at = int(verdict.item_id)
        labels[at] = _label(verdict.value, annotations.kind, names)
        confidence[at] = verdict.confidence
    return [labels[at] for at in places], [confidence[at] for at in places]


def _label(value: Any, kind: str, names: list[Any]) -> Any:
    """Return a decision in the words of those who labeled."""
    if kind == "drawn":
        return value
    return names[int(value)] if kind == "single" else tuple(names[int(one)] for one in value)

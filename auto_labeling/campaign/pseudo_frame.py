"""People's labels and pseudo-labels in one frame, told apart by their source and their weight."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auto_labeling.campaign import pseudo_files
from auto_labeling.campaign.pseudo_labels import PseudoRound
from auto_labeling.records import ItemId


def beside(frame: Any, workspace: Path, of_round: PseudoRound, where: Mapping[ItemId, str]) -> Any:
    """Return a manifest's frame with a column `weight`, and below it a round's pseudo-labels.

    An item that people have labeled since is theirs. No pseudo-label has votes or a purpose.
    """
    import pandas as pd

    claims = pseudo_files.claims(workspace, of_round)
    taken = pd.DataFrame(
        {
            "item": claims.items,
            "where": [where.get(item) for item in claims.items],
            "label": claims.labels,
            "confidence": claims.confidence,
            "votes": 0,
            "purpose": None,
            "source": pseudo_files.SOURCE,
            "group": None,
            "weight": claims.weight,
        }
    )
    unlabeled = taken[~taken["item"].isin(set(frame["item"]))]
    whole = [*frame.assign(weight=1.0).to_dict("records"), *unlabeled.to_dict("records")]
    return pd.DataFrame(whole, columns=list(taken.columns))

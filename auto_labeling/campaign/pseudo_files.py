"""The files of what was taken: beside the data set that a round froze, named by their content.

They are no part of the data set: no count, price or export of people's labels looks at them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.campaign.pseudo_labels import PseudoRound
from auto_labeling.errors import DataError
from auto_labeling.files import write_atomically
from auto_labeling.records import ItemId
from auto_labeling.semi_supervised.pseudo_labels import PseudoLabels

SOURCE = "pseudo"
"""What stands in the column `source` where people's labels have 'human' or 'imported'."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Claims:
    """Pseudo-labels by the names of items and classes; every array is (m,), by position."""

    items: Sequence[ItemId]
    positions: NDArray[np.intp]
    """Rows of the pool."""
    labels: Sequence[str]
    confidence: NDArray[np.float64]
    weight: NDArray[np.float64]


def keep(
    folder: Path, taken: PseudoLabels, ids: Sequence[ItemId], classes: Sequence[str], **about: str
) -> str:
    """Write what was taken into the folder of a data set and return its sha256.

    `taken` has rows of the pool, whose items `ids` names; `about` is said inside the file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(
        {
            "item": pa.array([ids[at] for at in taken.positions], pa.string()),
            "position": pa.array(taken.positions, pa.int64()),
            "label": pa.array([classes[at] for at in taken.targets], pa.string()),
            "confidence": pa.array(taken.confidence, pa.float64()),
            "weight": pa.array(taken.weights, pa.float64()),
            "source": pa.array([SOURCE] * len(taken), pa.string()),
        }
    ).replace_schema_metadata(about)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    content = sink.getvalue().to_pybytes()
    digest = hashlib.sha256(content).hexdigest()
    write_atomically(file_of(folder, digest), content)
    return digest


def claims(workspace: Path, of_round: PseudoRound) -> Claims:
    """Return what a round's model learned from. Raises `DataError` where the file is not there."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = file_of(workspace / "manifests" / (of_round.manifest or ""), of_round.digest or "")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: it cannot be read ({error}); put it back from a copy") from error
    if hashlib.sha256(content).hexdigest() != of_round.digest:
        raise DataError(f"{path}: it is not what was written; put it back from a copy")
    table: Any = pq.read_table(pa.BufferReader(content))
    return Claims(
        items=table["item"].to_pylist(),
        positions=table["position"].to_numpy().astype(np.intp),
        labels=table["label"].to_pylist(),
        confidence=table["confidence"].to_numpy(),
        weight=table["weight"].to_numpy(),
    )


def file_of(folder: Path, digest: str) -> Path:
    """Return where the pseudo-labels of this digest lie in the folder of a data set."""
    return folder / f"pseudo.{digest}.parquet"

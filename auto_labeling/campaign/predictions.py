"""What the newest model says of the pool: computed shard by shard, kept in files, read by position.

A file is named by the model and the rows it is about, so that no two contents share a name, and
whoever finds one need not compute it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.drawings import detector_of
from auto_labeling.detections import Detections
from auto_labeling.files import write_atomically
from auto_labeling.models import fitting
from auto_labeling.models.fitting import Fitted

ROWS, PICTURES = 65_536, 256
"""Rows of features, and pictures, that are predicted at a time: what one mapped task gets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One field of a view that a model has to say."""

    suffix: str
    make: Callable[[Fitted, Any, int], Any]
    """A model, what it reads of n items, and the number of classes -> what it says of them."""
    save: Callable[[IO[bytes], Any], None]
    load: Callable[[Path], Any]
    join: Callable[[Sequence[Any]], Any]


def _arrays(make: Callable[[Fitted, Any, int], Any]) -> Kind:
    return Kind(
        suffix="npy",
        make=make,
        save=np.save,
        load=lambda path: np.load(path, mmap_mode="r"),
        join=np.concatenate,
    )


def _detections(*, mirrored: bool) -> Kind:
    return Kind(
        suffix="npz",
        make=lambda fitted, pictures, _: detector_of(fitted).detect(pictures, mirrored=mirrored),
        save=lambda file, said: said.save(file),
        load=Detections.load,
        join=Detections.joined,
    )


KINDS: dict[str, Kind] = {
    "detections": _detections(mirrored=False),
    "marginals": _arrays(fitting.predict),
    "mirrored": _detections(mirrored=True),
    "posterior": _arrays(fitting.sample),
    "proba": _arrays(fitting.predict),
}
"""By the field of `PoolView` that it fills."""


def missing_shards(campaign: Campaign, model: str, wanted: frozenset[str]) -> list[int]:
    """Return the shards of which not everything wanted is there yet."""
    kinds = sorted(KINDS.keys() & wanted)
    return [
        number
        for number in range(-(-len(campaign.pool) // _size(campaign)))
        if not all(_file(campaign, model, number, kind).exists() for kind in kinds)
    ]


def make_shard(campaign: Campaign, model: str, number: int, wanted: frozenset[str]) -> None:
    """Predict one shard; what is there already is left as it is."""
    size, classes = _size(campaign), len(campaign.config.labels.classes)
    rows = slice(number * size, min((number + 1) * size, len(campaign.pool)))
    for name in sorted(KINDS.keys() & wanted):
        path, kind = _file(campaign, model, number, name), KINDS[name]
        if path.exists():
            continue
        said = kind.make(campaign.model(model), campaign.inputs(rows), classes)
        _keep(path, kind, said)


def of_positions(campaign: Campaign, model: str, positions: NDArray[np.intp], name: str) -> Any:
    """Return what the model says of the items at ascending positions."""
    size, kind, parts = _size(campaign), KINDS[name], []
    for number in np.unique(positions // size):
        path = _file(campaign, model, int(number), name)
        if not path.exists():
            # The pool has grown since it was scored, or somebody has emptied the cache.
            make_shard(campaign, model, int(number), frozenset({name}))
        parts.append(kind.load(path)[positions[positions // size == number] - number * size])
    return kind.join(parts)


def of_sample(campaign: Campaign, model: str, positions: NDArray[np.intp]) -> Any:
    """Return what the model says of a sample that is drawn once a campaign, and compared often.

    What it sees on pictures is kept: looking again takes longer than reading.
    """
    [name] = campaign.lesson.shown_as - {"mirrored"}
    size, kind, parts = _size(campaign), KINDS[name], []
    classes = len(campaign.config.labels.classes)
    if not campaign.config.reads_pictures:
        return kind.make(campaign.model(model), campaign.inputs(positions), classes)
    for start in range(0, len(positions), size):
        rows = positions[start : start + size]
        which = hashlib.sha256(rows.tobytes()).hexdigest()[:16]
        path = _folder(campaign, model) / f"{campaign.pool.digest[:16]}-{which}.{kind.suffix}"
        if not path.exists():
            _keep(path, kind, kind.make(campaign.model(model), campaign.inputs(rows), classes))
        parts.append(kind.load(path))
    return kind.join(parts)


def _keep(path: Path, kind: Kind, said: Any) -> None:
    write_atomically(path, lambda file: kind.save(file, said))


def _size(campaign: Campaign) -> int:
    return PICTURES if campaign.config.reads_pictures else ROWS


def _file(campaign: Campaign, model: str, number: int, name: str) -> Path:
    shard = f"{campaign.pool.digest[:16]}-{name}-{number:05d}.{KINDS[name].suffix}"
    return _folder(campaign, model) / shard


def _folder(campaign: Campaign, model: str) -> Path:
    return campaign.workspace / "cache" / model

"""What a session remembers, and the one file that holds it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auto_labeling import rows as data
from auto_labeling.errors import DataError
from auto_labeling.files import write_atomically
from auto_labeling.ports import Progress, Shift
from auto_labeling.records import Interval
from auto_labeling.view import len_of

_FORMAT, _VERSION = "auto-labeling session", 1
_DIGESTED = 1000  # rows that stand for the pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One submission of labels."""

    positions: tuple[int, ...]
    labels: tuple[Any, ...]
    cost: float
    """Of all these labels together."""
    accuracy: Interval
    """Of the labels up to here; unknown where nobody has asked."""
    kappa: float
    """Agreement of the predictions with those before these labels; nan where not asked for."""
    shift: Shift | None = None
    """What these labels changed in the predictions; None where not asked for."""


@dataclass(slots=True, kw_only=True)
class Record:
    """Everything but the pool and the sampler, which the caller keeps."""

    pool: str
    """What tells the pool from another: see `pool_digest`."""
    criteria: dict[str, Any] = field(default_factory=dict)
    export_format: str | None = None
    handed_out: list[int] = field(default_factory=list)
    """Positions that somebody is labeling now."""
    rounds: list[Round] = field(default_factory=list)

    @property
    def positions(self) -> NDArray[np.intp]:
        """Return (l,) what is labeled, in the order it was labeled."""
        return np.array([at for one in self.rounds for at in one.positions], dtype=np.intp)

    @property
    def labels(self) -> NDArray[Any]:
        """Return (l,) its labels."""
        return np.array([label for one in self.rounds for label in one.labels])

    @property
    def cost(self) -> float:
        """Return what the labels cost."""
        return math.fsum(one.cost for one in self.rounds)

    def checked(
        self, indices: ArrayLike, labels: ArrayLike, pool_size: int
    ) -> tuple[list[int], list[Any]]:
        """Return new labels as they are kept, or raise `DataError`."""
        positions = np.asarray(indices)
        if positions.ndim != 1 or (len(positions) and positions.dtype.kind not in "iu"):
            raise DataError(
                f"indices: expected (b,) positions, got {positions.dtype} of {positions.shape}"
            )
        given = data.checked_labels(labels, len(positions))
        known = set(self.positions.tolist())
        for at in positions.tolist():
            if not 0 <= at < pool_size:
                raise DataError(f"indices: expected positions from 0 to {pool_size - 1}, got {at}")
            if at in known:
                raise DataError(f"indices: expected each position once, {at} is labeled already")
            known.add(at)
        return positions.tolist(), given.tolist()

    def progress(self, pool_size: int) -> Progress:
        """Return what stopping rules look at."""
        sizes = [len(one.positions) for one in self.rounds]
        return Progress(
            rounds=len(self.rounds),
            metrics={"accuracy": [one.accuracy for one in self.rounds]},
            items=np.cumsum(sizes, dtype=int).tolist(),
            committed_micros=[
                round(1e6 * spent) for spent in accumulate(one.cost for one in self.rounds)
            ],
            candidates_left=pool_size - sum(sizes),
            now=0,
            agreement=[one.kappa for one in self.rounds],
            shifts=[one.shift for one in self.rounds if one.shift is not None],
        )


def write(record: Record, path: Path) -> None:
    """Write a session's file; it is whole or absent, and holds no data but positions and labels."""
    content = {"format": _FORMAT, "version": _VERSION, **_plain(asdict(record))}
    write_atomically(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False))


def read(path: Path) -> Record:
    """Return what `write` wrote, or raise `DataError`."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file") from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: expected a saved session; it cannot be read as JSON") from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise DataError(f"{path}: expected a saved session, got another file")
    if content.get("version") != _VERSION:
        raise DataError(
            f"{path}: this installation reads version {_VERSION}, got {content.get('version')!r}"
        )
    try:
        rounds = [_round(one) for one in content.pop("rounds")]
        rest = {key: value for key, value in content.items() if key not in ("format", "version")}
        return Record(rounds=rounds, **rest)
    except (KeyError, TypeError) as error:
        raise DataError(
            f"{path}: a part of this session is missing or unknown ({error})"
        ) from error


def pool_digest(rows: Any) -> str:
    """Return the sha256 of the pool's shape and of a thousand of its rows: 64 hex digits."""
    n = len_of(rows)
    some = np.unique(np.linspace(0, max(n - 1, 0), min(n, _DIGESTED)).astype(np.intp))
    sample = data.take(rows, some)
    digest = hashlib.sha256(f"{n} {getattr(rows, 'shape', ())}".encode())
    if hasattr(sample, "tocsr"):
        sample = sample.toarray()
    apart = isinstance(sample, list) and any(isinstance(one, np.ndarray) for one in sample)
    for part in sample if apart else [sample]:  # `repr` of large arrays leaves numbers out
        digest.update(_bytes_of(part))
    return digest.hexdigest()


def _bytes_of(part: Any) -> bytes:
    if isinstance(part, np.ndarray):
        return np.ascontiguousarray(part).tobytes()
    return repr(part.to_csv() if hasattr(part, "iloc") else part).encode()


def _round(given: Mapping[str, Any]) -> Round:
    limits = given["accuracy"]
    value, low, high = (_number(limits[key]) for key in ("value", "low", "high"))
    return Round(
        positions=tuple(given["positions"]),
        labels=tuple(given["labels"]),
        cost=given["cost"],
        accuracy=Interval(value=value, low=low, high=high, n=limits["n"]),
        kappa=_number(given["kappa"]),
        shift=None if given["shift"] is None else _shift(given["shift"]),
    )


def _shift(given: Mapping[str, Any]) -> Shift:
    return Shift(**{key: _number(value) for key, value in given.items()})


def _number(given: Any) -> Any:
    return math.nan if given is None else given


def _plain(value: Any) -> Any:
    """Return what JSON can hold: nan becomes null, NumPy's numbers become Python's."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    plain = value.item() if hasattr(value, "item") else value
    return None if isinstance(plain, float) and math.isnan(plain) else plain

"""From the rows of a source as they were found to those that can be used, with ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from auto_labeling.errors import DataError
from auto_labeling.formats.value import names_in_cell, write_label
from auto_labeling.pool.rows import Rows
from auto_labeling.pool.source import Quarantined, Source, SourceRows
from auto_labeling.records import ItemId, LabelSchema

ID_DIGITS = 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidates:
    """Every row of a source, good or bad, as parallel columns of length n."""

    source: Source
    references: Sequence[str]
    content_hashes: Sequence[str]
    features: Rows
    ids: Sequence[str | None] | None = None
    """The user's; None: there are none, and they are derived from the content."""
    groups: Sequence[str | None] | None = None
    labels: Sequence[str | None] | None = None
    twins: Sequence[str] | None = None
    """Equal where contents are the same to a reader; None: only where they are the same."""
    drawn: bool = False
    """Whether the labels are what is drawn on pictures, of the classes that a schema has."""
    feature_names: tuple[str, ...] | None = None
    bad: Mapping[int, str] = field(default_factory=dict)
    """Why rows cannot be used, by position."""
    alike: Callable[[Mapping[int, str]], Mapping[int, str]] | None = None
    """Why further rows are not wanted, once it is known which cannot be used."""
    quarantined: tuple[Quarantined, ...] = ()
    """What could not even be parsed into a row."""


def screen(found: Candidates, schema: LabelSchema | None) -> SourceRows:
    """Leave out what cannot be used, and give every other row an id of its own."""
    total = len(found.references)
    reasons = dict(found.bad)
    _refuse_ids(found, reasons)
    labels = _labels(found, schema, reasons)
    if found.alike is not None:
        reasons |= found.alike(reasons)
    keep = np.array([at for at in range(total) if at not in reasons], dtype=np.intp)
    quarantined = (*found.quarantined, *_quarantine(found, reasons))
    if not len(keep):
        raise DataError(why_empty(found.source.location, quarantined))
    hashes = [found.content_hashes[at] for at in keep]
    given = found.ids
    ids = derive_ids(hashes, ()) if given is None else [str(given[at]) for at in keep]
    return SourceRows(
        source=found.source,
        ids=ids,
        derived=found.ids is None,
        references=[found.references[at] for at in keep],
        groups=[found.groups[at] if found.groups else None for at in keep],
        content_hashes=hashes,
        features=found.features if len(keep) == total else found.features.take(keep),
        feature_names=found.feature_names,
        labels=None if labels is None else [labels[at] for at in keep],
        twins=None if found.twins is None else [found.twins[at] for at in keep],
        quarantined=quarantined,
    )


def derive_ids(hashes: Sequence[str], taken: Collection[ItemId]) -> list[ItemId]:
    """Return an id for each content hash; repeated content is told apart by -2, -3, ...

    >>> derive_ids(["a" * 64, "b" * 64, "a" * 64], taken={"b" * 16})
    ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb-2', 'aaaaaaaaaaaaaaaa-2']
    """
    used = set(taken)
    last: Counter[str] = Counter()
    ids = []
    for content_hash in hashes:
        stem = content_hash[:ID_DIGITS]
        while True:
            last[stem] += 1
            item_id = stem if last[stem] == 1 else f"{stem}-{last[stem]}"
            if item_id not in used:
                break
        used.add(item_id)
        ids.append(item_id)
    return ids


def _refuse_ids(found: Candidates, reasons: dict[int, str]) -> None:
    first: dict[str, int] = {}
    for at, item_id in enumerate(found.ids or ()):
        if at in reasons:
            continue
        if not item_id:
            reasons[at] = "it has no id"
        elif item_id in first:
            seen = found.source.where(found.references[first[item_id]])
            reasons[at] = f"its id is repeated; the first is {seen}"
        else:
            first[item_id] = at


def _labels(
    found: Candidates, schema: LabelSchema | None, reasons: dict[int, str]
) -> Sequence[str | None] | None:
    """Return the labels as they are kept; with a schema, those of its own only."""
    if schema is None:
        return found.labels
    if found.labels is None:
        raise DataError(
            f"{found.source.location}: expected a label for every row; say where they stand"
        )
    if schema.is_drawn != found.drawn:
        wanted = "boxes, polygons or masks" if found.drawn else "single or multi"
        raise DataError(
            f"{found.source.location}: expected labels.task {wanted} to read labels, "
            f"got {schema.task}"
        )
    if found.drawn:
        return found.labels
    read = {cell: _label(cell, schema) for cell in set(found.labels)}  # few, of many rows
    for at, cell in enumerate(found.labels):
        why = read[cell][1]
        if why is not None:
            reasons.setdefault(at, why)
    return [read[cell][0] for cell in found.labels]


def _label(cell: str | None, schema: LabelSchema) -> tuple[str | None, str | None]:
    """Return a label as it is kept, or why it is none."""
    if cell is None:
        return None, "it has no label"
    try:
        names = [cell] if schema.task == "single" else names_in_cell(cell)
    except DataError as error:
        return None, str(error)
    if not set(names) <= set(schema.classes):
        return None, "its label is not one of labels.classes"
    ordered = tuple(name for name in schema.classes if name in names)
    return write_label(cell if schema.task == "single" else ordered), None


def _quarantine(found: Candidates, reasons: Mapping[int, str]) -> list[Quarantined]:
    return [
        Quarantined(
            where=found.source.where(found.references[at]),
            item_id=found.ids[at] if found.ids else None,
            reason=reasons[at],
        )
        for at in sorted(reasons)
    ]


def why_empty(location: str, quarantined: Sequence[Quarantined]) -> str:
    """Return what to say of a source without one usable row."""
    if not quarantined:
        return f"{location}: expected at least one row, got none"
    first = quarantined[0]
    return (
        f"{location}: not one of {len(quarantined)} rows can be used; "
        f"the first, {first.where}: {first.reason}"
    )

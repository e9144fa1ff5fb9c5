"""The result of an annotation or a prediction: regions in, an answer out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from auto_labeling.errors import DataError
from auto_labeling.formats.codec import value_of
from auto_labeling.formats.label_studio.config import REGIONS
from auto_labeling.formats.label_studio.extra import answered
from auto_labeling.formats.label_studio.layout import SHAPES, Layout, control_of
from auto_labeling.formats.label_studio.shapes import decode_shape
from auto_labeling.records import LabelSchema, Value
from auto_labeling.shapes import Shape

Region: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a result says."""

    value: Value | None
    """None where a class was due and none was chosen."""
    extra: Mapping[str, Any]
    """As `Event.extra`."""


def read_result(result: Any, schema: LabelSchema, layout: Layout | None) -> Said:
    """Return what the regions of a result say; without a layout, whatever the answered tag's name.

    What this schema does not know is kept as it is. Raises `DataError` where the answer itself
    cannot be read.
    """
    ours: list[Region] = []
    abstained: list[Region] = []
    extra: dict[str, Any] = {}
    kept: list[Region] = []
    for region in _regions(result):
        name = str(region.get("from_name"))
        asked = schema.extra.get(name) if name not in extra else None
        if _is_answer(region, schema, layout):
            ours.append(region)
        elif asked is not None and (said := answered(region, asked)) is not None:
            extra[name] = said
        elif _is_abstention(region, schema):
            abstained.append(region)
        else:
            kept.append(region)
    if not ours and not abstained:
        _check_strays(kept, schema, layout)
    if kept:
        extra[REGIONS] = [_without_words(region) for region in kept]
    return Said(value=_value(ours, abstained, schema), extra=extra)


def _regions(result: Any) -> Sequence[Region]:
    found = result or []
    if not isinstance(found, list):
        raise DataError(f"result: expected a list of regions, got {type(found).__name__}")
    for one in found:
        if not isinstance(one, Mapping):
            raise DataError(f"result: expected regions, got {one!r:.40}")
    return found


def _is_answer(region: Region, schema: LabelSchema, layout: Layout | None) -> bool:
    """Return whether a region is of the answered tag. Raises `DataError` where it is of no use."""
    expected, got = control_of(schema).lower(), region.get("type")
    if layout is None:
        of_extra = region.get("from_name") in schema.extra
        return got == expected and not of_extra and not _is_abstention(region, schema)
    if region.get("from_name") != layout.control:
        return False
    if got != expected:
        raise DataError(f"expected {expected} from {layout.control!r}, got {got}")
    return True


def _check_strays(regions: Sequence[Region], schema: LabelSchema, layout: Layout | None) -> None:
    """Raise `DataError` where an answer was given by another tag: nothing would be said for it."""
    expected = control_of(schema).lower() + (f" from {layout.control!r}" if layout else "")
    for region in regions:
        names = _names(region, str(region.get("type"))) or []
        known = [name for name in names if name in schema.classes]
        if known:
            raise DataError(
                f"expected {expected}, got {region.get('type')} from {region.get('from_name')!r} "
                f"that say {known}"
            )


def _without_words(region: Region) -> Region:
    """Return a region without the words of the item that it quotes: where they stand is kept."""
    value = region.get("value")
    if not isinstance(value, Mapping) or not {"start", "end", "text"} <= value.keys():
        return region
    return {**region, "value": {name: value[name] for name in value if name != "text"}}


def _is_abstention(region: Region, schema: LabelSchema) -> bool:
    """Return whether a region abstains from shapes; among classes an abstention is one of them."""
    if schema.task not in SHAPES or region.get("type") != "choices":
        return False
    names = _names(region, "choices")
    return bool(names) and all(one in schema.abstain for one in names or ())


def _value(
    ours: Sequence[Region], abstained: Sequence[Region], schema: LabelSchema
) -> Value | None:
    if schema.task not in SHAPES:
        return value_of([name for one in ours for name in _labels(one, "choices")], schema)
    if abstained and ours:
        raise DataError(f"expected {schema.task} or an abstention, got both")
    if abstained:
        return tuple(dict.fromkeys(name for one in abstained for name in _labels(one, "choices")))
    shapes = (_shape(one, schema) for one in ours)
    return tuple(shape for shape in shapes if shape is not None)


def _shape(region: Region, schema: LabelSchema) -> Shape | None:
    labels = _labels(region, control_of(schema).lower())
    if len(labels) != 1 or labels[0] not in schema.classes:
        raise DataError(f"expected one class out of {list(schema.classes)}, got {labels}")
    return decode_shape(region, schema.task, labels[0])


def _labels(region: Region, name: str) -> list[str]:
    labels = _names(region, name)
    if labels is None:
        raise DataError(f"expected {name} in the value of a region, got {region.get('value')!r}")
    return labels


def _names(region: Region, name: str) -> list[str] | None:
    """Return the names that the value of a region has under `name`; None where it has none."""
    value = region.get("value")
    names = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        return None
    return names

"""What people drew in a job, frame by frame, as answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from auto_labeling.errors import DataError
from auto_labeling.formats.codec import value_of
from auto_labeling.formats.cvat.attributes import SCORE
from auto_labeling.formats.cvat.labels import Labels, kind_of
from auto_labeling.formats.cvat.shapes import Size, decode_shape
from auto_labeling.formats.cvat.suggested import AUTO
from auto_labeling.records import LabelSchema, Value

REGIONS = "regions"
"""Where in `Event.extra` stands what the schema does not know."""
_CHANGED = "semi-auto"
"""The `source` of what a model drew and somebody changed."""
Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What stands on one frame."""

    value: Value | None = None
    """None where it cannot be read, and where one class was due and none was chosen."""
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """As `Event.extra`: the attributes of the class that was chosen, of several classes by class;
    and under `regions`, with its label's name, what the schema does not know."""
    problem: str | None = None
    """Why it cannot be read."""
    touched: bool | None = None
    """Whether it differs from what was suggested; None where nothing was, or nobody can tell."""


def read_frames(
    annotations: Mapping[str, Any],
    schema: LabelSchema,
    labels: Labels,
    sizes: Sequence[Size],
    suggested: Mapping[int, int] | None = None,
) -> Mapping[int, Answer]:
    """Return what stands on every frame of a job or a task, from 0 on: one answer for each size.

    `sizes` are (width, height) in pixels, as people see the pictures. `suggested` says for frames
    how many tags and shapes were suggested there; without it, what was deleted of them cannot be
    told, and `Answer.touched` goes by the `source` of what is left. What stands on other frames is
    passed over. Nothing is raised for what people drew: it becomes a `problem`.

    >>> schema = LabelSchema(task="single", classes=("cat", "dog"))
    >>> labels = Labels.of([{"id": 3, "name": "cat"}, {"id": 4, "name": "dog"}], schema)
    >>> tags = [{"frame": 1, "label_id": 4, "source": "manual"}]
    >>> [one.value for one in read_frames({"tags": tags}, schema, labels, [(9, 9)] * 2).values()]
    [None, 'dog']
    """
    frames: list[_Frame] = [_Frame(size) for size in sizes]
    for kind in ("tags", "shapes"):
        for row in annotations.get(kind) or ():
            at = row.get("frame")
            if isinstance(at, int) and 0 <= at < len(frames):
                getattr(frames[at], kind).append(row)
    for track in annotations.get("tracks") or ():
        for at in shown_on(track, len(frames)):
            frames[at].shapes.append({**track, "type": "track"})
    return {
        at: _answer(frame, schema, labels, None if suggested is None else suggested.get(at, -1))
        for at, frame in enumerate(frames)
    }


@dataclass(frozen=True, slots=True)
class _Frame:
    size: Size
    tags: list[Row] = field(default_factory=list)
    shapes: list[Row] = field(default_factory=list)


def shown_on(track: Row, n: int) -> Iterator[int]:
    """Yield which of n frames show a track: from a key frame on, until one says outside."""
    keys = {one.get("frame"): not one.get("outside") for one in track.get("shapes") or ()}
    shown = False
    for at in range(n):
        shown = keys.get(at, shown)
        if shown:
            yield at


def _answer(frame: _Frame, schema: LabelSchema, labels: Labels, suggested: int | None) -> Answer:
    try:
        tags, others = _told_apart(frame.tags, schema, labels)
        shapes, more = _told_apart(frame.shapes, schema, labels)
        if schema.is_drawn:
            value: Value | None = _drawn(tags, shapes, schema, labels, frame.size)
            extra: dict[str, Any] = {}
        else:
            value = _chosen(tags, shapes, schema)
            extra = _beside(tags, schema, labels)
    except DataError as error:
        return Answer(problem=str(error))
    if kept := [*others, *more]:
        extra[REGIONS] = kept
    ours = [row for _, row in (*tags, *shapes)]
    return Answer(value=value, extra=extra, touched=_touched(ours, suggested))


def _told_apart(
    rows: Sequence[Row], schema: LabelSchema, labels: Labels
) -> tuple[list[tuple[str, Row]], list[dict[str, Any]]]:
    """Return the rows of the schema's labels with their names, and the others as they are kept."""
    ours: list[tuple[str, Row]] = []
    kept: list[dict[str, Any]] = []
    for row in rows:
        name = labels.name_of(row.get("label_id"))
        if name is None:
            raise DataError(
                f"label {row.get('label_id')!r}: expected a label of the project, got none of this "
                "number"
            )
        if name in schema.classes or name in schema.abstain:
            ours.append((name, row))
        else:
            # Its number is another one whenever somebody saves, though nothing was changed.
            told = {key: one for key, one in row.items() if key != "id"}
            kept.append({**told, "label": name})
    return ours, kept


def _chosen(
    tags: Sequence[tuple[str, Row]], shapes: Sequence[tuple[str, Row]], schema: LabelSchema
) -> Value | None:
    for name, row in shapes:
        raise DataError(f"expected tag {name!r}, got {row.get('type')}")
    return value_of([name for name, _ in tags], schema)


def _drawn(
    tags: Sequence[tuple[str, Row]],
    shapes: Sequence[tuple[str, Row]],
    schema: LabelSchema,
    labels: Labels,
    size: Size,
) -> Value:
    wanted = kind_of(schema)
    for name, _ in tags:
        if name in schema.classes:
            raise DataError(f"expected {wanted} {name!r}, got tag")
    for name, row in shapes:
        if row.get("type") != wanted or name in schema.abstain:
            expected = wanted if name in schema.classes else "tag"
            raise DataError(f"expected {expected} {name!r}, got {row.get('type')}")
    if tags and shapes:
        raise DataError(f"expected {schema.task} or an abstention, got both")
    if tags:
        return tuple(dict.fromkeys(name for name, _ in tags))
    return tuple(
        decode_shape(row, size, name, _attributes(row, name, labels)) for name, row in shapes
    )


def _beside(tags: Sequence[tuple[str, Row]], schema: LabelSchema, labels: Labels) -> dict[str, Any]:
    """Return what was entered beside the classes that were chosen."""
    extra: dict[str, Any] = {}
    for name, row in tags:
        for attribute, value in _attributes(row, name, labels).items():
            if schema.task == "single":
                extra[attribute] = value
            else:
                extra.setdefault(attribute, {})[name] = value
    return extra


def _attributes(row: Row, name: str, labels: Labels) -> dict[str, Any]:
    """Return the attributes of a tag or a shape by name, less the score of a suggestion."""
    found: dict[str, Any] = {}
    for one in row.get("attributes") or ():
        spec = labels.by_name[name].spec(one.get("spec_id"))
        value = None if spec is None else spec.read(str(one.get("value", "")))
        if spec is not None and spec.name != SCORE and value is not None:
            found[spec.name] = value
    return found


def _touched(rows: Sequence[Row], suggested: int | None) -> bool | None:
    """Return whether rows differ from the suggested ones: -1 of them, where there was no asking."""
    sources = [row.get("source") for row in rows]
    changed = any(source != AUTO for source in sources)
    if suggested is None:
        return changed if AUTO in sources or _CHANGED in sources else None
    return None if suggested < 0 else changed or len(rows) != suggested

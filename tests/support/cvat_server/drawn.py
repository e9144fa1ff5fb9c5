"""Annotations as records and as JSON: read, checked, shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.support.cvat_server.http import Refused
from tests.support.cvat_server.store import Attribute, Job, Label, Shape, Store, Tag, Task

TYPES = ("rectangle", "polygon", "polyline", "points", "ellipse", "cuboid", "mask", "skeleton")
# Recorded for the rectangle only.
_LENGTHS: dict[str, Callable[[int], bool]] = {
    "rectangle": lambda n: n == 4,
    "ellipse": lambda n: n == 4,
    "polygon": lambda n: n >= 6 and n % 2 == 0,
    "polyline": lambda n: n >= 4 and n % 2 == 0,
    "points": lambda n: n >= 2 and n % 2 == 0,
    "cuboid": lambda n: n == 16,
    "mask": lambda n: n >= 4,
    "skeleton": lambda n: n == 0,
}


@dataclass
class Drawn:
    """What a job holds, or a body names: tags, shapes and tracks."""

    tags: list[Tag] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    tracks: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of(cls, job: Job) -> Drawn:
        """Return what a job holds (its own lists)."""
        return cls(job.tags, job.shapes, job.tracks)

    def within(self, keep: Callable[[int], bool]) -> Drawn:
        """Return what lies on the frames to keep."""
        return Drawn(
            [one for one in self.tags if keep(one.frame)],
            [one for one in self.shapes if keep(one.frame)],
            [one for one in self.tracks if keep(one["frame"])],
        )

    def echo(self) -> dict[str, Any]:
        """Return the answer to a PUT or PATCH: as given, with defaults and ids."""
        return {
            "version": 0,
            "tags": [_echoed(one) for one in self.tags],
            "shapes": [_echoed(one) for one in self.shapes],
            "tracks": self.tracks,
        }

    def shown(self, labels: Iterable[Label]) -> dict[str, Any]:
        """Return the answer to a GET: by frame, missing attributes with their default."""
        specs = {label.id: label.attributes for label in labels}
        return {
            "version": 0,
            "tags": [_shown_tag(one, specs) for one in _by_frame(self.tags)],
            "shapes": [_shown_shape(one, specs) for one in _by_frame(self.shapes)],
            "tracks": self.tracks,
        }


def _by_frame(rows: Iterable[Any]) -> list[Any]:
    return sorted(rows, key=lambda one: one.frame)


def _echoed(one: Tag) -> dict[str, Any]:
    rest = {
        "id": one.id,
        "frame": one.frame,
        "label_id": one.label_id,
        "group": one.group,
        "source": one.source,
        "attributes": one.attributes,
    }
    if not isinstance(one, Shape):
        return rest
    return {
        "type": one.type,
        "occluded": one.occluded,
        "outside": one.outside,
        "z_order": one.z_order,
        "rotation": one.rotation,
        "points": one.points,
        **rest,
        **({} if one.elements is None else {"elements": one.elements}),
    }


def _attributes(one: Tag, specs: dict[int, list[Attribute]]) -> list[dict[str, Any]]:
    given = {row["spec_id"] for row in one.attributes}
    return [
        *one.attributes,
        *(
            {"spec_id": spec.id, "value": spec.default_value}
            for spec in specs.get(one.label_id, ())
            if spec.id not in given
        ),
    ]


def _shown_tag(one: Tag, specs: dict[int, list[Attribute]]) -> dict[str, Any]:
    return {
        "id": one.id,
        "label_id": one.label_id,
        "frame": one.frame,
        "group": one.group,
        "source": one.source,
        "attributes": _attributes(one, specs),
    }


def _shown_shape(one: Shape, specs: dict[int, list[Attribute]]) -> dict[str, Any]:
    return {
        "id": one.id,
        "label_id": one.label_id,
        "type": one.type,
        "frame": one.frame,
        "group": one.group,
        "source": one.source,
        "occluded": one.occluded,
        "outside": one.outside,
        "z_order": one.z_order,
        "rotation": float(one.rotation),
        "points": one.points,
        "attributes": _attributes(one, specs),
        "elements": one.elements,
    }


def parse(store: Store, task: Task, given: dict[str, Any]) -> Drawn:
    """Return what a body names, checked, with the ids it gives (0 for none)."""
    labels = {label.id: label for label in store.labels_of(task)}
    errors = {}
    for kind, check in (("shapes", _shape_errors), ("tags", _tag_errors), ("tracks", _tag_errors)):
        found = [check(row) for row in given.get(kind) or ()]
        if any(found):
            errors[kind] = found
    if errors:
        raise Refused(400, errors)
    for row in (row for kind in ("tags", "shapes", "tracks") for row in given.get(kind) or ()):
        _check_label(row, labels)
    return Drawn(
        [Tag(**_common(row)) for row in given.get("tags") or ()],
        [_shape(row) for row in given.get("shapes") or ()],
        [_track(row) for row in given.get("tracks") or ()],
    )


def _tag_errors(row: dict[str, Any]) -> dict[str, list[str]]:
    errors = {}
    for name in ("frame", "label_id"):
        if row.get(name) is None:
            errors[name] = ["This field is required."]
        elif row[name] < 0:
            errors[name] = ["Ensure this value is greater than or equal to 0."]
    return errors


def _shape_errors(row: dict[str, Any]) -> dict[str, list[str]]:
    errors, kind = _tag_errors(row), row.get("type")
    if kind is None:
        return {**errors, "type": ["This field is required."]}
    if kind not in TYPES:
        return {**errors, "type": [f'"{kind}" is not a valid choice.']}
    if not _LENGTHS[kind](len(row.get("points") or ())):
        errors["points"] = [f"invalid length for shape type '{kind}'"]
    return errors


def _check_label(row: dict[str, Any], labels: dict[int, Label]) -> None:
    label = labels.get(row["label_id"])
    if label is None:
        raise Refused(400, [f"label_id `{row['label_id']}` is invalid"])
    known = {spec.id for spec in label.attributes}
    for one in row.get("attributes") or ():
        if one["spec_id"] not in known:
            raise Refused(400, [f"spec_id `{one['spec_id']}` is invalid"])


def _common(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row.get("id") or 0,
        "frame": row["frame"],
        "label_id": row["label_id"],
        "group": row.get("group"),
        "source": row.get("source") or "manual",
        "attributes": [
            {"spec_id": one["spec_id"], "value": str(one["value"])}
            for one in row.get("attributes") or ()
        ],
    }


def _shape(row: dict[str, Any]) -> Shape:
    return Shape(
        **_common(row),
        type=row["type"],
        points=[float(one) for one in row.get("points") or ()],
        rotation=row.get("rotation", 0),
        occluded=row.get("occluded", False),
        outside=row.get("outside", False),
        z_order=row.get("z_order", 0),
        elements=row.get("elements"),
    )


def _track(row: dict[str, Any]) -> dict[str, Any]:
    return {**_common(row), "shapes": row.get("shapes", []), "elements": row.get("elements", [])}

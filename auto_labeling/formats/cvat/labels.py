"""The labels of a CVAT project: what ours are made with, and which row stands for which class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auto_labeling.errors import ConfigurationError
from auto_labeling.formats.cvat.attributes import SCORE, Attribute, attribute_specs, check_name
from auto_labeling.records import LabelSchema

TYPES: Mapping[str, str] = {
    "single": "tag",
    "multi": "tag",
    "boxes": "rectangle",
    "polygons": "polygon",
    "masks": "mask",
}
"""Task -> the type of label that is answered, which is also the type of its shapes."""
DRAWN = frozenset({"boxes", "polygons", "masks"})
"""The tasks whose answers are drawn."""
ANY = "any"
"""The type of a label that takes whatever is drawn."""


def label_specs(schema: LabelSchema) -> list[dict[str, Any]]:
    """Return the labels that a project of ours is made with: classes, then abstentions as tags.

    Each class has the attributes of the schema, and one for the score of suggestions. Raises
    `ConfigurationError` where CVAT has no room for what is asked.

    >>> label_specs(LabelSchema(task="boxes", classes=("car",), abstain=("cannot tell",)))[1]
    {'name': 'cannot tell', 'type': 'tag', 'attributes': []}
    """
    asked = attribute_specs(schema)
    abstained = [] if schema.is_drawn else asked
    for name in (*schema.classes, *schema.abstain):
        check_name("labels", name)
    score = {"name": SCORE, "mutable": False, "input_type": "text", "default_value": ""}
    scored = [*asked, {**score, "values": [""]}]
    return [
        *({"name": one, "type": kind_of(schema), "attributes": scored} for one in schema.classes),
        *({"name": one, "type": "tag", "attributes": abstained} for one in schema.abstain),
    ]


def kind_of(schema: LabelSchema) -> str:
    """Return the type of label in which this schema is answered. Raises `ConfigurationError`.

    >>> kind_of(LabelSchema(task="boxes", classes=("car",)))
    'rectangle'
    """
    if schema.task not in TYPES:
        raise ConfigurationError(
            f"labels.task: expected one of {', '.join(TYPES)} for CVAT, got {schema.task!r}"
        )
    return TYPES[schema.task]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One label of a project."""

    label_id: int
    name: str
    attributes: Mapping[str, Attribute]
    """By name."""

    def spec(self, spec_id: Any) -> Attribute | None:
        """Return the attribute of this number."""
        return next((one for one in self.attributes.values() if one.spec_id == spec_id), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The labels of a project by name and by number, those that the schema does not know as well.

    >>> rows = [{"id": 3, "name": "cat", "type": "any", "attributes": []},
    ...         {"id": 4, "name": "dog", "type": "tag", "attributes": []}]
    >>> labels = Labels.of(rows, LabelSchema(task="single", classes=("dog", "cat")))
    >>> labels.id_of("cat"), labels.name_of(4), labels.name_of(5)
    (3, 'dog', None)
    """

    by_id: Mapping[int, Label]
    by_name: Mapping[str, Label]

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]], schema: LabelSchema) -> Labels:
        """Match the rows that the server lists with a schema, by name, letter case included.

        Raises `ConfigurationError` where a class or an abstention is missing, or its label has a
        type that cannot take the answers of this task.
        """
        own = [row for row in rows if not row.get("has_parent")]  # not the joints of a skeleton
        types = {str(row["name"]): str(row.get("type") or ANY) for row in own}
        for key, name, wanted in _wanted(schema):
            if name not in types:
                raise ConfigurationError(
                    f"{key}: expected a label {name!r} in the CVAT project, letter case included, "
                    f"got {', '.join(map(repr, types)) or 'none'}"
                )
            if types[name] not in (wanted, ANY):
                raise ConfigurationError(
                    f"{key}: expected {name!r} to be a label of type {wanted} or {ANY} in the CVAT "
                    f"project, got type {types[name]}"
                )
        found = [_label(row) for row in own]
        return cls(
            by_id={one.label_id: one for one in found}, by_name={one.name: one for one in found}
        )

    def id_of(self, name: str) -> int:
        """Return the number of a label that is there."""
        return self.by_name[name].label_id

    def name_of(self, label_id: Any) -> str | None:
        """Return the name of a number; None for a number that is no label's."""
        label = self.by_id.get(label_id)
        return None if label is None else label.name


def _wanted(schema: LabelSchema) -> Iterator[tuple[str, str, str]]:
    """Yield key in the campaign file, name and type of every label that has to be there."""
    yield from (("labels.classes", name, kind_of(schema)) for name in schema.classes)
    yield from (("labels.abstain", name, "tag") for name in schema.abstain)


def _label(row: Mapping[str, Any]) -> Label:
    attributes = [Attribute.of(one) for one in row.get("attributes") or ()]
    return Label(
        label_id=int(row["id"]),
        name=str(row["name"]),
        attributes={one.name: one for one in attributes},
    )

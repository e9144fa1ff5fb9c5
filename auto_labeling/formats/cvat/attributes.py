"""Attributes of labels: how CVAT asks for them, and their values, which are texts there.

`LabelSchema.attributes` holds what is asked of every shape or tag, by name, as
`LabelSchema.extra` does: `{"blurred": {"kind": "checkbox"}, "side": {"kind": "choices", "choices":
["left", "right"]}, "age": {"kind": "number", "min": 0, "max": 99}, "note": {"kind": "text"}}`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auto_labeling.errors import ConfigurationError
from auto_labeling.records import LabelSchema

SCORE = "score"
"""The attribute in which the score of a suggestion travels: servers drop the field of that name."""
_LONGEST = 64
_MOST_CHARACTERS = 4096
_UNFIT = re.compile("[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""What ends a line, and what XML cannot hold."""
_INPUTS: Mapping[str, str] = {
    "text": "text",
    "choices": "select",
    "number": "number",
    "checkbox": "checkbox",
}
"""Kind -> what CVAT calls it."""
_KEYS: Mapping[str, frozenset[str]] = {
    "text": frozenset(),
    "choices": frozenset({"choices"}),
    "number": frozenset({"min", "max", "step"}),
    "checkbox": frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """One attribute of one label, as the server lists it."""

    spec_id: int
    name: str
    input_type: str
    values: tuple[str, ...] = ()

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Attribute:
        """Read a row of a label's `attributes`."""
        return cls(
            spec_id=int(row["id"]),
            name=str(row["name"]),
            input_type=str(row.get("input_type", "text")),
            values=tuple(map(str, row.get("values") or ())),
        )

    def read(self, text: str) -> Any:
        """Return a text of CVAT's as a value; None where nothing was entered.

        >>> Attribute(spec_id=1, name="blurred", input_type="checkbox").read("true")
        True
        """
        if self.input_type == "checkbox":
            return text.strip().lower() == "true"
        if self.input_type == "number":
            return _number(text)
        return text or None

    def write(self, value: Any) -> str | None:
        """Return a value as CVAT's text; None where this attribute cannot hold it.

        >>> number = Attribute(spec_id=1, name="age", input_type="number")
        >>> number.write(7.0), number.write("0.5")
        ('7', None)
        """
        match self.input_type:
            case "checkbox":
                return str(value).lower() if isinstance(value, bool) else None
            case "number":
                whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
                return str(int(value)) if whole else None
            case "select" | "radio":
                return str(value) if str(value) in self.values else None
        return str(value) if len(str(value)) <= _MOST_CHARACTERS else None


def check_name(where: str, name: str) -> None:
    """Raise `ConfigurationError` unless CVAT keeps a name as it is: it trims and limits them.

    >>> check_name("labels", " car")
    Traceback (most recent call last):
    auto_labeling.errors.ConfigurationError: labels: expected a trimmed name of one line of up
    to 64 characters for CVAT, got ' car'
    """
    if not 1 <= len(name) <= _LONGEST or name != name.strip() or _UNFIT.search(name):
        raise ConfigurationError(
            f"{where}: expected a trimmed name of one line of up to {_LONGEST} characters for "
            f"CVAT, got {name!r}"
        )


def attribute_specs(schema: LabelSchema) -> list[dict[str, Any]]:
    """Return the attributes that every label of a project of ours has.

    Extra fields are asked beside the tag of a class, because a picture has no fields of its own.
    Raises `ConfigurationError`.

    >>> schema = LabelSchema(task="boxes", classes=("car",), attributes={"age": {"kind": "number",
    ...                      "min": 0, "max": 99}})
    >>> attribute_specs(schema)[0]["values"]
    ['0', '99', '1']
    """
    if schema.extra and schema.is_drawn:
        raise ConfigurationError(
            "labels.extra: expected none, because CVAT has no field for a whole picture; ask for "
            f"labels.attributes of the {schema.task}, got {list(schema.extra)}"
        )
    fields = {f"labels.attributes.{name}": (name, one) for name, one in schema.attributes.items()}
    fields |= {f"labels.extra.{name}": (name, one) for name, one in schema.extra.items()}
    if both := sorted(set(schema.attributes) & set(schema.extra)):
        raise ConfigurationError(f"labels.extra: {both} are attributes as well")
    return [_spec(where, name, field) for where, (name, field) in fields.items()]


def _spec(where: str, name: str, field: Any) -> dict[str, Any]:
    check_name(where, name)
    if name == SCORE:
        raise ConfigurationError(f"{where}: expected another name, this one is ours")
    kind = str(field.get("kind")) if isinstance(field, Mapping) else ""
    if kind not in _INPUTS:
        raise ConfigurationError(f"{where}: expected a kind out of {list(_INPUTS)}, got {field!r}")
    if strange := sorted(set(field) - _KEYS[kind] - {"kind"}):
        known = sorted(_KEYS[kind] | {"kind"})
        raise ConfigurationError(f"{where}: expected keys out of {known} for CVAT, got {strange}")
    values = _values(where, kind, field)
    default = {"checkbox": "false", "number": values[0]}.get(kind, "")
    return {
        "name": name,
        "mutable": False,
        "input_type": _INPUTS[kind],
        "default_value": default,
        "values": values,
    }


def _values(where: str, kind: str, field: Mapping[str, Any]) -> list[str]:
    """Return what may be entered, as CVAT lists it."""
    match kind:
        case "choices":
            given = field.get("choices", ())
            names = list(map(str, given)) if isinstance(given, list | tuple) else []
            if not names or len(set(names)) != len(names) or names != list(given):
                raise ConfigurationError(
                    f"{where}.choices: expected different names, got {given!r}"
                )
            # The first is what stands there until somebody chooses: nothing, then.
            return ["", *names]
        case "number":
            low, high, step = field.get("min", 0), field.get("max"), field.get("step", 1)
            whole = all(type(one) is int for one in (low, high, step))
            if not whole or high < low or step < 1 or (high - low) % step:
                raise ConfigurationError(
                    f"{where}: expected whole numbers min, max and step, max in steps from min, "
                    f"got {dict(field)}"
                )
            return [str(low), str(high), str(step)]
        case "checkbox":
            return ["false"]
    return [""]


def _number(text: str) -> int | float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    if not math.isfinite(found):
        return None
    return int(found) if found.is_integer() else found

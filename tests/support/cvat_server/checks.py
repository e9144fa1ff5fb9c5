"""What the server refuses in a body before it does anything: 400 by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.support.cvat_server.http import Call, Refused, ServerError
from tests.support.cvat_server.store import Label, User

_TYPES = (
    "any",
    "cuboid",
    "ellipse",
    "mask",
    "points",
    "polygon",
    "polyline",
    "rectangle",
    "skeleton",
    "tag",
)
_INPUTS = ("checkbox", "radio", "number", "text", "select")


def name_of(given: Mapping[str, Any], *, longest: int = 256) -> str:
    """Return the name in a body; 400 where it is missing, empty or too long."""
    name = given.get("name")
    if name is None:
        raise Refused(400, {"name": ["This field is required."]})
    if not str(name).strip():
        raise Refused(400, {"name": ["This field may not be blank."]})
    if len(str(name)) > longest:
        why = f"Ensure this field has no more than {longest} characters."
        raise Refused(400, {"name": [why]})
    return str(name)


def choice(given: Mapping[str, Any], field: str, words: Iterable[str]) -> None:
    """Refuse a word that a field does not know."""
    if field in given and given[field] not in words:
        raise Refused(400, {field: [f'"{given[field]}" is not a valid choice.']})


def user_of(call: Call, number: Any) -> User | None:
    """Return a user by number, None for none; an unknown number is 500, as recorded."""
    if number is None:
        return None
    if number not in call.store.users:
        raise ServerError
    return call.store.users[number]


def label_specs(given: Sequence[dict[str, Any]], known: Sequence[Label] = ()) -> None:
    """Refuse labels that are not whole, or whose names are not unique.

    Those with an id change one that is there. Only the repeated name was recorded.
    """
    errors = [_errors(one) for one in given]
    if any(errors):
        raise Refused(400, {"labels": errors})
    names = [label.name for label in known]
    names += [str(one["name"]) for one in given if "id" not in one]
    if len(set(names)) < len(names):
        raise Refused(400, ["All label names must be unique"])


def _errors(given: dict[str, Any]) -> dict[str, Any]:
    errors: dict[str, Any] = {}
    if "id" not in given and not given.get("name"):
        errors["name"] = ["This field is required."]
    if given.get("type", "any") not in _TYPES:
        errors["type"] = [f'"{given["type"]}" is not a valid choice.']
    inputs = [one.get("input_type", "text") for one in given.get("attributes") or ()]
    if wrong := [one for one in inputs if one not in _INPUTS]:
        errors["attributes"] = [
            {"input_type": [f'"{one}" is not a valid choice.']} for one in wrong
        ]
    return errors

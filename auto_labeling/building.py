"""Turns mappings (as YAML gives them) into the dataclasses that the rooms list in their TABLEs.

Every key is a field; an unknown key, kind or type is one sentence that names the place, what was
expected and what came.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Collection, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from auto_labeling.errors import ConfigurationError
from auto_labeling.meant import meant


def build(cls: type, given: object, where: str, kinds: Mapping[Any, Mapping[str, type]]) -> Any:
    """Return an instance of `cls` made from the mapping `given`.

    `kinds` says, for a field whose type is a port, which TABLE its `kind` is looked up in. A
    class that names one of its fields `shorthand` is also made from a bare value of that field.
    """
    mapping = _mapping(given, where)
    expected = {f.name: f for f in fields(cls) if f.init and not f.name.startswith("_")}
    refuse_unknown(mapping, expected, where)
    _refuse_missing(mapping, expected, where)
    hints = get_type_hints(cls)
    values = {
        name: convert(hints[name], value, f"{where}.{name}" if where else name, kinds)
        for name, value in mapping.items()
    }
    try:
        return cls(**values)
    except ConfigurationError as error:
        # A room's class knows its keys, not where in the file it stands.
        if not where or str(error).startswith(re.split(r"[.\[]", where)[0]):
            raise
        raise ConfigurationError(f"{where}.{error}") from error


def build_kind(
    table: Mapping[str, type],
    given: object,
    where: str,
    kinds: Mapping[Any, Mapping[str, type]],
) -> Any:
    """Return an instance of the class that `given["kind"]` names in `table`.

    A bare string stands for a kind without further keys.
    """
    mapping = _mapping({"kind": given} if isinstance(given, str) else given, where)
    kind = mapping.get("kind")
    if kind is None:
        raise ConfigurationError(f"{where}: expected a key 'kind', one of {_listed(table)}")
    if kind not in table:
        raise ConfigurationError(
            f"{where}.kind: expected one of {_listed(table)}, got {kind!r}{meant(kind, table)}"
        )
    rest = {key: value for key, value in mapping.items() if key != "kind"}
    return build(table[kind], rest, where, kinds)


def convert(hint: Any, value: object, where: str, kinds: Mapping[Any, Mapping[str, type]]) -> Any:
    """Return `value` as the type `hint`, or raise `ConfigurationError`."""
    if hint in kinds:
        return build_kind(kinds[hint], value, where, kinds)
    if is_dataclass(hint):
        short = getattr(hint, "shorthand", None)
        if short is not None and not isinstance(value, Mapping):
            value = {short: value}
        return build(typing.cast(type, hint), value, where, kinds)
    inner = _optional(hint)
    if inner is not None:
        return None if value is None else convert(inner, value, where, kinds)
    if get_origin(hint) is tuple and get_args(hint)[1:] == (Ellipsis,) and _nests(hint, kinds):
        values = value if isinstance(value, list | tuple) else [value]
        element = get_args(hint)[0]
        return tuple(
            convert(element, one, f"{where}[{at}]", kinds) for at, one in enumerate(values)
        )
    return _leaf(hint, value, where)


def _nests(hint: Any, kinds: Mapping[Any, Mapping[str, type]]) -> bool:
    element = get_args(hint)[0]
    return element in kinds or is_dataclass(element)


def _optional(hint: Any) -> Any:
    """Return T where `hint` is `T | None`, else None."""
    if get_origin(hint) not in (Union, types.UnionType):
        return None
    rest = [arg for arg in get_args(hint) if arg is not type(None)]
    return rest[0] if len(rest) == 1 and len(get_args(hint)) == 2 else None


def _leaf(hint: Any, value: object, where: str) -> Any:
    if hint in (int, float) and isinstance(value, bool):
        raise ConfigurationError(f"{where}: expected a number, got {value!r}")
    if get_origin(hint) is tuple and isinstance(value, str):
        raise ConfigurationError(f"{where}: expected a list such as [{value}], got {value!r}")
    try:
        return TypeAdapter(hint, config={"arbitrary_types_allowed": True}).validate_python(value)
    except ValidationError as error:
        # Of several types that were tried, the one that got furthest is the one that was meant.
        first = max(error.errors(), key=lambda one: len(one["loc"]))
        at = "".join(f"[{part}]" for part in first["loc"] if isinstance(part, int))
        is_text = first["type"] == "string_type" and not isinstance(first["input"], list | dict)
        quote = "; write it in quotes" if is_text else ""
        raise ConfigurationError(
            f"{where}{at}: {_lower(first['msg'])}, got {first['input']!r}{quote}"
        ) from error


def _mapping(given: object, where: str) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise ConfigurationError(f"{where or 'the file'}: expected keys and values, got {given!r}")
    return given


def refuse_unknown(given: Mapping[str, Any], expected: Collection[str], where: str) -> None:
    """Raise `ConfigurationError` for the first key of `given` that is none of those expected."""
    for key in given:
        if key not in expected:
            place = f"{where}: " if where else ""
            raise ConfigurationError(
                f"{place}unknown key {key!r}{meant(key, expected)} (expected: {_listed(expected)})"
            )


def refuse_below(least: int, value: int, where: str) -> None:
    """Raise `ConfigurationError` for a whole number that is less than the least there can be."""
    if value < least:
        raise ConfigurationError(f"{where}: expected at least {least}, got {value}")


def _refuse_missing(
    given: Mapping[str, Any], expected: Mapping[str, Field[Any]], where: str
) -> None:
    for name, field in expected.items():
        required = field.default is MISSING and field.default_factory is MISSING
        if required and name not in given:
            raise ConfigurationError(f"{where or 'the file'}: the key {name!r} is missing")


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]

"""Which opinions are votes for classes, and for which."""

from __future__ import annotations

from collections.abc import Iterable

from auto_labeling.errors import DataError
from auto_labeling.ports import Vote
from auto_labeling.records import LabelSchema, Value


def abstains(value: Value, schema: LabelSchema) -> bool:
    """Whether an answer is, or has in it, what `schema` calls an abstention.

    >>> schema = LabelSchema(task="multi", classes=("cat", "dog"), abstain=("cannot tell",))
    >>> abstains(("cannot tell",), schema), abstains((), schema)
    (True, False)
    """
    if not schema.abstain:
        return False
    if isinstance(value, str):
        return value in schema.abstain
    return any(one in schema.abstain for one in value)


def names_of(vote: Vote, schema: LabelSchema) -> Iterable[str]:
    """Return the classes that a vote chooses, each once.

    Raises `DataError` for the answer of another task, and for what is no class.
    """
    single = schema.task == "single"
    if isinstance(vote.value, str) != single:
        expected = "one class" if single else "a set of classes"
        raise DataError(f"item {vote.item_id!r}: expected {expected}, got {vote.value!r}")
    names: dict[object, None] = dict.fromkeys([vote.value] if single else vote.value)
    for name in names:
        if name not in schema.classes:
            raise DataError(
                f"item {vote.item_id!r}: expected an answer among the classes, got {name!r}"
            )
    return [str(name) for name in names]

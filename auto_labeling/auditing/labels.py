"""What most people say of each task."""

from __future__ import annotations

from collections.abc import Sequence

from auto_labeling.formats.opinions import LabeledTask
from auto_labeling.ports import Vote
from auto_labeling.quality.majority import Majority
from auto_labeling.records import LabelSchema, Value


def word_of(value: Value) -> str:
    """Return an answer as one word; of shapes, the classes that are drawn.

    >>> word_of("cat"), word_of(("dog", "cat"))
    ('cat', 'cat + dog')
    """
    if isinstance(value, str):
        return value
    names = {one if isinstance(one, str) else one.label for one in value}
    return " + ".join(sorted(names)) or "nothing"


def majority_labels(tasks: Sequence[LabeledTask], schema: LabelSchema) -> list[str | None]:
    """Return what most people say of each task; None where they do not decide, and of shapes."""
    if schema.is_drawn:
        return [None] * len(tasks)
    votes = [
        Vote(item_id=str(at), person=person, value=value)
        for at, task in enumerate(tasks)
        for person, value in task.votes().items()
    ]
    found: list[str | None] = [None] * len(tasks)
    for verdict in Majority().resolve(votes, schema):
        if verdict.value is not None:
            found[int(verdict.item_id)] = word_of(verdict.value)
    return found

"""What a project of any tool holds: its tasks, and what each person said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auto_labeling.records import Item, Micros, PersonId, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What stands under one answer now."""

    answer_id: str
    author: PersonId
    """Who gave the answer."""
    person: PersonId
    """Whose word it is: where somebody else changed it afterwards, that person's."""
    at: Micros
    value: Value | None
    """None for a skip."""

    @property
    def overwritten(self) -> bool:
        """Whether somebody else changed it."""
        return self.author != self.person


@dataclass(frozen=True, slots=True, kw_only=True)
class LabeledTask:
    """One task, whoever made it."""

    task_id: str
    item: Item | None
    """What people saw of it; None where that is neither an image, a text nor a row."""
    opinions: tuple[Opinion, ...]
    """Oldest first; one person may have given several."""
    problems: tuple[str, ...] = ()
    """Why some of its answers cannot be read."""

    def last_words(self) -> Mapping[PersonId, Value | None]:
        """Return what each person said last; None where that was a skip.

        >>> said = {"author": "mia", "person": "mia"}
        >>> early = Opinion(answer_id="1", at=5, value="cat", **said)
        >>> late = Opinion(answer_id="2", at=9, value="dog", **said)
        >>> LabeledTask(task_id="7", item=None, opinions=(early, late)).last_words()
        {'mia': 'dog'}
        """
        return {one.person: one.value for one in self.opinions}

    def votes(self) -> Mapping[PersonId, Value]:
        """Return what each person said last; those who skipped are left out."""
        return {person: value for person, value in self.last_words().items() if value is not None}

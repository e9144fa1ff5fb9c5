"""The figures of a labeled project, from its tasks alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auto_labeling.auditing.agreeing import Agreement, AgreementOfAll, agreement_of
from auto_labeling.auditing.contents import Contents, Fetch, contents_of
from auto_labeling.auditing.labels import majority_labels
from auto_labeling.auditing.suspects import Suspicion, suspects_of
from auto_labeling.formats.opinions import LabeledTask
from auto_labeling.quality.duplicates import near_groups
from auto_labeling.records import LabelSchema, PersonId

_MOST_COMPARED = 20_000
"""Contents: all pairs of more would take minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What one person did."""

    person: PersonId
    answers: int
    skips: int
    overwrote: int
    """How many answers of others this person changed."""
    agreement: Agreement
    """With the others who answered the same tasks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overwrite:
    """An answer that somebody else changed."""

    task_id: str
    answer_id: str
    author: PersonId
    by: PersonId


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicates:
    """Tasks of nearly the same content."""

    task_ids: tuple[str, ...]
    equal: bool
    """Whether all contents are the same."""
    labels: tuple[str, ...]
    """The different labels among them; several mean that at least one is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was found in a project. Unknown figures are nan."""

    tasks: int
    answered: int
    """Tasks with an answer that is no skip."""
    undecided: tuple[str, ...]
    """Tasks with answers, but no majority for a label; drawn shapes are not counted so."""
    answers: int
    skips: int
    problems: Mapping[str, tuple[str, ...]]
    """Task -> why answers on it cannot be read."""
    people: tuple[Work, ...]
    agreement: AgreementOfAll
    """On tasks that several people have answered."""
    overwrites: tuple[Overwrite, ...]
    suspicion: Suspicion
    suspected: tuple[str, ...]
    """The tasks of `suspicion.suspects`, in their order."""
    duplicates: tuple[Duplicates, ...]
    """Those with different labels first, then the largest."""
    compared: int
    """How many tasks were compared for near-duplicates; others for equal content only."""


def audit(tasks: Sequence[LabeledTask], schema: LabelSchema, fetch: Fetch) -> Audit:
    """Return the figures of these tasks; `fetch` reads pictures."""
    said = [task.votes() for task in tasks]
    labels = majority_labels(tasks, schema)
    agreement = agreement_of(tasks, schema)
    contents = contents_of([task.item for task in tasks], fetch)
    groups, compared = _groups(contents, len(tasks))
    suspicion = _suspicion(contents, labels, groups)
    opinions = [one for task in tasks for one in task.last_words().values()]
    skips = sum(value is None for value in opinions)
    return Audit(
        tasks=len(tasks),
        answered=sum(bool(votes) for votes in said),
        undecided=tuple(
            task.task_id
            for task, votes, label in zip(tasks, said, labels, strict=True)
            if votes and label is None and not schema.is_drawn
        ),
        answers=len(opinions) - skips,
        skips=skips,
        problems={task.task_id: task.problems for task in tasks if task.problems},
        people=_people(tasks, agreement.people),
        agreement=agreement,
        overwrites=tuple(_overwrites(tasks)),
        suspicion=suspicion,
        suspected=tuple(tasks[one.position].task_id for one in suspicion.suspects),
        duplicates=_duplicates(tasks, labels, contents, groups),
        compared=compared,
    )


def _people(
    tasks: Sequence[LabeledTask], agreement: Mapping[PersonId, Agreement]
) -> tuple[Work, ...]:
    last = [(who, value is None) for task in tasks for who, value in task.last_words().items()]
    answers: Counter[PersonId] = Counter(who for who, skipped in last if not skipped)
    skips: Counter[PersonId] = Counter(who for who, skipped in last if skipped)
    overwrote: Counter[PersonId] = Counter(one.by for one in _overwrites(tasks))
    everybody = sorted({*answers, *skips, *overwrote}, key=lambda who: (-answers[who], who))
    return tuple(
        Work(
            person=who,
            answers=answers[who],
            skips=skips[who],
            overwrote=overwrote[who],
            agreement=agreement.get(who, Agreement.unknown()),
        )
        for who in everybody
    )


def _overwrites(tasks: Sequence[LabeledTask]) -> Iterable[Overwrite]:
    for task in tasks:
        for one in task.opinions:
            if one.overwritten:
                yield Overwrite(
                    task_id=task.task_id,
                    answer_id=one.answer_id,
                    author=one.author,
                    by=one.person,
                )


def _groups(contents: Contents, n: int) -> tuple[NDArray[np.intp], int]:
    """Return (n,) numbers, equal for near-duplicates, and how many tasks were compared."""
    groups = np.arange(n)
    first: dict[str, int] = {}
    for at, key in enumerate(contents.keys):
        if key is not None:
            groups[at] = first.setdefault(key, at)
    # Of equal contents one is enough to compare.
    different = np.flatnonzero(groups[contents.at] == contents.at)
    if contents.features is None or len(different) > _MOST_COMPARED:
        return groups, 0
    leaders = contents.at[different]
    joined = np.arange(n)
    joined[leaders] = leaders[near_groups(contents.directions[different], contents.near)]
    return joined[groups], len(contents.at)


def _suspicion(
    contents: Contents, labels: Sequence[str | None], groups: NDArray[np.intp]
) -> Suspicion:
    if contents.features is None:
        return Suspicion.nothing("expected texts or pictures that can be read")
    rows = [row for row, at in enumerate(contents.at) if labels[at] is not None]
    at = contents.at[rows]
    found = suspects_of(contents.features[rows], [str(labels[one]) for one in at], groups[at])
    return found.of(at)


def _duplicates(
    tasks: Sequence[LabeledTask],
    labels: Sequence[str | None],
    contents: Contents,
    groups: NDArray[np.intp],
) -> tuple[Duplicates, ...]:
    members: defaultdict[int, list[int]] = defaultdict(list)
    for at, group in enumerate(groups.tolist()):
        members[group].append(at)
    found = [
        Duplicates(
            task_ids=tuple(tasks[at].task_id for at in several),
            equal=len({contents.keys[at] for at in several}) == 1,
            labels=tuple(sorted({str(labels[at]) for at in several if labels[at] is not None})),
        )
        for several in members.values()
        if len(several) > 1
    ]
    return tuple(sorted(found, key=lambda one: (len(one.labels) < 2, -len(one.task_ids))))

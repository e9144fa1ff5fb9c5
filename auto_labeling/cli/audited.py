"""How an audit is shown: one screen, or all of it as JSON."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auto_labeling.auditing import Audit
    from auto_labeling.backends.label_studio.reading import ReadProject


def show(read: ReadProject, found: Audit, url: str, top: int) -> None:
    """Print the figures, and the first `top` of each list."""
    from auto_labeling.cli import screen

    screen.line(f"Project {read.number} {read.title!r} on {url}", style="bold")
    screen.line()
    screen.pairs(_figures(found))
    _show_people(read, found)
    suspects = list(zip(found.suspected, found.suspicion.suspects, strict=True))[:top]
    if suspects:
        screen.line()
        screen.say("Labels that are probably wrong, the least probable first:")
        screen.table(
            ("task", "label", "likelier", "label's probability"),
            [(task, one.label, one.likelier, f"{one.probability:.1%}") for task, one in suspects],
            right=3,
        )
    torn = [one for one in found.duplicates if len(one.labels) > 1][:top]
    if torn:
        screen.line()
        screen.say("Duplicates with different labels:")
        rows = [(_some(one.task_ids), ", ".join(one.labels)) for one in torn]
        screen.table(("tasks", "labels"), rows)
    screen.line()
    screen.line(f"A task: {url}/projects/{read.number}/data?task=NUMBER")


def _figures(found: Audit) -> list[tuple[str, str]]:
    from auto_labeling.reporting.wording import count

    by = "1 person" if len(found.people) == 1 else f"{len(found.people):,} people"
    rows = [
        ("tasks", f"{count(found.tasks)}, {count(found.answered)} of them answered"),
        ("answers", f"{count(found.answers)} by {by}, {count(found.skips, 'skip')}"),
        ("agreement", _agreement(found)),
        ("undecided", f"{count(len(found.undecided), 'task')} without a majority"),
        ("overwritten", f"{count(len(found.overwrites), 'answer')} changed by somebody else"),
        ("likely wrong", _suspicion(found)),
        ("duplicates", _duplicates(found)),
    ]
    if found.problems:
        answers = [one for problems in found.problems.values() for one in problems]
        rows.append(("unreadable", f"{count(len(answers), 'answer')}, such as {answers[0]}"))
    return rows


def _agreement(found: Audit) -> str:
    from auto_labeling.reporting.wording import count, share

    if not found.shared:
        return "unknown: no task has answers of several people"
    said = f"{share(found.agreeing)} of the pairs on {count(found.shared, 'task')}"
    alpha = found.alpha
    if math.isnan(alpha.value):
        return f"{said}; all answers are the same"
    return f"{said}; Krippendorff's alpha {alpha.value:.2f} ({alpha.low:.2f} to {alpha.high:.2f})"


def _suspicion(found: Audit) -> str:
    from auto_labeling.reporting.wording import count, share

    suspicion = found.suspicion
    if suspicion.why_not is not None:
        return f"unknown: {suspicion.why_not}"
    return (
        f"{count(len(suspicion.suspects))} of {count(suspicion.judged, 'label')}; a model that has "
        f"not seen them agrees with {share(suspicion.agreeing)}"
    )


def _duplicates(found: Audit) -> str:
    from auto_labeling.reporting.wording import count

    members = sum(len(one.task_ids) for one in found.duplicates)
    torn = sum(len(one.labels) > 1 for one in found.duplicates)
    said = (
        f"{count(members, 'task')} in {count(len(found.duplicates), 'group')}, {count(torn)} of "
        "them with different labels"
    )
    return said if found.compared else f"{said}; only equal contents were compared"


def _show_people(read: ReadProject, found: Audit) -> None:
    from auto_labeling.cli import screen
    from auto_labeling.reporting.wording import count, in_table, share

    if not found.people:
        return
    login = _logins(read)
    screen.line()
    screen.table(
        ("person", "answers", "skips", "overwrote", "agrees with others"),
        [
            (
                login(one.person),
                count(one.answers),
                count(one.skips),
                count(one.overwrote),
                in_table(share(one.agreeing)),
            )
            for one in found.people
        ],
        right=1,
    )


def _some(tasks: tuple[str, ...]) -> str:
    return ", ".join(tasks[:5]) + (f" and {len(tasks) - 5} more" if len(tasks) > 5 else "")


def as_json(read: ReadProject, found: Audit) -> dict[str, Any]:
    """Return everything that was found."""
    login = _logins(read)
    suspicion = found.suspicion
    return {
        "project": read.number,
        "title": read.title,
        "task": read.schema.task,
        "classes": read.schema.classes,
        "tasks": found.tasks,
        "answered": found.answered,
        "undecided": found.undecided,
        "answers": found.answers,
        "skips": found.skips,
        "unreadable": found.problems,
        "people": [{**asdict(one), "person": login(one.person)} for one in found.people],
        "agreement": {"tasks": found.shared, "share": found.agreeing, "alpha": asdict(found.alpha)},
        "overwritten": [
            {**asdict(one), "author": login(one.author), "by": login(one.by)}
            for one in found.overwrites
        ],
        "likely_wrong": {
            "judged": suspicion.judged,
            "agreeing": suspicion.agreeing,
            "why_not": suspicion.why_not,
            "labels": [
                {
                    "task": task,
                    "label": one.label,
                    "likelier": one.likelier,
                    "probability": one.probability,
                }
                for task, one in zip(found.suspected, suspicion.suspects, strict=True)
            ],
        },
        "duplicates": {
            "compared": found.compared,
            "groups": [asdict(one) for one in found.duplicates],
        },
    }


def _logins(read: ReadProject) -> Callable[[str], str]:
    return lambda person: read.logins.get(person, f"user {person}")

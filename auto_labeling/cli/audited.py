"""How an audit is shown: one screen, or all of it as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auto_labeling.auditing import Audit
    from auto_labeling.cli.auditable import Auditable


def show(read: Auditable, found: Audit, url: str, top: int) -> None:
    """Print the figures, and the first `top` of each list."""
    from auto_labeling.cli import audited_agreement, audited_quality, screen

    screen.line(f"Project {read.number} {read.title!r} on {url}", style="bold")
    screen.line()
    screen.pairs(_figures(read, found))
    _show_people(read, found)
    audited_agreement.show(read, found, top)
    suspects = list(zip(found.suspected, found.suspicion.suspects, strict=True))[:top]
    if suspects:
        screen.line()
        screen.say("Labels that are probably wrong, the least probable first:")
        screen.table(
            (read.noun, "label", "likelier", "label's probability"),
            [
                (read.where(task), one.label, one.likelier, f"{one.probability:.1%}")
                for task, one in suspects
            ],
            right=3,
        )
    torn = [one for one in found.duplicates if len(one.labels) > 1][:top]
    if torn:
        screen.line()
        screen.say("Duplicates with different labels:")
        rows = [(_some(read, one.task_ids), ", ".join(one.labels)) for one in torn]
        screen.table((f"{read.noun}s", "labels"), rows)
    audited_quality.show(read, top)
    screen.line()
    screen.line(read.lead)


def _figures(read: Auditable, found: Audit) -> list[tuple[str, str]]:
    from auto_labeling.cli import audited_agreement
    from auto_labeling.reporting.wording import count

    by = "1 person" if len(found.people) == 1 else f"{len(found.people):,} people"
    rows = [
        (f"{read.noun}s", f"{count(found.tasks)}, {count(found.answered)} of them answered"),
        ("answers", f"{count(found.answers)} by {by}, {count(found.skips, 'skip')}"),
        *audited_agreement.figures(read, found),
        ("undecided", f"{count(len(found.undecided), read.noun)} without a majority"),
        ("overwritten", _overwritten(read, found)),
        ("likely wrong", _suspicion(found)),
        ("duplicates", _duplicates(read, found)),
    ]
    if read.jobs is not None:
        rows[1:1] = [
            ("jobs", f"{count(read.jobs[1])} of {count(read.jobs[0])} are finished"),
            ("read as", f"{read.schema.task}; --kind names another"),
        ]
    if found.problems:
        answers = [one for problems in found.problems.values() for one in problems]
        rows.append(("unreadable", f"{count(len(answers), 'answer')}, such as {answers[0]}"))
    return rows


def _overwritten(read: Auditable, found: Audit) -> str:
    from auto_labeling.reporting.wording import count

    if not read.overwrites_are_told:
        return "unknown: the tool does not keep what an answer was before"
    return f"{count(len(found.overwrites), 'answer')} changed by somebody else"


def _suspicion(found: Audit) -> str:
    from auto_labeling.reporting.wording import count, share

    suspicion = found.suspicion
    if suspicion.why_not is not None:
        return f"unknown: {suspicion.why_not}"
    return (
        f"{count(len(suspicion.suspects))} of {count(suspicion.judged, 'label')}; a model that has "
        f"not seen them agrees with {share(suspicion.agreeing)}"
    )


def _duplicates(read: Auditable, found: Audit) -> str:
    from auto_labeling.reporting.wording import count

    members = sum(len(one.task_ids) for one in found.duplicates)
    torn = sum(len(one.labels) > 1 for one in found.duplicates)
    said = (
        f"{count(members, read.noun)} in {count(len(found.duplicates), 'group')}, {count(torn)} of "
        "them with different labels"
    )
    return said if found.compared else f"{said}; only equal contents were compared"


def _show_people(read: Auditable, found: Audit) -> None:
    from auto_labeling.cli import screen
    from auto_labeling.reporting.wording import count, estimate, in_table

    if not found.people:
        return
    rows = [
        (
            read.login(one.person),
            count(one.answers),
            count(one.skips),
            *([count(one.overwrote)] if read.overwrites_are_told else []),
            in_table(estimate("share", one.agreement.agreeing)),
        )
        for one in found.people
    ]
    overwrote = ["overwrote"] if read.overwrites_are_told else []
    screen.line()
    screen.table(("person", "answers", "skips", *overwrote, "agrees with others"), rows, right=1)


def _some(read: Auditable, tasks: tuple[str, ...]) -> str:
    shown = ", ".join(map(read.where, tasks[:5]))
    return shown + (f" and {len(tasks) - 5} more" if len(tasks) > 5 else "")


def as_json(read: Auditable, found: Audit) -> dict[str, Any]:
    """Return everything that was found."""
    from auto_labeling.cli import audited_agreement, audited_quality

    suspicion = found.suspicion
    return {
        "tool": read.tool,
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
        "people": [{**asdict(one), "person": read.login(one.person)} for one in found.people],
        "agreement": audited_agreement.as_json(read, found),
        "overwritten": [
            {**asdict(one), "author": read.login(one.author), "by": read.login(one.by)}
            for one in found.overwrites
        ]
        if read.overwrites_are_told
        else None,
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
        "jobs": None
        if read.jobs is None
        else dict(zip(("all", "finished"), read.jobs, strict=True)),
        "places": {name: {"task": at[0], "frame": at[1]} for name, at in read.places.items()},
        "quality": audited_quality.as_json(read),
    }

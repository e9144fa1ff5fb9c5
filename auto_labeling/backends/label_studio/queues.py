"""A tab of its own for every person: what they are to answer, so that raters share no screen."""

from __future__ import annotations

from collections.abc import Sequence

from auto_labeling.backends.label_studio.client import Client, Row, where
from auto_labeling.backends.label_studio.marks import RULERS
from auto_labeling.records import Ask, Purpose

ASSIGNEES = "al_assignees"
"""The field of a task with the logins of those who are to answer it, each between bars."""


def assignees(asks: Sequence[Ask], before: str = "") -> Row:
    """Return the field of a task for these asks; empty where they are anybody's.

    >>> from auto_labeling.records import Purpose
    >>> ask = Ask(ask_id="a", item_id="7", round=1, ordinal=0, purpose=Purpose.TRAIN,
    ...           price_micros=0, assignee="mia@example.org")
    >>> assignees([ask])
    {'al_assignees': '|mia@example.org|'}
    """
    named = [one for one in before.split("|") if one]
    named += [ask.assignee for ask in asks if ask.assignee and ask.assignee not in named]
    return {ASSIGNEES: f"|{'|'.join(named)}|"} if named else {}


def rulers(asks: Sequence[Ask]) -> Row:
    """Return the field of a task that somebody is to rule on; empty where nobody is.

    >>> from auto_labeling.records import Purpose
    >>> ask = Ask(ask_id="a", item_id="7", round=1, ordinal=2, purpose=Purpose.ADJUDICATE,
    ...           price_micros=0, assignee="mia@example.org")
    >>> rulers([ask])
    {'al_adjudicators': '|mia@example.org|'}
    """
    asked = [ask for ask in asks if ask.purpose is Purpose.ADJUDICATE]
    return {RULERS: assignees(asked).get(ASSIGNEES, "||")} if asked else {}


def make_queues(client: Client, project: int, logins: Sequence[str]) -> None:
    """Make the tabs that are not there yet."""
    if not logins:
        return
    there = client.tabs(project)
    for login in logins:
        if login not in there:
            theirs = where(f"data.{ASSIGNEES}", "contains", f"|{login}|", "String")
            client.make_tab(project, login, theirs)


def pass_on(client: Client, project: int, task_id: int, giver: str, taker: str) -> bool:
    """Move a task from one person's tab to another's, unless somebody has a draft on it."""
    for task in client.tasks_with(project, "id", [task_id], "id,data,drafts"):
        named = task["data"].get(ASSIGNEES, "").strip("|").split("|")
        if giver not in named or task.get("drafts"):
            return False
        now = [taker if one == giver else one for one in named]
        task["data"][ASSIGNEES] = f"|{'|'.join(dict.fromkeys(now))}|"
        client.change_task(task_id, data=task["data"])
        return True
    return False

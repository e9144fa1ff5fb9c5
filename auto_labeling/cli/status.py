"""`status`: whose turn it is, what was spent, what comes next and when, and what is stuck."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from auto_labeling.cli.finding import campaign_of, workspace_of
from auto_labeling.cli.options import AllOption, CampaignArgument, JsonOption, WorkspaceOption
from auto_labeling.errors import ConfigurationError

if TYPE_CHECKING:
    from auto_labeling.campaign.statement import Statement
    from auto_labeling.workspace import Workspace


def status(
    campaign: CampaignArgument = None,
    all_campaigns: AllOption = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Say in one screen where a campaign is; with --all, a line for each, worst first."""
    from auto_labeling import assemble
    from auto_labeling.cli import screen
    from auto_labeling.cli.account import account_json
    from auto_labeling.cli.prospects import prospects_of

    if all_campaigns and campaign is not None:
        raise ConfigurationError("--all: expected it without a campaign, or a campaign without it")
    place = workspace_of(workspace, must_exist=True)
    if all_campaigns:
        statements = [assemble.account_of(place, name) for name in assemble.known(place)]
        statements.sort(key=_urgency)
        if json:
            screen.print_json([account_json(one, place) for one in statements])
        else:
            _show_all(statements)
        return
    name = campaign_of(place, campaign)
    statement = assemble.account_of(place, name)
    prospects = prospects_of(place, statement)
    if json:
        screen.print_json({**account_json(statement, place), **prospects.as_json()})
    else:
        _show(statement, place, prospects)


def _show(statement: Statement, workspace: Workspace, prospects: Any) -> None:
    from auto_labeling.cli import account, screen
    from auto_labeling.reporting.verdict import verdict_of

    if statement.state.stopped:
        account.show_account(statement, workspace)
        _people(statement)
        return
    verdict = verdict_of(statement)
    screen.line(f"{statement.campaign_id}: {verdict.label}", style=_STYLES[verdict.tone])
    screen.say(verdict.sentence)
    screen.line()
    screen.pairs([*account.figures(statement)[1:], *prospects.rows()])
    _people(statement)
    screen.line()
    for step in verdict.steps:
        if "`auto-label status`" not in step:  # it is on the screen
            screen.say(step)


_STYLES = {"good": "bold green", "calm": "bold", "waiting": "bold yellow", "bad": "bold red"}


def _people(statement: Statement) -> None:
    from auto_labeling.cli import screen
    from auto_labeling.reporting.wording import count, duration, in_table, share

    if not statement.people:
        return
    screen.line()
    screen.table(
        ("person", "answers", "skips", "edits", "time", "agrees with labels"),
        [
            (
                person.person,
                count(person.answers),
                count(person.skips),
                count(person.edits),
                duration(person.seconds),
                in_table(share(person.agreement)),
            )
            for person in statement.people
        ],
        right=1,
    )
    if statement.quality is not None:
        for one in statement.quality.annotators.proposals:
            screen.say(f"{one.person}: {one.act} is proposed. {one.evidence}")


def _show_all(statements: list[Statement]) -> None:
    from auto_labeling.cli import screen
    from auto_labeling.reporting.terms import terms_of
    from auto_labeling.reporting.verdict import verdict_of
    from auto_labeling.reporting.wording import figure, in_table

    rows = []
    for one in statements:
        metric = terms_of(one).primary
        account = one.budget
        rows.append(
            (
                one.campaign_id,
                verdict_of(one).label,
                str(one.state.round),
                f"{account.committed_answers:,}/{account.cap_answers:,}",
                in_table(figure(metric, one.latest(metric).value)),
            )
        )
    screen.table(("campaign", "state", "round", "answers", "figure"), rows, right=2)
    stuck = [one for one in statements if one.state.blocked_reason is not None]
    for one in stuck:
        screen.say(f"{one.campaign_id}: {one.state.blocked_reason}. {one.state.blocked_remedy}")


def _urgency(statement: Statement) -> tuple[int, int, str]:
    """Return what sorts the worst first: blocked, waiting (longest first), under way, stopped."""
    state = statement.state
    if state.blocked_reason is not None and not state.stopped:
        rank = 0
    elif state.open_asks and not state.stopped:
        rank = 1
    else:
        rank = 3 if state.stopped else 2
    return rank, state.waiting_since or 0, statement.campaign_id

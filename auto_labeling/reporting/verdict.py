"""Where a campaign stands, in one sentence, and what there is to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from auto_labeling.campaign.metric_names import in_words
from auto_labeling.campaign.rounds import RoundState, Step
from auto_labeling.campaign.statement import Statement
from auto_labeling.reporting.terms import terms_of
from auto_labeling.reporting.wording import UNKNOWN, count, estimate, moment, short

_ENDED = {
    "target": "Target reached",
    "budget": "Budget spent",
    "exhausted": "Pool exhausted",
    "person": "Stopped by a person",
}
_DOES = {
    Step.SCORE: "score the pool",
    Step.SELECT: "choose a batch",
    Step.RESERVE: "reserve the money for it",
    Step.SEND: "send it to the labeling tool",
    Step.COLLECT: "collect the answers",
    Step.WITHDRAW: "withdraw what is still open",
    Step.RECONCILE: "make labels of the answers",
    Step.REORDER: "ask for further opinions",
    Step.FREEZE: "freeze the data set",
    Step.TRAIN: "train the model",
    Step.EVALUATE: "judge the model",
    Step.DECIDE: "decide whether to go on",
    Step.FINISH: "look a last time, and close",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What stands at the top of a report."""

    label: str
    """Two or three words."""
    tone: Literal["good", "calm", "waiting", "bad"]
    sentence: str
    steps: Sequence[str]
    """What to do next, most urgent first; commands stand between backticks."""


def verdict_of(statement: Statement) -> Verdict:
    """Return where the campaign stands."""
    state = statement.state
    if state.stopped:
        return _ended(statement)
    if state.blocked_reason is not None:
        return _blocked(statement)
    if state.state is RoundState.SENT and state.open_asks:
        return _waiting(statement)
    return _under_way(statement)


def _ended(statement: Statement) -> Verdict:
    kind = statement.state.stop_kind or ""
    return Verdict(
        label=_ENDED.get(kind, "Stopped"),
        tone="good" if kind == "target" else "calm",
        sentence=_sentence(statement.state.stop_reason or "the campaign has stopped"),
        steps=[*_after(statement, kind), *_left_open(statement)],
    )


def _after(statement: Statement, kind: str) -> list[str]:
    if statement.dataset is None:
        return ["No data set was frozen, so there is nothing to export."]
    frozen = f"{short(statement.dataset)}, {count(statement.manifests[-1][3], 'item')}"
    steps = [f"`auto-label export` writes the data set ({frozen}) as Parquet or CSV."]
    if statement.judged_against and "consensus" in statement.judged_against:
        steps.append(
            "The figures are against consensus, not against the truth: look through a sample "
            "before you rely on them."
        )
    if kind == "budget":
        steps.append(
            "To buy more, start a campaign that names this data set under `labeled`; "
            "`auto-label plan` says beforehand what it would take."
        )
    return steps


def _left_open(statement: Statement) -> list[str]:
    undecided = statement.items.get("undecided", 0)
    unlabelable = statement.items.get("unlabelable", 0)
    steps = []
    if undecided:
        steps.append(f"{count(undecided, 'item')} got answers but no label: people disagree there.")
    if unlabelable:
        steps.append(f"{count(unlabelable, 'item')} could not be labeled: people skipped.")
    return steps


def _blocked(statement: Statement) -> Verdict:
    state = statement.state
    return Verdict(
        label="Blocked",
        tone="bad",
        sentence=_sentence(f"round {state.round} is blocked: {state.blocked_reason}"),
        steps=[
            _sentence(state.blocked_remedy or "mend what is named above"),
            "Once that is mended, the campaign goes on by itself, or with `auto-label resume`.",
            "Nothing that people gave is lost.",
        ],
    )


def _waiting(statement: Statement) -> Verdict:
    state = statement.state
    since = f" since {moment(state.waiting_since)}" if state.waiting_since is not None else ""
    verb = "is" if state.open_asks == 1 else "are"
    wanted = f"{count(state.open_asks, 'answer')} to round {state.round} {verb} open"
    return Verdict(
        label="Waiting for people",
        tone="waiting",
        sentence=f"{wanted}{since}.{_so_far(statement)}",
        steps=[
            "It is people's turn: answer what is open in the labeling tool.",
            "`auto-label status` says who owes how much.",
            _going(statement),
        ],
    )


def _under_way(statement: Statement) -> Verdict:
    state = statement.state
    if state.stop_kind is not None or state.stop_requested is not None:
        reason = _sentence(state.stop_reason or "a person asked to stop")
        label, sentence = "Closing", f"{reason}{_so_far(statement)}"
    else:
        label, sentence = "Under way", f"Round {state.round} is under way.{_so_far(statement)}"
    return Verdict(label=label, tone="calm", sentence=sentence, steps=[_going(statement)])


def _going(statement: Statement) -> str:
    step = statement.next_step
    does = f"The next step is to {_DOES[step]}; " if step is not None else ""
    return f"{does}`auto-label resume`, or a schedule of `auto-label tick`, goes on."


def _so_far(statement: Statement) -> str:
    metric = terms_of(statement).primary
    found = estimate(metric, statement.latest(metric))
    if found == UNKNOWN:
        return " Nothing has been judged yet."
    against = f", against {statement.judged_against}" if statement.judged_against else ""
    return f" So far, {in_words(metric)} is {found}{against}."


def _sentence(text: str) -> str:
    said = text.strip()
    return f"{said[:1].upper()}{said[1:]}{'' if said.endswith(('.', '!', '?')) else '.'}"

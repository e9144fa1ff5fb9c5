"""The account of a campaign: as the end of a command says it, and as JSON."""

from __future__ import annotations

import math
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from auto_labeling.campaign.metric_names import in_words
from auto_labeling.campaign.outlook import LEVEL, outlook
from auto_labeling.campaign.rounds import RoundState
from auto_labeling.campaign.statement import Statement, savings
from auto_labeling.cli import screen
from auto_labeling.cli.driving import exit_code
from auto_labeling.money import format_micros
from auto_labeling.reporting import pseudo_labels, quality
from auto_labeling.reporting.suggestions import summary
from auto_labeling.reporting.terms import terms_of
from auto_labeling.reporting.verdict import verdict_of
from auto_labeling.reporting.wording import (
    UNKNOWN,
    count,
    estimate,
    leaks,
    owed,
    saved_items,
    saved_money,
    total_cap,
)
from auto_labeling.workspace import Workspace


def account_json(statement: Statement, workspace: Workspace) -> dict[str, Any]:
    """Return everything that is known about a campaign, as JSON holds it; money as decimals."""
    state, verdict, terms = statement.state, verdict_of(statement), terms_of(statement)
    saved = savings(statement, terms.primary)
    going = outlook(statement, terms.primary)
    names = dict.fromkeys(point.metric for point in statement.curve if point.arm == "campaign")
    return {
        "campaign": statement.campaign_id,
        "name": statement.name,
        "state": str(state.state),
        "round": state.round,
        "verdict": verdict.label,
        "sentence": verdict.sentence,
        "stop": {"kind": state.stop_kind, "reason": state.stop_reason} if state.stopped else None,
        "blocked": None
        if state.blocked_reason is None
        else {"reason": state.blocked_reason, "remedy": state.blocked_remedy},
        "next_step": None if statement.next_step is None else str(statement.next_step),
        "open_answers": state.open_asks,
        "metrics": {
            name: {
                "value": found.value,
                "low": found.low,
                "high": found.high,
                "items": found.n,
            }
            for name in names
            for found in [statement.latest(name)]
        },
        "judged_against": statement.judged_against,
        "outlook": None
        if going is None
        else {
            "metric": going.metric,
            "labels": going.labels,
            "value": going.expected.value,
            "low": going.expected.low,
            "high": going.expected.high,
            "level": LEVEL,
        },
        "items": dict(statement.items),
        "answers": dict(statement.answers),
        "budget": _budget(statement),
        "savings": {
            "items": saved.items,
            "share": saved.share,
            "money": _decimal(saved.cost_micros),
            "how": saved.how,
        },
        "people": [
            {
                "person": person.person,
                "answers": person.answers,
                "skips": person.skips,
                "edits": person.edits,
                "seconds": person.seconds,
                "agreement": person.agreement,
            }
            for person in statement.people
        ],
        "objects": dict(statement.objects),
        "suggestions": None if statement.suggestions is None else asdict(statement.suggestions),
        "pseudo_labels": None
        if statement.pseudo_labels is None
        else asdict(statement.pseudo_labels),
        "quality": None if statement.quality is None else asdict(statement.quality),
        "quarantined": len(statement.quarantine),
        "dataset": statement.dataset,
        "report": _existing(workspace.report(statement.campaign_id)),
        "mlflow": mlflow_store(statement, workspace),
        "exit_code": exit_code(state),
    }


def show_account(statement: Statement, workspace: Workspace) -> None:
    """Print where a campaign stands, what it bought, and what to type next."""
    verdict = verdict_of(statement)
    screen.line()
    if not verdict.sentence.startswith(verdict.label):
        screen.line(verdict.label, style="bold red" if verdict.tone == "bad" else "bold")
    screen.say(verdict.sentence)
    screen.pairs(figures(statement))
    if places := _places(statement, workspace):
        screen.line()
        for name, where in places:
            screen.line(f"  {name:<8}  {where}")
    screen.line()
    if statement.state.stopped:
        screen.line("Next", style="bold")
        for command in _next_commands(statement, workspace):
            screen.line(f"  {command}")
        return
    for step in verdict.steps:
        screen.say(step)


def figures(statement: Statement) -> list[tuple[str, str]]:
    """Return the figures that everybody looks for, by name."""
    terms, account = terms_of(statement), statement.budget
    metric = terms.primary
    newest = statement.latest(metric)
    found = estimate(metric, newest)
    rows = [("campaign", statement.campaign_id)]
    if found != UNKNOWN:
        against = f", against {statement.judged_against}" if statement.judged_against else ""
        rows.append((in_words(metric), f"{found} on {count(newest.n, 'item')}{against}"))
    labeled, pool = statement.items["labeled"], statement.items["pool"]
    rows.append(("items", f"{count(labeled)} labeled of {count(pool)} in the pool"))
    if leaking := leaks(statement):
        rows.append(("held out", leaking))
    rows += [
        ("answers", f"{count(account.committed_answers)} of {count(account.cap_answers)}"),
    ]
    cap = total_cap(statement)
    if cap:
        spent = format_micros(account.cost_micros, account.currency)
        figures = [f"{spent} of {format_micros(cap, account.currency)}", owed(account)]
        rows.append(("cost", "; ".join(filter(None, figures))))
    going = outlook(statement, metric)
    if going is not None:
        brings = estimate(metric, going.expected)
        rows.append(
            (f"{count(going.labels, 'more label')}", f"would bring {in_words(metric)} to {brings}")
        )
    saved = savings(statement, metric)
    if not math.isnan(saved.items):
        money = saved_money(saved, account.currency)
        rows.append(("against random", f"{saved_items(saved)} ({money}): {saved.how}"))
    if statement.suggestions is not None:
        rows.append(("suggestions", summary(statement.suggestions)))
    if statement.pseudo_labels is not None:
        rows.append(("pseudo-labels", pseudo_labels.summary(statement.pseudo_labels)))
    if statement.quality is not None:
        rows.append(("quality", quality.summary(statement.quality)))
    if statement.quarantine:
        rows.append(("put aside", f"{count(len(statement.quarantine), 'row')}; see the report"))
    return rows


def mlflow_store(statement: Statement, workspace: Workspace) -> str | None:
    """Return the address of the MLflow store that has the curves, without a password."""
    told = statement.configuration.get("tracking") or {}
    if told.get("kind", "mlflow") != "mlflow":
        return None
    uri = told.get("uri")
    if uri is None:
        return f"sqlite:///{workspace.mlflow}" if workspace.mlflow.exists() else None
    if not isinstance(uri, str):
        return None  # a secret
    from auto_labeling.tracking.store import shown

    return shown(uri)


def command(words: str, workspace: Workspace) -> str:
    """Return a command of ours as it has to be typed here."""
    said = f"{program('auto-label')} {words}"
    return said if workspace == Workspace.of() else f"{said} --workspace {workspace.root}"


def program(name: str) -> str:
    """Return how a program of this environment is called here: by its path if it is not on PATH.

    `make demo` is run by people who have activated nothing.
    """
    beside = Path(sys.executable).with_name(name)
    if shutil.which(name) is not None or not beside.exists():
        return name
    here = Path.cwd()
    return str(beside.relative_to(here) if beside.is_relative_to(here) else beside)


def _places(statement: Statement, workspace: Workspace) -> list[tuple[str, str]]:
    found = [
        ("report", _existing(workspace.report(statement.campaign_id))),
        ("MLflow", mlflow_store(statement, workspace)),
        ("data set", None if statement.dataset is None else workspace.manifest(statement.dataset)),
    ]
    return [(name, str(where)) for name, where in found if where is not None]


def _next_commands(statement: Statement, workspace: Workspace) -> list[str]:
    name = statement.campaign_id
    store = mlflow_store(statement, workspace)
    commands = [command(f"report {name}", workspace)]
    if store is not None:
        commands.append(f"{program('mlflow')} ui --backend-store-uri {store}")
    if statement.dataset is not None:
        commands.append(command(f"export {name} --to labels.csv", workspace))
    return commands


def _budget(statement: Statement) -> dict[str, Any]:
    account = statement.budget
    return {
        "currency": account.currency,
        "answers": account.committed_answers,
        "answers_reserved": account.reserved_answers,
        "answers_cap": account.cap_answers,
        "cost": _decimal(account.cost_micros),
        "owed": _decimal(account.owed_micros),
        "reserved": _decimal(account.reserved_micros),
        "cap": _decimal(total_cap(statement)),
    }


def _decimal(micros: float) -> str | None:
    """Return money as a decimal in text: a JSON number would lose cents in some readers."""
    if math.isnan(micros):
        return None
    sign, amount = "-" if micros < 0 else "", abs(round(micros))
    rest = f"{amount % 1_000_000:06d}".rstrip("0").ljust(2, "0")
    return f"{sign}{amount // 1_000_000}.{rest}"


def _existing(path: Any) -> str | None:
    return str(path) if path.exists() else None


def is_waiting(statement: Statement) -> bool:
    """Whether it is people's turn."""
    return statement.state.state is RoundState.SENT

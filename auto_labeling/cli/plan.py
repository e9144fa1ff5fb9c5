"""`plan`: what a campaign will buy at most, before anything is bought."""

from __future__ import annotations

import math
import tempfile
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auto_labeling.cli.finding import workspace_of
from auto_labeling.cli.options import ConfigArgument, JsonOption, WorkspaceOption

if TYPE_CHECKING:
    from auto_labeling.campaign.forecast import Plan
    from auto_labeling.cli.forecasting import Outlook
    from auto_labeling.quality_plan import Quality


def plan(
    config: ConfigArgument,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Forecast rounds, items, answers, money and days of a campaign file, and warn.

    The pool is read into a temporary folder; no campaign is begun, and nothing is written.
    """
    from auto_labeling.cli import forecasting, screen

    workspace_of(workspace)
    path = Path(config).expanduser().resolve()
    with tempfile.TemporaryDirectory(prefix="auto-label-plan-") as folder:
        outlook = forecasting.outlook_of(path, Path(folder))
    if json:
        screen.print_json(_json(outlook))
    else:
        _show(outlook, config)


def _json(outlook: Outlook) -> dict[str, Any]:
    return {
        **asdict(outlook.plan),
        "warnings": [*outlook.plan.warnings, *outlook.warnings],
        "pool": outlook.pool_items,
        "may_be_asked": outlook.candidates,
        "heldout": outlook.heldout,
        "imported_labels": outlook.imported,
        "quarantined": [asdict(one) for one in outlook.quarantined],
        "currency": outlook.config.budget.currency,
        "ends_early": outlook.ends_early,
    }


def _opinions(quality: Quality) -> str:
    overlap, agreement = quality.overlap, quality.agreement
    more = "" if overlap.most == overlap.default else f" to {overlap.most}"
    sliced = "" if agreement is None else f", {agreement.opinions} on the slice"
    return f"{overlap.default}{more} an item{sliced}{'' if quality.gold is None else ', and gold'}"


def _further(found: Plan) -> str:
    if found.answers >= found.answers_cap:
        return ""
    return f"; ties and skips may take more, up to {found.answers_cap:,} of all"


def _show(outlook: Outlook, config: str) -> None:
    from auto_labeling.cli import screen
    from auto_labeling.cli.prospects import earlier
    from auto_labeling.money import format_micros
    from auto_labeling.reporting.wording import count

    found, budget = outlook.plan, outlook.config.budget
    cost = format_micros(found.money_micros, budget.currency)
    opinions = _opinions(outlook.config.quality)
    screen.line(f"{outlook.config.name}: at most", style="bold")
    screen.pairs(
        [
            ("pool", _pool(outlook)),
            ("rounds", f"{count(found.rounds)} of {count(outlook.config.strategy.batch, 'item')}"),
            ("items", count(found.items)),
            ("answers", f"{count(found.answers)} ({opinions}){_further(found)}"),
            ("money", cost),
            ("ends by", _ENDS[found.binds]),
            *earlier(outlook.ends_early),
            ("judged on", _judged(outlook)),
            ("people", _days(found.workdays)),
        ]
    )
    if outlook.quarantined:
        screen.line()
        screen.say(f"{count(len(outlook.quarantined), 'row')} would be put aside:")
        for reason, places in _by_reason(outlook).items():
            more = f" and {len(places) - 3} more" if len(places) > 3 else ""
            screen.say(f"  {', '.join(places[:3])}{more}: {reason}")
    warnings = [*found.warnings, *outlook.warnings]
    screen.line()
    for warning in warnings:
        screen.say(f"Warning: {warning}", style="yellow")
    screen.say(f"Nothing was bought or written. `auto-label run {config}` begins the campaign.")


_ENDS = {
    "pool": "everything has been asked about",
    "answers": "the cap of answers",
    "money": "the cap of money",
    "max_rounds": "the number of rounds (`stop.max_rounds`)",
}


def _pool(outlook: Outlook) -> str:
    parts = [f"{outlook.pool_items:,} items, {outlook.candidates:,} may be asked about"]
    if outlook.imported:
        parts.append(f"{outlook.imported:,} have a label already")
    return "; ".join(parts)


def _judged(outlook: Outlook) -> str:
    if not outlook.config.learns:
        return "nothing: there is no model"
    against = "held-out rows" if outlook.heldout else "items of the control slice, by consensus"
    return f"{outlook.plan.judged:,} {against}"


def _days(workdays: float) -> str:
    if math.isnan(workdays):
        return "unknown for how long: nobody's `capacity` is given under `people`"
    if math.isinf(workdays):
        return "fewer than the opinions an item needs: it never ends"
    return f"busy for {workdays:,.1f} working days"


def _by_reason(outlook: Outlook) -> dict[str, list[str]]:
    reasons = Counter(one.reason for one in outlook.quarantined)
    return {
        reason: [one.where for one in outlook.quarantined if one.reason == reason]
        for reason, _ in reasons.most_common()
    }

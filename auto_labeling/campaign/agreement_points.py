"""How far people agree as points of curves, for the mirrors."""

from __future__ import annotations

import math

from auto_labeling import config
from auto_labeling.campaign import agreement_account, amending, budget
from auto_labeling.campaign.agreement_account import AgreementAccount
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.labels import read as read_labels
from auto_labeling.campaign.points import CAMPAIGN_RUN, intend


def note(campaign: Campaign) -> dict[str, float]:
    """Write the points of now and return them, by series; those that are known.

    Alpha and the share of equal answers are of the blind slice; where there is none they are left
    out, since other figures do not speak for the pool. Steps are answers.
    """
    name = campaign.campaign_id
    with campaign.ledger.read() as connection:
        _, told = amending.stored(connection, name)
        account = agreement_account.account_of(connection, name, config.parse(told))()
        answers = budget.account(connection, name).committed_answers
        bought = sum(label.source == "human" for label in read_labels(connection, name))
    series = _figures(account) | ({"quality/answers_per_item": answers / bought} if bought else {})
    known = {key: value for key, value in series.items() if math.isfinite(value)}
    points = [
        {"round": CAMPAIGN_RUN, "series": key, "step": answers, "value": value}
        for key, value in known.items()
    ]
    if points and campaign.fence is not None:
        with campaign.ledger.write(campaign.fence) as connection:
            intend(connection, name, points)
    return known


def _figures(account: AgreementAccount | None) -> dict[str, float]:
    if account is None or account.blind is None:
        return {}
    alpha, percent = account.blind.alpha, account.blind.percent
    return {
        "quality/alpha": alpha.value,
        "quality/alpha_low": alpha.low,
        "quality/alpha_high": alpha.high,
        "quality/percent": percent.value,
        "quality/slice_items": float(account.blind.items),
    }

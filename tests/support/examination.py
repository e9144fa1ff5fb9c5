"""A campaign looked at from all sides once it has stood still."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from sqlalchemy import select

from auto_labeling import assemble
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.schema import uploads
from auto_labeling.campaign.statement import Statement
from auto_labeling.errors import TransientError
from auto_labeling.records import CampaignId
from auto_labeling.workspace import Workspace
from tests.support.accounts import campaign_problems, label_problems

MOST_TRIES = 50


def examined(path: Path, campaign: CampaignId, abstain: tuple[str, ...] = ()) -> Statement:
    """Return the account of a campaign in which nothing is wrong, or fail."""
    workspace = Workspace.of(path)
    account = assemble.account_of(workspace, campaign)
    with assemble.opened(workspace, campaign) as opened:
        with opened.ledger.read() as connection:
            found = campaign_problems(connection, campaign)
            if account.state.stopped:
                found += label_problems(connection, campaign, abstain)
        found += _copies(opened)
    found += figure_problems(account)
    found += _dataset(path, account)
    assert found == []
    return account


def _copies(campaign: Campaign) -> Iterator[str]:
    with campaign.ledger.read() as connection:
        query = select(uploads).where(uploads.c.campaign == campaign.campaign_id)
        rows = connection.execute(query).all()
    keys = [row.upload for row in rows]
    for _ in range(MOST_TRIES):
        try:
            found = campaign.backend.find(keys)
            break
        except TransientError:
            continue
    for row in rows:
        live = len(found.get(row.upload, ()))
        if live > 1 or (row.remote_id is not None and row.cancelled_at is None and live == 0):
            yield f"upload {row.upload}: {live} live copies, recorded {row.remote_id}"


def figure_problems(account: Statement) -> Iterator[str]:
    """Yield what adds up to one figure here and to another there."""
    money = account.budget
    asked = sum(line.asked for line in account.rounds)
    pairs = {
        "asked": (asked, sum(account.asks.values())),
        "answered": (sum(one.answered for one in account.rounds), account.asks.get("answered", 0)),
        "committed": (money.committed_answers, account.asks.get("answered", 0)),
        "paid": (sum(line.paid_micros for line in account.rounds), money.cost_micros),
        "people's answers": (sum(p.answers for p in account.people), account.answers["given"]),
        "people's skips": (sum(p.skips for p in account.people), account.answers["skipped"]),
        "sides": (
            sum(account.items[side] for side in ("train", "control", "heldout")),
            account.items["pool"],
        ),
        "curve": (
            [point.answers for point in account.curve],
            sorted(point.answers for point in account.curve),
        ),
    }
    for name, (one, other) in pairs.items():
        if one != other:
            yield f"{name}: {one} here, {other} there"


def _dataset(path: Path, account: Statement) -> Iterator[str]:
    if account.dataset is None:
        return
    frame = pd.read_parquet(path / "manifests" / account.dataset / "labels.parquet")
    if account.state.stopped and len(frame) != account.items["labeled"]:
        yield f"{len(frame)} labels in the data set, {account.items['labeled']} in the account"
    twice = [item for item, count in Counter(frame["item"]).items() if count > 1]
    if twice:
        yield f"labeled twice: {twice}"

"""Go on or stop, and say why; and the last look before a campaign is closed."""

from __future__ import annotations

import math
from collections import defaultdict

from sqlalchemy import Connection, func, insert, select, update

from auto_labeling.campaign import asks as asks_room
from auto_labeling.campaign import budget, labels, manifest, upload
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.rounds import CampaignState, RoundState, Step
from auto_labeling.campaign.schema import (
    asks,
    campaigns,
    evaluations,
    items,
    rounds,
    snapshots,
)
from auto_labeling.campaign.schema import labels as labels_table
from auto_labeling.campaign.steps.collecting import give_up, sync
from auto_labeling.campaign.transition import (
    Ending,
    Transition,
    end,
    record_move,
)
from auto_labeling.ports import Progress
from auto_labeling.records import AskState, Interval, Side


def decide(campaign: Campaign, state: CampaignState) -> Transition:
    """Plan the next round, or decide why there is none."""
    with campaign.ledger.read() as connection:
        ending = _ending(connection, campaign, state.stop_requested)
        newest = connection.scalar(
            select(func.max(snapshots.c.number)).where(snapshots.c.campaign == campaign.campaign_id)
        )
    if ending is not None:
        return Transition(to=RoundState.EVALUATED, ending=ending)

    def write(connection: Connection) -> None:
        connection.execute(
            insert(rounds).values(
                campaign=campaign.campaign_id,
                number=state.round + 1,
                state=RoundState.PLANNED,
                snapshot=newest,
                more_wanted=False,
            )
        )
        connection.execute(
            update(campaigns)
            .where(campaigns.c.campaign == campaign.campaign_id)
            .values(round=state.round + 1)
        )
        record_move(
            connection,
            campaign,
            step=Step.DECIDE,
            number=state.round + 1,
            before=RoundState.EVALUATED,
            to=RoundState.PLANNED,
        )

    return Transition(to=RoundState.EVALUATED, writes=(write,))


def finish(campaign: Campaign, state: CampaignState) -> Transition:
    """Look a last time, withdraw what is open, leave one copy of every key, freeze, and close."""
    while sync(campaign):
        pass
    with campaign.ledger.read() as connection:
        open_asks = asks_room.still_open(connection, campaign.campaign_id)
    given_up = give_up(campaign, open_asks)
    with campaign.ledger.write(campaign.fence) as connection:
        given_up(connection)
    upload.repair(campaign)
    with campaign.ledger.write(campaign.fence) as connection:
        labels.reconcile(connection, campaign, state.round)
    frozen = manifest.freeze(campaign, state.round)
    now = campaign.clock.now()

    def write(connection: Connection) -> None:
        manifest.record(connection, campaign, frozen, now)
        if state.stop_kind is None:
            end(connection, campaign.campaign_id, _BY_A_PERSON)

    return Transition(
        to=RoundState.STOPPED,
        writes=(write,),
        detail={"items": frozen.items, "manifest": frozen.digest},
    )


def look_again(campaign: Campaign) -> int:
    """Take in what came after a campaign was closed and return how many acts were new.

    Late answers are kept, and paid if their asks still hold a reservation; the data set stays as
    it was frozen. What a driver that slept past its lease has left in the tool is withdrawn.
    """
    new = sync(campaign)
    upload.repair(campaign)
    return new


_BY_A_PERSON = Ending(kind="person", sentence="a person asked to stop")


def progress(connection: Connection, campaign: Campaign) -> Progress:
    """Return what the stopping rules may look at."""
    name = campaign.campaign_id
    rows = connection.execute(
        select(evaluations)
        .where(evaluations.c.campaign == name, evaluations.c.arm == "campaign")
        .order_by(evaluations.c.round, evaluations.c.metric)
    ).all()
    metrics: dict[str, list[Interval]] = defaultdict(list)
    for row in rows:
        metrics[row.metric].append(
            Interval(value=_nan(row.value), low=_nan(row.bound), high=_nan(row.high), n=row.n)
        )
    judged = {row.round: (row.item_count, row.committed_micros) for row in rows}
    kappas = connection.scalars(
        select(rounds.c.agreement)
        .where(rounds.c.campaign == name, rounds.c.agreement.is_not(None))
        .order_by(rounds.c.number)
    ).all()
    return Progress(
        rounds=connection.scalar(
            select(func.count())
            .select_from(rounds)
            .where(rounds.c.campaign == name, rounds.c.number > 0)
        )
        or 0,
        metrics=metrics,
        items=[count for count, _ in judged.values()],
        committed_micros=[micros for _, micros in judged.values()],
        candidates_left=_candidates_left(connection, campaign),
        now=campaign.clock.now(),
        agreement=[float(kappa) for kappa in kappas],
    )


def _ending(
    connection: Connection, campaign: Campaign, stop_requested: str | None
) -> Ending | None:
    if stop_requested is not None:
        return _BY_A_PERSON
    now = progress(connection, campaign)
    for rule in campaign.config.stop:
        sentence = rule.reason(now)
        if sentence is not None:
            return Ending(kind=rule.kind, sentence=sentence)
    money = budget.account(connection, campaign.campaign_id)
    overlap = campaign.config.quality.overlap
    price = asks_room.price_of_an_ask(connection, campaign)
    if money.free_answers < overlap or money.free_micros < overlap * price:
        return Ending(
            kind="budget",
            sentence=(
                f"the budget is spent: {money.committed_answers} of {money.cap_answers} answers"
            ),
        )
    if now.candidates_left == 0:
        return Ending(kind="exhausted", sentence="every item of the pool has been asked about")
    return None


def _candidates_left(connection: Connection, campaign: Campaign) -> int:
    name = campaign.campaign_id
    asked = select(asks.c.item).where(asks.c.campaign == name, asks.c.state != AskState.RELEASED)
    labeled = select(labels_table.c.item).where(labels_table.c.campaign == name)
    count = connection.scalar(
        select(func.count())
        .select_from(items)
        .where(
            items.c.campaign == name,
            items.c.side == Side.TRAIN,
            ~items.c.unlabelable,
            items.c.erased_at.is_(None),
            items.c.item.not_in(asked),
            items.c.item.not_in(labeled),
        )
    )
    return count or 0


def _nan(value: float | None) -> float:
    return math.nan if value is None else value

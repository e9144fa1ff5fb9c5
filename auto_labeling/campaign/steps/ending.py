"""Go on or stop, and say why; and the last look before a campaign is closed."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise

from sqlalchemy import Connection, func, insert, select

from auto_labeling.campaign import asks as asks_room
from auto_labeling.campaign import budget, labels, manifest, reserve, upload
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.pricing import price_of_an_ask
from auto_labeling.campaign.rounds import CampaignState, RoundState, Step
from auto_labeling.campaign.schema import (
    CAMPAIGN,
    evaluations,
    items,
    of,
    rounds,
    snapshots,
)
from auto_labeling.campaign.steps.collecting import give_up, sync
from auto_labeling.campaign.transition import (
    Ending,
    Transition,
    change_campaign,
    end,
    record_move,
    state_of,
    tell,
)
from auto_labeling.ports import Progress, Shift
from auto_labeling.records import CampaignId, Interval, Side
from auto_labeling.strategies.stopping.limits import Deadline

_NEWEST_SNAPSHOT = select(func.max(snapshots.c.number)).where(snapshots.c.campaign == CAMPAIGN)
_ADD_ROUND = insert(rounds)
_JUDGED = (
    select(evaluations)
    .where(evaluations.c.campaign == CAMPAIGN, evaluations.c.arm == "campaign")
    .order_by(evaluations.c.round, evaluations.c.metric)
)
_AGREEMENT = (
    select(rounds.c.agreement)
    .where(rounds.c.campaign == CAMPAIGN, rounds.c.agreement.is_not(None))
    .order_by(rounds.c.number)
)
_SHIFTS = (
    select(rounds.c.learned, rounds.c.changed, rounds.c.gain, rounds.c.uncertainty)
    .where(rounds.c.campaign == CAMPAIGN, rounds.c.learned.is_not(None))
    .order_by(rounds.c.number)
)
_ROUNDS = (
    select(func.count())
    .select_from(rounds)
    .where(rounds.c.campaign == CAMPAIGN, rounds.c.number > 0)
)
_CANDIDATES_LEFT = (
    select(func.count())
    .select_from(items)
    .where(items.c.side == Side.TRAIN, *asks_room.MAY_BE_ASKED_ABOUT)
)


def decide(campaign: Campaign, state: CampaignState) -> Transition:
    """Plan the next round, or decide why there is none."""
    with campaign.ledger.read() as connection:
        ending = _ending(connection, campaign, state.stop_requested)
        newest = connection.scalar(_NEWEST_SNAPSHOT, of(campaign.campaign_id))
    if ending is not None:
        return Transition(to=RoundState.EVALUATED, ending=ending)

    def write(connection: Connection) -> None:
        row = {"campaign": campaign.campaign_id, "number": state.round + 1, "snapshot": newest}
        connection.execute(_ADD_ROUND, row | {"state": RoundState.PLANNED, "more_wanted": False})
        change_campaign(connection, campaign.campaign_id, round=state.round + 1)
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
        if said := reserve.told(connection, campaign):
            tell(connection, campaign.campaign_id, "note", now, said=said)
        if state.stop_kind is None:
            end(connection, campaign.campaign_id, _ending_before_buying(state))

    return Transition(
        to=RoundState.STOPPED,
        writes=(write,),
        detail={"items": frozen.items, "manifest": frozen.digest},
    )


def look_again(campaign: Campaign) -> int:
    """Take in what people did since the last look and return how many acts were new.

    Late answers are kept, and paid if their asks still hold a reservation. What they change in a
    campaign that was closed is frozen as a new data set. What a driver that slept past its lease
    has left in the tool is withdrawn.
    """
    new = 0
    while fresh := sync(campaign):
        new += fresh
    upload.repair(campaign)
    state = state_of(campaign.ledger, campaign.campaign_id)
    if state.stopped:
        _freeze_late(campaign, state.round)
    return new


def _freeze_late(campaign: Campaign, number: int) -> None:
    """Freeze the labels as they are now, unless the newest data set holds them already.

    Also where this look found nothing: whoever found it before may have been killed.
    """
    with campaign.ledger.write(campaign.fence) as connection:
        labels.reconcile(connection, campaign, number)
    if manifest.is_current(campaign):
        return
    frozen = manifest.freeze(campaign, number)
    with campaign.ledger.write(campaign.fence) as connection:
        manifest.record(connection, campaign, frozen, campaign.clock.now())


def overdue(campaign: Campaign) -> str | None:
    """Return why the campaign may go on no longer, once its deadline has passed; else None.

    Other rules are asked when a round is done. This one also holds while people are waited for,
    and before anything is bought: it then ends the campaign as `stop --now` does.
    """
    deadlines = [rule for rule in campaign.config.stop if isinstance(rule, Deadline)]
    if not deadlines:
        return None
    today = Progress(  # of the rounds a deadline sees nothing
        rounds=0,
        metrics={},
        items=[],
        committed_micros=[],
        candidates_left=0,
        now=campaign.clock.now(),
    )
    return next((said for rule in deadlines if (said := rule.reason(today))), None)


_BY_A_PERSON = Ending(kind="person", sentence="a person asked to stop")


def _ending_before_buying(state: CampaignState) -> Ending:
    """Return why a campaign ends that was stopped before its round bought anything."""
    if state.stop_requested is None and state.overdue is not None:
        return Ending(kind=Deadline.kind, sentence=state.overdue)
    return _BY_A_PERSON


def progress(connection: Connection, campaign: Campaign) -> Progress:
    """Return what the stopping rules may look at."""
    name = campaign.campaign_id
    rows = connection.execute(_JUDGED, of(name)).all()
    metrics: dict[str, list[Interval]] = defaultdict(list)
    for row in rows:
        metrics[row.metric].append(
            Interval(value=_nan(row.value), low=_nan(row.bound), high=_nan(row.high), n=row.n)
        )
    judged = {row.round: (row.item_count, row.committed_micros) for row in rows}
    kappas = connection.scalars(_AGREEMENT, of(name)).all()
    return Progress(
        rounds=connection.scalar(_ROUNDS, of(name)) or 0,
        metrics=metrics,
        items=[count for count, _ in judged.values()],
        committed_micros=[micros for _, micros in judged.values()],
        candidates_left=connection.scalar(_CANDIDATES_LEFT, of(name)) or 0,
        now=campaign.clock.now(),
        agreement=[float(kappa) for kappa in kappas],
        shifts=_shifts(connection, name),
    )


def _shifts(connection: Connection, campaign: CampaignId) -> list[Shift]:
    """Return what each round changed, against the newest model before it."""
    rows = connection.execute(_SHIFTS, of(campaign)).all()
    return [
        Shift(
            before=before.learned,
            items=row.learned,
            changed=row.changed,
            gain=_nan(row.gain),
            uncertainty=_nan(row.uncertainty),
        )
        for before, row in pairwise(rows)
        if row.changed is not None
    ]


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
    overlap = campaign.config.quality.opinions
    price = price_of_an_ask(connection, campaign)
    if not reserve.holds(connection, campaign, overlap, overlap * price):
        return Ending(
            kind="budget",
            sentence=(
                f"the budget is spent: {money.committed_answers} of {money.cap_answers} answers"
                f"{reserve.aside(connection, campaign)}"
            ),
        )
    if now.candidates_left == 0:
        return Ending(kind="exhausted", sentence="every item of the pool has been asked about")
    return None


def _nan(value: float | None) -> float:
    return math.nan if value is None else value

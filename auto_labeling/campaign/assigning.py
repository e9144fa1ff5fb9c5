"""Whose turn it is: asks are given to the people of the campaign, evenly, where a tool has queues.

Opinions on one item never go to the same person, and one opinion on all items of a chunk goes to
one person. What a person has to do counts in the seconds that it takes them. Where nobody is left,
an ask is anybody's. Rulings go to adjudicators alone, whatever else they have to do; one of them
whose role is `adjudicator` gets nothing else: who has answered an item cannot rule on it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from statistics import median

from sqlalchemy import BindParameter, Connection, bindparam, func, select

from auto_labeling.campaign import blind_slice
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.schema import CAMPAIGN, THESE, answers, asks, chunks, of, people
from auto_labeling.campaign.transition import OPEN
from auto_labeling.records import Ask, CampaignId, ItemId, PersonId, Purpose

_PEOPLE = (
    select(people.c.person, people.c.capacity, people.c.role)
    .where(people.c.campaign == CAMPAIGN, people.c.retired_at.is_(None))
    .order_by(people.c.person)
)
_LOADS = (
    select(asks.c.assignee, func.count())
    .where(asks.c.campaign == CAMPAIGN, asks.c.state.in_(OPEN), asks.c.assignee.is_not(None))
    .group_by(asks.c.assignee)
)
_SINCE: BindParameter[int] = bindparam("since")
_OF_THE_WEEK = (
    select(answers.c.person, func.count(answers.c.ask.distinct()))
    .where(answers.c.campaign == CAMPAIGN, answers.c.ask.is_not(None), answers.c.at > _SINCE)
    .group_by(answers.c.person)
)
_WEEK = 7 * 86_400 * 1_000_000
_PACES = (
    select(answers.c.person, answers.c.seconds)
    .where(answers.c.campaign == CAMPAIGN, answers.c.seconds.is_not(None))
    .order_by(answers.c.seq.desc())
    .limit(1_000)
)
_ASKED = select(asks.c.item, asks.c.assignee).where(
    asks.c.campaign == CAMPAIGN, asks.c.item.in_(THESE), asks.c.assignee.is_not(None)
)
_ANSWERED = select(answers.c.item, answers.c.person).where(
    answers.c.campaign == CAMPAIGN, answers.c.item.in_(THESE)
)


@dataclass(frozen=True, slots=True)
class Crew:
    """The people of a campaign, what each has to do, and which items each has met."""

    capacities: Mapping[PersonId, int | None]
    roles: Mapping[PersonId, str]
    adjudicators: Collection[PersonId]
    open_asks: dict[PersonId, int]
    of_the_week: Mapping[PersonId, int]
    """How many asks each has answered in the last seven days."""
    paces: Mapping[PersonId, float]
    """Seconds an answer takes each of them: the median; where unknown, that of all, or 1."""
    met: dict[ItemId, set[PersonId]]

    @classmethod
    def read(cls, connection: Connection, campaign: Campaign, about: Collection[ItemId]) -> Crew:
        """Return the crew as it stands; `met` says nothing of other items than these."""
        name = campaign.campaign_id
        rows = connection.execute(_PEOPLE, of(name)).all()
        given: dict[PersonId, int] = dict(connection.execute(_LOADS, of(name)).all())
        since = campaign.clock.now() - _WEEK
        done: dict[PersonId, int] = dict(
            connection.execute(_OF_THE_WEEK, of(name, since=since)).all()
        )
        met: dict[ItemId, set[PersonId]] = defaultdict(set)
        for chunk in chunks(sorted(about)):
            for query in (_ASKED, _ANSWERED):
                for item, person in connection.execute(query, of(name, these=chunk)):
                    met[item].add(person)
        return cls(
            capacities={row.person: row.capacity for row in rows},
            roles={row.person: row.role for row in rows},
            adjudicators=campaign.config.quality.adjudicators,
            open_asks={row.person: given.get(row.person, 0) for row in rows},
            of_the_week=done,
            paces=_paces(connection, name, [row.person for row in rows]),
            met=met,
        )

    def least_busy(self, work: Sequence[Ask], but: Collection[PersonId] = ()) -> PersonId | None:
        """Return who would be done with this work first, of those who have met none of it."""
        free = [
            person
            for person in self.capacities
            if person not in but
            and not any(person in self.met[ask.item_id] for ask in work)
            and self._takes(person, work)
        ]
        done = {one: (self.open_asks[one] + len(work)) * self.paces[one] for one in free}
        return min(free, key=lambda person: (done[person], person), default=None)

    def _takes(self, person: PersonId, work: Sequence[Ask]) -> bool:
        """Whether this is work of theirs, and there is room for it on their plate."""
        rules = person in self.adjudicators
        if any(ask.purpose is Purpose.ADJUDICATE for ask in work):
            return rules
        capacity = self.capacities[person]
        taken = self.open_asks[person] + self.of_the_week.get(person, 0)
        room = capacity is None or taken + len(work) <= capacity
        return room and not (rules and self.roles[person] == "adjudicator")

    def others_than(self, role: str | None, work: Sequence[Ask]) -> set[PersonId]:
        """Return who has another role, where somebody of this one is to answer and has not."""
        theirs = {person for person, one in self.roles.items() if one == role}
        if not theirs or all(theirs & self.met[ask.item_id] for ask in work):
            return set()
        return set(self.roles) - theirs

    def give(self, work: Sequence[Ask], person: PersonId) -> None:
        """Note that this work is theirs."""
        self.open_asks[person] += len(work)
        for ask in work:
            self.met[ask.item_id].add(person)


def assigned(
    connection: Connection, campaign: Campaign, bundles: Sequence[Sequence[Ask]]
) -> list[list[Ask]]:
    """Return the asks of each remote unit, each with somebody who is to answer it."""
    if not campaign.backend.traits.has_queues:
        return [list(bundle) for bundle in bundles]
    items = {ask.item_id for bundle in bundles for ask in bundle}
    crew = Crew.read(connection, campaign, items)
    strangers = blind_slice.strangers(connection, campaign, items)
    role = campaign.config.quality.overlap.include
    given = []
    for bundle in bundles:
        whose: dict[str, PersonId | None] = {}
        works = opinions(bundle)
        for work in works:
            # Where no rater of the blind slice is left, what they were to answer is others'.
            but: Collection[PersonId] = strangers.get(work[0].item_id, ())
            if work is works[-1]:
                but = {*but, *crew.others_than(role, work)}
            who = crew.least_busy(work, but) or crew.least_busy(work)
            if who is not None:
                crew.give(work, who)
            whose |= dict.fromkeys((ask.ask_id for ask in work), who)
        given.append([replace(ask, assignee=whose[ask.ask_id]) for ask in bundle])
    return given


def asked_by_name(connection: Connection, campaign: Campaign) -> frozenset[PersonId] | None:
    """Return who is asked for opinions, where people are named and shown what is theirs."""
    rows = connection.execute(_PEOPLE, of(campaign.campaign_id)).all()
    if not (rows and campaign.backend.traits.has_queues):
        return None
    rule = campaign.config.quality.adjudicators
    return frozenset(
        row.person for row in rows if row.role != "adjudicator" or row.person not in rule
    )


def opinions(bundle: Sequence[Ask]) -> list[list[Ask]]:
    """Return the asks of a unit for a first opinion on its items, for a second, and so on."""
    ranked: dict[int, list[Ask]] = defaultdict(list)
    ordered = sorted(bundle, key=lambda ask: (ask.item_id, ask.ordinal))
    for _, group in groupby(ordered, key=lambda ask: ask.item_id):
        for rank, ask in enumerate(group):
            ranked[rank].append(ask)
    return [ranked[rank] for rank in sorted(ranked)]


def _paces(
    connection: Connection, campaign: CampaignId, crew: Sequence[PersonId]
) -> dict[PersonId, float]:
    rows = connection.execute(_PACES, of(campaign)).all()
    common = median(row.seconds for row in rows) if rows else 1.0
    theirs: dict[PersonId, list[float]] = defaultdict(list)
    for row in rows:
        theirs[row.person].append(row.seconds)
    return {one: max(median(theirs[one]) if one in theirs else common, 1e-3) for one in crew}

"""What may never be wrong in a ledger, recomputed from its rows in the simplest way there is."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select

from auto_labeling.campaign import budget
from auto_labeling.campaign.schema import answers, asks, configurations, gold, labels, spend
from auto_labeling.records import CampaignId

ENDS = ("commit", "release")
ENDED_BY = {"answered": "commit", "skipped": "release", "released": "release"}
OPEN = ("reserved", "sent", "expired")


def account_problems(connection: Connection, campaign: CampaignId) -> list[str]:
    """Return what is wrong between the caps, the budget row and the rows of `spend`."""
    checks = (_caps, _sums, _entries)
    return [problem for check in checks for problem in check(connection, campaign)]


def campaign_problems(connection: Connection, campaign: CampaignId) -> list[str]:
    """Return what is wrong anywhere between budget, spend, asks and answers."""
    checks = (_caps, _sums, _entries, _asks, _paid, _versions)
    return [problem for check in checks for problem in check(connection, campaign)]


def label_problems(
    connection: Connection, campaign: CampaignId, abstain: tuple[str, ...] = ()
) -> list[str]:
    """Return the items whose label is neither a ruling nor the majority of the votes that count."""
    votes: dict[str, list[Any]] = defaultdict(list)
    rulings: dict[str, Any] = {}
    apart = {row.item for row in _rows(connection, gold, campaign)}
    bodies = _rows(connection, configurations, campaign)
    rule = {one for row in bodies for one in row.body.get("quality", {}).get("adjudicators", ())}
    of_ask = {row.ask: row.purpose for row in _rows(connection, asks, campaign)}
    for row in _rows(connection, answers, campaign):
        counts = row.current and row.kind == "answer" and not row.unsolicited
        if not counts or row.item in apart:
            continue
        if of_ask[row.ask] == "adjudicate" and row.person in rule:
            rulings[row.item] = json.loads(row.value)
        elif json.loads(row.value) not in abstain:
            votes[row.item].append(json.loads(row.value))
    made = {row.item: row for row in _rows(connection, labels, campaign) if row.source == "human"}
    wrong = [f"{item}: votes but no label row" for item in votes.keys() - made.keys()]
    every = {row.item for row in _rows(connection, labels, campaign)}
    wrong += [f"{item}: gold, and labeled" for item in apart & every]
    for item, row in made.items():
        said = rulings.get(item, _most_say(votes[item]))
        if json.loads(row.value or "null") != said:
            wrong.append(f"{item}: {row.value} out of {votes[item]}")
        if row.votes != len(votes[item]):
            wrong.append(f"{item}: {row.votes} votes noted, {len(votes[item])} counted")
    return wrong


def _most_say(votes: list[Any]) -> Any:
    """Return the class, or the sorted set of classes, that most votes name; None for a tie."""
    if votes and isinstance(votes[0], list):
        named = Counter(name for vote in votes for name in vote)
        if any(2 * count == len(votes) for count in named.values()):
            return None
        return sorted(name for name, count in named.items() if 2 * count > len(votes))
    ranked = Counter(votes).most_common(2)
    tied = len(ranked) == 2 and ranked[0][1] == ranked[1][1]
    return None if tied or not ranked else ranked[0][0]


def _caps(connection: Connection, campaign: CampaignId) -> Iterator[str]:
    now = budget.account(connection, campaign)
    if now.committed_answers + now.reserved_answers > now.cap_answers:
        yield f"answers above the cap: {now}"
    if now.committed_micros + now.reserved_micros > now.cap_micros:
        yield f"money above the cap: {now}"
    if now.contingency_used_micros > now.contingency_micros:
        yield f"contingency above its cap: {now}"
    figures = (
        now.reserved_answers,
        now.committed_answers,
        now.reserved_micros,
        now.committed_micros,
        now.contingency_used_micros,
    )
    if min(figures) < 0:
        yield f"something below zero: {now}"


def _sums(connection: Connection, campaign: CampaignId) -> Iterator[str]:
    now = budget.account(connection, campaign)
    rows = _rows(connection, spend, campaign)
    reserved = {row.ask: row.micros for row in rows if row.kind == "reserve"}
    still = reserved.keys() - {row.ask for row in rows if row.kind in ENDS}
    sums = {
        "reserved_answers": len(still),
        "reserved_micros": sum(reserved[ask] for ask in still),
        "committed_answers": sum(row.answers for row in rows if row.kind == "commit"),
        "committed_micros": sum(row.micros for row in rows if row.kind == "commit"),
        "contingency_used_micros": sum(row.micros for row in rows if row.kind == "contingency"),
    }
    for name, expected in sums.items():
        if getattr(now, name) != expected:
            yield f"{name}: the row says {getattr(now, name)}, the entries {expected}"


def _entries(connection: Connection, campaign: CampaignId) -> Iterator[str]:
    """Follow each ask's money: reserved once, ended once, and settled only after that."""
    reserved: dict[str, int] = {}
    ended: dict[str, str] = {}
    for row in _rows(connection, spend, campaign):
        if row.kind == "reserve":
            if row.ask in reserved:
                yield f"{row.ask}: reserved twice"
            reserved[row.ask] = row.micros
        elif row.kind in ENDS:
            if row.ask in ended or row.micros > reserved.get(row.ask, -1):
                yield f"{row.ask}: {row.kind} of {row.micros} after {ended.get(row.ask)}"
            ended[row.ask] = row.kind
        elif row.kind in ("contingency", "owed") and ended.get(row.ask) != "commit":
            yield f"{row.ask}: {row.kind} without a commit"


def _asks(connection: Connection, campaign: CampaignId) -> Iterator[str]:
    rows = _rows(connection, spend, campaign)
    ended = {row.ask: row.kind for row in rows if row.kind in ENDS}
    prices = {row.ask: row.micros for row in rows if row.kind == "reserve"}
    found = _rows(connection, asks, campaign)
    if prices.keys() != {row.ask for row in found}:
        yield "the asks are not those that were reserved"
    for row in found:
        if prices.get(row.ask) != row.price_micros:
            yield f"{row.ask}: reserved {prices.get(row.ask)}, the ask says {row.price_micros}"
        if ended.get(row.ask) != ENDED_BY.get(row.state):
            yield f"{row.ask}: {row.state}, but its money was: {ended.get(row.ask)}"


def _paid(connection: Connection, campaign: CampaignId) -> Iterator[str]:
    """Check that an ask has one answer that was not taken back, and a person one ask an item."""
    ever: set[str] = set()
    of_ask: dict[str, set[str]] = defaultdict(set)
    of_person: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in _rows(connection, answers, campaign):
        if (row.ask is None) != row.unsolicited:
            yield f"{row.fingerprint}: ask {row.ask}, unsolicited {row.unsolicited}"
        if row.ask is not None:
            ever.add(row.ask)
            of_person[row.item, row.person].add(row.ask)
            if row.current and row.kind != "tombstone":
                of_ask[row.ask].add(row.answer_id)
    found = _rows(connection, asks, campaign)
    closed = {row.ask for row in found if row.state in ("answered", "skipped")}
    if closed != ever:
        yield f"asks closed without an answer, or the reverse: {closed ^ ever}"
    for who, several in [*of_ask.items(), *of_person.items()]:
        if len(several) > 1:
            yield f"{who}: {sorted(several)}"


def _versions(connection: Connection, campaign: CampaignId) -> Iterator[str]:
    """Check that exactly one version of each answer counts, and never an overwrite."""
    current: Counter[str] = Counter()
    for row in _rows(connection, answers, campaign):
        if row.kind != "overwrite":
            current[row.answer_id] += row.current
        elif row.current:
            yield f"{row.fingerprint}: an overwrite counts"
    for answer_id, count in current.items():
        if count != 1:
            yield f"{answer_id}: {count} versions count"


def _rows(connection: Connection, table: Any, campaign: CampaignId) -> list[Any]:
    query = select(table).where(table.c.campaign == campaign)
    if "seq" in table.c:
        query = query.order_by(table.c.seq)
    return list(connection.execute(query))

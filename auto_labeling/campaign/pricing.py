"""What answers cost: as much as is reserved before they are asked for, and what is due for them."""

from __future__ import annotations

import json
import math
from bisect import bisect
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection, func, select

from auto_labeling import config as config_room
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.schema import (
    CAMPAIGN,
    THESE,
    answers,
    chunks,
    configurations,
    of,
    spend,
)
from auto_labeling.records import Ask, Event, Micros

_LEAST = 20
"""Answers from which quantiles are taken; before, the task says what an answer hardly passes."""
_NEWEST = 200
_QUANTILE = 0.95
_SEEN = (
    select(answers.c.value, answers.c.seconds)
    .where(answers.c.campaign == CAMPAIGN, answers.c.current, answers.c.kind == "answer")
    .order_by(answers.c.seq.desc())
    .limit(_NEWEST)
)


def price_of_an_ask(connection: Connection, campaign: Campaign) -> Micros:
    """Return what is reserved for an ask of which nobody knows yet who will answer it.

    The dearest of the people who may, so that hardly any answer costs more than was reserved for
    it: by the hour and by the object, quantiles of the newest answers.
    """
    config = campaign.config
    if all(person.pay is None or person.pay.unit == "answer" for person in config.people):
        return config_room.dearest_answer(config)
    seen = connection.execute(_SEEN, of(campaign.campaign_id)).all()
    objects = _upper([_objects(row.value) for row in seen])
    seconds = _upper([row.seconds for row in seen if row.seconds is not None])
    return config_room.dearest_answer(
        config, objects_upper=objects and max(1, round(objects)), seconds_upper=seconds
    )


def _upper(seen: Sequence[float]) -> float | None:
    """Return the upper quantile; None where too few were seen."""
    return sorted(seen)[math.ceil(_QUANTILE * len(seen)) - 1] if len(seen) >= _LEAST else None


def _objects(stored: str) -> int:
    value = json.loads(stored)
    return len(value) if isinstance(value, list) else 1


_AMENDED = (
    select(spend.c.seq).where(spend.c.campaign == CAMPAIGN, spend.c.kind == "amend")
).order_by(spend.c.seq)
_RESERVED = (
    select(spend.c.ask, func.max(spend.c.seq).label("seq"))
    .where(spend.c.campaign == CAMPAIGN, spend.c.kind == "reserve", spend.c.ask.in_(THESE))
    .group_by(spend.c.ask)
)
_BODIES = (
    select(configurations.c.body)
    .where(configurations.c.campaign == CAMPAIGN)
    .order_by(configurations.c.version)
)


def due(
    connection: Connection, campaign: Campaign, asks: Iterable[Ask]
) -> Callable[[str, Event, Ask], Micros]:
    """Return what says what a person is due for an answer to one of these asks.

    By the prices that held when it was asked for: an amendment changes those of later asks.
    """
    name = campaign.campaign_id
    amended = connection.scalars(_AMENDED, of(name)).all()
    bodies = connection.scalars(_BODIES, of(name)).all()
    prices = [config_room.prices(config_room.parse(body)) for body in bodies]
    reserved: dict[str, int] = {}
    for chunk in chunks(sorted(ask.ask_id for ask in asks)) if amended else ():
        reserved |= {
            row.ask: row.seq for row in connection.execute(_RESERVED, of(name, these=chunk))
        }

    def pay(person: str, event: Event, ask: Ask) -> Micros:
        then = prices[bisect(amended, reserved[ask.ask_id]) if amended else 0]
        objects = 1 if isinstance(event.value, str) else len(event.value or ())
        price = then.get(person) or then[None]
        return price.settle(objects=objects, seconds=event.seconds)

    return pay

"""Reads a campaign file and its pool as `run` would, and forecasts what that buys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from auto_labeling import config as config_room
from auto_labeling.campaign import checking, creation, gold_choice, imported
from auto_labeling.campaign.forecast import Pace, Plan, Terms
from auto_labeling.campaign.forecast import plan as forecast
from auto_labeling.clocks import SystemClock
from auto_labeling.config import CampaignConfig
from auto_labeling.errors import BlockedError, ConfigurationError
from auto_labeling.money import expected_seconds, micros, price_for
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.source import Quarantined
from auto_labeling.ports import Place
from auto_labeling.records import Micros, Side
from auto_labeling.secrets import LocalSecrets
from auto_labeling.strategies import stopping
from auto_labeling.strategies.stopping.limits import MaxRounds
from auto_labeling.strategies.stopping.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """A campaign that was not begun."""

    config: CampaignConfig
    plan: Plan
    pool_items: int
    candidates: int
    heldout: int
    imported: int
    quarantined: Sequence[Quarantined]
    warnings: Sequence[str]
    """Beside those of the forecast."""

    @property
    def ends_early(self) -> bool:
        """Whether any rule may find that enough is learned, or nothing learns."""
        return not self.config.learns or stopping.any_looks_at_learning(self.config.stop)


def outlook_of(path: Path, folder: Path) -> Outlook:
    """Read the campaign file at `path` and its pool, using the empty `folder`, and forecast."""
    config = config_room.load(path)
    checking.check(config)
    checking.check_files(config, path.parent)
    pool = creation.take_in(config, path.parent, folder / "inputs")
    checking.check_embedder(config, pool)
    if config.embedder is None:  # how many numbers it makes of an item is known once it has
        checking.check_views(config, pool.features)
    sides = creation.split_of(config, pool)
    labeled, leaking = imported.apart(imported.labels_of(config, pool), pool, sides)
    gold = {one.item_id for one in gold_choice.choose(config, path.parent, pool, sides, labeled)}
    asked = sum(
        side in (Side.TRAIN, Side.CONTROL) and item not in labeled and item not in gold
        for item, side in zip(pool.ids, sides.sides, strict=True)
    )
    heldout = 0 if pool.heldout is None else len(pool.heldout.ids)
    return Outlook(
        config=config,
        plan=forecast(_terms(config, asked, heldout)),
        pool_items=len(pool),
        candidates=asked,
        heldout=heldout,
        imported=len(labeled.keys() - gold),
        quarantined=[*_put_aside(pool), *sides.quarantined],
        warnings=[
            *sides.notes,
            *_leaks(leaking),
            *_people(config, path.parent, folder, pool),
            *_objects(config),
            *_secrets(config),
        ],
    )


def _terms(config: CampaignConfig, candidates: int, heldout: int) -> Terms:
    caps = creation.caps_of(config)
    targets = {
        name: least
        for rule in config.stop
        if isinstance(rule, Target)
        for name, least in rule.wanted.items()
    }
    rounds = [rule.rounds for rule in config.stop if isinstance(rule, MaxRounds)]
    gold, slice_ = config.quality.gold, config.quality.agreement
    return Terms(
        candidates=candidates,
        batch=config.strategy.batch,
        overlap=config.quality.opinions,
        adaptive_max=config.quality.overlap.adaptive_max,
        answers_cap=caps["cap_answers"],
        money_cap_micros=caps["cap_micros"],
        kept=config.quality.reserved_share,
        gold=Fraction(0) if gold is None else gold.share_of_batch,
        sliced=0 if slice_ is None else slice_.slice,
        slice_opinions=0 if slice_ is None else slice_.opinions,
        price_micros=_expected_price(config),
        reserve_micros=config_room.dearest_answer(config),
        currency=config.budget.currency,
        max_rounds=min(rounds, default=None),
        control=0.0 if heldout or not config.learns else config.evaluation.control,
        heldout=heldout,
        class_count=len(config.labels.classes),
        drawn=config.labels.is_drawn,
        targets=targets,
        alpha=config.evaluation.alpha,
        tests=config.max_rounds,
        paces=[
            Pace(person=person.user, answers_per_day=person.answers_a_week / 5)
            for person in config.people
            if person.answers_a_week
        ],
    )


def _expected_price(config: CampaignConfig) -> Micros:
    """Return what an answer costs on average, were everybody to give as many."""
    seconds = expected_seconds(config.labels.task)
    prices = [
        price_for(person.pay.unit, person.pay.rate_micros).settle(objects=1, seconds=seconds)
        for person in config.people
        if person.pay is not None
    ]
    prices += [micros(config.budget.price)] * (len(config.people) - len(prices))
    return round(sum(prices) / len(prices)) if prices else micros(config.budget.price)


def _leaks(leaking: Sequence[str]) -> list[str]:
    if not leaking:
        return []
    return [f"{len(leaking)} labeled rows are also among what judges: they are not learned from"]


def _put_aside(pool: Pool) -> list[Quarantined]:
    return [
        bad
        for snapshot in pool.snapshots
        for bad in (*snapshot.quarantined, *snapshot.heldout_quarantined)
    ]


def _people(config: CampaignConfig, base: Path, folder: Path, pool: Pool) -> list[str]:
    """Return a warning if the tool has fewer people than an item needs opinions."""
    place = Place(
        folder=folder / "tool",
        base=base,
        seed=config.seed,
        clock=SystemClock(),
        secrets=LocalSecrets(),
        item_ids=lambda: pool.ids,
    )
    try:
        checking.check_people(config, config.backend.open(place).traits)
    except ConfigurationError as error:
        return [str(error)]
    return []


def _objects(config: CampaignConfig) -> list[str]:
    """Return a warning if the money follows from how many objects there are, which nobody knows."""
    units = {person.pay.unit for person in config.people if person.pay is not None}
    if not config.labels.is_drawn or not units & {"object", "hour"}:
        return []
    one, ten = (expected_seconds(config.labels.task, many) for many in (1, 10))
    work = f"about {one:.0f} s of work; a picture of ten takes about {ten:.0f} s"
    return [f"money: forecast for one object a picture, {work}, and nobody has counted them"]


def _secrets(config: CampaignConfig) -> list[str]:
    uri = config.tracking.uri
    if uri is None or isinstance(uri, str):
        return []
    try:
        LocalSecrets().resolve(uri)
    except BlockedError as error:
        return [f"tracking.uri: {error}"]
    return []

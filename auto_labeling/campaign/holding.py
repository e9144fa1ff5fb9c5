"""Buying stops while people disagree too much: then the guide is wrong, not the people."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from auto_labeling.campaign import mends
from auto_labeling.campaign.agreement_account import on_slice
from auto_labeling.campaign.context import Campaign
from auto_labeling.campaign.transition import tell
from auto_labeling.errors import BlockedError
from auto_labeling.quality.confused_pairs import ConfusedPair
from auto_labeling.quality.vote_agreement import VoteAgreement

_PAIRS = 3
_EXAMPLES = 5


def expect_agreement(campaign: Campaign, number: int, sync: Callable[[Campaign], int]) -> None:
    """Raise `BlockedError` while people disagree too much for anything more to be bought.

    `sync` takes in what people did, because answers that they have mended in the tool count, and so
    do those that come late. The hold is noted once; the first amendment after it mends it.
    """
    plan = campaign.config.quality.agreement
    if plan is None or plan.hold_if is None or _too_low(campaign) is None:
        return
    sync(campaign)
    found = _too_low(campaign)
    if found is None:
        return
    _note(campaign, number, found)
    limit = plan.hold_if.alpha_upper_below
    raise BlockedError(
        f"people agree too little on the blind slice: alpha {found.alpha.value:.2f} "
        f"({found.alpha.low:.2f} to {found.alpha.high:.2f}) over {found.items} items, expected an "
        f"upper limit of {limit:.2f} or more; {_discussed(found)}",
        remedy=(
            "Mend the guide, discuss these items with the people, then say so with `auto-label "
            'amend --why "..."`: agreement then counts the answers given since'
        ),
    )


def _too_low(campaign: Campaign) -> VoteAgreement | None:
    """Return how far people agree if that is too little to go on."""
    plan = campaign.config.quality.agreement
    hold = None if plan is None else plan.hold_if
    if hold is None:
        return None
    with campaign.ledger.read() as connection:
        found = on_slice(connection, campaign.campaign_id, campaign.config)
    # An alpha that is undefined holds nothing: everybody says the same.
    low = found.items >= hold.after and found.alpha.high < hold.alpha_upper_below
    return found if low else None


def _note(campaign: Campaign, number: int, found: VoteAgreement) -> None:
    name, now = campaign.campaign_id, campaign.clock.now()
    alpha = found.alpha
    with campaign.ledger.write(campaign.fence) as connection:
        if not mends.is_held(connection, name):
            figures = {"alpha": alpha.value, "low": alpha.low, "high": alpha.high}
            tell(connection, name, mends.HELD, now, round=number, items=found.items, **figures)


def _discussed(found: VoteAgreement) -> str:
    """Return what people differ about most, and where: items in turn from the foremost pairs.

    At most five items, each once.
    """
    pairs = found.confused[:_PAIRS]
    in_turn = itertools.chain.from_iterable(itertools.zip_longest(*(one.items for one in pairs)))
    examples = list(dict.fromkeys(item for item in in_turn if item is not None))[:_EXAMPLES]
    differ = ", ".join(map(_in_words, pairs))
    return f"they differ most about {differ}; items to discuss: {', '.join(examples)}"


def _in_words(pair: ConfusedPair) -> str:
    count = len(pair.items)
    items = f"{count} item{'' if count == 1 else 's'}"
    if pair.other is None:
        return f"whether it is {pair.one} ({items})"
    return f"{pair.one} and {pair.other} ({items})"

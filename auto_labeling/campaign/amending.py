"""How an agreed configuration changes: never silently, and never what a campaign is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select, update

from auto_labeling import config as config_room
from auto_labeling.campaign import budget, checking, creation, mends
from auto_labeling.campaign.ledger import Fence, Ledger
from auto_labeling.campaign.pseudonyms import concealed
from auto_labeling.campaign.schema import campaigns, configurations, people
from auto_labeling.campaign.transition import tell
from auto_labeling.config import CampaignConfig
from auto_labeling.errors import AmendmentRequired, BudgetExceeded, ConfigurationError
from auto_labeling.ports import Clock
from auto_labeling.records import CampaignId


def stored(connection: Connection, campaign: CampaignId) -> tuple[int, dict[str, Any]]:
    """Return the version and the content of the configuration that holds now."""
    row = connection.execute(
        select(configurations.c.version, configurations.c.body)
        .where(configurations.c.campaign == campaign)
        .order_by(configurations.c.version.desc())
    ).first()
    if row is None:
        raise ConfigurationError(f"campaign {campaign}: the ledger knows no such campaign")
    return row.version, row.body


def expect_unchanged(
    connection: Connection,
    campaign: CampaignId,
    raw: Mapping[str, Any],
    path: Path,
    pseudonym: Callable[[str], str],
) -> None:
    """Raise `AmendmentRequired`, with the difference, if the file is not what was agreed on."""
    _, before = stored(connection, campaign)
    raw = concealed(raw, pseudonym)
    if config_room.digest(before) != config_room.digest(raw):
        raise AmendmentRequired(
            f"{path}: the file has changed since the campaign {campaign} was started:\n"
            f"{config_room.difference(before, raw)}\n"
            f"`auto-label amend {path} --why ...` takes the change over, or undo it"
        )


def amend(
    ledger: Ledger,
    *,
    fence: Fence,
    raw: Mapping[str, Any],
    who: str,
    why: str,
    clock: Clock,
    pseudonym: Callable[[str], str],
) -> str | None:
    """Take a changed configuration over and return the difference; None where there is none.

    A campaign that is held because people disagree takes an unchanged one over as well, for what
    somebody has to say then is that the guide was mended; the difference is empty.

    Raises `ConfigurationError` for a change of what a campaign is about, and `BudgetExceeded` for a
    cap below what is given or asked for already; `in_the_way` says what withdrawing would help.
    """
    campaign, config = fence.campaign, config_room.parse(raw)
    checking.check(config)
    with ledger.read() as connection:
        base = connection.scalar(select(campaigns.c.base).where(campaigns.c.campaign == campaign))
    checking.check_files(config, Path(base or "."))
    raw = concealed(raw, pseudonym)
    with ledger.write(fence) as connection:
        version, before = stored(connection, campaign)
        fixed = config_room.fixed_keys_changed(before, raw)
        if fixed:
            raise ConfigurationError(
                f"{', '.join(fixed)}: a running campaign cannot change that; start a new one that "
                "takes this one's data set as `labeled`"
            )
        _expect_same_gold(config_room.parse(before), config)
        unchanged = config_room.digest(before) == config_room.digest(raw)
        if unchanged and not mends.is_held(connection, campaign):
            return None
        now = clock.now()
        creation.write_configuration(connection, campaign, version + 1, raw, now, who=who, why=why)
        caps = creation.caps_of(config, budget.account(connection, campaign))
        budget.amend(connection, campaign, at=now, **caps)
        connection.execute(
            update(people).where(people.c.campaign == campaign).values(retired_at=now)
        )
        creation.write_people(connection, campaign, config, pseudonym)
        tell(connection, campaign, "amended", now, who=who, why=why)
    return config_room.difference(before, raw)


def in_the_way(config: CampaignConfig, now: budget.Account) -> int:
    """Return how many open answers have to be withdrawn before the caps of `config` can hold.

    All of them, or 0 where the caps hold what is open as well. Raises `BudgetExceeded` where they
    are below what is given already.
    """
    caps = creation.caps_of(config, now)
    answers = caps["cap_answers"] - now.committed_answers
    money = caps["cap_micros"] - now.committed_micros
    if min(answers, money, caps["contingency_micros"] - now.contingency_used_micros) < 0:
        raise BudgetExceeded(
            f"{now.committed_answers} answers are given, above the new cap of "
            f"{caps['cap_answers']} answers or its money; choose a higher cap"
        )
    fits = now.reserved_answers <= answers and now.reserved_micros <= money
    return 0 if fits else now.reserved_answers


def _expect_same_gold(before: CampaignConfig, after: CampaignConfig) -> None:
    """Raise `ConfigurationError` where other items are to be gold; how many a batch has may change.

    An item may have been learned from by now, and then it measures nobody.
    """
    one, other = (
        None if config.quality.gold is None else replace(config.quality.gold, share="0%")
        for config in (before, after)
    )
    if one != other:
        raise ConfigurationError(
            "quality.gold: what is gold is chosen when a campaign begins; only its share of a "
            "batch can be changed"
        )

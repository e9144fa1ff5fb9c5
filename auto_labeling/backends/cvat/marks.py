"""Our mark on a task is its name: whose it is, how far it has come, its key, and its frames."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from auto_labeling.records import CampaignId


class Stage(StrEnum):
    """How far a task has come, in the words that stand in its name."""

    MAKING = "being made"
    MADE = ""
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What the name of a task of ours says.

    >>> Mark(campaign="cells-0badcafe", key="5" * 32, table="7" * 16).name
    'cells-0badcafe 55555555555555555555555555555555 7777777777777777'
    """

    campaign: CampaignId
    key: str
    table: str
    """The digest of what its frames are; see `frames`."""
    stage: Stage = Stage.MADE

    @property
    def name(self) -> str:
        """The name of a task."""
        return " ".join(filter(None, (self.campaign, self.stage, self.key, self.table)))


FOR_A_RULING = " (adjudication)"
"""What people read behind the name of a task whose votes did not decide."""


def mark_in(name: str, campaign: CampaignId) -> Mark | None:
    """Return what a name says, or None where the task is not of this campaign.

    Who leads the project may note something behind or before it.

    >>> mark_in("cells-0badcafe withdrawn " + "5" * 32 + " " + "7" * 16, "cells-0badcafe").stage
    <Stage.WITHDRAWN: 'withdrawn'>
    >>> mark_in("cells-0badcafe " + "5" * 32 + " " + "7" * 16 + " (urgent)", "cells-0badcafe").key
    '55555555555555555555555555555555'
    >>> mark_in("cells-0badcafe, first batch", "cells-0badcafe")
    """
    found = _NAME.search(name)
    if found is None or found["campaign"] != campaign:
        return None
    return Mark(
        campaign=campaign, key=found["key"], table=found["table"], stage=Stage(found["stage"] or "")
    )


_NAME = re.compile(
    rf"(?<!\S)(?P<campaign>\S+)( (?P<stage>{Stage.MAKING}|{Stage.WITHDRAWN}))?"
    r" (?P<key>[0-9a-f]{32}) (?P<table>[0-9a-f]{16})(?!\w)"
)

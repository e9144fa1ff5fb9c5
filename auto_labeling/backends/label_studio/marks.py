"""Our marks on a task of the server: its key, further opinions on it, and that it was withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auto_labeling.backends.label_studio.client import Row
from auto_labeling.errors import DataError
from auto_labeling.formats.codec import KEY, OPINIONS, marks_in
from auto_labeling.records import CampaignId

CAMPAIGN = "al_campaign"
"""Whose task it is: an adopted project may hold several campaigns."""
WITHDRAWN = "al_withdrawn"
"""Where the key of a withdrawn task stands: by `al_key` it is not found any more."""
RULERS = "al_adjudicators"
"""Who is asked to rule on a task: the votes on it do not decide."""
MORE = "al_more"
"""The keys of uploads that asked for more opinions on a task, each with their number."""


def is_of(task: Row, campaign: CampaignId | None) -> bool:
    """Return whether a task that carries our marks is of this campaign, as far as it says."""
    return campaign is None or task["data"].get(CAMPAIGN, campaign) == campaign


def marked(task: Row) -> bool:
    """Return whether a task is ours; a withdrawn one gets its key back in this record of it."""
    data = task.get("data") or {}
    if WITHDRAWN in data:
        data[KEY] = data[WITHDRAWN]
    try:
        marks_in(data)
    except DataError:
        return False
    return True


def retired(data: Mapping[str, Any]) -> Row:
    """Return the data of a task that is withdrawn."""
    return {name: value for name, value in data.items() if name != KEY} | {WITHDRAWN: data[KEY]}


def restored(data: Mapping[str, Any]) -> Row:
    """Return the data of a task that is no longer withdrawn."""
    return {name: value for name, value in data.items() if name != WITHDRAWN} | {
        KEY: data.get(WITHDRAWN) or data[KEY]
    }


def more(data: Mapping[str, Any]) -> dict[str, int]:
    """Return key -> opinions of the uploads that joined a task.

    >>> more({"al_more": "0badcafe:1 deadbeef:2"})
    {'0badcafe': 1, 'deadbeef': 2}
    """
    pairs = (pair.split(":") for pair in str(data.get(MORE) or "").split())
    return {key: int(opinions) for key, opinions in pairs}


def with_more(data: Mapping[str, Any], joined: Mapping[str, int]) -> Row:
    """Return the data of a task that these uploads have joined.

    >>> with_more({"al_key": "k"}, {"0badcafe": 1})
    {'al_key': 'k', 'al_more': '0badcafe:1'}
    """
    return {**data, MORE: " ".join(f"{key}:{opinions}" for key, opinions in joined.items())}


def first_opinions(data: Mapping[str, Any]) -> int:
    """Return how many opinions a task was made for."""
    return int(data.get(OPINIONS) or 1)

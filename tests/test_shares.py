"""A share is said the same way under every key."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from auto_labeling import config
from auto_labeling.errors import ConfigurationError
from auto_labeling.shares import share
from tests.support.campaigns import merged, template

KEYS: tuple[dict[str, Any], ...] = (
    {"budget": {"contingency": "?"}},
    {"wait": {"enough": "?"}},
    {"preannotate": {"blind": "?"}},
    {"semi_supervised": {"audit": "?"}},
    {"semi_supervised": {"precision": "?"}},
    {"quality": {"gold": {"count": 5, "share": "?"}}},
    {"quality": {"adjudicators": ["a"], "reserve": "?"}},
    {"quality": {"agreement": {"slice": 9, "share": "?"}}},
)


@pytest.mark.parametrize(
    ("given", "exact"),
    [("5%", Fraction(1, 20)), (" 2.5 %", Fraction(1, 40)), (0.1, Fraction(1, 10)), (1, 1), (0, 0)],
)
def test_what_is_said_is_exact(given: Any, exact: Fraction) -> None:
    assert share("here", given) == exact


@pytest.mark.parametrize("given", ["five", "101%", "-1%", 5, -0.1, float("nan"), ""])
def test_what_is_no_share_is_refused(given: Any) -> None:
    with pytest.raises(
        ConfigurationError, match=r"^here: expected a share such as 5% or \.05, got"
    ):
        share("here", given)


def _with(key: dict[str, Any], given: object) -> dict[str, Any]:
    return {
        name: _with(value, given) if isinstance(value, dict) else given if value == "?" else value
        for name, value in key.items()
    }


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_every_key_takes_both_and_refuses_what_is_none(key: dict[str, Any]) -> None:
    people = {
        "people": [
            {"user": "a", "pay": {"answer": "0.05"}},
            {"user": "b", "pay": {"answer": "0.05"}},
        ]
    }
    raw = merged(template(), people)
    for given in ("25%", 0.25):
        assert config.parse(merged(raw, _with(key, given))).name == "tiny"
    with pytest.raises(ConfigurationError, match="expected a share such as 5%"):
        config.parse(merged(raw, _with(key, "a bit")))


@pytest.mark.parametrize(
    "key",
    [{"budget": {"contingency": "100%"}}, {"quality": {"adjudicators": ["a"], "reserve": 1}}],
    ids=str,
)
def test_what_would_leave_nothing_is_refused(key: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="expected less than 100%"):
        config.parse(merged(template(), key))

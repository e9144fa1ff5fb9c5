"""What the screen and the report say of labels that nobody gave."""

from __future__ import annotations

import math
from typing import Any

import pytest

from auto_labeling.campaign.pseudo_account import PseudoAccount
from auto_labeling.campaign.pseudo_labels import PseudoRound
from auto_labeling.records import Interval
from auto_labeling.reporting.markdown import campaign_markdown
from auto_labeling.reporting.pseudo_labels import section_of, sentence, summary
from tests.reporting.statements import statement

BORNE_OUT = Interval(value=0.95, low=0.76, high=0.99, n=21)


def line(number: int, **changes: Any) -> PseudoRound:
    whole: dict[str, Any] = {
        "round": number, "version": 1, "used": True, "stopped": False, "reason": "",
        "proposed": 300, "taken": 300, "confidence": 0.9, "weight": 0.45, "with_them": 0.91,
        "without_them": 0.88, "people_sha256": "ab", "digest": "cd", "manifest": "ef",
    }  # fmt: skip
    return PseudoRound(**(whole | changes))


def account(**changes: Any) -> PseudoAccount:
    whole: dict[str, Any] = {
        "in_use": True, "off_since": None, "reason": "", "audited": 21, "precision": BORNE_OUT,
        "asked": 0.8, "claimed": 0.9, "rounds": [line(1), line(2)],
    }  # fmt: skip
    return PseudoAccount(**(whole | changes))


OFF = account(
    in_use=False,
    off_since=2,
    reason="people agree with 3 of 10",
    rounds=[
        line(1),
        line(2, used=False, stopped=True, taken=0, weight=None, reason="people agree with 3 of 10"),
    ],
)
UNTRIED = account(
    in_use=False, audited=0, precision=Interval.unknown(), claimed=math.nan, rounds=[],
    reason="no model has been trained with them yet",
)  # fmt: skip


def test_while_they_are_in_use_it_says_how_many_how_heavy_and_how_right() -> None:
    assert sentence(account()) == (
        "The newest model learned from 300 pseudo-labels beside people's labels, each weighing "
        "0.45 of one. People labeled 21 of them, drawn by lot, without seeing them, and agree with "
        "95.0% (76.0 to 99.0%). 90.0% was claimed, of which 80.0% is asked for."
    )
    assert summary(account()) == (
        "on, 300 taken; precision 95.0% (76.0 to 99.0%) on 21 audited items"
    )


def test_once_they_are_off_it_says_since_when_and_why() -> None:
    assert sentence(OFF).startswith(
        "Pseudo-labels are off for good since round 2: people agree with 3 of 10."
    )
    assert summary(OFF).startswith("off since round 2; precision")
    assert summary(OFF).endswith("people agree with 3 of 10")


def test_before_the_first_model_nothing_is_known_and_no_figure_is_shown() -> None:
    said = sentence(UNTRIED)
    assert "unknown" not in said
    assert "nan" not in said
    assert "None has been audited" in said
    assert summary(UNTRIED) == "not in use; none audited; no model has been trained with them yet"
    section = section_of(UNTRIED)
    assert section is not None
    assert section.table is None


@pytest.mark.parametrize("found", [account(), OFF])
def test_every_round_has_a_row(found: PseudoAccount) -> None:
    section = section_of(found)
    assert section is not None
    assert section.table is not None
    assert [row[0] for row in section.table.rows] == ["1", "2"]
    assert all(len(row) == len(section.table.columns) for row in section.table.rows)
    assert ("off" in section.table.rows[1]) == (found is OFF)


def test_the_markdown_has_a_line_only_where_they_were_wanted() -> None:
    assert "Pseudo-labels" not in campaign_markdown(statement())
    assert "| Pseudo-labels | 300 |" in campaign_markdown(statement(pseudo_labels=account()))
    assert "| Pseudo-labels | 0 |" in campaign_markdown(statement(pseudo_labels=OFF))

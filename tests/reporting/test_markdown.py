"""The short forms: figures as plain values, and no word of others taken for markup."""

from __future__ import annotations

import json

from auto_labeling.campaign.rounds import CampaignState, RoundState
from auto_labeling.records import Interval
from auto_labeling.reporting.markdown import budget_table, campaign_markdown, rounds_table
from tests.reporting.statements import (
    account,
    blocked,
    digest,
    drawn,
    full,
    point,
    statement,
    suggestion_line,
    waiting,
)


def test_the_text_names_the_state_the_figures_and_the_next_thing() -> None:
    lines = campaign_markdown(full()).splitlines()
    assert lines[0] == "# digits: Target reached"
    assert "| Items labeled | 300 | of 1,347 in the pool |" in lines
    assert "| Answers given | 888 | 885 paid of 1,200 |" in lines
    assert "| Cost | $44.65 | of $60.00 |" in lines
    assert "| Rounds | 15 | |" in lines
    assert "| Left out | 3 | |" in lines
    assert f"| Data set | {digest(115)} | |" in lines
    assert lines[-3].startswith("- `auto-label export` writes the data set")


def test_suggestions_and_objects_have_a_row_where_there_are_some() -> None:
    lines = campaign_markdown(drawn(suggestion_line())).splitlines()
    assert "| Objects | 1,500 | cat 1,200, dog 300 |" in lines
    [row] = [line for line in lines if line.startswith("| Suggestions | 90 | Suggestions saved")]
    assert row.endswith("Nothing shows that people are led by them. |")
    assert any(line.startswith("| mAP at IoU .5 |") for line in lines)


def test_commands_in_a_remedy_stay_code() -> None:
    assert "- Renew the token in LABEL\\_STUDIO\\_TOKEN, then run `auto-label doctor`." in (
        campaign_markdown(blocked())
    )


def test_what_others_wrote_is_no_markup() -> None:
    state = CampaignState(round=1, state=RoundState.SENT, blocked_reason="<b>|\n# no`thing")
    text = campaign_markdown(statement(name="a|b<img>\n# c", state=state))
    assert text.splitlines()[0] == "# a\\|b\\<img\\> \\# c: Blocked"
    assert "Round 1 is blocked: \\<b\\>\\| \\# no\\`thing." in text
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        text.splitlines()[0],
        "## Next",
    ]


def test_rounds_are_plain_values() -> None:
    unknown = point(2, interval=Interval.unknown())
    rows = rounds_table(waiting(curve=[point(1), unknown]))
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    assert [row["round"] for row in rows] == [1, 2, 3, 4]
    assert rows[0] == {
        "round": 1, "state": "evaluated", "asked": 60, "answered": 59, "skipped": 1,
        "paid": "$2.95", "items labeled": 20,
        "accuracy": point(1).interval.value,
        "accuracy low": point(1).interval.low,
        "accuracy high": point(1).interval.high,
        "data set": digest(101), "model": digest(201),
    }  # fmt: skip
    assert rows[1]["accuracy"] is None
    assert rows[3]["accuracy"] is None
    assert rows[3]["items labeled"] is None
    assert len({tuple(row) for row in rows}) == 1


def test_the_budget_is_told_as_people_write_it() -> None:
    assert budget_table(waiting()) == [
        {"budget": "answers", "cap": "1,200", "committed": "214", "reserved": "23", "free": "963"},
        {"budget": "money", "cap": "$57.00", "committed": "$10.70", "reserved": "$1.15",
         "free": "$45.15"},
        {"budget": "contingency", "cap": "$3.00", "committed": "$0.00", "reserved": "—",
         "free": "$3.00"},
    ]  # fmt: skip


def test_a_cap_of_zero_has_no_row() -> None:
    rows = budget_table(statement(budget=account(cap_micros=0, contingency_micros=0)))
    assert [row["budget"] for row in rows] == ["answers"]

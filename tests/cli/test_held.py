"""A campaign whose people disagree: held, with an exit code of its own, until somebody mends it."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Desk

pytestmark = pytest.mark.slow


def test_a_campaign_is_held_and_goes_on_once_it_is_amended(desk: Desk) -> None:
    hold = {"alpha_upper_below": 0.9, "after": 6}
    config = desk.write(
        pool={"heldout": "heldout.csv"},
        backend={"annotators": [0.34, 0.34, 0.34, 0.34]},
        quality={"agreement": {"slice": 12, "share": "99%", "hold_if": hold}},
        stop={"max_rounds": 2},
    )
    assert desk.type("run", config, "--plain") == 6
    assert desk.type("run", config, "--plain") == 6
    assert desk.type("tick", "tiny", "--plain") == 6
    told = desk.json("status", "tiny")["blocked"]
    assert told["reason"].startswith("people agree too little on the blind slice: alpha ")
    assert "auto-label amend" in told["remedy"]
    why = ["--why", "bees have stripes"]
    assert desk.json("amend", config, *why, "--dry-run")["amended"] is False
    assert desk.type("run", config, "--plain") == 6, "a dry run mends nothing"
    found = desk.json("amend", config, *why)
    assert (found["difference"], found["amended"]) == ("", True)
    assert desk.json("amend", config, *why)["amended"] is False
    assert desk.type("run", config, "--plain", "--max-rounds", "1") in (0, 6)
    assert desk.json("status", "tiny")["round"] == 2

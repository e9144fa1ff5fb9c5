"""What an amendment does to what is open in the tool."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Desk
from tests.cli.test_tick import NOBODY, PRODIGY, answer

WHY = ("--why", "the money is needed elsewhere")


def test_caps_below_what_is_open_withdraw_it_first(desk: Desk) -> None:
    backend = PRODIGY | NOBODY
    assert desk.type("run", desk.write(backend=backend), "--plain", "--no-wait") == 4
    answer("first", "ant", 1_795_000_000, first=4)
    assert desk.type("tick", "tiny", "--plain") == 4
    desk.write(backend=backend, budget={"answers": 3})
    for words in (WHY, (*WHY, "--dry-run")):
        assert desk.type("amend", "campaign.yaml", *words) == 2
        assert "4 answers are given, above the new cap of 3" in desk.err.replace("\n", " ")
    assert desk.json("status", "tiny")["open_answers"] == 2, "and nothing was withdrawn"
    desk.write(backend=backend, budget={"answers": 4})
    assert desk.json("amend", "campaign.yaml", *WHY, "--dry-run")["withdrawn"] == 2
    assert desk.json("status", "tiny")["open_answers"] == 2
    made = desk.json("amend", "campaign.yaml", *WHY)
    assert (made["amended"], made["withdrawn"]) == (True, 2)
    assert len(list(Path("handover/withdrawn").iterdir())) == 1
    assert desk.json("tick", "tiny", "--plain")[0]["stop"]["kind"] == "budget"

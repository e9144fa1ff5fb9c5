"""What is kept for rulings, nothing else may use; and rulings may use everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from auto_labeling.campaign import budget
from auto_labeling.campaign.budget import Kept
from auto_labeling.campaign.ledger import Ledger
from auto_labeling.campaign.schema import asks
from auto_labeling.errors import BudgetExceeded
from tests.support.campaigns import drive, ledger_of, tiny
from tests.support.examination import examined

HOLDING = ("reserved", "sent", "expired", "answered")

RULERS = {"overlap": 2, "max_overlap": 2, "adjudicators": ["annotator-4"], "reserve": "20%"}
CREW = [
    *({"user": f"annotator-{number}"} for number in (1, 2, 3)),
    {"user": "annotator-4", "role": "adjudicator"},
]


def test_an_ask_is_reserved_exactly_where_it_leaves_what_is_kept(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "ledger.db")
    rng = np.random.default_rng(3)
    cap_answers, cap_micros = 400, 9_000_000
    taken = refused = 0
    with ledger.write() as connection:
        budget.open_account(
            connection, "c", currency="USD", cap_answers=cap_answers, cap_micros=cap_micros
        )
        answers = micros = 0
        for at in range(400):
            prices = [int(one) for one in rng.integers(0, 60_000, size=rng.integers(1, 6))]
            kept = Kept(answers=int(rng.integers(0, 300)), micros=int(rng.integers(0, 8_000_000)))
            fits = (
                answers + len(prices) + kept.answers <= cap_answers
                and micros + sum(prices) + kept.micros <= cap_micros
            )
            assert budget.fitting(connection, "c", [prices], kept) == fits
            wanted = [(f"{at}-{number}", price) for number, price in enumerate(prices)]
            if fits:
                budget.reserve(connection, "c", wanted, at, kept)
                answers, micros, taken = answers + len(prices), micros + sum(prices), taken + 1
            else:
                with pytest.raises(BudgetExceeded):
                    budget.reserve(connection, "c", wanted, at, kept)
                refused += 1
            now = budget.account(connection, "c")
            assert (now.reserved_answers, now.reserved_micros) == (answers, micros)
    ledger.close()
    assert min(taken, refused) > 50


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_only_rulings_touch_the_reserve(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "ws"
    tool: dict[str, Any] = {"annotators": [0.5, 0.6, 0.6, 1.0], "queues": True, "skip": 0.15}
    campaign = tiny(
        path,
        people=CREW,
        quality=RULERS,
        backend=tool | {"late": 0.2},
        wait={"after": "30h", "rest": ("release", "reissue")[seed % 2]},
        budget={"answers": 40, "money": "2.00"},
        stop={"max_rounds": 9},
        seed=seed,
    )
    state = drive(path, campaign)
    assert state.stop_kind == "budget"
    account = examined(path, campaign)
    with ledger_of(path) as ledger, ledger.read() as connection:
        held = connection.scalars(select(asks.c.purpose).where(asks.c.state.in_(HOLDING))).all()
    rulings = held.count("adjudicate")
    assert rulings
    assert len(held) - rulings <= 40 - 8, "a fifth of 40 answers is kept"
    assert len(held) == account.budget.committed_answers + account.budget.reserved_answers

"""What suggestions save whole campaigns, and how often a picture is looked at for it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from auto_labeling import models
from auto_labeling.campaign import predictions, reviewing
from auto_labeling.campaign.schema import answers, suggested
from tests.serving.spots import Spot, write_spots
from tests.support.apprentice import Apprentice, Apprenticeship, begun
from tests.support.campaigns import drive, ledger_of

pytestmark = pytest.mark.slow

Spots = Mapping[Path, Sequence[Spot]]
LONG = {
    "stop": {"max_rounds": 8},
    "budget": {"answers": 90, "money": "9.00"},
    "strategy": {"batch": 10},
}


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(models.TABLE, "apprentice", Apprenticeship)
    monkeypatch.setattr(Apprentice, "asked", [])


@pytest.fixture(scope="module")
def spots(tmp_path_factory: pytest.TempPathFactory) -> Spots:
    return write_spots(tmp_path_factory.mktemp("spots") / "pictures", 96)


@dataclass(frozen=True)
class Spent:
    """What a campaign took people, and how many pictures of it were shown with suggestions."""

    seconds: float
    shown: int
    blind: int


def spent(path: Path, spots: Spots, clumsy: float, **keys: Any) -> Spent:
    campaign = begun(path, spots, model={"clumsy": clumsy}, **LONG, **keys)
    drive(path, campaign)
    with ledger_of(path) as ledger, ledger.read() as connection:
        # Exact: which answer comes first is random, and the last digit of a plain sum with it.
        seconds = math.fsum(one or 0.0 for one in connection.scalars(select(answers.c.seconds)))
        rows = connection.execute(select(suggested)).all()
        pairs = reviewing.pairs(connection, campaign)
    assert {row.item for row in rows if row.blind} <= {pair.item for pair in pairs}
    return Spent(
        seconds=seconds,
        shown=sum(row.value is not None and not row.blind for row in rows),
        blind=sum(row.blind for row in rows),
    )


@pytest.mark.parametrize(("clumsy", "at_most"), [(0.5, 0.8), (3.0, 1.05), (30.0, 1.0)])
def test_suggestions_cost_little_where_the_model_is_bad_and_save_much_where_it_is_good(
    tmp_path: Path, spots: Spots, clumsy: float, at_most: float
) -> None:
    alone = spent(tmp_path / "alone", spots, clumsy)
    helped = spent(tmp_path / "helped", spots, clumsy, preannotate={"blind": "20%"})
    assert alone.shown == alone.blind == 0
    assert helped.seconds <= at_most * alone.seconds
    assert helped.blind > 3
    assert (helped.shown > 10) == (clumsy < 30)


def test_a_random_campaign_looks_at_no_more_of_the_pool_than_it_compares(
    tmp_path: Path, spots: Spots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auto_labeling.campaign.steps.learning.COMPARED", 8)
    drive(tmp_path / "ws", begun(tmp_path / "ws", spots))
    asked = Counter(path for _, path in Apprentice.asked)
    assert len(asked) < len(spots) / 4


def test_what_is_compared_of_a_model_is_looked_at_once(tmp_path: Path, spots: Spots) -> None:
    doubt = {"kind": "top_k", "scorer": {"kind": "objects"}}
    drive(tmp_path / "ws", begun(tmp_path / "ws", spots, strategy=doubt))
    often = Counter(Apprentice.asked)
    assert max(often.values()) <= 3  # compared, scored, and judged by
    assert sum(often.values()) < 6 * len(spots)


class FallenError(Exception):
    """The process is no more."""


def test_after_a_fall_no_more_than_one_shard_is_looked_at_again(
    tmp_path: Path, spots: Spots, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "PICTURES", 8)
    doubt = {"kind": "top_k", "scorer": {"kind": "objects"}}
    drive(tmp_path / "calm", begun(tmp_path / "calm", spots, strategy=doubt))
    calm = Counter(Apprentice.asked)
    Apprentice.asked.clear()
    campaign, falls = begun(tmp_path / "ws", spots, strategy=doubt), 0
    look = Apprentice._one
    for after in range(20, sum(calm.values()), 37):

        def falling(self: Apprentice, path: Path, mirrored: bool, after: int = after) -> Any:
            if len(self.asked) >= after:
                raise FallenError
            return look(self, path, mirrored)

        monkeypatch.setattr(Apprentice, "_one", falling)
        with pytest.raises(FallenError):
            drive(tmp_path / "ws", campaign)
        falls += 1
    monkeypatch.setattr(Apprentice, "_one", look)
    assert drive(tmp_path / "ws", campaign).stop_kind == "rule"
    struck = Counter(Apprentice.asked)
    assert falls > 5
    assert set(struck) == set(calm)
    assert sum((struck - calm).values()) <= falls * 8

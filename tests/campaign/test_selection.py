"""Every strategy of the table can be written into a campaign file, or says why not."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from auto_labeling import assemble, models
from auto_labeling.campaign.schema import items, picks
from auto_labeling.errors import ConfigurationError
from auto_labeling.records import Purpose, Side
from auto_labeling.strategies import SCORERS, TABLE
from auto_labeling.workspace import Workspace
from tests.serving.spots import write_spots
from tests.support.apprentice import Apprenticeship, begun
from tests.support.campaigns import drive, ledger_of, tiny, tiny_sets
from tests.support.examination import examined

COMMITTEE = {"kind": "committee", "of": {"kind": "naive_bayes"}, "members": 3}
GIVEN: dict[str, Any] = {
    "scorer": "margin",
    "strategy": {"kind": "top_k", "scorer": {"kind": "margin"}},
}
"""What fields without a default are filled with."""
SPECIAL: dict[str, dict[str, Any]] = {
    "at_most": {"count": 2},
    "like_labeled": {"classes": [0]},
    "like_points": {"points": [[0.0, 0.0, 0.0, 1.0]]},
    "mentions": {"columns": [0]},
}
"""Further keys of kinds that cannot do without."""
ITEMS_OF_SEVERAL_LABELS = {kind for kind in SCORERS if kind.startswith("multi_label")}
DRAWINGS = {"count_entropy", "mirror_disagreement", "objects"}


def written(kind: str, table: dict[str, type]) -> dict[str, Any]:
    """Return what a campaign file says to have this kind."""
    needed = {
        one.name: GIVEN[one.name]
        for one in fields(table[kind])
        if one.init
        and one.default is MISSING
        and one.default_factory is MISSING
        and one.name in GIVEN
    }
    return {"kind": kind} | needed | SPECIAL.get(kind, {})


def labeled(path: Path, strategy: dict[str, Any]) -> int:
    """Run a campaign of two rounds with a strategy, and return how many items it labeled."""
    strategy = {"scorer": None, "batch": 4, **strategy}
    campaign = tiny(path, strategy=strategy, model=COMMITTEE, stop={"max_rounds": 2})
    drive(path, campaign)
    examined(path, campaign)
    return assemble.account_of(Workspace.of(path), campaign).items["labeled"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", TABLE)
def test_a_campaign_runs_with_every_strategy(tmp_path: Path, kind: str) -> None:
    assert labeled(tmp_path / "ws", written(kind, TABLE)) == 8


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(SCORERS.keys() - ITEMS_OF_SEVERAL_LABELS - DRAWINGS))
def test_a_campaign_runs_with_every_scorer(tmp_path: Path, kind: str) -> None:
    scorer = written(kind, SCORERS)
    assert labeled(tmp_path / "ws", {"kind": "top_k", "scorer": scorer}) == 8


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(ITEMS_OF_SEVERAL_LABELS))
def test_a_campaign_of_label_sets_runs_with_every_scorer_of_theirs(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "ws"
    campaign = tiny_sets(path, strategy={"scorer": {"kind": kind}}, stop={"max_rounds": 2})
    drive(path, campaign)
    examined(path, campaign)
    assert assemble.account_of(Workspace.of(path), campaign).items["labeled"] == 12


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(DRAWINGS))
def test_a_campaign_of_drawings_runs_with_every_scorer_of_theirs(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(models.TABLE, "apprentice", Apprenticeship)
    path = tmp_path / "ws"
    strategy = {"kind": "top_k", "scorer": {"kind": kind}, "batch": 4}
    campaign = begun(path, write_spots(tmp_path / "pictures", 12), strategy=strategy)
    drive(path, campaign, max_rounds=2)
    examined(path, campaign)
    assert assemble.account_of(Workspace.of(path), campaign).items["labeled"] == 8


@pytest.mark.parametrize(
    ("strategy", "known"),
    [
        ({"kind": "seek", "scorer": {"kind": "margin"}, "cold_start": "random"}, True),
        ({"kind": "top_k", "scorer": {"kind": "margin"}, "cold_start": "random"}, False),
    ],
)
def test_known_chances_are_recorded_beside_the_picks(
    tmp_path: Path, strategy: dict[str, Any], known: bool
) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, strategy=strategy, stop={"max_rounds": 2})
    drive(path, campaign)
    with ledger_of(path) as ledger, ledger.read() as connection:
        rows = connection.execute(select(picks)).all()
        train = connection.scalar(
            select(func.count()).select_from(items).where(items.c.side == Side.TRAIN)
        )
    control = [row for row in rows if row.purpose == Purpose.CONTROL]
    assert control
    assert all(0 < row.chance <= 1 for row in control)
    first = [row.chance for row in rows if row.round == 1 and row.purpose == Purpose.TRAIN]
    assert len(set(first)) == 1
    assert first[0] == pytest.approx(len(first) / train)
    second = [row.chance for row in rows if row.round == 2 and row.purpose == Purpose.TRAIN]
    assert all((chance is not None) == known for chance in second)


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        ({"scorer": {"kind": "vote_entropy"}}, r"strategy: it reads 'posterior'.*kind: committee"),
        ({"scorer": {"kind": "multi_label_margin"}}, r"strategy: it reads 'marginals'.*several"),
        (
            {"cold_start": {"kind": "top_k", "scorer": {"kind": "margin"}}},
            r"strategy.cold_start: it reads 'proba'.*there is no model",
        ),
    ],
)
def test_what_cannot_be_computed_is_refused_at_the_beginning(
    tmp_path: Path, strategy: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        tiny(tmp_path / "ws", strategy=strategy)

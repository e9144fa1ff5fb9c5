"""Whole campaigns in every kind of weather: whatever happens, the account is right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from auto_labeling import assemble
from auto_labeling.campaign.projection import projection
from auto_labeling.campaign.statement import Statement
from auto_labeling.workspace import Workspace
from tests.support.campaigns import drive, tiny
from tests.support.examination import examined

pytestmark = pytest.mark.slow

HELDOUT = {"kind": "arrays", "features": "pool.npy", "ids": "ids.npy", "heldout": "heldout.csv"}
RESTS = ("release", "reissue")
CHUNK = {"unit": "chunk", "chunk_size": 4}
SLOW = {"annotators": [{"name": name, "accuracy": 0.8, "seconds": 3600} for name in "abcd"]}
"""People who take so long that there is time to think again."""
WEATHER: dict[str, dict[str, Any]] = {
    "calm": {},
    "two opinions": {"quality": {"overlap": 2}},
    "three opinions": {"quality": {"overlap": 3}, "budget": {"answers": 90}},
    "chunks": {"backend": CHUNK},
    "chunks of two opinions": {"backend": CHUNK, "quality": {"overlap": 2}},
    "skips": {"backend": {"skip": 0.3}, "quality": {"overlap": 2}},
    "skips in chunks": {"backend": {"skip": 0.3, **CHUNK}, "quality": {"overlap": 2}},
    "edits": {"backend": {"edit": 0.6, **SLOW}, "quality": {"overlap": 2}},
    "late, released": {
        "backend": {"late": 0.4},
        "wait": {"after": "2h"},
        "quality": {"overlap": 2},
    },
    "late, reissued": {
        "backend": {"late": 0.4},
        "wait": {"after": "2h", "rest": "reissue"},
        "quality": {"overlap": 2},
    },
    "late chunks, released": {"backend": {"late": 0.4, **CHUNK}, "wait": {"after": "2h"}},
    "late chunks, reissued": {
        "backend": {"late": 0.4, **CHUNK},
        "wait": {"after": "2h", "rest": "reissue"},
    },
    "enough is enough": {
        "backend": {"late": 0.3},
        "wait": {"enough": "60%"},
        "quality": {"overlap": 2},
    },
    "outages": {"backend": {"outage": 0.1}},
    "told twice": {"backend": {"duplicate": 0.5, "edit": 0.3, **SLOW}, "quality": {"overlap": 2}},
    "unasked": {"backend": {"unasked": 0.5}},
    "abstentions": {
        "labels": {"abstain": ["cannot tell"]},
        "backend": {"abstain": 0.3},
        "quality": {"overlap": 2},
    },
    "held-out judges": {"pool": HELDOUT},
    "groups": {"pool": {"groups": "groups.npy"}},
    "a random arm": {"pool": HELDOUT, "baseline": "random"},
    "everything": {
        "backend": {
            "skip": 0.1,
            "edit": 0.3,
            "late": 0.2,
            "unasked": 0.2,
            "duplicate": 0.3,
            "outage": 0.05,
        },
        "wait": {"after": "2h", "rest": "reissue"},
        "quality": {"overlap": 2},
        "budget": {"answers": 40},
        "stop": {"max_rounds": 4},
    },
    "everything in chunks": {
        "backend": {
            "skip": 0.1,
            "edit": 0.3,
            "late": 0.2,
            "unasked": 0.2,
            "duplicate": 0.3,
            "outage": 0.05,
            **CHUNK,
        },
        "wait": {"after": "2h"},
        "quality": {"overlap": 3},
        "stop": {"max_rounds": 4},
    },
}


def given_up(account: Statement) -> int:
    return account.asks.get("released", 0) + account.asks.get("expired", 0)


HAPPENED: dict[str, Callable[[Statement], object]] = {
    "three opinions": lambda account: account.rounds[0].asked >= 18,
    "skips": lambda account: account.answers["skipped"],
    "skips in chunks": lambda account: account.answers["skipped"],
    "edits": lambda account: account.answers["edited"],
    "late, released": given_up,
    "late, reissued": given_up,
    "late chunks, released": given_up,
    "late chunks, reissued": given_up,
    "enough is enough": given_up,
    "told twice": lambda account: account.answers["edited"],
    "unasked": lambda account: account.answers["unsolicited"],
    "abstentions": lambda account: account.answers["given"] > 2 * account.items["labeled"],
    "a random arm": lambda account: (
        {point.arm for point in account.curve} == {"campaign", "random"}
    ),
}
"""What shows that the weather was what its name says."""


@pytest.mark.parametrize("weather", WEATHER)
def test_a_campaign_ends_with_an_account_that_is_right(tmp_path: Path, weather: str) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, **WEATHER[weather])
    state = drive(path, campaign)
    assert state.stopped
    assert state.stop_kind in ("rule", "budget")
    account = examined(path, campaign, abstain=("cannot tell",))
    assert account.items["labeled"] > 0
    assert account.answers["given"] > 0
    assert account.curve
    assert HAPPENED.get(weather, bool)(account)


@pytest.mark.parametrize("weather", ["calm", "late, reissued", "everything"])
def test_the_same_seed_makes_the_same_campaign(tmp_path: Path, weather: str) -> None:
    found = []
    for name in ("one", "other"):
        path = tmp_path / name
        campaign = tiny(path, campaign_id="tiny-0badcafe", **WEATHER[weather])
        drive(path, campaign)
        ledger = assemble.open_ledger(Workspace.of(path))
        found.append(projection(ledger, campaign))
        ledger.close()
    assert found[0] == found[1]


def any_weather(seed: int) -> dict[str, Any]:
    """Return a campaign drawn from all that can be configured about people and waiting."""
    rng = np.random.default_rng(seed)

    def share(most: float) -> float:
        return float(rng.choice([0.0, rng.uniform(0, most)]))

    pace = float(rng.choice([3.5, 300, 3600]))
    people = [
        {"name": f"annotator-{at}", "accuracy": float(accuracy), "seconds": pace}
        for at, accuracy in enumerate(rng.uniform(0.4, 1.0, rng.integers(3, 6)))
    ]
    backend: dict[str, Any] = {
        "annotators": people,
        "skip": share(0.5),
        "edit": share(0.6),
        "late": share(0.5),
        "unasked": share(0.5),
        "abstain": share(0.4),
        "duplicate": share(0.6),
        "outage": share(0.15),
    }
    if rng.random() < 0.5:
        backend |= {"unit": "chunk", "chunk_size": int(rng.integers(1, 9))}
    wait = {"after": str(rng.choice(["10m", "2h", "3d"])), "rest": str(rng.choice(RESTS))}
    if rng.random() < 0.5:
        wait["enough"] = f"{rng.integers(30, 100)}%"
    pool = [{}, HELDOUT, {"groups": "groups.npy"}][rng.integers(3)]
    overlap = int(rng.integers(1, 4))
    paid = [{"user": "annotator-1", "pay": {"hour": "18.00"}}, {"user": "annotator-2"}]
    return {
        "points": int(rng.integers(25, 60)),
        "labels": {"abstain": ["cannot tell"]},
        "backend": backend,
        "wait": wait,
        "pool": pool,
        "quality": {"overlap": overlap, "max_overlap": overlap + int(rng.integers(0, 3))},
        "budget": {
            "answers": int(rng.integers(5, 90)),
            "money": f"{rng.uniform(0.3, 5):.2f}",
            "contingency": f"{rng.integers(0, 30)}%",
        },
        "people": paid if rng.random() < 0.5 else None,
        "strategy": {"batch": int(rng.integers(1, 12))},
        "stop": {"max_rounds": int(rng.integers(1, 5))},
        "seed": seed,
    }


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100))
def test_any_campaign_ends_with_an_account_that_is_right(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "ws"
    campaign = tiny(path, **any_weather(seed))
    assert drive(path, campaign).stopped
    examined(path, campaign, abstain=("cannot tell",))

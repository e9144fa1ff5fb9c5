"""Whatever is wrong with what was given: one sentence with a remedy, exit code 2, no traceback."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.cli.conftest import Desk

NOBODY = 65534


def _misspelt(desk: Desk) -> str:
    return desk.write(bugdet={"answers": 9})


def _missing(desk: Desk) -> str:
    return "nowhere.yaml"


def _no_yaml(desk: Desk) -> str:
    Path("broken.yaml").write_text("name: [")
    return "broken.yaml"


def _one_class(desk: Desk) -> str:
    return desk.write(labels={"classes": ["ant"]})


def _repeated_class(desk: Desk) -> str:
    return desk.write(labels={"classes": ["ant", "ant"]})


def _empty_pool(desk: Desk) -> str:
    np.save("pool.npy", np.zeros((0, 4), np.float32))
    return desk.write(pool={"ids": None})


def _no_pool(desk: Desk) -> str:
    Path("pool.npy").unlink()
    return desk.write()


def _only_nan(desk: Desk) -> str:
    np.save("pool.npy", np.full((40, 4), np.nan, np.float32))
    return desk.write()


def _one_group(desk: Desk) -> str:
    np.save("groups.npy", np.array(["one"] * 40))
    return desk.write(pool={"groups": "groups.npy"})


def _float_money(desk: Desk) -> str:
    return desk.write(budget={"money": 6.5})


def _later_file(desk: Desk) -> str:
    return desk.write(schema_version=99)


def _other_views(desk: Desk) -> str:
    return desk.write(semi_supervised={"kind": "co_training", "views": [2, 1]})


def _nobody_senior(desk: Desk) -> str:
    return desk.write(quality={"overlap": {"default": 1, "include": "senior"}})


def _seed_below_zero(desk: Desk) -> str:
    return desk.write(quality={"consensus": {"kind": "auto", "seed": -1}})


def _endless_ratio(desk: Desk) -> str:
    return desk.write(semi_supervised={"kind": "auto", "max_ratio": float("inf")})


@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_other_views, "semi_supervised.views: expected widths that add up to the 4 columns"),
        (_nobody_senior, "quality.overlap.include: expected a role that somebody of `people` has"),
        (_seed_below_zero, "quality.consensus.seed: expected 0 or more"),
        (_endless_ratio, "semi_supervised.max_ratio: expected a number above 0"),
        (_misspelt, "did you mean 'budget'"),
        (_missing, "there is no such file"),
        (_no_yaml, "this is not YAML"),
        (_one_class, "at least two"),
        (_repeated_class, "named twice"),
        (_empty_pool, "pool.npy"),
        (_no_pool, "pool.npy"),
        (_only_nan, "pool.npy"),
        (_one_group, "group"),
        (_float_money, "in quotes"),
        (_later_file, "upgrade"),
    ],
)
def test_a_file_that_cannot_be_used(
    desk: Desk, command: str, make: Callable[[Desk], str], words: str
) -> None:
    config = make(desk)
    options = ["--plain"] if command == "run" else []
    assert desk.type(command, config, *options) == 2
    assert words in desk.err.replace("\n", " ")
    assert "Traceback" not in desk.err
    assert desk.out == ""


def test_an_error_is_json_where_json_was_asked_for(desk: Desk) -> None:
    said = desk.json("plan", _misspelt(desk))
    assert said["exit_code"] == 2
    assert said["error"]["kind"] == "ConfigurationError"
    assert "budget" in said["error"]["message"]
    assert desk.err == ""


@pytest.mark.parametrize(
    "words",
    [
        ["run"],
        ["run", "campaign.yaml", "--batch", "0"],
        ["run", "campaign.yaml", "--max-rounds", "many"],
        ["status", "nobody"],
        ["status", "tiny", "--all"],
        ["tick", "tiny", "--all"],
        ["export", "tiny", "--format", "xlsx"],
        ["amend", "campaign.yaml"],
        ["amend", "campaign.yaml", "--why", " "],
        ["add", "tiny"],
        ["add", "tiny", "pool.npy", "--source", "{}"],
        ["add", "tiny", "--source", "{kind"],
        ["add", "tiny", "--source", '{"kind": "tabel", "path": "x.csv"}'],
        ["init", "nowhere"],
        ["--workspace", "x", "status"],
        ["status", "--workspace", "pool.npy"],
        ["status", "--workspace", "elsewhere"],
    ],
    ids=" ".join,
)
def test_words_that_cannot_be_used(desk: Desk, words: list[str], created: str) -> None:
    assert desk.type(*words) == 2
    assert desk.err.startswith("auto-label: ")
    assert "Traceback" not in desk.err
    assert not (desk.folder / "elsewhere").exists(), "nothing was made"


def test_rows_that_cannot_be_used_are_counted(desk: Desk) -> None:
    points = np.load("pool.npy")
    points[3, 1] = np.nan
    np.save("pool.npy", points)
    ids = np.load("ids.npy")
    ids[7] = ids[6]
    np.save("ids.npy", ids)
    config = desk.write()
    forecast = desk.json("plan", config)
    assert forecast["pool"] == 40 - len(forecast["quarantined"])
    assert len(forecast["quarantined"]) >= 2
    assert desk.type("plan", config) == 0
    assert "would be put aside" in desk.out
    assert desk.json("run", config, "--plain", "--max-rounds", "1")["quarantined"] >= 2


def test_repeated_contents_stay_items(desk: Desk) -> None:
    points = np.load("pool.npy")
    points[1] = points[0]
    np.save("pool.npy", points)
    assert desk.json("plan", desk.write())["pool"] == 40


def test_a_batch_larger_than_the_pool_is_warned_of(desk: Desk) -> None:
    assert desk.type("plan", desk.write(strategy={"batch": 500})) == 0
    assert "larger than the pool" in desk.out


def test_too_few_people_are_warned_of(desk: Desk) -> None:
    assert desk.type("plan", desk.write(quality={"overlap": 5})) == 0
    assert "each of the 4 people, got 5" in desk.out.replace("\n", " ")
    slice_ = {"agreement": {"slice": 6, "opinions": 9}}
    assert desk.type("plan", desk.write(quality=slice_)) == 0
    assert "quality.agreement.opinions: expected at most" in desk.out.replace("\n", " ")


def test_a_changed_file_is_refused_until_it_is_amended(desk: Desk, created: str) -> None:
    desk.write(budget={"answers": 70})
    assert desk.type("run", created, "--plain") == 2
    assert "+  answers: 70" in desk.err
    assert desk.type("amend", created, "--why", "more", "--dry-run") == 0
    assert desk.type("run", created, "--plain") == 2, "a dry run changes nothing"
    assert desk.type("amend", created, "--why", "more") == 0
    assert "+  answers: 70" in desk.out
    assert desk.type("status") == 0
    assert "of 70" in desk.out


def test_what_a_campaign_is_about_is_not_amended(desk: Desk, created: str) -> None:
    desk.write(seed=8)
    assert desk.type("amend", created, "--why", "luck") == 2
    assert "seed" in desk.err


def test_views_of_other_columns_are_not_amended(desk: Desk, created: str) -> None:
    for views, code in (([2, 1], 2), ([2, 2], 0)):
        desk.write(semi_supervised={"kind": "co_training", "views": views})
        assert desk.type("amend", created, "--why", "two views") == code
        assert ("add up to the 4 columns" in desk.err.replace("\n", " ")) is (code == 2)


def test_a_later_ledger_is_left_alone(desk: Desk, created: str) -> None:
    ledger = sqlite3.connect(desk.workspace / "ledger.db")
    ledger.execute("UPDATE alembic_version SET version_num = '9999'")
    ledger.commit()
    ledger.close()
    assert desk.type("status") == 1
    assert "upgrade auto-labeling" in desk.err


def test_what_is_no_ledger(desk: Desk) -> None:
    desk.workspace.mkdir()
    (desk.workspace / "ledger.db").write_text("not a ledger at all, but a text of some length")
    assert desk.type("status") == 1
    assert "this is not a ledger" in desk.err


def test_half_a_file_of_people(desk: Desk) -> None:
    config = desk.write(people=[{"user": "mia"}])
    assert desk.type("run", config, "--plain", "--max-rounds", "1") == 0
    [people] = (desk.workspace / "people").iterdir()
    people.write_text(people.read_text()[:20])
    for words in (["run", config, "--plain"], ["resume", "--plain"]):
        assert desk.type(*words) == 2
        assert "put it back from a copy" in desk.err.replace("\n", " ")


def test_a_locked_ledger(desk: Desk, created: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "auto_labeling.campaign.ledger.Ledger.open.__func__.__kwdefaults__", {"busy_timeout_s": 0.1}
    )
    holder = sqlite3.connect(desk.workspace / "ledger.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert desk.type("stop") == 1
    assert "locked by another process" in desk.err
    holder.execute("ROLLBACK")
    holder.close()


def test_a_workspace_that_may_not_be_written(desk: Desk) -> None:
    config = desk.write()
    desk.folder.chmod(0o555)
    try:
        done = desk.spawn("run", config, "--plain", user=NOBODY)
    finally:
        desk.folder.chmod(0o755)
    assert done.code == 6
    assert "cannot be written" in done.err or "Permission denied" in done.err
    assert "Traceback" not in done.err

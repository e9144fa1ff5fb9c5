"""`auto-label relabel`, typed in a folder."""

from __future__ import annotations

from tests.cli.conftest import Desk

CARELESS = {"annotators": [0.6, 0.6, 1.0, 1.0]}


def test_relabel_says_what_is_doubted_and_asks_again(desk: Desk) -> None:
    config = desk.write(
        backend=CARELESS,
        model={"kind": "logistic_regression"},
        strategy={"batch": 15},
        stop={"max_rounds": 3},
    )
    assert desk.type("run", config, "--plain", "--max-rounds", "2") == 0
    would = desk.json("relabel", "--dry-run")
    assert would["suspects"]
    assert (would["asked"], {one["asked"] for one in would["suspects"]}) == (0, {False})
    assert desk.type("relabel", "--most", "2") == 0
    assert "2 are asked again" in desk.out
    assert f"{would['suspects'][0]['item']}: " in desk.out
    before = desk.json("status")
    assert before["open_answers"] == 2
    after = desk.json("resume", "--plain")
    assert after["exit_code"] in (0, 3)
    assert desk.type("relabel") == 2, "it has stopped"
    assert "has stopped and asks no more" in desk.err


def test_relabel_says_why_nothing_can_be_doubted(desk: Desk) -> None:
    config = desk.write(model={"kind": "none"}, strategy={"kind": "random", "scorer": None})
    assert desk.type("run", config, "--plain", "--max-rounds", "1") == 0
    assert desk.type("relabel") == 2
    assert "without a model nothing tells" in desk.err

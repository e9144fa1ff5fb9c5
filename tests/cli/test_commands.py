from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image
from typer.testing import CliRunner

from auto_labeling import assemble
from auto_labeling.cli.app import COMMANDS, app
from auto_labeling.cli.disks import network_disk
from auto_labeling.workspace import Workspace
from tests.cli.conftest import Desk


@pytest.mark.parametrize("command", [function.__name__ for function, _, _ in COMMANDS])
def test_every_command_explains_itself_in_80_columns(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"])
    assert shown.exit_code == 0
    assert f"auto-label {command}" in shown.stdout.partition("Example:")[2]
    assert max(map(len, shown.stdout.splitlines())) <= 80


def test_without_a_word_the_commands_are_listed(desk: Desk) -> None:
    assert desk.type() == 0
    assert all(function.__name__ in desk.out for function, _, _ in COMMANDS)
    assert max(map(len, desk.out.splitlines())) <= 80


def test_a_campaign_is_run_to_its_end_in_parts(desk: Desk) -> None:
    config = desk.write()
    first = desk.json("run", config, "--plain", "--max-rounds", "1")
    assert (first["round"], first["exit_code"]) == (2, 0)
    second = desk.json("resume", "--plain")
    assert second["campaign"] == first["campaign"]
    assert second["stop"]["kind"] == "rule"
    again = desk.json("run", config, "--plain")
    assert again == second
    assert Path(second["report"]).is_file()
    other = desk.json("run", config, "--plain", "--new", "--max-rounds", "1", "--batch", "3")
    assert other["campaign"] != first["campaign"]
    assert other["items"]["labeled"] == 3
    assert desk.json("status")["campaign"] == other["campaign"], "the newest"
    assert [one["campaign"] for one in desk.json("status", "--all")] == [
        other["campaign"],
        first["campaign"],
    ], "what has stopped comes last"


def test_status_of_people_who_are_waited_for(desk: Desk, unanswered: Callable[[], str]) -> None:
    unanswered()
    said = desk.json("status")
    assert said["answers_missing"] == said["open_answers"] == 6
    assert said["next_look"] > 0
    assert desk.type("status") == 0
    assert "Waiting for people" in desk.out
    assert "goes on after 6 more answers" in desk.out
    assert max(map(len, desk.out.splitlines())) < 200


def test_tick_goes_over_all_campaigns(desk: Desk, unanswered: Callable[[], str]) -> None:
    unanswered()
    desk.type("run", desk.write("other.yaml"), "--plain", "--max-rounds", "1")
    codes = [one["exit_code"] for one in desk.json("tick", "--all", "--plain")]
    assert codes == [4, 4]
    assert desk.type("tick", "--all", "--plain") == 4


def test_stop_closes_what_nobody_drives(desk: Desk, begun: str) -> None:
    assert desk.type("stop", "--dry-run") == 0
    assert "would stop" in desk.out
    said = desk.json("stop")
    assert said["stop"]["kind"] == "person"
    assert said["dataset"]


def test_stop_now_withdraws(desk: Desk, unanswered: Callable[[], str]) -> None:
    unanswered()
    assert desk.type("stop") == 4, "people may finish the round"
    assert "stop --now" in desk.out
    said = desk.json("stop", "--now")
    assert said["stop"]["kind"] == "person"
    assert said["budget"]["reserved"] == "0.00"


def test_stop_reaches_a_campaign_that_is_driven(desk: Desk, unanswered: Callable[[], str]) -> None:
    unanswered()
    workspace = Workspace.of(desk.workspace)
    campaign = assemble.known(workspace)[0]
    with assemble.held(workspace, campaign):
        assert desk.type("stop", "--now") == 4
    assert "withdraws what is open and closes it" in desk.out.replace("\n", " ")
    assert assemble.account_of(workspace, campaign).state.stop_requested == "now"


def test_add_takes_in_rows_of_the_same_kind(desk: Desk, begun: str) -> None:
    np.save("more.npy", np.random.default_rng(3).normal(size=(5, 4)).astype(np.float32))
    said = desk.json("add", begun, "more.npy")
    assert said["added"] == 5
    assert desk.json("status")["items"]["pool"] == 45


def test_nothing_is_added_to_what_stops(desk: Desk, unanswered: Callable[[], str]) -> None:
    config = unanswered()
    np.save("more.npy", np.random.default_rng(3).normal(size=(5, 4)).astype(np.float32))
    assert desk.type("stop") == 4
    assert desk.type("add", config, "more.npy") == 2
    assert "it stops, or has stopped, and asks no more" in desk.err.replace("\n", " ")
    assert desk.json("status")["items"]["pool"] == 40


def test_export_writes_once_and_replaces_on_demand(desk: Desk, begun: str) -> None:
    assert desk.type("export", "--to", "labels.csv") == 0
    with Path("labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    assert set(rows[0]) >= {"item", "where", "label", "confidence", "votes", "purpose", "source"}
    assert rows[0]["where"].startswith("pool.npy, row ")
    assert desk.type("export", "--to", "labels.csv") == 0, "the same again"
    Path("labels.csv").write_text("mine")
    assert desk.type("export", "--to", "labels.csv") == 2
    assert Path("labels.csv").read_text() == "mine"
    assert desk.type("export", "--to", "labels.csv", "--force") == 0
    assert desk.json("export", "--to", "labels.parquet")["items"] == 6
    assert len(pd.read_parquet("labels.parquet")) == 6


def test_report_says_where_it_is(desk: Desk, begun: str) -> None:
    assert desk.type("report") == 0
    assert Path(desk.out.strip()).read_text().startswith("<!")


def _images() -> None:
    for at in range(60):
        Path(f"data/{at % 3}").mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), at * 4).save(f"data/{at % 3}/{at}.png")


def _texts() -> None:
    Path("data").mkdir()
    words = [f"text number {at} of them" for at in range(30)]
    pd.DataFrame({"id": range(30), "review": words}).to_csv("data/reviews.csv", index=False)


def _labeled_texts() -> None:
    Path("data").mkdir()
    words = [f"text number {at} of them" for at in range(30)]
    labels = ["good" if at % 2 else "bad" for at in range(30)]
    frame = pd.DataFrame({"id": range(30), "text": words, "label": labels})
    frame.to_json("data/reviews.jsonl", orient="records", lines=True)


def _features() -> None:
    Path("data").mkdir()
    pd.DataFrame(np.random.default_rng(0).normal(size=(30, 3)), columns=list("abc")).to_parquet(
        "data/table.parquet"
    )


def _arrays() -> None:
    Path("data").mkdir()
    rng = np.random.default_rng(0)
    np.savez("data/all.npz", X=rng.normal(size=(30, 3)), y=np.arange(30) % 3)


@pytest.mark.parametrize(
    ("make", "kind", "tool"),
    [
        (_images, "images", "files"),
        (_texts, "table", "files"),
        (_labeled_texts, "table", "simulated"),
        (_features, "table", "files"),
        (_arrays, "arrays", "files"),
    ],
)
def test_init_writes_a_file_that_can_be_planned(
    desk: Desk, make: Callable[[], None], kind: str, tool: str
) -> None:
    make()
    assert desk.type("init", "data", "--dry-run") == 0
    assert not Path("data/campaign.yaml").exists()
    assert desk.type("init", "data") == 0
    raw = yaml.safe_load(Path("data/campaign.yaml").read_text())
    assert (raw["pool"]["kind"], raw["backend"]["kind"]) == (kind, tool)
    assert desk.type("plan", "data/campaign.yaml") == 0, desk.err
    assert desk.type("init", "data") == 2, "it replaces nothing unasked"
    assert desk.type("init", "data", "--force") == 0


def test_init_finds_nothing_in_an_empty_folder(desk: Desk) -> None:
    Path("empty").mkdir()
    assert desk.type("init", "empty") == 2
    assert "found none of them" in desk.err


def test_plan_writes_nothing(desk: Desk) -> None:
    said = desk.json("plan", desk.write())
    assert (said["rounds"], said["items"], said["answers"]) == (3, 18, 18)
    assert said["money_micros"] == 900_000
    assert not desk.workspace.exists()


@pytest.mark.parametrize(
    ("stop", "early"),
    [
        ({"max_rounds": 1}, False),
        ({"all_of": {"max_rounds": 1, "deadline": "2100-01-01"}}, False),
        ({"all_of": {"max_rounds": 1, "expected_gain": True}}, True),
        ({"max_rounds": 1, "expected_gain": True}, True),
    ],
)
def test_where_only_limits_end_a_campaign_plan_and_status_say_so(
    desk: Desk, stop: dict[str, object], early: bool
) -> None:
    raw = yaml.safe_load(Path(desk.write()).read_text())
    backend = {"kind": "files", "folder": "handover"}
    Path("campaign.yaml").write_text(yaml.safe_dump(raw | {"stop": stop, "backend": backend}))
    assert desk.type("run", "campaign.yaml", "--plain", "--no-wait") == 4
    for words in (("plan", "campaign.yaml"), ("status",)):
        assert desk.type(*words) == 0
        assert ("no rule under `stop` looks at what is learned" in desk.out) is not early
        assert desk.json(*words)["ends_early"] is early


def test_doctor_finds_what_is_wrong(
    desk: Desk, begun: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = desk.json("doctor")
    assert [one for one in said["findings"] if one["state"] == "wrong"] == []
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    raw = yaml.safe_load(Path(begun).read_text())
    raw["tracking"] = {"kind": "mlflow", "uri": {"env": "NOT_SET_HERE"}}
    Path("secret.yaml").write_text(yaml.safe_dump(raw))
    assert desk.type("doctor", "secret.yaml") == 1
    assert "NOT_SET_HERE is not set" in desk.out.replace("\n", " ")
    assert "does not answer" in desk.out


def test_doctor_prints_no_secret(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_URI", "postgresql://li:hunter2@db/mlflow")
    desk.write(tracking={"kind": "mlflow", "uri": {"env": "SOME_URI"}})
    desk.type("doctor", "campaign.yaml")
    assert "SOME_URI is there" in desk.out
    assert "hunter2" not in desk.out + desk.err


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs"])
def test_a_network_disk_is_refused(
    desk: Desk, kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mounts = [f"a {tmp_path} {kind} rw 0 0", "b / ext4 rw 0 0"]
    assert network_disk(tmp_path / "x", mounts) == kind
    assert network_disk(tmp_path.parent, mounts) is None
    Path("mounts").write_text("\n".join(mounts))
    monkeypatch.setattr("auto_labeling.cli.disks._MOUNTS", Path("mounts"))
    assert desk.type("run", desk.write(), "--plain") == 2
    assert "network disk" in desk.err
    assert desk.type("doctor") == 1


def test_without_a_model_nothing_is_judged_and_nothing_made_up(desk: Desk) -> None:
    file = desk.write(model={"kind": "none"}, stop={"max_rounds": 2})
    assert desk.type("plan", file) == 0
    assert "nothing: there is no model" in desk.out
    assert "earlier" not in desk.out
    assert desk.type("run", file) == 0
    assert "0 answers" not in desk.out


def test_status_says_what_became_of_suggestions(desk: Desk) -> None:
    plain = desk.write("plain.yaml", stop={"max_rounds": 1})
    assert desk.type("run", plain, "--plain") == 0
    assert desk.json("status", "plain.yaml")["suggestions"] is None
    assert desk.type("status", "plain.yaml") == 0
    assert "suggestions" not in desk.out
    assert desk.type("run", desk.write(preannotate={"blind": "30%"}), "--plain") == 0
    assert desk.type("status", "campaign.yaml") == 0
    assert "began with one" in desk.out
    said = desk.json("status", "campaign.yaml")["suggestions"]
    assert said["shown"] > 0 < said["blind"]
    assert said["objects"] is None
    assert -1 <= said["anchoring"]["low"] <= said["anchoring"]["value"]

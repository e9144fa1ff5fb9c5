from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from PIL import Image

from auto_labeling import config as config_room
from auto_labeling.formats.label_studio import check_config
from auto_labeling.studio.environment import VARIABLE
from tests.cli.conftest import Desk
from tests.support.studio import require_studio

CONFIGS = Path(__file__).parents[2] / "configs"
CLASSES = ["dark", "light"]


def drawn(folder: Path, count: int) -> None:
    """Draw pictures, of which the even ones are dark."""
    folder.mkdir(parents=True)
    for at in range(count):
        Image.new("L", (32, 32), 40 + at if at % 2 == 0 else 220 - at).save(folder / f"{at:02}.png")


@pytest.fixture
def campaign(desk: Desk) -> Callable[..., str]:
    """Write a campaign whose people label pictures in a Label Studio on this machine."""

    def written(**backend: Any) -> str:
        told = {
            "name": "shades",
            "labels": {"task": "single", "classes": CLASSES},
            "pool": {"kind": "images", "path": "pictures/shades", "size": 4},
            "strategy": {"kind": "random", "batch": 4},
            "backend": {
                "kind": "label_studio",
                "token": {"file": str(desk.folder / ".label-studio" / "token")},
                "files": "pictures",
                **backend,
            },
            "budget": {"answers": 12},
            "wait": {"poll_s": 0.2},
            "tracking": {"kind": "none"},
        }
        Path("shades.yaml").write_text(yaml.safe_dump(told))
        return "shades.yaml"

    return written


def test_a_campaign_of_another_tool_is_refused(desk: Desk) -> None:
    assert desk.type("studio", desk.write()) == 2
    assert "backend.kind: expected label_studio" in desk.err


def test_a_server_elsewhere_is_refused(desk: Desk, campaign: Callable[..., str]) -> None:
    assert desk.type("studio", campaign(url="https://labels.example.org")) == 2
    assert "expected a server on this machine" in desk.err
    assert "`auto-label run`" in desk.err


def test_where_label_studio_is_not_installed_that_is_one_sentence(
    desk: Desk, campaign: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(desk.folder / "nowhere"))
    for words in (["studio"], ["studio", campaign(url="http://127.0.0.1:8080")]):
        assert desk.type(*words) == 6
        assert len(desk.err.splitlines()) == 1
        assert "`make studio`" in desk.err
    assert not (desk.folder / ".label-studio").exists()


@pytest.mark.slow
def test_the_digits_are_drawn_and_their_campaign_fits_them(desk: Desk) -> None:
    shutil.copytree(CONFIGS, "configs", ignore=shutil.ignore_patterns("data", "__pycache__"))
    subprocess.run([sys.executable, "configs/draw_digits.py"], check=True)
    drawn = sorted(Path("configs/data/pictures/digits").iterdir())
    assert [one.name for one in drawn] == [f"{at:04}.png" for at in range(1347)]
    held_out = [one.parent.name for one in Path("configs/data/pictures_heldout").glob("*/*.png")]
    assert len(held_out) == 450
    assert sorted(set(held_out)) == list("0123456789")
    assert desk.json("plan", "configs/digits_label_studio.yaml")["pool"] == 1347
    config = config_room.load(Path("configs/digits_label_studio.yaml"))
    page = Path("configs/digits_label_studio.xml").read_text()
    assert check_config(page, config.labels, "image").field == "image"


@pytest.mark.slow
def test_without_a_campaign_it_is_a_server_until_ctrl_c(desk: Desk) -> None:
    require_studio()
    done = desk.spawn("studio", "--port", "0", until="Ctrl-C ends it.")
    assert done.code == 0, done.err
    assert re.search(r"Label Studio: http://127\.0\.0\.1:\d+\n", done.out)
    assert (desk.folder / ".label-studio" / "password").read_text().strip() in done.out
    assert "its data stay in" in done.out
    with pytest.raises(httpx.ConnectError):
        httpx.get(done.out.split()[2], trust_env=False)


@pytest.mark.slow
def test_a_token_of_another_server_is_refused(desk: Desk, campaign: Callable[..., str]) -> None:
    require_studio()
    drawn(desk.folder / "pictures" / "shades", 4)
    (desk.folder / "other").write_text("0" * 40)
    name = campaign(url=_free_address(), token={"file": "other"})
    done = desk.spawn("studio", name, "--plain")
    assert done.code == 2, done.err
    assert "expected {file:" in done.err
    assert not desk.workspace.exists()


@pytest.mark.slow
def test_people_label_in_the_browser_and_the_campaign_goes_on_by_itself(
    desk: Desk, campaign: Callable[..., str]
) -> None:
    require_studio()
    drawn(desk.folder / "pictures" / "shades", 20)
    name = campaign(url=_free_address())
    # Interrupted while people are waited for, and begun again: nothing is asked twice.
    first = desk.spawn("studio", name, "--plain", until="4 answers asked for")
    assert first.code == 4, first.err
    assert f"`auto-label studio {name}` goes on" in first.out
    assert first.err == ""
    labeled: list[int] = []
    people = threading.Thread(target=_label, args=(desk.folder, name, 12, labeled), daemon=True)
    people.start()
    done = desk.spawn("studio", name, "--plain")
    people.join(10)
    assert len(set(labeled)) == len(labeled) == 12
    assert done.code == 3, done.err  # the budget of twelve answers is spent
    assert "round   3" in done.out
    exported = desk.folder / "labels.csv"
    assert desk.type("export", name, "--to", str(exported)) == 0
    shade = {row["where"]: row["label"] for row in csv.DictReader(exported.open())}
    assert shade == {f"pictures/shades/{number:02}.png": CLASSES[number % 2] for number in labeled}


def _free_address() -> str:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}"


def _label(folder: Path, name: str, count: int, labeled: list[int]) -> None:
    """Answer `count` times whatever is served next, as a browser does, and note the picture."""
    url = yaml.safe_load((folder / name).read_text())["backend"]["url"]
    token = (folder / ".label-studio" / "token").read_text().strip()
    with httpx.Client(
        base_url=url, headers={"Authorization": f"Token {token}"}, trust_env=False, timeout=60
    ) as browser:
        while len(labeled) < count:
            try:
                served = browser.get("/api/projects/1/next")
            except httpx.TransportError:
                time.sleep(0.2)  # it is being started
                continue
            if served.status_code != httpx.codes.OK:
                time.sleep(0.2)  # nothing to label right now
                continue
            task = served.json()
            number = int(task["data"]["image"].rsplit("/", 1)[1].removesuffix(".png"))
            choice = {"from_name": "label", "to_name": "item", "type": "choices"}
            result = [choice | {"value": {"choices": [CLASSES[number % 2]]}}]
            browser.post(
                f"/api/tasks/{task['id']}/annotations/", json={"result": result}
            ).raise_for_status()
            labeled.append(number)

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from auto_labeling import assemble
from auto_labeling.campaign.rounds import RoundState
from auto_labeling.campaign.transition import state_of
from auto_labeling.cli.serve import KEPT_IN
from auto_labeling.serving.app import CAMPAIGN_HEADER
from auto_labeling.serving.interim import Interim
from auto_labeling.serving.secret import HEADER
from auto_labeling.workspace import Workspace
from tests.cli.conftest import Desk
from tests.support.campaigns import drive_until, ledger_of, tiny


def test_what_cannot_be_served_is_one_sentence(desk: Desk) -> None:
    assert desk.type("serve", "--public-url", "labels.lan:9090") == 2
    assert "--public-url: expected http://" in desk.err
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert desk.type("serve", "--port", port) == 6
    assert f"port {port} cannot be had on 127.0.0.1" in desk.err
    assert desk.type("serve", "--port", "0", "--host", "no such host") == 6
    assert "\n" not in desk.err.strip()


def test_a_model_between_rounds_is_trained(desk: Desk, begun: str) -> None:
    assert desk.type("retrain", "--plain") == 0
    assert re.search(r"trained on \d items", desk.out)
    workspace = Workspace.of(desk.workspace)
    [campaign] = assemble.known(workspace)
    assert Interim.read(workspace.campaign(campaign)) is not None


@pytest.mark.slow
@pytest.mark.parametrize("plain", [True, pytest.param(False, marks=pytest.mark.soak)])
def test_it_serves_until_ctrl_c(tmp_path: Path, plain: bool) -> None:
    path = tmp_path / "workspace"
    campaign = tiny(path)
    drive_until(path, campaign, RoundState.SENT)
    words = ["serve", "--port", "0", "--workspace", str(path), *(["--plain"] if plain else [])]
    server = subprocess.Popen(
        [sys.executable, "-m", "auto_labeling.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert server.stdout is not None
        url = server.stdout.readline().split()[-1]
        secret = (path / KEPT_IN).read_text().strip()
        headers = {HEADER: secret, CAMPAIGN_HEADER: campaign}
        with httpx.Client(base_url=url, headers=headers, trust_env=False) as tool:
            assert tool.get("/health").json()["status"] == "UP"
            deadline = time.monotonic() + 120
            while round_of(path, campaign) == 1:  # simulated people answer while ticks look
                hint = tool.post("/webhook", json={"action": "ANNOTATION_CREATED"})
                assert hint.status_code == 204
                assert time.monotonic() < deadline
                time.sleep(0.5)
        server.send_signal(signal.SIGINT)
        said, _ = server.communicate(timeout=120)
        assert server.returncode == 0, said
    finally:
        server.kill()
        server.communicate()
    assert secret not in said
    assert "Traceback" not in said


def round_of(path: Path, campaign: str) -> int:
    with ledger_of(path) as ledger:
        return state_of(ledger, campaign).round

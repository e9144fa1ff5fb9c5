from __future__ import annotations

from pathlib import Path

import pytest

from auto_labeling import launch
from auto_labeling.errors import BlockedError, ConfigurationError
from auto_labeling.workspace import Workspace
from tasks._secrets import PrefectSecrets
from tests.support.flows import begin, run
from tests.support.seen import Seen

TOKEN = "tok-8d1f6c2e"
ELSEWHERE = {"kind": "mlflow", "uri": {"block": "mlflow-address"}}


def test_the_machine_keeps_secrets_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_TOKEN", TOKEN)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    assert PrefectSecrets().resolve({"env": "THE_TOKEN"}) == TOKEN
    assert PrefectSecrets().resolve({"file": str(tmp_path / "token")}) == TOKEN
    with pytest.raises(BlockedError, match="OTHER_TOKEN is not set"):
        PrefectSecrets().resolve({"env": "OTHER_TOKEN"})


def test_a_reference_names_one_place() -> None:
    with pytest.raises(ConfigurationError, match=r"\{block: NAME\}, got the keys block, env"):
        PrefectSecrets().resolve({"block": "token", "env": "TOKEN"})


@pytest.mark.slow
def test_a_block_of_prefect_keeps_a_secret(workspace: Workspace) -> None:
    with launch.prefect(workspace):
        from prefect.blocks.system import Secret

        Secret(value=TOKEN).save("the-token", overwrite=True)
        assert PrefectSecrets().resolve({"block": "the-token"}) == TOKEN
        with pytest.raises(BlockedError, match=r"named 'no-such-token'.*under Blocks") as caught:
            PrefectSecrets().resolve({"block": "no-such-token"})
    assert caught.value.__cause__ is None


@pytest.mark.slow
def test_a_secret_of_a_campaign_is_in_no_log_parameter_or_report(
    workspace: Workspace, seen: Seen, capfd: pytest.CaptureFixture[str]
) -> None:
    # The address of a tracker may hold a password, so that it may be a secret.
    name = begin(workspace, name="discreet", tracking=ELSEWHERE, stop={"max_rounds": 1})
    with launch.prefect(workspace):
        from prefect.blocks.system import Secret

        store = f"sqlite:///{workspace.root / TOKEN}.db"
        Secret(value=store).save("mlflow-address", overwrite=True)
    run(workspace, name)
    assert (workspace.root / f"{TOKEN}.db").exists()
    assert not seen.logs(TOKEN)
    assert seen.holding(TOKEN) == []
    assert TOKEN not in workspace.report(name).read_text()
    assert TOKEN not in "".join(capfd.readouterr())

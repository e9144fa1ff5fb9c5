from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deployments" / "prefect.yaml"


@pytest.fixture(scope="module")
def written() -> dict[str, dict[str, Any]]:
    """What prefect.yaml says, by the name of the deployment."""
    told = yaml.safe_load(FILE.read_text())
    return {one["name"]: one for one in told["deployments"]}


@pytest.fixture(scope="module", autouse=True)
def prefect_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Importing Prefect makes a folder in the user's home otherwise."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PREFECT_HOME", str(tmp_path_factory.mktemp("prefect")))
        yield


@pytest.fixture(scope="module")
def served() -> dict[str, Any]:
    """What serve.py serves, by the name of the deployment."""
    spec = importlib.util.spec_from_file_location("serve", ROOT / "deployments" / "serve.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {one.name: one for one in module.deployments()}


@pytest.mark.slow
def test_prefect_takes_the_file(written: dict[str, Any]) -> None:
    from prefect.cli.deploy._models import DeploymentConfig, PrefectYamlModel

    model = PrefectYamlModel.model_validate(yaml.safe_load(FILE.read_text()))
    assert [one.name for one in model.deployments] == list(written)
    known = {*DeploymentConfig.model_fields}
    for told in written.values():
        assert set(told) <= known  # a misspelt key would be passed over in silence


@pytest.mark.slow
def test_every_deployment_names_a_flow(written: dict[str, Any]) -> None:
    from prefect.flows import load_flow_from_entrypoint

    for name, told in written.items():
        path, _, function = told["entrypoint"].partition(":")
        assert (ROOT / path).is_file()
        assert load_flow_from_entrypoint(f"{ROOT / path}:{function}").name == name


@pytest.mark.slow
def test_serving_deploys_what_the_file_says(
    written: dict[str, Any], served: dict[str, Any]
) -> None:
    assert list(served) == list(written)
    for name, told in written.items():
        one = served[name]
        assert one.description == told["description"]
        assert one.tags == told["tags"]
        assert one.enforce_parameter_schema is told["enforce_parameter_schema"] is True
        assert limits(one) == told.get("concurrency_limit")
        assert [schedule(each) for each in one.schedules or []] == [
            (each["slug"], each["interval"]) for each in told.get("schedules", [])
        ]


def test_no_tick_overtakes_another(written: dict[str, Any]) -> None:
    assert written["tick"]["concurrency_limit"] == {
        "limit": 1,
        "collision_strategy": "CANCEL_NEW",
    }


def limits(made: Any) -> dict[str, Any] | None:
    if made.concurrency_limit is None:
        return None
    strategy = made.concurrency_options.collision_strategy.value
    return {"limit": made.concurrency_limit, "collision_strategy": strategy}


def schedule(made: Any) -> tuple[str, float]:
    return made.slug, made.schedule.interval.total_seconds()


def test_the_file_names_no_machine(written: dict[str, Any]) -> None:
    for told in written.values():
        assert told["work_pool"]["name"] == "{{ prefect.variables.auto_label_pool }}"
        assert "://" not in yaml.safe_dump(told)
        assert not told["entrypoint"].startswith("/")

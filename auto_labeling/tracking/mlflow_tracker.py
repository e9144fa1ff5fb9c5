"""MLflow behind Tracker.

Everything goes through a client of its own: no global run, address or experiment is touched.
"""

from __future__ import annotations

import posixpath
import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from auto_labeling.errors import BlockedError, ConfigurationError, DataError
from auto_labeling.ports import Model, Point
from auto_labeling.records import CampaignId
from auto_labeling.tracking.store import connect, errors_of, shown

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import LoggedModel, Run

T = TypeVar("T")

_POINTS_A_REQUEST = 1000
_PAIRS_A_REQUEST = 100
_KEY_LENGTH = 250
_VALUE_LENGTH = 6000


@dataclass(frozen=True)
class MLflowTracker:
    """Runs in an MLflow store: `sqlite:///PATH`, another database, or a server's address.

    Files of runs go below `artifact_root`, unless a server decides where they go.
    """

    uri: str
    artifact_root: Path
    experiment: str = "auto-label"

    def __post_init__(self) -> None:
        if not re.match(r"(sqlite|postgresql|mysql|mssql)(\+\w+)?:///?|https?://", self.uri):
            raise ConfigurationError(
                "tracking.uri: expected sqlite:///PATH, the address of another database or "
                f"http(s)://HOST, got {shown(self.uri)!r}"
            )

    def open_run(self, campaign: CampaignId, round: int | None, name: str) -> str:
        with errors_of(self.uri):
            found = self._find(campaign, round)
            if found is None:
                return self._make(campaign, round, name)
            if found.info.status != "RUNNING":
                self._client.update_run(found.info.run_id, status="RUNNING")
            return str(found.info.run_id)

    def steps(self, run: str, series: str) -> frozenset[int]:
        with errors_of(self.uri):
            history = self._client.get_metric_history(run, key_of(series))
        return frozenset(point.step for point in history)

    def log(self, run: str, points: Sequence[Point]) -> None:
        with errors_of(self.uri):
            from mlflow.entities import Metric

            now_ms = time.time_ns() // 1_000_000
            metrics = [Metric(key_of(p.series), p.value, now_ms, p.step) for p in points]
            for chunk in _chunks(metrics, _POINTS_A_REQUEST):
                self._client.log_batch(run, metrics=chunk, synchronous=True)

    def describe(self, run: str, params: Mapping[str, str], tags: Mapping[str, str]) -> None:
        """Set tags, and the parameters that are absent: MLflow lets none be changed."""
        with errors_of(self.uri):
            from mlflow.entities import Param, RunTag

            there = self._client.get_run(run).data
            absent = [Param(k, v) for k, v in _pairs(params) if k not in there.params]
            changed = [RunTag(k, v) for k, v in _pairs(tags) if there.tags.get(k) != v]
            for some_params in _chunks(absent, _PAIRS_A_REQUEST):
                self._client.log_batch(run, params=some_params, synchronous=True)
            for some_tags in _chunks(changed, _PAIRS_A_REQUEST):
                self._client.log_batch(run, tags=some_tags, synchronous=True)

    def artifact(self, run: str, path: Path, folder: str = "") -> None:
        if not path.is_file():
            raise DataError(f"{path}: there is no such file to keep with the run")
        with errors_of(self.uri):
            self._client.log_artifact(run, str(path), folder or None)

    def model(self, run: str, model: Model, name: str, alias: str) -> None:
        """Log, register and point; the same model of the same run is one version, however often."""
        with errors_of(self.uri):
            import joblib

            digest = str(joblib.hash(model))
            version = self._version_of(run, name, digest)
            if version is None:
                version = self._register(run, name, digest, self._keep(run, model))
            self._client.set_registered_model_alias(name, alias, version)

    def close(self, run: str, status: Literal["FINISHED", "FAILED"]) -> None:
        with errors_of(self.uri):
            self._client.set_terminated(run, status)

    @cached_property
    def _client(self) -> MlflowClient:
        return connect(self.uri)

    @cached_property
    def _experiment_id(self) -> str:
        from mlflow.exceptions import MlflowException

        found = self._client.get_experiment_by_name(self.experiment)
        if found is None:
            try:
                return str(self._client.create_experiment(self.experiment, self._artifact_location))
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
            found = self._client.get_experiment_by_name(self.experiment)  # another was faster
        if found is None or found.lifecycle_stage != "active":
            raise BlockedError(
                f"the MLflow experiment {self.experiment!r} was deleted",
                remedy="Restore it in MLflow, or name another in tracking.experiment.",
            )
        return str(found.experiment_id)

    @property
    def _artifact_location(self) -> str | None:
        served = self.uri.startswith("http")
        return None if served else self.artifact_root.absolute().as_uri()

    def _find(self, campaign: CampaignId, round: int | None) -> Run | None:
        of_round = "tags.round IS NULL" if round is None else f"tags.round = '{round}'"
        found = self._client.search_runs(
            [self._experiment_id],
            f"tags.campaign_id = '{campaign}' and {of_round}",
            max_results=1,
            order_by=["attributes.start_time ASC"],
        )
        return found[0] if found else None

    def _make(self, campaign: CampaignId, round: int | None, name: str) -> str:
        tags = {"campaign_id": campaign}
        if round is not None:
            parent = self._find(campaign, None)
            above = self._make(campaign, None, campaign) if parent is None else parent.info.run_id
            tags |= {"round": str(round), "mlflow.parentRunId": above}
        run = self._client.create_run(self._experiment_id, tags=tags, run_name=name)
        return str(run.info.run_id)

    def _version_of(self, run: str, name: str, digest: str) -> str | None:
        versions = self._client.search_model_versions(f"name = '{name}' and run_id = '{run}'")
        return next((str(v.version) for v in versions if v.tags.get("digest") == digest), None)

    def _keep(self, run: str, model: Model) -> LoggedModel:
        from mlflow.entities import LoggedModelOutput

        from auto_labeling.tracking.saving import save

        with tempfile.TemporaryDirectory() as folder:
            save(model, Path(folder, "model"))
            kept = self._client.create_logged_model(
                self._experiment_id, name="model", source_run_id=run
            )
            self._client.log_model_artifacts(kept.model_id, str(Path(folder, "model")))
        self._client.finalize_logged_model(kept.model_id, "READY")
        self._client.log_outputs(run, [LoggedModelOutput(kept.model_id, step=0)])
        return kept

    def _register(self, run: str, name: str, digest: str, kept: LoggedModel) -> str:
        client = self._client
        with ExitStack() as undo:
            if not client.search_registered_models(f"name = '{name}'"):
                client.create_registered_model(name)
                undo.callback(client.delete_registered_model, name)  # or an empty one stays
            version = client.create_model_version(
                name,
                kept.artifact_location,
                run_id=run,
                model_id=kept.model_id,
                tags={"digest": digest},
            )
            undo.pop_all()
        return str(version.version)


def key_of(name: str) -> str:
    """Return the key that stands for a series or a parameter: MLflow does not take every name.

    >>> key_of("recall/person"), key_of("recall/c++")
    ('recall/person', 'recall/c_2b__2b_')
    """
    key = re.sub(r"[^/\w.\- :]", lambda found: f"_{ord(found[0]):x}_", name)
    if posixpath.normpath(key) != key or key.startswith(("/", "..")):
        key = key.replace("/", "_2f_").replace(".", "_2e_")  # it is no plain relative path
    if len(key) > _KEY_LENGTH:
        key = f"{key[: _KEY_LENGTH - 17]}_{sha256(name.encode()).hexdigest()[:16]}"
    return key


def _pairs(given: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(key_of(key), value[:_VALUE_LENGTH]) for key, value in given.items()]


def _chunks(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (values[start : start + size] for start in range(0, len(values), size))

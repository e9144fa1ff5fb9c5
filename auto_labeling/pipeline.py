"""`AutoLabelingPipeline`: a pool, a tool and a budget in; labels, a model, an account out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from auto_labeling import assemble, launch, models
from auto_labeling.campaign import creation, manifest
from auto_labeling.campaign.budget import Account
from auto_labeling.campaign.statement import Statement, savings
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.files import sha256_of, write_atomically
from auto_labeling.records import CampaignId, Interval
from auto_labeling.sampling import names
from auto_labeling.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineReport:
    """What a campaign bought. Figures that cannot be known are nan."""

    campaign_id: CampaignId
    accuracy: float
    accuracy_interval: tuple[float, float]
    """95 % limits."""
    judged_against: str | None
    """Held-out labels, or consensus on the control slice."""
    labels_used: int
    """Answers that people gave."""
    items_labeled: int
    cost: float
    """In the currency of the budget."""
    cost_savings: float
    """Money that drawing items blindly would have cost more; see `cost_savings_how`."""
    cost_savings_how: str
    curve: Any
    """Frame: round, arm, metric, items, answers, cost, value, low, high."""
    stop_reason: str | None
    dataset: Any
    """Frame: item, label, confidence, votes, purpose, source, group; None before the first."""
    report_path: Path
    model_path: Path | None
    """The newest model; load it with `auto_labeling.models.fitting.load` and its sha256."""


class AutoLabelingPipeline:
    """A labeling campaign from Python.

    Args:
        model: a scikit-learn classifier, the name of a model kind such as `"lda"`, or None for
            logistic regression.
        active_learning: auto, uncertainty, margin, entropy, hybrid, random ..., or a mapping as it
            stands under `strategy` in a campaign file.
        labeling_tool: the kind of tool: `label_studio`, `cvat`, `simulated` or `files`.
        api_key: the tool's token, or the password where `connection` names a `user`; it is kept in
            a file that only you can read. None: what the environment says (`LABEL_STUDIO_API_KEY`,
            `CVAT_ACCESS_TOKEN`).
        connection: further keys of the tool, as they stand under `backend` in a campaign file; for
            `simulated`, `truth` may be the labels themselves, in the order of the pool.
    """

    def __init__(
        self,
        model: Any = None,
        active_learning: str | Mapping[str, Any] = "uncertainty",
        labeling_tool: str = "label_studio",
        api_key: str | None = None,
        **connection: Any,
    ) -> None:
        self._model = model
        self._strategy = _strategy(active_learning)
        self._tool = {"kind": labeling_tool, **connection}
        self._api_key = api_key
        self._settings: dict[str, Any] = {}
        self._workspace = Workspace.of()
        self._campaign: CampaignId | None = None

    def configure(  # noqa: PLR0913 - keyword only, and each is a line of a campaign file
        self,
        *,
        batch_size: int = 20,
        max_iterations: int = 50,
        budget: int = 1000,
        money_budget: str | None = None,
        price_per_label: str = "0",
        currency: str = "USD",
        overlap: int = 1,
        confidence_threshold: float | None = None,
        classes: Sequence[str] | None = None,
        heldout: tuple[Any, Sequence[Any]] | None = None,
        name: str = "pipeline",
        workspace: Path | str | None = None,
        seed: int = 0,
        sealed: bool = False,
        tracking: bool = True,
    ) -> AutoLabelingPipeline:
        """Set what the campaign may do, and return the pipeline.

        Args:
            batch_size: items a round.
            max_iterations: rounds at most.
            budget: answers at most.
            money_budget: money at most, as a string; None: what the answers cost.
            price_per_label: what one answer costs, as a string.
            currency: ISO code of the money.
            overlap: opinions an item gets.
            confidence_threshold: how sure the model has to be, in [0, 1], for people to be shown
                its answer as a start; None: they are shown none.
            classes: the classes, where `labeled_data` does not show them all.
            heldout: `(X, y)` that judges the model; without it a random control slice does.
            name: of the campaign.
            workspace: where everything is kept; `./.auto-label`.
            seed: of every random choice.
            sealed: whether texts and pictures stay out of every log and report.
            tracking: whether curves are mirrored to MLflow.
        """
        self._workspace = Workspace.of(workspace)
        self._settings = {
            "name": name,
            "seed": seed,
            "classes": classes,
            "heldout": heldout,
            "batch": batch_size,
            "max_rounds": max_iterations,
            "overlap": overlap,
            "preannotate": None
            if confidence_threshold is None
            else {"at_least": float(confidence_threshold)},
            "budget": {
                "answers": budget,
                "money": money_budget,
                "price": price_per_label,
                "currency": currency,
            },
            "privacy": {"payloads": "sealed" if sealed else "plain"},
            "tracking": {"kind": "mlflow" if tracking else "none"},
        }
        return self

    def run(
        self,
        labeled_data: Any = None,
        unlabeled_data: Any = None,
        target_accuracy: float | None = None,
    ) -> PipelineReport:
        """Run the campaign flow to its end and return what it bought.

        Args:
            labeled_data: `(X, y)`, or a frame with the column `label`; None starts cold.
            unlabeled_data: an array (n, d), a frame, a list of texts, or a list of image paths.
            target_accuracy: stop when the lower bound of the accuracy is there.
        """
        if not self._settings:
            self.configure()
        campaign = creation.new_id(self._settings["name"])
        given = self._workspace.campaign(campaign) / "given"
        raw = self._raw(given, labeled_data, unlabeled_data, target_accuracy)
        path = given / "config.yaml"
        write_atomically(path, yaml.safe_dump(raw, sort_keys=False))
        assemble.create(self._workspace, raw, config_path=path, base=given, campaign_id=campaign)
        self._campaign = campaign
        launch.run_campaign(self._workspace, campaign)
        return self.report()

    def resume(self) -> PipelineReport:
        """Go on with the campaign that `run` began, and return what it bought."""
        launch.run_campaign(self._workspace, self._begun())
        return self.report()

    def report(self) -> PipelineReport:
        """Return what the campaign has bought so far."""
        account = assemble.account_of(self._workspace, self._begun())
        return _report(self._workspace, account)

    @property
    def budget(self) -> Account:
        """Where the budget stands."""
        return assemble.account_of(self._workspace, self._begun()).budget

    def _begun(self) -> CampaignId:
        if self._campaign is None:
            raise ConfigurationError("pipeline: nothing has been run yet; call run() first")
        return self._campaign

    def _raw(
        self, given: Path, labeled: Any, unlabeled: Any, target: float | None
    ) -> dict[str, Any]:
        """Write what was given into files and return the campaign file that names them."""
        if unlabeled is None or len(unlabeled) == 0:
            raise DataError("unlabeled_data: expected at least one item, got none")
        settings = self._settings
        stop: dict[str, Any] = {"max_rounds": settings["max_rounds"]}
        if target is not None:
            stop["target"] = {"metric": "accuracy", "at_least": target}
        pool = _write_source(given, "pool", unlabeled)
        raw: dict[str, Any] = {
            "schema_version": 1,
            "name": settings["name"],
            "labels": {"task": "single", "classes": _classes(settings["classes"], labeled)},
            "pool": pool,
            "model": _write_model(given, self._model),
            "strategy": {**self._strategy, "batch": settings["batch"]},
            "backend": _write_tool(given, self._tool, self._api_key),
            "quality": {"overlap": settings["overlap"]},
            "budget": {k: v for k, v in settings["budget"].items() if v is not None},
            "stop": stop,
            "privacy": settings["privacy"],
            "tracking": settings["tracking"],
            "seed": settings["seed"],
        }
        if settings["preannotate"] is not None:
            raw["preannotate"] = settings["preannotate"]
        if labeled is not None:
            raw["labeled"] = _write_source(given, "labeled", *_labeled(labeled))
        if settings["heldout"] is not None:
            X, y = settings["heldout"]
            heldout = _write_source(given, "heldout", X, y)
            raw["pool"]["heldout"] = heldout.get("path") or "heldout.parquet"
        return raw


def _strategy(active_learning: str | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(active_learning, Mapping):
        return dict(active_learning)
    return dict(names.written(active_learning, "active_learning"))


def _classes(given: Sequence[str] | None, labeled: Any) -> list[str]:
    if given is not None:
        return [str(name) for name in given]
    if labeled is None:
        raise ConfigurationError(
            "classes: expected configure(classes=[...]), because no labeled data shows them"
        )
    return sorted({str(name) for name in _labeled(labeled)[1]})


def _labeled(labeled: Any) -> tuple[Any, Sequence[Any]]:
    if isinstance(labeled, tuple) and len(labeled) == 2:
        return labeled
    if hasattr(labeled, "columns") and "label" in labeled.columns:
        return labeled.drop(columns="label"), list(labeled["label"])
    raise DataError(
        "labeled_data: expected (X, y) or a frame with the column 'label', got "
        f"{type(labeled).__name__}"
    )


def _write_source(
    given: Path, name: str, X: Any, labels: Sequence[Any] | None = None
) -> dict[str, Any]:
    """Write data into the workspace and return the source that reads it."""
    given.mkdir(parents=True, exist_ok=True)
    frame, keys = _frame(X)
    if frame is None:  # image paths: referenced, not copied
        if labels is not None:
            raise DataError(
                f"{name}: images with labels are read from folders; give `labeled` in a campaign "
                "file as {kind: images, path: FOLDER, label_by: folder}"
            )
        write_atomically(given / f"{name}.txt", "\n".join(str(Path(p).resolve()) for p in X))
        return {"kind": "images", "path": f"{name}.txt"}
    if labels is not None:
        if len(labels) != len(frame):
            raise DataError(f"{name}: {len(frame)} rows and {len(labels)} labels")
        frame = frame.assign(label=[str(label) for label in labels])
        keys = {**keys, "label": "label"}
    write_atomically(given / f"{name}.parquet", frame.to_parquet)
    return {"kind": "table", "path": f"{name}.parquet", **keys}


def _frame(X: Any) -> tuple[Any, dict[str, Any]]:
    """Return (frame, keys of the table source); no frame for image paths."""
    import pandas as pd

    if hasattr(X, "columns"):
        keys: dict[str, Any] = {"text": "text"} if "text" in X.columns else {}
        if "id" in X.columns:
            keys["id"] = "id"
        if "group" in X.columns:
            keys["group"] = "group"
        return X, keys
    if isinstance(X, np.ndarray) and X.dtype.kind in "fiub":
        flat = X.reshape(len(X), -1)
        columns = [f"feature_{at:04d}" for at in range(flat.shape[1])]
        return pd.DataFrame(flat, columns=columns), {"features": columns}
    values = list(X)
    if all(isinstance(one, Path) for one in values) or _are_images(values):
        return None, {}
    if all(isinstance(one, str) for one in values):
        return pd.DataFrame({"text": values}), {"text": "text"}
    raise DataError(
        "data: expected an array (n, d), a frame, a list of texts or of image paths, got a "
        f"{type(X).__name__} of {type(values[0]).__name__}"
    )


def _are_images(values: Sequence[Any]) -> bool:
    endings = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".gif", ".webp")
    return all(isinstance(one, str) and one.lower().endswith(endings) for one in values)


def _write_model(given: Path, model: Any) -> dict[str, Any]:
    if model is None:
        return {"kind": "logistic_regression"}
    if isinstance(model, str):
        if model not in models.TABLE:
            raise ConfigurationError(
                f"model: expected one of {', '.join(sorted(models.TABLE))}, got {model!r}"
            )
        return {"kind": model}
    if not (hasattr(model, "fit") and hasattr(model, "predict_proba")):
        raise ConfigurationError(
            f"model: expected something with fit and predict_proba, got {type(model).__name__}"
        )
    import joblib

    write_atomically(given / "model.joblib", lambda file: joblib.dump(model, file))
    return {"kind": "pickled", "path": "model.joblib", "sha256": sha256_of(given / "model.joblib")}


def _write_tool(given: Path, tool: Mapping[str, Any], api_key: str | None) -> dict[str, Any]:
    if api_key is not None:
        write_atomically(given / "token", api_key, private=True)
        shown = "password" if "user" in tool else "token"
        tool = {**tool, shown: {"file": str((given / "token").resolve())}}
    truth = tool.get("truth")
    if truth is None or isinstance(truth, str | Path):
        return {
            key: str(value) if isinstance(value, Path) else value for key, value in tool.items()
        }
    import pandas as pd

    frame = pd.DataFrame({"label": [str(label) for label in truth]})
    write_atomically(given / "truth.csv", frame.to_csv(index=False))
    return {**tool, "truth": "truth.csv"}


def _report(workspace: Workspace, account: Statement) -> PipelineReport:
    import pandas as pd

    accuracy: Interval = account.latest("accuracy")
    saved = savings(account, "accuracy")
    newest = next((line.model for line in reversed(account.rounds) if line.model), None)
    models_folder = workspace.campaign(account.campaign_id) / "models"
    return PipelineReport(
        campaign_id=account.campaign_id,
        accuracy=accuracy.value,
        accuracy_interval=(accuracy.low, accuracy.high),
        judged_against=account.judged_against,
        labels_used=account.budget.committed_answers,
        items_labeled=account.items["labeled"],
        cost=account.budget.cost_micros / 1e6,
        cost_savings=saved.cost_micros / 1e6 if math.isfinite(saved.cost_micros) else math.nan,
        cost_savings_how=saved.how,
        curve=pd.DataFrame(
            [
                {
                    "round": point.round,
                    "arm": point.arm,
                    "metric": point.metric,
                    "items": point.items,
                    "answers": point.answers,
                    "cost": point.cost_micros / 1e6,
                    "value": point.interval.value,
                    "low": point.interval.low,
                    "high": point.interval.high,
                }
                for point in account.curve
            ]
        ),
        stop_reason=account.state.stop_reason,
        dataset=None if account.dataset is None else manifest.read(workspace.root, account.dataset),
        report_path=workspace.report(account.campaign_id),
        model_path=None if newest is None else models_folder / f"{newest}.joblib",
    )

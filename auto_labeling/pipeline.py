"""`AutoLabelingPipeline`: a pool, a tool and a budget in; labels, a model, an account out."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from auto_labeling import assemble, given, launch
from auto_labeling import config as config_room
from auto_labeling.campaign import creation, manifest
from auto_labeling.campaign.budget import Account
from auto_labeling.campaign.statement import Statement, savings
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.files import locked, sha256_of, write_atomically
from auto_labeling.records import CampaignId, Interval
from auto_labeling.reporting.terms import terms_of
from auto_labeling.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineReport:
    """What a campaign bought. Figures that cannot be known are nan."""

    campaign_id: CampaignId
    accuracy: float
    """Of the first metric that was judged, `metric`: accuracy, or mAP where people draw."""
    accuracy_interval: tuple[float, float]
    """95 % limits."""
    metric: str
    """`accuracy`, `map50` ..."""
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
        model: a scikit-learn classifier, the name of a model kind such as `"lda"` or `"yolo"`, a
            mapping as it stands under `model` in a campaign file, or None for logistic regression.
            A file that such a mapping names, as `weights`, is found from where you are.
        active_learning: auto, uncertainty, margin, entropy, hybrid, random ..., or a mapping as it
            stands under `strategy` in a campaign file. Where people draw, `uncertainty` is that of
            the objects on a picture.
        labeling_tool: the kind of tool: `label_studio`, `cvat`, `simulated` or `files`.
        api_key: the tool's token, or the password where `connection` names a `user`; it is kept in
            a file that only you can read. None: what the environment says (`LABEL_STUDIO_API_KEY`,
            `CVAT_ACCESS_TOKEN`).
        connection: further keys of the tool, as they stand under `backend` in a campaign file; for
            `simulated`, `truth` may be the labels themselves, in the order of the pool, or a COCO
            file where people draw.
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
        self._strategy = active_learning
        given.strategy_of(active_learning, "single")  # a wrong name is told at once
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
        money_budget: str | Decimal | None = None,
        price_per_label: str | Decimal = "0",
        currency: str = "USD",
        overlap: int = 1,
        confidence_threshold: float | None = None,
        task: str = "single",
        classes: Sequence[str] | None = None,
        heldout: Any = None,
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
            money_budget: money at most, as a string or Decimal; None: what the answers cost.
            price_per_label: what one answer costs, likewise.
            currency: ISO code of the money.
            overlap: opinions an item gets.
            confidence_threshold: how sure the model has to be, in [0, 1], for people to be shown
                its answer as a start; None: they are shown none.
            task: `single`, `boxes`, `polygons` or `masks`; what is drawn needs a model that draws,
                such as `model={"kind": "yolo", "weights": "yolov8n.pt", "sha256": "..."}`.
            classes: the classes, where `labeled_data` does not show them all.
            heldout: what judges the model, as `labeled_data`; without it a random control slice
                does.
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
            "task": task,
            "classes": classes,
            "heldout": _dense(heldout),
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

        It can be killed at any moment: the same script goes on with the campaign that it began. One
        that has ended is not gone on with; another begins.

        Args:
            labeled_data: `(X, y)`, or a frame with the column `label`; None starts cold. Where
                people draw, image paths with a tuple of shapes each, or the path of a COCO file
                (.json) beside or above its pictures.
            unlabeled_data: an array (n, d), of NumPy or sparse, a frame, a list of texts, or a list
                of image paths; where people draw, a COCO file as well, whose objects nobody sees.
            target_accuracy: stop when the lower bound of the accuracy is there, or that of mAP at
                IoU .5 where people draw.
        """
        if not self._settings:
            self.configure()
        with locked(self._workspace.root / "begin.lock"):  # or two scripts begin two campaigns
            self._campaign = self._begin(
                _dense(labeled_data), _dense(unlabeled_data), target_accuracy
            )
        launch.run_campaign(self._workspace, self._campaign)
        return self.report()

    def resume(self) -> PipelineReport:
        """Go on with the campaign that `run` began, here or in a process that is gone.

        Raises `ConfigurationError` where this process began none, and not exactly one of this name
        is under way.
        """
        if self._campaign is None:
            self._campaign = self._only_one()
        launch.run_campaign(self._workspace, self._campaign)
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

    def _only_one(self) -> CampaignId:
        """Return the campaign of this name that is under way."""
        if not self._settings:
            self.configure()
        name = self._settings["name"]
        match assemble.unstopped(self._workspace, name):
            case [campaign]:
                return campaign
            case []:
                raise ConfigurationError(
                    f"pipeline: no campaign {name!r} is under way in {self._workspace.root}; "
                    "call run()"
                )
            case several:
                raise ConfigurationError(
                    f"pipeline: expected one campaign {name!r} under way, got "
                    f"{', '.join(several)}; run() with the data of one goes on with it"
                )

    def _begin(self, labeled: Any, unlabeled: Any, target: float | None) -> CampaignId:
        """Return the campaign that is under way with what is given, begun if there is none."""
        campaign = creation.new_id(self._settings["name"])
        folder = self._given(campaign)
        raw = config_room.json_ready(self._raw(folder, labeled, unlabeled, target))
        begun = self._under_way(raw, folder)
        if begun is not None:
            return begun
        path = folder / "config.yaml"
        write_atomically(path, yaml.safe_dump(raw, sort_keys=False))
        assemble.create(self._workspace, raw, config_path=path, base=folder, campaign_id=campaign)
        return campaign

    def _under_way(self, raw: Mapping[str, Any], folder: Path) -> CampaignId | None:
        """Return the campaign that was given the same, and has not stopped; drop what is twice.

        Raises `ConfigurationError` where one over the same pool was configured otherwise.
        """
        begun = {
            one: assemble.configuration_of(self._workspace, one)
            for one in assemble.unstopped(self._workspace, self._settings["name"])
            if self._given(one).is_dir()
        }
        pool = _pool(raw, folder)
        rivals = [one for one in begun if _pool(begun[one], self._given(one)) == pool]
        if not rivals:
            return None
        now = _content(raw, folder)
        same = [one for one in rivals if _content(begun[one], self._given(one)) == now]
        if same and (folder / "token").exists():  # a key that has expired is renewed so
            (folder / "token").replace(self._given(same[0]) / "token")
        shutil.rmtree(folder.parent)
        if not same:
            raise ConfigurationError(
                f"pipeline: campaign {rivals[0]} over this pool is under way with another "
                "configuration; resume() goes on with it, `auto-label stop "
                f"{rivals[0]} --workspace {self._workspace.root}` stops it, and another `name` "
                "begins one beside it"
            )
        return same[0]

    def _given(self, campaign: CampaignId) -> Path:
        return self._workspace.campaign(campaign) / "given"

    def _raw(
        self, folder: Path, labeled: Any, unlabeled: Any, target: float | None
    ) -> dict[str, Any]:
        """Write what was given into files and return the campaign file that names them."""
        if unlabeled is None or len(str(unlabeled) if given.is_file(unlabeled) else unlabeled) == 0:
            raise DataError("unlabeled_data: expected at least one item, got none")
        settings = self._settings
        desk = given.Desk.of(folder, settings["task"], settings["classes"], labeled)
        stop: dict[str, Any] = {"max_rounds": settings["max_rounds"]}
        if target is not None:
            metric = "map50" if desk.schema.is_drawn else "accuracy"
            stop["target"] = {"metric": metric, "at_least": target}
        raw: dict[str, Any] = {
            "schema_version": 1,
            "name": settings["name"],
            "labels": {"task": desk.schema.task, "classes": list(desk.schema.classes)},
            "pool": desk.pool(unlabeled, settings["heldout"]),
            "model": desk.model(self._model),
            "strategy": {
                **given.strategy_of(self._strategy, desk.schema.task),
                "batch": settings["batch"],
            },
            "backend": desk.tool(self._tool, self._api_key),
            "quality": {"overlap": settings["overlap"]},
            "budget": {k: v for k, v in settings["budget"].items() if v is not None},
            "stop": stop,
            "privacy": settings["privacy"],
            "tracking": settings["tracking"],
            "seed": settings["seed"],
        }
        if settings["preannotate"] is not None:
            raw["preannotate"] = settings["preannotate"]
        if "text" in raw["pool"]:
            raw["embedder"] = {"kind": "tfidf"}
        if labeled is not None:
            raw["labeled"] = desk.labeled("labeled", labeled)
        return raw


def _pool(raw: Mapping[str, Any], folder: Path) -> str:
    """Return the digest of the pool that was written into a folder, or where another file lies."""
    path = folder / raw["pool"]["path"]
    return sha256_of(path) if path.parent == folder else str(path)


def _content(raw: Mapping[str, Any], folder: Path) -> tuple[str, dict[str, str]]:
    """Return what was given into a folder, wherever that lies, less the key of the tool."""
    files = [path for path in folder.iterdir() if path.name not in ("config.yaml", "token")]
    said = json.dumps(raw, sort_keys=True, ensure_ascii=False).replace(str(folder), "")
    return said, {path.name: sha256_of(path) for path in files}


def _dense(data: Any) -> Any:
    """Return data, alone or with its labels, whose rows are an array where SciPy held them."""
    if isinstance(data, tuple) and data:
        return (_dense(data[0]), *data[1:])
    return data.toarray() if hasattr(data, "toarray") else data


def _report(workspace: Workspace, account: Statement) -> PipelineReport:
    import pandas as pd

    metric = terms_of(account).primary
    accuracy: Interval = account.latest(metric)
    saved = savings(account, metric)
    newest = next((line.model for line in reversed(account.rounds) if line.model), None)
    models_folder = workspace.campaign(account.campaign_id) / "models"
    return PipelineReport(
        campaign_id=account.campaign_id,
        accuracy=accuracy.value,
        accuracy_interval=(accuracy.low, accuracy.high),
        metric=metric,
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

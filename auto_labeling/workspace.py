"""Where everything lies: the folder that `--workspace` names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from auto_labeling.records import CampaignId

VARIABLE = "AUTO_LABEL_WORKSPACE"


@dataclass(frozen=True, slots=True)
class Workspace:
    """The paths of one workspace."""

    root: Path

    @classmethod
    def of(cls, given: Path | str | None = None) -> Workspace:
        """Return the workspace named here, else by the environment, else `./.auto-label`."""
        chosen = given or os.environ.get(VARIABLE) or ".auto-label"
        return cls(Path(chosen).expanduser().resolve())

    @property
    def ledger(self) -> Path:
        """The truth about all campaigns."""
        return self.root / "ledger.db"

    @property
    def mlflow(self) -> Path:
        """MLflow's store."""
        return self.root / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        """MLflow's artifact root."""
        return self.root / "artifacts"

    @property
    def prefect(self) -> Path:
        """Prefect's home, where no server is set up."""
        return self.root / "prefect"

    @property
    def cache(self) -> Path:
        """What can be computed again: whoever needs the disk deletes it."""
        return self.root / "cache"

    def campaign(self, campaign: CampaignId) -> Path:
        """The files of one campaign."""
        return self.root / "campaigns" / campaign

    def report(self, campaign: CampaignId) -> Path:
        """The report of one campaign."""
        return self.campaign(campaign) / "report.html"

    def people(self, campaign: CampaignId) -> Path:
        """Who is behind the pseudonyms of one campaign."""
        return self.root / "people" / f"{campaign}.json"

    def manifest(self, digest: str) -> Path:
        """One data set."""
        return self.root / "manifests" / digest

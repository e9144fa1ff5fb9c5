"""The select flow: chooses from files what to label next, without any campaign."""

from __future__ import annotations

from pathlib import Path

from prefect import flow
from pydantic import BaseModel, Field

from auto_labeling.sampling.files import Request
from tasks.selection import choose


class SelectRun(BaseModel):
    """What a person fills in to choose from files."""

    pool: str = Field(title="Pool", description="The file of unlabeled rows.")
    to: str = Field(title="Write to", description="The CSV file of the choice.")
    labeled: str | None = Field(
        default=None,
        title="Labeled",
        description="The file of labeled rows; None: nothing is labeled yet.",
    )
    n_samples: int = Field(default=20, ge=1, title="How many")
    strategy: str = Field(default="uncertainty", title="Strategy")
    model: str = Field(default="logistic_regression", title="Model")
    label: str = Field(default="label", title="Column of labels")
    text: str | None = Field(default=None, title="Column of texts")
    seed: int = Field(default=0, ge=0, title="Seed")

    def request(self) -> Request:
        """Return the same in the library's words."""
        given = self.model_dump() | {"pool": Path(self.pool), "to": Path(self.to)}
        given["labeled"] = None if self.labeled is None else Path(self.labeled)
        return Request(**given)


@flow(name="select", persist_result=False)
def select(run: SelectRun) -> str:
    """Choose what to label next, and return the file that says so."""
    choose(run.request())
    return run.to

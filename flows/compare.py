"""The compare flow: which strategy saves most labels on data whose labels are known."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from prefect import flow
from pydantic import BaseModel, Field

from auto_labeling.compare.filing import STRATEGIES, Request
from auto_labeling.workspace import Workspace
from tasks.selection import race


class CompareRun(BaseModel):
    """What a person fills in to compare strategies."""

    data: str = Field(title="Data", description="A table or npz with labels, or a campaign file.")
    test: str | None = Field(
        default=None, title="Test", description="Rows that judge; None: three tenths of the data."
    )
    strategies: list[str] = Field(default=list(STRATEGIES), min_length=1, title="Strategies")
    model: str | None = Field(
        default=None, title="Model", description="None: the campaign's, else logistic regression."
    )
    label: str = Field(default="label", title="Column of labels")
    text: str | None = Field(default=None, title="Column of texts")
    n_iterations: int = Field(default=10, ge=1, title="Batches")
    samples_per_iteration: int = Field(default=50, ge=1, title="Labels a batch")
    n_initial: int = Field(default=20, ge=1, title="First labels")
    n_repeats: int = Field(default=10, ge=1, title="Repeats")
    track: Literal["selection", "full"] = Field(default="selection", title="Track")
    seed: int = Field(default=0, ge=0, title="Seed")

    def request(self) -> Request:
        """Return the same in the library's words."""
        given = self.model_dump() | {"data": Path(self.data), "strategies": tuple(self.strategies)}
        given["test"] = None if self.test is None else Path(self.test)
        return Request(**given)


@flow(name="compare", persist_result=False)
def compare(run: CompareRun) -> str:
    """Compare strategies, and return the folder with the curves, the table and the picture."""
    folder = Workspace.of().root / "compare" / Path(run.data).stem
    race(run.request(), folder)
    return str(folder)

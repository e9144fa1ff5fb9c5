"""Choose the items of a round, or from files; and compare ways to choose."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.logging import get_run_logger

from auto_labeling.campaign.rounds import Step
from auto_labeling.compare import filing
from auto_labeling.sampling import files
from tasks._policy import POLICY, Ref, make


@task(name="select", **POLICY)
def select(ref: Ref) -> None:
    """Choose this round's batch and its control slice."""
    make(ref, Step.SELECT)


@task(name="choose from files", **POLICY)
def choose(request: files.Request) -> None:
    """Choose what to label next, and write it."""
    chosen = files.choose_from_files(request)
    get_run_logger().info("%s rows chosen: %s", chosen, request.to)


@task(name="compare strategies", **POLICY)
def race(request: filing.Request, folder: Path) -> None:
    """Race the strategies, and write curves, table and picture into the folder."""
    written = filing.write(filing.compare_file(request), folder)
    get_run_logger().info("written: %s", ", ".join(map(str, written)))

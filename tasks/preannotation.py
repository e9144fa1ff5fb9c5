"""Let a model suggest what is on pictures."""

from __future__ import annotations

from prefect import task
from prefect.logging import get_run_logger

from auto_labeling.by_hand.preannotation_run import Request, preannotate_folder
from tasks._policy import POLICY


@task(name="preannotate", **POLICY)
def suggest(request: Request) -> int:
    """Write what the model suggests, and return on how many pictures."""
    run = preannotate_folder(request)
    log = get_run_logger()
    log.info("%s pictures, %s of them predicted now: %s", len(run), run.predicted, request.into)
    if run.quarantined:
        log.warning("%s files put aside: %s", len(run.quarantined), request.into)
    return len(run)

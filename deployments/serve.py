"""Serve the deployments of prefect.yaml from this process: all that one machine needs.

From the root of the checkout, in two terminals:

    DO_NOT_TRACK=true PREFECT_SERVER_ANALYTICS_ENABLED=false prefect server start
    PREFECT_API_URL=http://127.0.0.1:4200/api python deployments/serve.py

Then open http://127.0.0.1:4200/deployments, choose `campaign` and Run. The workspace is the one
that AUTO_LABEL_WORKSPACE names, else `.auto-label`. Ctrl-C ends the serving; campaigns go on where
they stood when it is started again.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TICK_EVERY_S = 300
TAGS = ["auto-label"]


def deployments() -> list[Any]:
    """Return what is served: the same as in prefect.yaml, which a test compares."""
    from prefect.client.schemas.objects import (
        ConcurrencyLimitConfig,
        ConcurrencyLimitStrategy,
    )
    from prefect.schedules import Interval

    from flows.campaign import campaign
    from flows.compare import compare
    from flows.preannotate import preannotate
    from flows.quality import quality
    from flows.retrain import retrain
    from flows.select import select
    from flows.sync import sync
    from flows.tick import tick

    one_at_a_time = ConcurrencyLimitConfig(
        limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
    )
    return [
        campaign.to_deployment(
            name="campaign",
            description="Drive one labeling campaign within its budget, until it ends.",
            tags=TAGS,
            enforce_parameter_schema=True,
        ),
        tick.to_deployment(
            name="tick",
            description="Make the steps that are ready, for every campaign of the workspace, and "
            "leave.",
            tags=TAGS,
            concurrency_limit=one_at_a_time,
            enforce_parameter_schema=True,
            schedules=[Interval(TICK_EVERY_S, slug="every-five-minutes")],
        ),
        retrain.to_deployment(
            name="retrain",
            description="Train on all answers so far, for the predictions that people are shown.",
            tags=TAGS,
            enforce_parameter_schema=True,
        ),
        quality.to_deployment(
            name="quality",
            description="Reckon how far the people of a campaign agree, and show it.",
            tags=TAGS,
            enforce_parameter_schema=True,
        ),
        sync.to_deployment(
            name="sync",
            description="Take in what people did, for every campaign of the workspace; ask for "
            "nothing.",
            tags=TAGS,
            concurrency_limit=one_at_a_time,
            enforce_parameter_schema=True,
        ),
        preannotate.to_deployment(
            name="preannotate",
            description="Suggest what is on the pictures of a folder, without any campaign.",
            tags=TAGS,
            enforce_parameter_schema=True,
        ),
        select.to_deployment(
            name="select",
            description="Choose from files what to label next, without any campaign.",
            tags=TAGS,
            enforce_parameter_schema=True,
        ),
        compare.to_deployment(
            name="compare",
            description="Race strategies on data whose labels are known.",
            tags=TAGS,
            enforce_parameter_schema=True,
        ),
    ]


def main() -> None:
    """Serve until somebody ends it."""
    sys.path.insert(0, str(ROOT))
    from auto_labeling.workspace import VARIABLE, Workspace

    os.environ[VARIABLE] = str(Workspace.of().root)
    os.chdir(ROOT)  # runs are started in the folder that is served, and import `flows` from it
    os.environ["DO_NOT_TRACK"] = "true"
    os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    from flows.server import configured_url

    if configured_url() is None:
        sys.exit(
            "serve.py: no Prefect server is named. Run `prefect server start` in another terminal, "
            "and set PREFECT_API_URL to the address that it prints."
        )
    from prefect import serve

    serve(*deployments())


if __name__ == "__main__":
    main()

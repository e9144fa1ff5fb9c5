"""The options that several commands share, said once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

WorkspaceOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        metavar="FOLDER",
        help="Where ledger, models and reports lie: $AUTO_LABEL_WORKSPACE, else ./.auto-label.",
        show_default=False,
    ),
]
JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
DryRunOption: TypeAlias = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
]
PlainOption: TypeAlias = Annotated[
    bool, typer.Option("--plain", help="Without Prefect and without the mirror in MLflow.")
]
AllOption: TypeAlias = Annotated[bool, typer.Option("--all", help="All campaigns.")]
ConfigArgument: TypeAlias = Annotated[
    str, typer.Argument(metavar="CONFIG", help="The campaign file.", show_default=False)
]
CampaignArgument: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="CONFIG|ID",
        help="A campaign's file, id or name; without it, the newest campaign.",
        show_default=False,
    ),
]

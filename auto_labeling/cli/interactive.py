"""`interactive`: active learning on a Label Studio project, step by step."""

from __future__ import annotations

from typing import Annotated

import typer

from auto_labeling.cli.audit import (
    ControlOption,
    TokenEnvOption,
    TokenFileOption,
    UrlOption,
    plain_remedies,
    token_of,
)


def interactive(
    url: UrlOption,
    project: Annotated[
        int | None,
        typer.Option(
            "--project", metavar="N", help="The project's number; asked for.", show_default=False
        ),
    ] = None,
    token_env: TokenEnvOption = None,
    token_file: TokenFileOption = None,
    control: ControlOption = None,
) -> None:
    """Train on the answers of a Label Studio project, and let it serve what is uncertain first.

    It asks what to do next: train, predict, recommend, wait. Only `predict` and `recommend` write:
    predictions whose version begins with guided-, and the order in which tasks are served.
    """
    from auto_labeling.cli import screen
    from auto_labeling.guided.manager import ActiveLearningManager
    from auto_labeling.guided.runner import ActiveLearningRunner

    manager = ActiveLearningManager(url, token_of(url, token_env, token_file), control=control)
    with plain_remedies():
        ActiveLearningRunner(manager, say=screen.say).run(project)

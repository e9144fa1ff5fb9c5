"""Where the program begins: runs a command, and turns every error into a sentence and a code."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from auto_labeling.cli import failing
from auto_labeling.workspace import Workspace

# Typer carries a copy of click from some version on; its errors are found through its own names.
_UsageError: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)
_SILENCE = {
    "DO_NOT_TRACK": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "LABEL_STUDIO_COLLECT_ANALYTICS": "false",
    "YOLO_OFFLINE": "true",
}
"""No dependency reports to anybody."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code; `DECISIONS.md` lists them."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = _takes(given, "--debug")
    as_json = "--json" in given
    os.environ.update(_SILENCE)
    if not debug:
        # Of libraries, about themselves; a person can do nothing about them here.
        warnings.simplefilter("ignore")
    try:
        return _run(given)
    except KeyboardInterrupt:
        return _interrupted(as_json)
    except _UsageError as error:
        return _usage(error, as_json)
    except BrokenPipeError:
        # Whoever read the output has enough of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return failing.FAILED
    except Exception as error:  # noqa: BLE001 - the last place where an error can become a sentence
        if debug:
            traceback.print_exc()
        return _failed(failing.failure_of(error, _workspace_of(given)), as_json)


def _run(given: list[str]) -> int:
    from auto_labeling.cli.app import app

    command: Any = typer.main.get_command(app)
    code = command.main(args=given, prog_name="auto-label", standalone_mode=False)
    if code == failing.INTERRUPTED:  # click has caught the Ctrl-C
        raise KeyboardInterrupt
    return code if isinstance(code, int) else failing.DONE


def _takes(given: list[str], flag: str) -> bool:
    """Take a flag out of the arguments: it means the same wherever it stands."""
    found = flag in given
    given[:] = [one for one in given if one != flag]
    return found


def _workspace_of(given: Sequence[str]) -> Path:
    for at, one in enumerate(given):
        if one in ("--workspace", "-w") and at + 1 < len(given):
            return Workspace.of(given[at + 1]).root
        if one.startswith("--workspace="):
            return Workspace.of(one.partition("=")[2]).root
    return Workspace.of().root


def _interrupted(as_json: bool) -> int:
    return _failed(
        failing.Failure(
            kind="Interrupted",
            sentence=failing.STOPPED_BY_CTRL_C,
            exit_code=failing.INTERRUPTED,
        ),
        as_json,
    )


def _usage(error: Any, as_json: bool) -> int:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "auto-label"
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stdout.write(error.format_message() + "\n")
        return failing.DONE if path == "auto-label" else failing.USAGE
    said = error.format_message().rstrip(".")
    return _failed(
        failing.Failure(
            kind="Usage", sentence=f"{said}; see `{path} --help`", exit_code=failing.USAGE
        ),
        as_json,
    )


def _failed(failure: failing.Failure, as_json: bool) -> int:
    from auto_labeling.cli import screen

    if as_json:
        # To stdout: whoever asked for JSON reads one document there, whatever happens.
        screen.print_json(
            {
                "error": {
                    "kind": failure.kind,
                    "message": failure.sentence,
                    "remedy": failure.remedy,
                    "log": None if failure.log is None else str(failure.log),
                },
                "exit_code": failure.exit_code,
            }
        )
    else:
        screen.say(f"auto-label: {failure.sentence}", stderr=True)
    return failure.exit_code

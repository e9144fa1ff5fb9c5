"""The commands, in the order in which a person meets them."""

from __future__ import annotations

import typer

from auto_labeling.cli.add import add
from auto_labeling.cli.amend import amend
from auto_labeling.cli.audit import audit
from auto_labeling.cli.compare import compare
from auto_labeling.cli.doctor import doctor
from auto_labeling.cli.export import export
from auto_labeling.cli.init import init
from auto_labeling.cli.interactive import interactive
from auto_labeling.cli.plan import plan
from auto_labeling.cli.relabel import relabel
from auto_labeling.cli.report import report
from auto_labeling.cli.retrain import retrain
from auto_labeling.cli.run import resume, run
from auto_labeling.cli.serve import serve
from auto_labeling.cli.status import status
from auto_labeling.cli.stop import stop
from auto_labeling.cli.studio import studio
from auto_labeling.cli.tick import tick

COMMANDS = (
    (init, "Write a campaign file from what lies in a folder.", "init photos/"),
    (plan, "Forecast a campaign, before anything is bought.", "plan configs/digits.yaml"),
    (run, "Run a campaign until it stops.", "run configs/digits.yaml"),
    (tick, "Make the steps that are ready, and end.", "tick --all"),
    (status, "Say where a campaign is, and whose turn it is.", "status digits"),
    (resume, "Go on with a campaign that was begun.", "resume digits --max-rounds 2"),
    (stop, "End a campaign, after its round or at once.", "stop digits --now"),
    (amend, "Take a changed campaign file over.", 'amend digits.yaml --why "more answers"'),
    (add, "Take more rows into the pool.", "add reviews.yaml more.csv"),
    (relabel, "Ask again about labels that are probably wrong.", "relabel digits --most 20"),
    (report, "Write the report anew.", "report digits"),
    (compare, "Race strategies on labeled data.", "compare digits.npz --repeats 20"),
    (export, "Write the newest data set.", "export digits --to labels.csv"),
    (serve, "Serve models to Label Studio, and be woken.", "serve --public-url http://host:9090"),
    (audit, "Say what the answers in a project are worth.", "audit --url URL --project 12"),
    (interactive, "Learn from a project, and order what is left.", "interactive --url URL"),
    (studio, "Start a Label Studio here, for a campaign.", "studio campaign.yaml"),
    (doctor, "Check that everything needed is there.", "doctor"),
)
"""Each with its line in the list of commands, and an example that its help shows."""

_EPILOG = """\
\b
Exit codes: 0 done, 1 failed, 2 usage, 3 stopped by budget, 4 waiting for
people, 5 another driver holds the campaign, 6 blocked until a person acts.
"""

app = typer.Typer(
    name="auto-label",
    help="A pool, a labeling tool and a budget in; labeled data, a model and an account out.",
    epilog=_EPILOG,
    no_args_is_help=False,
    add_completion=False,
    # Plain help: it is printed in a third of the time, and reads well anywhere.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version."),
    debug: bool = typer.Option(  # noqa: ARG001 - taken out before, wherever it stands
        False, "--debug", help="Show the traceback of an unforeseen error, and every warning."
    ),
) -> None:
    if version:
        typer.echo(f"auto-label {_version()}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _version() -> str:
    from importlib import metadata

    try:
        return metadata.version("auto-labeling")
    except metadata.PackageNotFoundError:
        return "(run from its folder, not installed)"


for _command, _short, _example in COMMANDS:
    app.command(
        _command.__name__, short_help=_short, epilog=f"\b\nExample:\n  auto-label {_example}"
    )(_command)

app.command("retrain", hidden=True)(retrain)

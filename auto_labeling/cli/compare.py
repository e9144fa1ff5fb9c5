"""`compare`: which strategy saves most labels on data whose labels are known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from auto_labeling.cli.options import JsonOption
from auto_labeling.errors import ConfigurationError

if TYPE_CHECKING:
    from auto_labeling.compare.comparison import Comparison

_HEADERS = ("strategy", "area", "to 95 %", "to 99 %", "points over random")


def compare(  # noqa: PLR0913, PLR0917 - each is an option that a person types
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA",
            help="CSV, JSONL, Parquet or npz with labels, or a campaign file.",
            show_default=False,
        ),
    ],
    strategies: Annotated[
        str, typer.Option("--strategies", metavar="NAMES", help="Separated by commas.")
    ] = "auto,margin,random",
    test: Annotated[
        Path | None,
        typer.Option("--test", metavar="FILE", help="Rows that judge; else three tenths."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="KIND", help="The campaign's, else logistic_regression."),
    ] = None,
    label: Annotated[
        str, typer.Option("--label", metavar="COLUMN", help="The column of labels.")
    ] = "label",
    text: Annotated[
        str | None, typer.Option("--text", metavar="COLUMN", help="The column of texts.")
    ] = None,
    initial: Annotated[int, typer.Option("--initial", help="Random labels to begin with.")] = 20,
    batch: Annotated[int, typer.Option("--batch", help="Labels a batch.")] = 50,
    rounds: Annotated[int, typer.Option("--rounds", help="Batches.")] = 10,
    repeats: Annotated[int, typer.Option("--repeats", help="Paired repeats.")] = 10,
    track: Annotated[
        Literal["selection", "full"],
        typer.Option("--track", help="full: begin with the cold start."),
    ] = "selection",
    seed: Annotated[int, typer.Option("--seed")] = 0,
    jobs: Annotated[int, typer.Option("--jobs", help="Processes; -1: one a core.")] = 1,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="PATH", help="png, svg or pdf; DATA.curves.png."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Compare strategies on data whose labels are known; nothing is asked of anybody.

    Every strategy sees the same rows, model, seeds and first labels. Print the area under accuracy
    against labels and the labels needed to 95 % and 99 % of what all labels reach.
    """
    from auto_labeling.cli import screen
    from auto_labeling.compare.filing import Request, compare_file
    from auto_labeling.compare.plotting import SUFFIXES

    picture = plot or Path(f"{data.stem}.curves.png")
    if picture.suffix.lower() not in SUFFIXES:
        raise ConfigurationError(f"--plot: expected a path ending in {', '.join(SUFFIXES)}")
    found = compare_file(
        Request(
            data=data,
            test=test,
            strategies=tuple(name.strip() for name in strategies.split(",") if name.strip()),
            model=model,
            label=label,
            text=text,
            n_iterations=rounds,
            samples_per_iteration=batch,
            n_initial=initial,
            n_repeats=repeats,
            track=track,
            seed=seed,
            n_jobs=jobs,
        )
    )
    found.plot_learning_curves(picture)
    if json:
        screen.print_json(_json(found, picture))
        return
    screen.table(_HEADERS, [_row(one) for one in _rows(found)], right=1)
    screen.say(
        f"± is 95 % over {found.curves['repeat'].nunique()} repeats. All labels reach "
        f"{found.full_data_score:.1%}."
    )
    screen.line(f"Curves: {picture}")


def _rows(found: Comparison) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = found.table().reset_index().to_dict("records")
    return rows


def _json(found: Comparison, picture: Path) -> dict[str, Any]:
    return {
        "track": found.track,
        "full_data_score": found.full_data_score,
        "table": _rows(found),
        "curves": found.to_frame().to_dict("records"),
        "plot": str(picture.absolute()),
    }


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    against = _plus_minus(100 * one["versus_random"], 100 * one["versus_random_high"], "+.2f")
    return (
        one["strategy"],
        _plus_minus(one["aulc"], one["aulc_high"], ".4f"),
        _count(one["labels_95"]),
        _count(one["labels_99"]),
        "" if one["strategy"] == "random" else against,
    )


def _plus_minus(mean: float, high: float, style: str) -> str:
    """Return a mean and half the width of its 95 % limits, which lie evenly about it."""
    return f"{mean:{style}}" + ("" if math.isnan(high) else f" ± {high - mean:{style.lstrip('+')}}")


def _count(labels: float) -> str:
    return "not reached" if math.isnan(labels) else f"{labels:g}"

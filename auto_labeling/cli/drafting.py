"""The campaign file that `init` writes: every key with a comment that says what it is for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from auto_labeling.cli.surveying import Survey

BATCH, OVERLAP = 20, 2


def draft(found: Survey, *, name: str) -> str:
    """Return a campaign file about what was found."""
    slug = re.sub(r"[^\w.-]+", "-", name).strip("-")[:60] or "campaign"
    batch = max(1, min(BATCH, found.size // 5))
    drawn = found.task != "single"
    overlap = 1 if drawn else 3 if found.truth else OVERLAP
    answers = min(found.size, 20 * batch) * overlap
    return _TEMPLATE.format(
        name=_flow(slug),
        task=found.task,
        **(_DRAWN if drawn else _CHOSEN),
        classes=_flow(list(found.classes)),
        pool=_flow(dict(found.pool)),
        embedder=_EMBEDDER if "text" in found.pool else "",
        batch=batch,
        backend=_backend(found),
        overlap=overlap,
        answers=answers,
        money=_flow(f"{answers * 5 // 100 + 1}.00"),
    )


def _flow(value: Any) -> str:
    text = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False
    )
    return text.removesuffix("\n").removesuffix("\n...")


def _backend(found: Survey) -> str:
    if found.truth is not None:
        settings: Mapping[str, Any] = {
            "kind": "simulated",
            "truth": found.truth,
            "annotators": [0.8, 0.85, 0.9, 0.95],
        }
        return f"{_SIMULATED}backend: {_flow(settings)}"
    folder = {"kind": "files", "folder": "handover", "format": "label_studio"}
    return f"{_FILES}backend: {_flow(folder)}"


_SIMULATED = """\
# Who answers. There are labels for everything here, so people can be simulated: each number is how
# often one of them is right. For real people: {kind: files, folder: handover}.
"""
_FILES = """\
# Who answers. Tasks are written into handover/tasks, for Label Studio to import or for a script;
# put what it exports into handover/answers. `format: prodigy` speaks JSONL instead.
"""
_EMBEDDER = """\
# What the model learns from: words, pairs of words and letters, by how rare they are in the pool.
embedder: {kind: tfidf}

"""
_CHOSEN = {
    "asked": "one class an item",
    "learns": """\
# What learns from the answers and says what it is unsure about.
model: {kind: logistic_regression}""",
    "chooses": """\
# How items are chosen: what covers most of what the model is unsure about, so many a round.
strategy: {kind: auto""",
    "gain": """ Without a
# target, `expected_gain: true` stops when further labels would hardly change what is predicted.""",
    "consensus": "majority",
    "metric": "accuracy",
    "least": 0.9,
}
_DRAWN = {
    "asked": "a box around every object of a class",
    "learns": """\
# What learns from the answers: a network that begins with random weights. It learns
# much faster from published ones: {kind: yolo, weights: yolov8n.pt, sha256: its digest}.
model: {kind: yolo, weights: yolov8n.yaml}

# People begin with what the model sees, where that saves them time; a tenth of the pictures goes
# out without, which tells how much they are led by it.
preannotate: {blind: 10%}""",
    "chooses": """\
# How pictures are chosen: those with the objects that the model is unsure about, so many a round.
strategy: {kind: top_k, scorer: {kind: objects}""",
    "gain": "",
    "consensus": "most_agreed",
    "metric": "map50",
    "least": 0.8,
}
_TEMPLATE = """\
# A labeling campaign: `auto-label plan` on this file says what it would buy, `run` runs it.
# Paths are relative to this file.

# The version of this format.
schema_version: 1

# What the campaign is called in lists and reports.
name: {name}

# What is asked: {asked}, out of these.
labels: {{task: {task}, classes: {classes}}}

# What is to be labeled. `heldout` names rows with true labels that judge the model and nothing
# else; without it, a random fifth of every batch judges, by what people agree on.
pool: {pool}

{embedder}{learns}

{chooses}, batch: {batch}}}

{backend}

# How many different people answer about an item, and how their answers become one label.
quality: {{overlap: {overlap}, consensus: {{kind: {consensus}}}}}

# What may be spent at most, in answers and in money; `price` is that of one answer. Quote money.
budget: {{answers: {answers}, money: {money}, currency: USD, price: "0.05"}}

# When to stop before that: when the model is surely that good, or after so many rounds.{gain}
stop: {{target: {{metric: {metric}, at_least: {least}}}, max_rounds: 20}}

# `sealed` keeps texts and pictures out of every log, error and report.
privacy: {{payloads: plain}}

# Every random choice follows from it: the same seed and answers give the same campaign.
seed: 0
"""

"""What choosing pictures, and suggesting boxes on them, saves on BCCD: 3 classes of blood cells.

Each arm is a campaign of the product, run to its end on the plain driver: 20 pictures drawn by lot,
the same for all arms of a seed, then 20 a round up to 160 of the 205 training pictures. A YOLOv8n
is trained 30 epochs at 320 px from the published weights after each round, and judged on the 72
test pictures. Simulated people draw by the times of `annotation_times`, and by what is suggested.

Said for every arm: mAP50 against pictures, boxes and seconds, and how many fewer of each it needs
for the mAP50 that random pictures without suggestions have in the end, by interpolation between
rounds, seed by seed. Campaigns are kept in `--folder`: a run that was killed goes on from there.
All of them are most of a day of one processor: `--record FILE` takes over the curves that other
runs wrote into a file, and adds its own.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from auto_labeling import assemble
from auto_labeling.campaign.intake import decode
from auto_labeling.campaign.schema import answers, asks
from auto_labeling.workspace import Workspace
from benchmarks import digits
from benchmarks.data import DATA

START, BATCH, MOST = 20, 20, 160
SCORER = {"kind": "objects"}
STRATEGIES: Mapping[str, Mapping[str, Any]] = {
    "random": {"kind": "random"},
    "uncertainty": {"kind": "top_k", "scorer": SCORER},
    "priced": {"kind": "top_k", "scorer": SCORER, "priced": True},
    "hybrid": {"kind": "cluster_top", "scorer": SCORER, "priced": True},
}
SUGGESTED: Mapping[str, Any] = {"without": None, "with": {"blind": "10%"}}
PEOPLE = [0.97, 0.98, 0.99]

Curve = list[dict[str, float]]
"""A round each: pictures, boxes, seconds, map50."""


def unpacked(folder: Path) -> Path:
    """Unpack BCCD below `folder` once, and return where."""
    if not (folder / "BCCD").exists():
        with tarfile.open(DATA / "bccd.tar.xz") as archive:
            archive.extractall(folder)  # noqa: S202 - the data set of this benchmark, and no other
    return folder / "BCCD"


def campaign_file(
    name: str, arm: str, suggested: str, seed: int, cells: Path, device: str
) -> dict[str, Any]:
    """Return the campaign of one arm and seed."""
    weights = DATA / "weights" / "yolov8n.pt"
    lists = "ImageSets/Main"
    raw: dict[str, Any] = {
        "schema_version": 1,
        "name": name,
        "labels": {"task": "boxes", "classes": ["RBC", "WBC", "Platelets"]},
        "pool": {
            "kind": "voc",
            "path": str(cells),
            "list": f"{lists}/train.txt",
            "heldout": f"{lists}/test.txt",
        },
        "model": {
            "kind": "yolo",
            "weights": str(weights),
            "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
            "image_size": 320,
            "epochs": 30,
            "device": device,
        },
        "strategy": {**STRATEGIES[arm], "batch": BATCH, "cold_start": {"kind": "random"}},
        "backend": {"kind": "simulated", "truth": "pool", "annotators": PEOPLE},
        "budget": {"answers": MOST},
        "stop": {"max_rounds": 1 + (MOST - START) // BATCH},
        "tracking": {"kind": "none"},
        "seed": seed,
    }
    if SUGGESTED[suggested] is not None:
        raw["preannotate"] = SUGGESTED[suggested]
    return raw


def curve(folder: Path, arm: str, suggested: str, seed: int, device: str = "cpu") -> Curve:
    """Run a campaign, or what is left of it, and return what each of its rounds came to."""
    name = f"{arm}-{suggested}-{seed}"
    workspace = Workspace(folder / name)
    found = assemble.find(workspace, name)
    if found is None:
        raw = campaign_file(name, arm, suggested, seed, unpacked(folder), device)
        found = assemble.create(workspace, raw, config_path=None, base=folder)
    digits.drive(workspace, found)
    account = assemble.account_of(workspace, found)
    judged = {point.round: point for point in account.curve if point.metric == "map50"}
    spent = _spent(workspace, found)
    return [
        {"pictures": point.items, **spent[number], "map50": point.interval.value}
        for number, point in sorted(judged.items())
    ]


def known(record: Path | None) -> dict[tuple[str, str, int], Curve]:
    """Return (arm, suggestions, seed) -> the curve that is written in a record."""
    if record is None or not record.exists():
        return {}
    lines = map(json.loads, record.read_text(encoding="utf-8").splitlines())
    return {(one["arm"], one["suggestions"], one["seed"]): one["curve"] for one in lines}


def curves(
    campaigns: Iterable[tuple[str, str, int]], folder: Path, device: str, record: Path | None
) -> dict[tuple[str, str, int], Curve]:
    """Return the curve of every campaign; those that are in no record yet are run, and added."""
    found, there = {}, known(record)
    for arm, suggested, seed in campaigns:
        one = there.get((arm, suggested, seed))
        if one is None:
            one = curve(folder, arm, suggested, seed, device)
            line = {"arm": arm, "suggestions": suggested, "seed": seed, "curve": one}
            if record is not None:
                with record.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
        found[arm, suggested, seed] = one
    return found


def _spent(workspace: Workspace, campaign: str) -> dict[int, dict[str, float]]:
    """Return round -> the boxes and the seconds up to its end."""
    query = (
        select(asks.c.round, answers.c.value, answers.c.seconds)
        .join(asks, asks.c.ask == answers.c.ask)
        .where(answers.c.campaign == campaign, answers.c.current)
        .order_by(asks.c.round)
    )
    total, by_round = {"boxes": 0.0, "seconds": 0.0}, {}
    ledger = assemble.open_ledger(workspace)
    with ledger.read() as connection:
        for row in connection.execute(query):
            value = decode(row.value)
            total["boxes"] += 0 if value is None else len(value)
            total["seconds"] += row.seconds or 0.0
            by_round[row.round] = dict(total)
    ledger.close()
    return by_round


def needed(found: Curve, axis: str, target: float) -> float:
    """Return how much of an axis it takes to first reach a mAP50; nan where it is never reached."""
    before = {axis: 0.0, "map50": 0.0}
    for point in found:
        if point["map50"] >= target:
            share = (target - before["map50"]) / (point["map50"] - before["map50"])
            return before[axis] + share * (point[axis] - before[axis])
        before = point
    return float("nan")


def fewer(found: Sequence[Curve], random: Sequence[Curve], axis: str) -> list[float]:
    """Return, seed by seed, the share of an axis that an arm saves; nan where it falls short."""
    return [
        1 - needed(mine, axis, other[-1]["map50"]) / needed(other, axis, other[-1]["map50"])
        for mine, other in zip(found, random, strict=True)
    ]


def table(by_arm: Mapping[tuple[str, str], Sequence[Curve]]) -> list[dict[str, Any]]:
    """Return a row for every arm; what it saves, where pictures drawn by lot are there."""
    random = by_arm.get(("random", "without"))
    rows = []
    for (arm, suggested), found in by_arm.items():
        row: dict[str, Any] = {"arm": arm, "suggestions": suggested}
        row["map50"] = float(np.mean([one[-1]["map50"] for one in found]))
        for axis in ("pictures", "boxes", "seconds") if random else ():
            row[f"fewer_{axis}"] = [round(one, 4) for one in fewer(found, random, axis)]
        rows.append(row | {"curves": found})
    return rows


def main() -> None:
    """Run the campaigns, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--arms", nargs="+", default=[*STRATEGIES], choices=[*STRATEGIES])
    parser.add_argument("--suggestions", nargs="+", default=[*SUGGESTED], choices=[*SUGGESTED])
    parser.add_argument("--device", default="cpu", help="an hour of CPU a campaign, or cuda:0")
    parser.add_argument("--folder", type=Path, default=Path(".auto-label") / "detection_campaign")
    parser.add_argument("--record", type=Path, help="what other runs measured, and this one will")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    pairs = [(arm, suggested) for suggested in options.suggestions for arm in options.arms]
    seeds = range(options.seeds)
    campaigns = [(*pair, seed) for seed in seeds for pair in pairs]
    found = curves(campaigns, options.folder, options.device, options.record)
    rows = table({pair: [found[*pair, seed] for seed in seeds] for pair in pairs})
    if options.json:
        print(json.dumps({"benchmark": "detection_campaign", "arms": rows}))
        return
    for row in rows:
        saved = ", ".join(
            f"{axis} {[f'{100 * one:.0f} %' for one in row[f'fewer_{axis}']]}"
            for axis in ("pictures", "boxes", "seconds")
            if f"fewer_{axis}" in row
        )
        print(f"{row['arm']:>12} {row['suggestions']:>8}: mAP50 {row['map50']:.3f}; fewer {saved}")


if __name__ == "__main__":
    main()

"""Boxes of seven people against experts: merged shapes, and the best rule that counts votes.

The crowd's boxes of `shared/data/crowd_boxes` become one drawing a picture, by `MergedShapes` and
by votes: clusters of IoU, at most one box of a person in each, the mean of their boxes, kept where
at least t people drew it. Two standard clusterings stand for the votes (one grows clusters by the
IoU with their mean, one starts from the box that most others support), each at three thresholds;
the best of all t is the figure to beat. All pictures with an expert's answer are counted, empty
ones too; a box is right where it is paired with an expert's at an IoU of .5, and F1 is over all
boxes. It is repeated with three answers drawn by lot on each picture, and on either half of the
pictures by themselves. No figure of `MergedShapes` is fitted to the experts, but its clustering and
its model of difficulty were chosen with an eye on these pictures: others are the better judge.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from auto_labeling.formats.overlaps import box_ious
from auto_labeling.ports import Vote
from auto_labeling.quality.merged_shapes import MergedShapes
from auto_labeling.records import LabelSchema
from auto_labeling.shapes import Box
from benchmarks.data import DATA

SCHEMA = LabelSchema(task="boxes", classes=("person",))
GOAL = 0.01
DRAWS = 5
Crowd = Mapping[str, Mapping[str, NDArray[Any]]]
"""Picture -> person -> (n, 4) left, top, width and height, in fractions."""
Clusters = Callable[[NDArray[Any], NDArray[Any], float], list[list[int]]]


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--draws", type=int, default=DRAWS)
    given = parser.parse_args()
    found: dict[str, Any] = {"benchmark": "consensus_boxes", "goal": GOAL}
    folder = DATA / "crowd_boxes"
    if folder.is_dir():
        found |= measured(*read(folder), given.draws)
    else:
        found |= {"skipped": f"{folder} is absent: set AUTO_LABELING_DATA"}
    print(json.dumps(found) if given.json else json.dumps(found, indent=2))


def read(folder: Path) -> tuple[Crowd, dict[str, NDArray[Any]]]:
    """Return what the crowd drew, and what the experts did; who drew nothing has no rows."""
    with (folder / "images.csv").open() as file:
        sizes = {
            row["image"]: (int(row["width"]), int(row["height"])) for row in csv.DictReader(file)
        }
    drawn = defaultdict(list)
    with (folder / "boxes.csv").open() as file:
        for row in csv.DictReader(file):
            width, height = sizes[row["image"]]
            x1, y1, x2, y2 = (float(row[name]) for name in ("x1", "y1", "x2", "y2"))
            box = (x1 / width, y1 / height, (x2 - x1) / width, (y2 - y1) / height)
            drawn[row["image"], row["worker"]].append(box)
    crowd: dict[str, dict[str, NDArray[Any]]] = defaultdict(dict)
    experts: dict[str, NDArray[Any]] = {}
    with (folder / "assignments.csv").open() as file:
        for row in csv.DictReader(file):
            boxes: NDArray[Any] = np.array(drawn[row["image"], row["worker"]]).reshape(-1, 4)
            if row["role"] == "crowd":
                crowd[row["image"]][row["worker"]] = boxes
            else:
                experts[row["image"]] = boxes
    return crowd, experts


def measured(crowd: Crowd, experts: Mapping[str, NDArray[Any]], draws: int) -> dict[str, Any]:
    """Return the figures with all answers, and the means over draws of three."""
    pictures = [name for name in crowd if name in experts]
    three = [compared(drawn(crowd, seed), experts, pictures) for seed in range(draws)]
    rules = three[0]["votes"]
    votes = {rule: float(np.mean([one["votes"][rule] for one in three])) for rule in rules}
    merged = float(np.mean([one["merged"] for one in three]))
    return {
        "pictures": len(pictures),
        "expert_boxes": sum(len(experts[name]) for name in pictures),
        "all_answers": judged(compared(crowd, experts, pictures)),
        "first_half": judged(compared(crowd, experts, pictures[::2])),
        "second_half": judged(compared(crowd, experts, pictures[1::2])),
        "three_answers": judged({"merged": merged, "votes": votes}) | {"draws": draws},
    }


def judged(found: dict[str, Any]) -> dict[str, Any]:
    """Return the figures with the best rule of votes, and how far above it merging is."""
    best = max(found["votes"], key=found["votes"].__getitem__)
    gain = found["merged"] - found["votes"][best]
    return found | {"best_votes": best, "gain": gain, "reached": gain >= GOAL}


def compared(
    crowd: Crowd, experts: Mapping[str, NDArray[Any]], pictures: Sequence[str]
) -> dict[str, Any]:
    """Return the F1 of merging and of every rule of votes on some pictures."""
    start = time.process_time()
    merged = merging(crowd)
    seconds = time.process_time() - start
    votes = {}
    for name, clusters in CLUSTERINGS.items():
        for least in (0.3, 0.4, 0.5):
            counted = {at: voted(crowd[at], clusters, least) for at in pictures}
            for t in range(1, max(len(crowd[at]) for at in pictures) + 1):
                kept = {at: boxes[often >= t] for at, (boxes, often) in counted.items()}
                votes[f"{name}, IoU {least}, {t} votes"] = f1(kept, experts, pictures)
    return {"merged": f1(merged, experts, pictures), "votes": votes, "cpu_s": seconds}


def merging(crowd: Crowd) -> dict[str, NDArray[Any]]:
    """Return what `MergedShapes` makes of all pictures, those without an expert too."""
    votes = [
        Vote(
            item_id=name,
            person=person,
            value=tuple(
                Box(label="person", x=x, y=y, width=width, height=height)
                for x, y, width, height in boxes.tolist()
            ),
        )
        for name, said in crowd.items()
        for person, boxes in said.items()
    ]
    return {
        verdict.item_id: np.array(
            [(one.x, one.y, one.width, one.height) for one in verdict.value or ()]  # type: ignore[union-attr]
        ).reshape(-1, 4)
        for verdict in MergedShapes().resolve(votes, SCHEMA)
    }


def voted(
    said: Mapping[str, NDArray[Any]], clusters: Clusters, least: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return (k, 4) mean boxes of a picture's clusters, and (k,) how many people drew each."""
    boxes = np.concatenate([np.zeros((0, 4)), *said.values()])
    people = np.repeat(np.arange(len(said)), [len(one) for one in said.values()])
    found = clusters(boxes, people, least)
    means = np.array([boxes[members].mean(axis=0) for members in found]).reshape(-1, 4)
    return means, np.array([len(members) for members in found], dtype=int)


def growing(boxes: NDArray[Any], people: NDArray[Any], least: float) -> list[list[int]]:
    """Return clusters: each box joins the one whose mean it overlaps most, or begins another."""
    found: list[list[int]] = []
    for at, box in enumerate(boxes):
        shared = [
            0.0
            if people[at] in people[members]
            else float(box_ious(box[None], boxes[members].mean(axis=0)[None])[0, 0])
            for members in found
        ]
        if shared and max(shared) >= least:
            found[int(np.argmax(shared))].append(at)
        else:
            found.append([at])
    return found


def supported(boxes: NDArray[Any], people: NDArray[Any], least: float) -> list[list[int]]:
    """Return clusters: around the box that most others overlap, the best one of each of them."""
    shared = box_ious(boxes, boxes)
    left, found = np.ones(len(boxes), dtype=bool), []
    while left.any():
        near = (shared >= least) & left
        often = [len(set(people[row])) if free else 0 for row, free in zip(near, left, strict=True)]
        seed = int(np.argmax(often))
        near[seed, seed] = True
        by_person = {int(people[at]): int(at) for at in np.argsort(shared[seed]) if near[seed, at]}
        by_person[int(people[seed])] = seed
        members = sorted(by_person.values())
        left[members] = False
        found.append(members)
    return found


CLUSTERINGS: dict[str, Clusters] = {"growing": growing, "supported": supported}


def drawn(crowd: Crowd, seed: int, answers: int = 3) -> Crowd:
    """Return the same pictures with some of their answers, drawn by lot."""
    rng = np.random.default_rng(seed)
    return {
        name: {person: said[person] for person in sorted(rng.choice(sorted(said), answers, False))}
        for name, said in crowd.items()
    }


def f1(
    found: Mapping[str, NDArray[Any]], experts: Mapping[str, NDArray[Any]], pictures: Sequence[str]
) -> float:
    """Return F1 at an IoU of .5, over the boxes of all pictures together."""
    right = 0
    for name in pictures:
        shared = box_ious(found[name], experts[name]) >= 0.5
        rows, columns = linear_sum_assignment(shared.astype(float), maximize=True)
        right += int(shared[rows, columns].sum())
    drawn_in_all = sum(len(found[name]) + len(experts[name]) for name in pictures)
    return 2 * right / drawn_in_all


if __name__ == "__main__":
    main()

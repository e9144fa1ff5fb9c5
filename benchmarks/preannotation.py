"""What suggestions on disk cost beyond `YOLO.predict(stream=True)` on the same 500 pictures.

The pictures are the blood cells of BCCD, taken in turn; where one comes again, its file differs by
a byte after its end, because a picture that is known by its bytes is not predicted twice. They are
cut into blocks, and each block is timed both ways, in random order: with ultralytics alone, which
reads and predicts, and with the whole run, which checks every file, predicts, keeps the
predictions, maps and suppresses them, and writes YOLO's files. The figure is the ratio of the sums,
with a bootstrap interval over blocks.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import sys
import tarfile
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from auto_labeling.by_hand.detecting import detector_of
from auto_labeling.by_hand.preannotation_run import Request, preannotate_folder
from auto_labeling.models.yolo_library import guest, ultralytics
from auto_labeling.ports import Detects
from auto_labeling.preannotation.rules import Rules
from benchmarks.data import DATA

GOAL = 0.10
BLOCK = 25
FLOOR = 0.25
DRAWS = 10_000


def main() -> None:
    """Measure, and print a sentence or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--pictures", type=int, default=500)
    parser.add_argument("--image-size", type=int, default=640)
    parser.add_argument("--chunk", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    found = {"benchmark": "preannotation", "goal": GOAL}
    weights, archive = DATA / "weights" / "yolov8n.pt", DATA / "bccd.tar.xz"
    absent = [str(path) for path in (weights, archive) if not path.is_file()]
    if absent:
        found |= {"skipped": f"{' and '.join(absent)} absent: set AUTO_LABELING_DATA"}
    else:
        with tempfile.TemporaryDirectory() as folder:
            paths = pictures(archive, Path(folder) / "pictures", given.pictures)
            found |= measured(paths, weights, Path(folder), given)
    print(json.dumps(found) if given.json else sentence(found))


def pictures(archive: Path, folder: Path, n: int) -> list[Path]:
    """Return n files of the pictures in the archive, in turn."""
    with tarfile.open(archive) as opened:
        members = sorted(one.name for one in opened if one.name.endswith(".jpg"))
        contents = [opened.extractfile(name).read() for name in members]  # type: ignore[union-attr]
    folder.mkdir()
    paths = [folder / f"{at:04}.jpg" for at in range(n)]
    for at, path in enumerate(paths):
        path.write_bytes(contents[at % len(contents)] + bytes([at // len(contents)]))
    return paths


def measured(
    paths: Sequence[Path], weights: Path, folder: Path, given: argparse.Namespace
) -> dict[str, Any]:
    """Return the overhead with its interval, and the seconds it was found in."""
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    detector = detector_of(weights, sha256=digest, image_size=given.image_size, device=given.device)
    yolo = ultralytics().YOLO(weights)
    rng = np.random.default_rng(0)
    blocks = [paths[start : start + BLOCK] for start in range(0, len(paths), BLOCK)]
    seconds, cpu = np.zeros((2, len(blocks), 2))
    for at, block in enumerate([blocks[0], *blocks], -1):  # the first one, untimed, warms up
        both = {
            0: lambda block=block: alone(yolo, block, given),
            1: lambda block=block, at=at: whole(detector, block, folder / f"{at}", digest, given),
        }
        for way in rng.permutation(2):
            start = time.perf_counter(), time.process_time()
            both[int(way)]()
            if at >= 0:
                seconds[at, way] = time.perf_counter() - start[0]
                cpu[at, way] = time.process_time() - start[1]
        if at == 0:
            early = peak_mib()
    return {
        "overhead": overhead(seconds, rng),
        "cpu_overhead": overhead(cpu, rng),
        "pictures": len(paths),
        "predict_s": float(seconds[:, 0].sum()),
        "pipeline_s": float(seconds[:, 1].sum()),
        "image_size": given.image_size,
        "chunk": given.chunk,
        "device": given.device,
        "peak_growth_mib": peak_mib() - early,
    }


def alone(yolo: Any, block: Sequence[Path], given: argparse.Namespace) -> None:
    """Predict as ultralytics does, and forget it."""
    with guest(0):
        results = yolo.predict(
            list(block),
            stream=True,
            conf=FLOOR,
            imgsz=given.image_size,
            device=given.device,
            save=False,
            verbose=False,
        )
        assert sum(1 for _ in results) == len(block)


def whole(
    detector: Detects, block: Sequence[Path], into: Path, digest: str, given: argparse.Namespace
) -> None:
    """Predict, keep and write."""
    into.mkdir()
    (into / "list.txt").write_text("".join(f"{path}\n" for path in block))
    request = Request(
        images=str(into / "list.txt"),
        model="",
        sha256=digest,
        into=into,
        format="yolo",
        rules=Rules(at_least=FLOOR),
        image_size=given.image_size,
        chunk=given.chunk,
    )
    assert preannotate_folder(request, detector).predicted == len(block)


def overhead(seconds: np.ndarray, rng: np.random.Generator) -> list[float]:
    """Return the extra share of time, and its 95 % limits."""
    draws = seconds[rng.integers(len(seconds), size=(DRAWS, len(seconds)))].sum(axis=1)
    alone, run = seconds.sum(axis=0)
    low, high = np.quantile(draws[:, 1] / draws[:, 0] - 1, [0.025, 0.975])
    return [float(run / alone - 1), float(low), float(high)]


def peak_mib() -> float:
    """Return the most memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def sentence(found: dict[str, Any]) -> str:
    """Return what was found in words."""
    if "skipped" in found:
        return f"preannotation: skipped, {found['skipped']}"
    value, low, high = found["overhead"]
    return (
        f"preannotation: {value:+.1%} [{low:+.1%}, {high:+.1%}] time over predicting alone, "
        f"{found['cpu_overhead'][0]:+.1%} of the processors ({found['predict_s']:.0f} s for "
        f"{found['pictures']} pictures, goal {GOAL:.0%}); peak memory grew by "
        f"{found['peak_growth_mib']:.0f} MiB after the first block"
    )


if __name__ == "__main__":
    main()

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from auto_labeling.by_hand.looking import look
from auto_labeling.by_hand.preannotating import preannotate
from auto_labeling.detections import Detections
from auto_labeling.errors import ConfigurationError, DataError
from auto_labeling.formats.masks import pixels_of
from tests.support.patches import Colours, drawn

ROOT = Path(__file__).resolve().parents[2]


def pictures(folder: Path, n: int) -> list[Path]:
    folder.mkdir()
    return [
        drawn(folder / f"{at:03}.png", (40 + at, 30), [(at % 2, (at % 9, 3, 20, 20))])
        for at in range(n)
    ]


def same(one: Detections, other: Detections) -> bool:
    return (
        np.array_equal(one.labels, other.labels)
        and np.allclose(one.boxes, other.boxes, atol=2e-7)
        and np.allclose(one.scores, other.scores, atol=2e-7)
    )


@pytest.mark.parametrize("draws", [False, True])
def test_what_is_kept_is_what_was_seen(draws: bool, tmp_path: Path) -> None:
    paths = pictures(tmp_path / "in", 7)
    run = preannotate(Colours(draws=draws), paths, tmp_path / "out", version="v1", chunk=3)
    assert (run.predicted, len(run), run.quarantined) == (7, 7, {})
    for kept, one in zip(run, look(Colours(draws=draws), paths, 2), strict=True):
        assert not hasattr(one, "problem")
        assert (kept.path, kept.size) == (one.path, one.size)
        assert same(kept.seen, one.seen)
        if draws:
            assert kept.seen.masks is not None
            assert one.seen.masks is not None
            for mask, other in zip(kept.seen.masks, one.seen.masks, strict=True):
                assert np.array_equal(pixels_of(mask), pixels_of(other))


def test_only_what_is_new_is_predicted(tmp_path: Path) -> None:
    paths = pictures(tmp_path / "in", 6)
    preannotate(Colours(), paths[:4], tmp_path / "out", version="v1")
    detector = Colours()
    moved = paths[0].rename(tmp_path / "in" / "moved.png")
    copied = tmp_path / "in" / "copied.png"
    copied.write_bytes(paths[5].read_bytes())
    again = [moved, *paths[1:], copied]
    run = preannotate(detector, again, tmp_path / "out", version="v1")
    assert run.predicted == len(detector.seen) == 2
    assert [one.path for one in run] == again
    changed = drawn(paths[1], (50, 50), [(0, (1, 2, 3, 4))])
    assert preannotate(Colours(), [changed], tmp_path / "out", version="v1").predicted == 1
    assert preannotate(Colours(), again, tmp_path / "out", version="v2").predicted == 6


def test_bad_files_are_remembered_by_their_bytes(tmp_path: Path) -> None:
    paths = pictures(tmp_path / "in", 2)
    bad = tmp_path / "in" / "bad.png"
    bad.write_text("no picture")
    for predicted in (2, 0):
        run = preannotate(
            Colours(),
            [paths[0], bad, tmp_path / "absent.png", paths[1]],
            tmp_path / "out",
            version="v",
        )
        assert run.predicted == predicted
        assert run.quarantined[tmp_path / "absent.png"].startswith("it cannot be read")
        assert "cannot be decoded" in run.quarantined[bad]
        assert len(run) == 2


@pytest.mark.parametrize("torn", [1, 5, 40, 160])
def test_a_torn_tail_costs_the_torn_pictures_alone(torn: int, tmp_path: Path) -> None:
    paths = pictures(tmp_path / "in", 5)
    run = preannotate(Colours(), paths, tmp_path / "out", version="v")
    whole = run.journal.read_bytes()
    run.journal.write_bytes(whole[:-torn])
    lost = 5 - whole[:-torn].count(b"}\n") + 1  # the first line holds the classes
    again = preannotate(Colours(), paths, tmp_path / "out", version="v")
    assert again.predicted == lost
    assert again.journal.read_bytes() == whole


def test_zeroes_after_a_power_cut_are_cut_away(tmp_path: Path) -> None:
    paths = pictures(tmp_path / "in", 3)
    run = preannotate(Colours(), paths, tmp_path / "out", version="v")
    whole = run.journal.read_bytes()
    run.journal.write_bytes(whole + b"\0" * 500)
    assert preannotate(Colours(), paths, tmp_path / "out", version="v").predicted == 0
    assert run.journal.read_bytes() == whole
    run.journal.write_bytes(whole[:7])
    assert preannotate(Colours(), paths, tmp_path / "out", version="v").predicted == 3


def test_another_model_under_the_same_version_is_refused(tmp_path: Path) -> None:
    paths = pictures(tmp_path / "in", 1)
    preannotate(Colours(), paths, tmp_path / "out", version="v")
    with pytest.raises(DataError, match="a model with other classes"):
        preannotate(Colours(names=("a", "b")), paths, tmp_path / "out", version="v")
    with pytest.raises(ConfigurationError, match="version"):
        preannotate(Colours(), paths, tmp_path / "out", version="../v")
    with pytest.raises(
        ConfigurationError, match="chunk: expected a whole number of 1 or more, got 0"
    ):
        preannotate(Colours(), paths, tmp_path / "out", version="v", chunk=0)


DRIVER = """
    import os, sys, time
    from pathlib import Path
    from auto_labeling.by_hand.preannotating import preannotate
    from tests.support.patches import Colours

    class Telling(Colours):
        def detect(self, pictures, *, mirrored=False):
            time.sleep(0.01)
            with open(sys.argv[3], "a") as file:
                file.write("".join(f"{path.name}\\n" for path in pictures))
            return super().detect(pictures)

    paths = sorted(Path(sys.argv[1]).iterdir())
    preannotate(Telling(), paths, Path(sys.argv[2]), version="v", chunk=int(sys.argv[4]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("chunk", [1, 4])
def test_killed_and_resumed_nothing_that_was_kept_is_predicted_again(
    chunk: int, tmp_path: Path
) -> None:
    paths = pictures(tmp_path / "in", 25)
    told, journal = tmp_path / "told.txt", tmp_path / "out" / "v.jsonl"
    script = tmp_path / "driver.py"
    script.write_text(textwrap.dedent(DRIVER))
    command = [sys.executable, str(script), str(paths[0].parent), str(journal.parent), str(told)]
    rng = np.random.default_rng(chunk)
    kills, repeated = 0, Counter[str]()
    while True:
        kept = _names(journal, paths)
        before = len(told.read_text().splitlines()) if told.exists() else 0
        child = subprocess.Popen([*command, str(chunk)], cwd=ROOT, env=_env())
        wanted = len(kept) + int(rng.integers(2, 10))
        while child.poll() is None and len(_names(journal, paths)) < wanted:
            time.sleep(0.002)
        if child.poll() is not None:
            assert child.returncode == 0
            break
        time.sleep(float(rng.uniform(0, 0.02)))
        child.send_signal(signal.SIGKILL)
        child.wait()
        kills += 1
        new = told.read_text().splitlines()[before:]
        assert not kept & set(new)
    repeated = Counter(told.read_text().splitlines())
    assert kills >= 2
    assert set(repeated) == {path.name for path in paths}
    # Only what the detector was busy with at a kill.
    assert sum(repeated.values()) - 25 <= kills * chunk
    assert len(preannotate(Colours(), paths, journal.parent, version="v")) == 25


def _names(journal: Path, paths: list[Path]) -> set[str]:
    """Which pictures have a whole line; their widths differ."""
    if not journal.exists():
        return set()
    lines = journal.read_bytes().split(b"\n")[1:-1]
    return {paths[json.loads(line)["size"][0] - 40].name for line in lines}


def _env() -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.mark.slow
def test_memory_does_not_grow_with_what_is_predicted(tmp_path: Path) -> None:
    import tracemalloc

    levels = np.zeros((48, 64, 3), np.uint8)
    levels[8:20, 8:30, 0] = 255
    (tmp_path / "in").mkdir()
    paths = [tmp_path / "in" / f"{at}.bmp" for at in range(2_500)]
    for at, path in enumerate(paths):
        levels[-1, :2, 2] = at % 256, at // 256
        Image.fromarray(levels).save(path)

    def peak(n: int) -> int:
        tracemalloc.start()
        run = preannotate(Colours(seen=_Nothing()), paths[:n], tmp_path / str(n), version="v")
        assert sum(len(one.seen.scores) for one in run) == n
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    # Paths and digests of the pictures are all that grows.
    assert peak(2_500) - peak(500) < 2_000 * 1_000


class _Nothing(list[tuple[int, int]]):
    def append(self, _: tuple[int, int]) -> None:
        return

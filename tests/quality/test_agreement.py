from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from auto_labeling.quality.agreement import alpha_interval, krippendorff_alpha, share_agreeing

# Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, examples A, B and C; a line an
# observer, a dot where nothing was said.
PUBLISHED = {
    "two observers, two values": (["0100000010", "1110010000"], 0.095),
    "two observers, five values": (["aabbdcccedda", "babbbccceddd"], 0.692),
    "four observers, values missing": (
        ["123321412...", "1233224125.3", ".3332342251.", "12332441251."],
        0.743,
    ),
}


def counted(lines: list[str]) -> NDArray[np.intp]:
    values = sorted(set("".join(lines)) - {"."})
    return np.array([[unit.count(value) for value in values] for unit in zip(*lines, strict=True)])


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_examples(name: str) -> None:
    lines, alpha = PUBLISHED[name]
    assert round(krippendorff_alpha(counted(lines)), 3) == alpha


@given(
    st.lists(
        st.lists(st.integers(0, 3), min_size=3, max_size=3).map(np.array), min_size=1, max_size=12
    )
)
def test_it_is_one_less_the_share_of_differing_pairs_over_that_of_chance(
    rows: list[NDArray[np.intp]],
) -> None:
    counts = np.array(rows)
    answers = [np.repeat(np.arange(3), row).tolist() for row in counts if row.sum() >= 2]
    everything = [one for unit in answers for one in unit]
    by_chance = [a != b for a, b in itertools.permutations(everything, 2)]
    if not any(by_chance):
        assert math.isnan(krippendorff_alpha(counts))
        return
    observed = sum(
        sum(a != b for a, b in itertools.permutations(unit, 2)) / (len(unit) - 1)
        for unit in answers
    ) / len(everything)
    alpha = 1 - observed / np.mean(by_chance)
    assert krippendorff_alpha(counts) == pytest.approx(alpha, abs=1e-9)
    equal = [np.mean([a == b for a, b in itertools.permutations(u, 2)]) for u in answers]
    assert share_agreeing(counts) == pytest.approx(np.mean(equal))


def test_nothing_is_known_of_single_answers() -> None:
    counts = np.array([[1, 0], [0, 1], [0, 0]])
    assert math.isnan(share_agreeing(counts))
    interval = alpha_interval(counts, np.random.default_rng(0))
    assert math.isnan(interval.value)
    assert interval.n == 0


def test_the_limits_hold_the_truth_and_close_in() -> None:
    """Two people are right in nine of ten and guess among two else: alpha is .81."""
    rng = np.random.default_rng(0)

    def drawn(n: int) -> NDArray[np.intp]:
        truth = rng.integers(2, size=n)
        said = [np.where(rng.random(n) < 0.9, truth, rng.integers(2, size=n)) for _ in range(2)]
        return np.array([[(row == 0).sum(), (row == 1).sum()] for row in np.stack(said, axis=1)])

    found = [alpha_interval(drawn(200), np.random.default_rng(seed)) for seed in range(60)]
    assert sum(one.low <= 0.81 <= one.high for one in found) >= 51
    wide, narrow = found[0], alpha_interval(drawn(5_000), np.random.default_rng(0))
    assert narrow.high - narrow.low < 0.5 * (wide.high - wide.low)
    assert narrow.low <= narrow.value <= narrow.high

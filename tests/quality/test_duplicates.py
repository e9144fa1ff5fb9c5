from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from auto_labeling.quality.duplicates import near_groups


def plainly(rows: NDArray[np.float64], least: float) -> list[set[int]]:
    """Join pair after pair."""
    lengths = np.linalg.norm(rows, axis=1)
    groups = [{at} for at in range(len(rows))]
    for one in range(len(rows)):
        for other in range(one):
            if lengths[one] * lengths[other] == 0:
                continue
            if rows[one] @ rows[other] / (lengths[one] * lengths[other]) >= least:
                mine = next(group for group in groups if one in group)
                theirs = next(group for group in groups if other in group)
                if mine is not theirs:
                    groups.remove(theirs)
                    mine |= theirs
    return sorted(groups, key=min)


def as_sets(groups: NDArray[np.intp]) -> list[set[int]]:
    return sorted((set(np.flatnonzero(groups == one)) for one in np.unique(groups)), key=min)


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("least", [0.6, 0.9, 1.0])
def test_it_joins_what_pairs_join(sparse: bool, least: float) -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 4)) * (rng.random((60, 4)) < 0.6)
    rows[7] = 3 * rows[2]
    rows[[20, 40]] = 0
    found = near_groups(csr_array(rows) if sparse else rows, least)
    assert as_sets(found) == plainly(rows, least)


def test_rows_of_different_blocks_are_joined() -> None:
    rows = np.eye(1500)
    rows[1400] = rows[3]
    rows[900] = rows[3] + 0.01 * rows[4]
    found = near_groups(csr_array(rows), 0.9)
    assert len(np.unique(found)) == 1498
    assert found[3] == found[900] == found[1400]

"""The split: units stay whole, the share is kept, and what was decided stays decided."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from auto_labeling.errors import DataError
from auto_labeling.pool.splits import Split, known_sides, split
from auto_labeling.records import Side

Rows = list[tuple[str | None, str]]
"""(group, content hash) of each item."""

GROUPS = st.one_of(st.none(), st.integers(0, 12).map("g{}".format))
ROWS = st.lists(st.tuples(GROUPS, st.integers(0, 40).map("c{}".format)), min_size=1, max_size=60)


def sides_of(rows: Rows, share: float = 0.5, seed: int = 0, **options: object) -> Split:
    ids = [f"i{at}" for at in range(len(rows))]
    groups, hashes = [row[0] for row in rows], [row[1] for row in rows]
    return split(ids, groups, hashes, seed=seed, control_share=share, **options)  # type: ignore[arg-type]


def known_from(rows: Rows, split: Split) -> dict[str, Side]:
    return known_sides([row[0] for row in rows], [row[1] for row in rows], split.sides)


def by_tie(rows: Rows, split: Split) -> dict[str, set[Side]]:
    """Return the sides that items of each group, and of each content, lie on."""
    found = defaultdict(set)
    for (group, content), side in zip(rows, split.sides, strict=True):
        if side is not None:
            found[f"content {content}"].add(side)
            if group:
                found[f"group {group}"].add(side)
    return found


def try_split(rows: Rows, **options: object) -> Split:
    try:
        return sides_of(rows, **options)  # type: ignore[arg-type]
    except DataError:
        assume(False)
        raise


@given(rows=ROWS, seed=st.integers(0, 3), heldout=st.sets(st.integers(0, 40).map("c{}".format)))
def test_no_group_and_no_content_is_cut(rows: Rows, seed: int, heldout: set[str]) -> None:
    found = try_split(rows, seed=seed, heldout_hashes=heldout)
    assert None not in found.sides
    assert all(len(sides) == 1 for sides in by_tie(rows, found).values())


@given(rows=ROWS, heldout=st.sets(st.integers(0, 40).map("c{}".format), max_size=5))
def test_what_reaches_into_the_heldout_rows_is_never_selectable(
    rows: Rows, heldout: set[str]
) -> None:
    found = try_split(rows, heldout_hashes=heldout, heldout_groups={"g1"}, share=0.0)
    leaking = {
        unit
        for unit, (group, content) in zip(found.units, rows, strict=True)
        if content in heldout or group == "g1"
    }
    for unit, side in zip(found.units, found.sides, strict=True):
        assert (side is Side.HELDOUT) == (unit in leaking)
    leaks = sum(side is Side.HELDOUT for side in found.sides)
    assert bool(found.notes) == bool(leaks)
    assert not leaks or found.notes[0].startswith(f"{leaks} of {len(rows)} items share")


@given(rows=ROWS, more=ROWS, seed=st.integers(0, 3))
def test_adding_later_changes_no_side_and_cuts_nothing(rows: Rows, more: Rows, seed: int) -> None:
    first = try_split(rows, seed=seed)
    known = known_from(rows, first)
    second = sides_of(more, seed=seed, known=known)
    together = sides_of(rows + more, seed=seed, known=known)
    assert together.sides[: len(rows)] == first.sides
    assert together.sides[len(rows) :] == second.sides
    joined = Split(sides=first.sides + second.sides, units=(), quarantined=(), notes=())
    assert all(len(sides) == 1 for sides in by_tie(rows + more, joined).values())


@given(rows=ROWS, more=ROWS)
def test_only_items_that_would_join_two_sides_are_quarantined(rows: Rows, more: Rows) -> None:
    first = try_split(rows)
    known = known_from(rows, first)
    second = sides_of(more, known=known)
    named = {entry.item_id for entry in second.quarantined}
    assert named == {f"i{at}" for at, side in enumerate(second.sides) if side is None}
    # Any one of them, taken in after all, would meet both sides.
    after = known_from(more, second)
    for at, side in enumerate(second.sides):
        if side is None:
            again = sides_of([more[at]], known={**known, **after})
            assert again.sides == (None,)


def test_a_bridge_is_quarantined_with_its_reason_and_the_rest_goes_on() -> None:
    known = {"group:a": Side.TRAIN, "group:b": Side.CONTROL}
    found = sides_of([("a", "new"), ("b", "new"), ("b", "other"), (None, "new")], known=known)
    assert found.sides == (Side.TRAIN, None, Side.CONTROL, Side.TRAIN)
    assert [(one.item_id, one.where) for one in found.quarantined] == [("i1", "item i1 of group b")]
    assert "different sides" in found.quarantined[0].reason


def test_a_chain_of_shared_groups_and_contents_is_one_unit() -> None:
    chain: Rows = [("a", "1"), ("b", "1"), ("b", "2"), (None, "2"), (None, "3")]
    rows: Rows = chain + [(None, str(n)) for n in range(10, 60)]
    units = sides_of(rows, share=0.3).units
    assert units[:4] == ("group:a",) * 4
    assert units[4] == "hash:3"


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_the_share_is_kept_where_units_are_many(share: float) -> None:
    found = sides_of([(f"g{n // 3}", f"c{n}") for n in range(6000)], share=share)
    control = sum(side is Side.CONTROL for side in found.sides) / 6000
    assert abs(control - share) < 0.04  # 2,000 units: three deviations are 0.034 at one half


def test_the_seed_decides_and_nothing_else_does() -> None:
    rows: Rows = [(None, f"c{n}") for n in range(200)]
    assert sides_of(rows, seed=1).sides == sides_of(rows, seed=1).sides
    assert sides_of(rows, seed=1).sides != sides_of(rows, seed=2).sides
    backwards = sides_of(rows[::-1], seed=1)
    assert backwards.sides[::-1] == sides_of(rows, seed=1).sides


def test_without_a_share_nothing_is_control() -> None:
    assert set(sides_of([("g", "a"), ("g", "b")], share=0.0).sides) == {Side.TRAIN}


def test_a_group_larger_than_the_split_is_refused_with_sizes_and_a_remedy() -> None:
    rows: Rows = [("mia", f"c{n}") for n in range(50)] + [(None, f"d{n}") for n in range(50)]
    with pytest.raises(DataError, match=r"group 'mia' has 50 of 100 items.*about 20.*finer groups"):
        sides_of(rows, share=0.2)
    with pytest.raises(DataError, match=r"one content \(same\) has 50 of 100 items"):
        sides_of([(None, "same")] * 50 + rows[50:], share=0.2)
    assert sides_of(rows, share=0.5).sides


def test_an_empty_side_is_refused() -> None:
    rows: Rows = [(f"g{n // 10}", f"c{n}") for n in range(100)]
    # Ten groups at a tenth: a third of the seeds draw none, and these two are one of each sort.
    assert set(sides_of(rows, share=0.1, seed=0).sides) == {Side.TRAIN, Side.CONTROL}
    with pytest.raises(DataError, match="the control side of the evaluation split is empty"):
        sides_of(rows, share=0.1, seed=1)


def test_a_pool_that_lies_in_the_heldout_rows_is_refused() -> None:
    with pytest.raises(DataError, match="every one of the 2 items"):
        sides_of([(None, "a"), (None, "b")], share=0.0, heldout_hashes={"a", "b"})


def test_an_item_without_content_is_a_unit_by_its_id() -> None:
    units = sides_of([(None, ""), (None, ""), (None, "c")], share=0.0).units
    assert units == ("item:i0", "item:i1", "hash:c")


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_the_share_is_a_share(share: float) -> None:
    with pytest.raises(DataError, match="control_share"):
        sides_of([(None, "a")], share=share)

"""Texts that read the same are one content: within the pool, and between it and what judges."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_labeling import config as config_room
from auto_labeling.campaign import creation
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.splits import Split
from auto_labeling.pool.twins import folded_hash, one_content
from auto_labeling.records import Side
from tests.support.campaigns import template
from tests.support.real_data import DATA, needed

TWINS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), max_size=20)
"""(what is read, which copy of it) of each row."""


def split_of(folder: Path, pool: pd.DataFrame, heldout: pd.DataFrame | None) -> tuple[Pool, Split]:
    pool.to_csv(folder / "pool.csv", index=False)
    raw = template(("ham", "spam"))
    raw["pool"] = {"kind": "table", "path": "pool.csv", "text": "text"}
    if heldout is not None:
        heldout.to_csv(folder / "heldout.csv", index=False)
        raw["pool"]["heldout"] = "heldout.csv"
    config = config_room.parse(raw)
    taken = creation.take_in(config, folder, folder / "inputs")
    return taken, creation.split_of(config, taken)


def frame(*texts: str, label: str | None = None) -> pd.DataFrame:
    found = pd.DataFrame({"text": texts})
    return found if label is None else found.assign(label=label)


def test_what_repeats_a_heldout_text_is_never_asked_about_and_said(tmp_path: Path) -> None:
    pool = frame("Win a prize", "win  a PRIZE ", "hello", "See you", "see\tyou", "bye")
    _, found = split_of(tmp_path, pool, frame("Win a prize", "SEE YOU", label="spam"))
    left = [side is Side.HELDOUT for side in found.sides]
    assert left == [True, True, False, True, True, False]
    assert found.notes == (
        "4 of 6 items share their content or group with held-out rows: they are never asked about",
        "3 of them differ from a held-out text in case or spaces only",
    )


def test_a_pool_apart_from_what_judges_says_nothing(tmp_path: Path) -> None:
    _, found = split_of(tmp_path, frame("a b", "c d"), frame("e f", label="ham"))
    assert found.notes == ()


def test_twins_within_the_pool_judge_or_teach_together(tmp_path: Path) -> None:
    texts = [text for at in range(200) for text in (f"text {at} ends", f"TEXT {at}  ends ")]
    taken, found = split_of(tmp_path, frame(*texts), None)
    sides = [found.sides[taken.ids.index(item)] for item in taken.ids]
    assert sides[::2] == sides[1::2]
    assert set(sides) == {Side.TRAIN, Side.CONTROL}


@given(pool=TWINS, heldout=TWINS)
def test_twins_have_one_content_and_others_keep_their_own(
    pool: list[tuple[int, int]], heldout: list[tuple[int, int]]
) -> None:
    def columns(rows: list[tuple[int, int]]) -> tuple[list[str], list[str]]:
        return [f"{read}.{copy}" for read, copy in rows], [str(read) for read, _ in rows]

    found = one_content(*columns(pool), *columns(heldout))
    names, reads = [*found.heldout, *found.pool], [*columns(heldout)[1], *columns(pool)[1]]
    named = dict(zip(names, reads, strict=True))
    assert len(named) == len(set(named.values()))  # a name is of one reading, and the other way
    assert all(name.split(".")[0] == read for name, read in named.items())
    judged = {read for read, _ in heldout}
    assert found.leaking == sum(read in judged for read, _ in pool)
    assert found.folded == sum(read in judged and (read, n) not in heldout for read, n in pool)
    for name, (read, copy) in zip(found.pool, pool, strict=True):
        if len({one for one in (*pool, *heldout) if one[0] == read}) == 1:
            assert name == f"{read}.{copy}"


@pytest.mark.parametrize("text", ["Straße", "STRASSE", "\u212bngström", "ångström"])
def test_forms_of_letters_are_evened_out(text: str) -> None:
    other = {"s": "strasse", "S": "strasse"}.get(text[0], "Ångström")
    assert folded_hash(text) == folded_hash(other)


def test_sms_spam_leaks_as_often_as_counted_by_hand(tmp_path: Path) -> None:
    sms = pd.read_csv(needed(DATA / "text" / "sms_spam.csv.gz"))
    judges, pool = sms[::4], sms[[at % 4 != 0 for at in range(len(sms))]][["text"]]
    taken, found = split_of(tmp_path, pool, judges)

    def folded(texts: pd.Series) -> pd.Series:
        return texts.str.normalize("NFKC").str.casefold().str.split().str.join(" ")

    repeated = folded(pool["text"]).isin(set(folded(judges["text"])))
    assert sum(side is Side.HELDOUT for side in found.sides) == repeated.sum() > 100
    assert found.notes[0].startswith(f"{repeated.sum()} of {len(pool)} items share their content")
    exact = pool["text"].isin(set(judges["text"]))
    assert taken.contents.folded == repeated.sum() - exact.sum() > 0

"""The section on quality: every figure at its place, and nothing that was sealed."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from auto_labeling import assemble
from auto_labeling.campaign import annotator_account
from auto_labeling.campaign.agreement_account import AgreementAccount
from auto_labeling.campaign.annotator_account import Given
from auto_labeling.campaign.differing import Disagreement
from auto_labeling.campaign.gold_account import GoldLine
from auto_labeling.campaign.opinions_account import OpinionsAccount
from auto_labeling.campaign.quality_account import ConfusionTable, QualityAccount, RulingLine
from auto_labeling.pool.images import Images
from auto_labeling.pool.pool import Pool
from auto_labeling.pool.snapshot import ingest
from auto_labeling.quality.confused_pairs import ConfusedPair
from auto_labeling.quality.vote_agreement import VoteAgreement
from auto_labeling.records import Interval, LabelSchema
from auto_labeling.reporting import outputs
from auto_labeling.reporting.looks import Look, looks_of
from auto_labeling.reporting.markdown import campaign_markdown
from auto_labeling.reporting.quality import sentence, summary, wanted
from auto_labeling.reporting.report import render
from auto_labeling.workspace import Workspace
from tests.reporting.page import Page
from tests.reporting.statements import full
from tests.support.campaigns import drive, tiny

SCHEMA = LabelSchema(task="single", classes=("cat", "dog"))
HOSTILE = "\"><img src=x onerror=alert(1)><script>alert(2)</script>&amp;{{ 7*7 }}'`--"


def interval(value: float, around: float = 0.1, n: int = 90) -> Interval:
    return Interval(value=value, low=value - around, high=value + around, n=n)


def agreeing(**changes: Any) -> VoteAgreement:
    whole: dict[str, Any] = {
        "items": 90, "answers": 180, "abstained": 0, "alpha": interval(0.7),
        "percent": interval(0.8), "by_class": {"cat": interval(0.6), "dog": interval(0.8)},
        "confused": (ConfusedPair(one="cat", other="dog", items=("i1", "i2", "i3", "i4")),),
    }  # fmt: skip
    return VoteAgreement(**(whole | changes))


def people() -> annotator_account.AnnotatorAccount:
    """Return three people on 80 items, of whom one always says cat."""
    rows = [
        Given(
            item_id=f"i{item}", person=person, at=item * 40.0, seconds=6.0,
            value="cat" if person == "eve" else ("cat", "dog")[item % 2],
        )
        for item in range(80)
        for person in ("ann", "bob", "eve")
    ]  # fmt: skip
    return annotator_account.account_of(rows, {"i1": "dog", "i3": "dog"}, [], SCHEMA)


def quality(**changes: Any) -> QualityAccount:
    whole: dict[str, Any] = {
        "agreement": AgreementAccount(
            blind=agreeing(), planned=100, since=None, selected=agreeing(alpha=interval(0.4))
        ),
        "annotators": people(),
        "confusion": ConfusionTable(classes=("cat", "dog"), counts=[[40, 0], [13, 27]]),
        "disagreements": [
            Disagreement(item_id="i7", said={"dog": 2, "cat": 1}, label="dog", agreement=0.3),
            Disagreement(item_id="i9", said={"dog": 1, "cat": 1}, label=None, agreement=0.0),
        ],
        "gold": GoldLine(
            items=30, answered=2, right=interval(0.75, n=6),
            missed=[Disagreement(item_id="i1", said={"cat": 3}, label="dog", agreement=0.0)],
        ),
        "rulings": [RulingLine(item_id="i5", person="mia", value="dog", said={"cat": 2, "dog": 2})],
    }  # fmt: skip
    return QualityAccount(**(whole | changes))


def page_of(account: QualityAccount | None, **looks: Look) -> Page:
    return Page(render(full(2, checked=lambda: account), looks))


def test_without_figures_there_is_no_section() -> None:
    assert "quality" not in page_of(None).ids
    assert "| Quality |" not in campaign_markdown(full())


def test_every_figure_is_at_its_place() -> None:
    found = page_of(quality())
    assert found.broken == []
    assert len(set(found.ids)) == len(found.ids)
    assert found.text("quality-note") == (
        "People agree with an alpha of .70 (.60 to .80), 80.0% (70.0 to 90.0%) of answers being "
        "equal, on the blind slice, which speaks for the pool. On gold 75.0% (65.0 to 85.0%) of 6 "
        "answers are right, on 2 items. A pause is proposed of eve: nobody is paused but by a "
        "person, who takes them out of people and runs auto-label amend."
    )
    assert found.rows("table-agreement") == [
        ["blind slice", "90", ".70 (.60 to .80)", "80.0% (70.0 to 90.0%)"],
        ["selected items, not of the pool", "90", ".40 (.30 to .50)", "80.0% (70.0 to 90.0%)"],
    ]
    assert found.rows("table-confused") == [["cat", "dog", "4", "i1, i2, i3"]]
    assert found.rows("table-heat") == [["cat", "40", "—"], ["dog", "13", "27"]]
    eve, ann, _ = found.rows("table-annotators")
    assert eve[:3] == ["eve", "80", "0% (0 to 84) of 2"]
    assert eve[-2:] == ["dog for cat, 95%", "pause"]
    assert (ann[0], ann[5], ann[-1]) == ("ann", "6.0 s", "—")
    assert "100% (95 to 100%) of 79 answers are the same as the one before" in found.text(
        "proposals"
    )
    assert found.rows("table-rulings") == [["i5", "2 x cat, 2 x dog", "dog", "mia"]]
    cards = " ".join(found.text("quality").split())
    assert "i7 2 x dog, 1 x cat label: dog" in cards
    assert "i9 1 x dog, 1 x cat nothing is decided" in cards
    assert "i1 3 x cat right: dog" in cards


def test_alpha_of_each_class_where_there_are_several() -> None:
    by_class = {name: interval(0.5) for name in ("cat", "dog", "cow")}
    account = AgreementAccount(
        blind=agreeing(by_class=by_class), planned=9, since=None, selected=agreeing(items=0)
    )
    found = page_of(quality(agreement=account))
    assert found.tables["table-agreement-classes"][0] == ["Class", "blind slice"]
    assert found.column("table-agreement-classes", "Class") == ["cat", "dog", "cow"]


@pytest.mark.parametrize(
    ("blind", "selected", "said"),
    [
        (None, agreeing(), "so this says nothing of the pool"),
        (agreeing(items=0), agreeing(), "Nobody knows yet how far people agree"),
        (agreeing(alpha=Interval.unknown()), agreeing(), "all answers are the same"),
    ],
)
def test_the_sentence_says_what_it_speaks_for(
    blind: VoteAgreement | None, selected: VoteAgreement, said: str
) -> None:
    account = AgreementAccount(blind=blind, planned=0, since=None, selected=selected)
    assert said in sentence(quality(agreement=account))
    assert "nan" not in page_of(quality(agreement=account)).text("quality")


def test_items_are_shown_as_they_look() -> None:
    found = page_of(
        quality(), i7=Look(picture="data:image/jpeg;base64,AAAA"), i1=Look(text=HOSTILE)
    )
    pictures = [given["src"] for tag, given in found.elements if tag == "img"]
    assert pictures == ["data:image/jpeg;base64,AAAA"]
    assert HOSTILE in found.texts["quality"]
    assert "<script" not in found.source


def test_names_are_no_markup() -> None:
    account = quality(
        confusion=ConfusionTable(classes=(HOSTILE, "dog"), counts=[[1, 0], [0, 1]]),
        disagreements=[
            Disagreement(item_id=HOSTILE, said={HOSTILE: 1, "b": 1}, label=None, agreement=0.0)
        ],
    )
    found = page_of(account)
    assert not {tag for tag, _ in found.elements} & {"img", "script"}


def test_of_many_people_the_table_folds_and_begins_with_who_matters() -> None:
    some = people()
    many = [replace(some.people[0], person=f"p{n:02}") for n in range(30)]
    account = quality(annotators=replace(some, people=[*many, some.people[2]]))
    found = page_of(account)
    assert found.rows("table-annotators")[0][0] == "eve"
    assert "What is known of each person (31)" in found.text("quality")


def test_what_adaptive_overlap_saved() -> None:
    saved = OpinionsAccount(items=100, opinions=180, most=3, saved=120, saved_micros=6_000_000)
    found = page_of(quality(opinions=saved))
    assert found.text("opinions-note") == f"{saved.sentence('USD')}."


def test_a_screen_gets_one_line() -> None:
    assert summary(quality()) == (
        "alpha .70 (.60 to .80) on the blind slice; 75.0% (65.0 to 85.0%) right on gold; "
        "1 proposal about people"
    )
    selected = AgreementAccount(blind=None, planned=0, since=None, selected=agreeing())
    little = quality(agreement=selected, gold=None, annotators=replace(people(), proposals=[]))
    assert summary(little) == "alpha .70 (.60 to .80) on selected items, not of the pool"
    assert summary(replace(little, agreement=None)) == "nothing can be told yet"


def test_markdown_has_a_row() -> None:
    text = campaign_markdown(full(2, checked=quality))
    assert "| Quality | 1 proposal | People agree with an alpha of .70" in text


class TestLooks:
    def test_rows_and_sealed_payloads(self, tmp_path: Path) -> None:
        for payloads in ("plain", "sealed"):
            path = tmp_path / payloads
            crew = [0.5, 0.6, 0.6, 0.7]
            campaign = tiny(
                path, quality={"overlap": 3}, backend={"annotators": crew},
                privacy={"payloads": payloads},
            )  # fmt: skip
            drive(path, campaign)
            workspace = Workspace.of(path)
            statement = assemble.account_of(workspace, campaign)
            outputs.write(statement, workspace.campaign(campaign))
            shown = wanted(statement.quality)
            assert shown
            source = workspace.report(campaign).read_text()
            assert all(item in source for item in shown)
            assert ('class="excerpt"' in source) == (payloads == "plain")

    def test_what_is_gone_is_not_shown(self, tmp_path: Path) -> None:
        path = tmp_path / "ws"
        campaign = tiny(path)
        inputs = Workspace.of(path).campaign(campaign) / "inputs"
        assert list(looks_of(inputs, ["p001"])) == ["p001"]
        assert looks_of(inputs, ["nobody"]) == {}
        assert looks_of(tmp_path / "nowhere", ["p001"]) == {}
        assert looks_of(tmp_path / "nowhere", []) == {}

    def test_pictures_are_small(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        (tmp_path / "photos").mkdir()
        for name, shape in (("wide.png", (400, 900, 3)), ("gone.png", (40, 40, 3))):
            levels = rng.integers(256, size=shape, dtype=np.uint8)
            Image.fromarray(levels).save(tmp_path / "photos" / name)
        ingest(Images(path="photos"), tmp_path, tmp_path / "inputs", number=1, schema=SCHEMA)
        wide, gone = Pool.open(tmp_path / "inputs").ids
        shown = looks_of(tmp_path / "inputs", [wide, gone])
        sizes = set()
        for look in shown.values():
            assert look.picture is not None
            kind, content = look.picture.split(",")
            assert kind == "data:image/jpeg;base64"
            with Image.open(BytesIO(b64decode(content))) as image:
                sizes.add(image.size)
            assert len(content) < 40_000
        assert sizes == {(200, 89), (40, 40)}
        (tmp_path / "photos" / "gone.png").unlink()
        assert len(looks_of(tmp_path / "inputs", [wide, gone])) == 1

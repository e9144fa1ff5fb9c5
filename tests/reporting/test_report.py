"""The HTML report: every figure at its place, nothing from outside, nothing that was sealed."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_labeling.campaign.rounds import CampaignState, RoundState
from auto_labeling.campaign.statement import Statement
from auto_labeling.errors import BlockedError
from auto_labeling.records import Interval
from auto_labeling.reporting.report import render, write
from tests.reporting.page import Page
from tests.reporting.statements import (
    CONFIGURATION,
    START,
    account,
    blocked,
    digest,
    drawn,
    full,
    person,
    point,
    round_line,
    statement,
    suggestion_line,
    waiting,
)

UNKNOWN_POINT = {"interval": Interval.unknown(), "bound": float("nan")}
MANY = {
    **CONFIGURATION,
    "evaluation": {"metrics": ["f1_macro", "log_loss"]},
    "stop": {"target": {"at_least": 0.9, "per_class": {"3": {"recall": 0.85}}}},
}


def several_metrics() -> Statement:
    metrics = ("accuracy", "f1_macro", "log_loss", "recall/3")
    return full(
        4,
        configuration=MANY,
        curve=[
            point(number, metric, arm)
            for number in range(1, 5)
            for arm in ("campaign", "random")
            for metric in metrics
        ],
    )


def without_money() -> Statement:
    free = [point(number, cost_micros=0) for number in (1, 2)]
    nothing = account(cap_micros=0, contingency_micros=0, committed_answers=118)
    return full(2, budget=nothing, curve=free)


def judged_in_vain() -> Statement:
    return full(3, curve=[point(1, **UNKNOWN_POINT), point(2), point(3, **UNKNOWN_POINT)])


def closing(**changes: Any) -> Statement:
    return waiting(
        state=CampaignState(round=4, state=RoundState.EVALUATED, has_model=True, **changes)
    )


STAGES = {
    "created": statement(),
    "no rounds": statement(rounds=[], snapshots=[], items={}, answers={}),
    "one round": full(1),
    "several metrics": several_metrics(),
    "blocked": blocked(),
    "waiting": waiting(),
    "closing": closing(stop_kind="budget", stop_reason="the budget is spent"),
    "asked to stop": closing(stop_requested="finish"),
    "stopped, nothing frozen": full(1, ("campaign",), manifests=[], curve=[]),
    "imported labels first": full(2, rounds=[round_line(number) for number in (0, 1, 2)]),
    "no money": without_money(),
    "no people": full(2, people=[]),
    "figures unknown": judged_in_vain(),
    "only unknown figures": full(1, curve=[point(1, **UNKNOWN_POINT)]),
    "no target": full(2, configuration={}),
    "full": full(),
    "drawn": drawn(suggestion_line()),
    "drawn, nothing suggested": drawn(objects={"cat": 0}),
    "suggestions, nobody blind": drawn(
        suggestion_line(
            blind=0,
            blind_agreed=float("nan"),
            anchoring=Interval.unknown(),
            suggested=0,
            seconds=float("nan"),
            blind_seconds=float("nan"),
        )
    ),
}


@pytest.fixture(scope="module", params=list(STAGES))
def stage(request: pytest.FixtureRequest) -> Page:
    return Page(render(STAGES[request.param]))


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render(full()))


class TestEveryStage:
    def test_the_page_is_well_formed(self, stage: Page) -> None:
        assert stage.broken == []
        assert len(set(stage.ids)) == len(stage.ids)

    def test_every_section_is_there(self, stage: Page) -> None:
        sections = ("next", "curves", "budget", "rounds", "people", "ledger", "left-out", "lineage")
        assert [name for name in stage.ids if name in sections] == list(sections)

    def test_nothing_points_outside(self, stage: Page) -> None:
        tags = {tag for tag, _ in stage.elements}
        assert not tags & {"script", "link", "img", "iframe", "object", "embed", "base", "image"}
        for _, given_ in stage.elements:
            assert not given_.keys() & {"src", "srcset", "action", "data", "xlink:href", "xmlns"}
            if "href" in given_:
                assert given_["href"].removeprefix("#") in stage.ids
        for forbidden in ("http:", "https:", "//", "@import", "url("):
            assert forbidden not in stage.source

    def test_no_figure_is_shown_as_nan(self, stage: Page) -> None:
        assert not re.search(r"\b(nan|None|inf)\b", stage.source)

    def test_every_picture_has_words_and_a_table(self, stage: Page) -> None:
        pictures = [given_ for tag, given_ in stage.elements if tag == "svg"]
        assert all(one["role"] == "img" and " against " in one["aria-label"] for one in pictures)
        assert bool(pictures) == ("figures-0" in stage.tables)

    def test_every_table_names_its_columns_and_rows(self, stage: Page) -> None:
        heads = [given_.get("scope") for tag, given_ in stage.elements if tag == "th"]
        assert set(heads) <= {"col", "row"}
        assert heads.count("row") == sum(len(stage.rows(name)) for name in stage.tables)


class TestHeadline:
    def test_name_state_and_reason(self, page: Page) -> None:
        assert page.text("state") == "Target reached"
        assert page.text("verdict") == (
            "Target reached: accuracy is at least 91.2% (95.3% on 450 items; target 90.0%)."
        )
        assert page.text("times") == (
            "Started 2026-07-02 13:46 UTC · stopped 2026-07-04 18:46 UTC · 15 rounds"
        )

    def test_the_figures(self, page: Page) -> None:
        assert page.text("tile-quality") == (
            "accuracy 95.3% 92.3 to 97.8% (95% interval) on 450 items, against held-out labels "
            "target: a lower bound of 90.0%; it is 91.2%"
        )
        assert page.text("tile-items") == "Items labeled 300 of 1,347 in the pool"
        assert page.text("tile-answers") == "Answers given 888 885 paid of 1,200"
        assert page.text("tile-cost") == "Cost $44.65 of $60.00"

    def test_savings_say_how_they_were_estimated(self, page: Page) -> None:
        assert page.text("tile-savings").startswith(
            "Against random 80 items fewer 26.7% of the items, $11.80 less items until accuracy"
        )

    def test_savings_are_unknown_without_a_random_arm(self) -> None:
        found = Page(render(blocked())).text("tile-savings")
        assert found == "Against random unknown no random arm to compare with"

    def test_a_campaign_behind_random_says_so(self) -> None:
        slow = [point(n, "accuracy", "random", items=20 * n - 15) for n in (1, 2)]
        curve = [point(1), point(2, interval=slow[1].interval), *slow]
        found = Page(render(full(2, curve=curve))).text("tile-savings")
        assert "15 items more" in found

    def test_the_primary_metric_is_the_target_s(self) -> None:
        told = {**MANY, "stop": {"target": {"metric": "f1_macro", "at_least": 0.7}}}
        found = Page(render(full(2, configuration=told, curve=[point(2, "f1_macro")])))
        assert found.text("tile-quality").startswith("f1_macro 64.7%")


class TestNext:
    def test_blocked_tells_the_remedy(self) -> None:
        found = Page(render(blocked()))
        assert found.text("state") == "Blocked"
        assert found.text("verdict") == "Round 3 is blocked: the labeling tool refused the token."
        assert "Renew the token in LABEL_STUDIO_TOKEN, then run auto-label doctor." in found.text(
            "next"
        )
        assert ("code", {}) in found.elements

    def test_waiting_tells_for_how_many_since_when(self) -> None:
        found = Page(render(waiting()))
        assert found.text("state") == "Waiting for people"
        assert found.text("verdict").startswith(
            "23 answers to round 4 are open since 2026-07-02 14:46 UTC."
        )

    def test_stopped_leads_to_the_data_set(self, page: Page) -> None:
        assert f"({digest(115)[:12]}, 300 items)" in page.text("next")
        assert "4 items got answers but no label" in page.text("next")


class TestCurves:
    def test_the_figures_behind_the_curve(self, page: Page) -> None:
        assert page.tables["figures-0"][0] == [
            "Round", "Items", "Answers", "Cost", "accuracy", "interval", "lower bound",
            "judged on", "random", "random interval",
        ]  # fmt: skip
        rows = page.rows("figures-0")
        assert len(rows) == 15
        assert rows[-1] == [
            "15", "300", "885", "$44.25", "95.3%", "92.3 to 97.8%", "91.2%", "450", "93.8%",
            "90.6 to 96.6%",
        ]  # fmt: skip

    def test_items_and_money_for_the_primary_metric(self, page: Page) -> None:
        said = [given_["aria-label"] for tag, given_ in page.elements if tag == "svg"]
        assert len(said) == 2
        assert said[0].startswith("accuracy against items labeled: 52.7%")
        assert "at 300 items." in said[0]
        assert said[1].startswith("accuracy against money paid:")
        assert "at $44.25." in said[1]

    def test_answers_stand_for_cost_where_they_are_free(self) -> None:
        found = Page(render(without_money()))
        said = [given_["aria-label"] for tag, given_ in found.elements if tag == "svg"]
        assert said[1].startswith("accuracy against answers paid for:")
        assert "No money is promised" in found.text("budget")

    def test_a_chart_a_metric_those_with_a_target_first(self) -> None:
        found = Page(render(several_metrics()))
        said = [given_["aria-label"] for tag, given_ in found.elements if tag == "svg"]
        metrics = [words.split(" ")[0] for words in said]
        assert metrics == ["accuracy", "accuracy", "recall/3", "f1_macro", "log_loss"]
        assert found.text("curves").count("target 90.0%") == 1
        assert found.text("curves").count("target 85.0%") == 1

    def test_a_missing_arm_is_told(self) -> None:
        assert "No random arm was replayed" in Page(render(blocked())).text("curves")
        assert "Judged against consensus on the control slice." in Page(render(blocked())).text(
            "curves"
        )

    def test_the_interval_has_the_level_that_was_configured(self) -> None:
        told = {**CONFIGURATION, "evaluation": {"alpha": 0.1}}
        found = Page(render(full(2, configuration=told)))
        assert "Bands are 90% intervals." in found.text("curves")


class TestTables:
    def test_budget(self, page: Page) -> None:
        assert page.text("bar-answers") == "Answers of 1,200 885 committed 0 reserved 315 free"
        assert page.text("bar-money") == (
            "Money of $57.00 $44.25 committed $0.00 reserved $12.75 free"
        )
        assert page.text("bar-contingency") == "Contingency of $3.00 $0.40 used $2.60 left"

    def test_bars_are_as_long_as_their_shares(self) -> None:
        found = Page(render(waiting(budget=account(committed_answers=300, reserved_answers=60))))
        widths = [
            (given_["class"], given_["style"])
            for tag, given_ in found.elements
            if tag == "span" and given_.get("style", "").startswith("width:")
        ]
        assert widths[:3] == [
            ("committed", "width:25.0%"),
            ("reserved", "width:5.0%"),
            ("free", "width:70.0%"),
        ]

    def test_rounds(self, page: Page) -> None:
        rows = page.rows("table-rounds")
        assert [row[0] for row in rows] == [str(number) for number in range(1, 16)]
        assert rows[6] == [
            "7", "evaluated", "60", "59", "1", "$2.95", "140", "90.3%", "86.5 to 93.5%",
            digest(107)[:12], digest(207)[:12],
        ]  # fmt: skip

    def test_a_round_that_is_not_done_has_dashes(self) -> None:
        row = Page(render(waiting())).rows("table-rounds")[3]
        assert row == ["4", "sent", "0", "0", "0", "$0.00", *["—"] * 5]

    def test_people(self) -> None:
        lines = [person(1), person(2, agreement=float("nan"), seconds=90.0)]
        found = Page(render(statement(people=lines)))
        assert found.rows("table-people") == [
            ["person-1", "177", "1", "2", "1", "83.0%", "1.5 h"],
            ["person-2", "184", "2", "4", "0", "—", "2 min"],
        ]

    def test_answers_asks_and_items(self, page: Page) -> None:
        counted = {
            name: {row[0]: row[1] for row in page.rows(f"table-{name}")}
            for name in ("answers", "asks", "items")
        }
        assert counted["answers"] == {
            "given": "888", "skipped": "15", "edited": "31", "deleted": "1", "unsolicited": "9",
            "conflicts": "2",
        }  # fmt: skip
        assert counted["asks"] == {"answered": "885", "skipped": "15", "released": "6",
                                   "expired": "3"}  # fmt: skip
        assert counted["items"] == {
            "pool": "1,347", "train": "1,347", "control": "0", "heldout": "0", "labeled": "300",
            "undecided": "4", "unlabelable": "2",
        }  # fmt: skip

    def test_a_count_that_nobody_foresaw_is_shown_too(self) -> None:
        found = Page(render(statement(answers={"given": 1, "imported": 7, "shouted": 3})))
        assert found.column("table-answers", "Answers") == ["given", "imported", "shouted"]

    def test_left_out(self, page: Page) -> None:
        assert page.text("left-out-note") == "3 rows could not be used, for 2 reasons."
        assert page.rows("table-reasons") == [
            ["a feature is not a finite number", "2"],
            ["the class 'eleven' is not in the schema", "1"],
        ]
        assert page.rows("table-quarantine")[2] == [
            "answer 8812", "911", "the class 'eleven' is not in the schema",
        ]  # fmt: skip

    def test_many_rows_left_out_are_cut_and_counted(self) -> None:
        found = Page(render(statement(quarantine=[(f"row {n}", None, "bad") for n in range(4000)])))
        assert found.rows("table-reasons") == [["bad", "4,000"]]
        assert found.rows("table-quarantine") == [[f"row {n}", "—", "bad"] for n in range(25)]
        assert "the first 25 of 4,000" in found.text("left-out")

    def test_lineage(self, page: Page) -> None:
        assert page.text("dataset") == digest(115)
        assert re.fullmatch(r"majority\b.*, over 3 opinions an item", page.text("consensus"))
        assert page.text("version") == "version 2"
        assert page.text("against") == "held-out labels"
        assert page.rows("table-manifests")[14] == ["15", "15", "300", digest(115)]
        assert page.rows("table-snapshots") == [["1", "1,347", digest(1)]]
        assert page.column("table-models", "Model (sha256)") == [
            digest(200 + n) for n in range(1, 16)
        ]
        assert page.rows("table-amendments") == [
            ["2", "ada", "the cap was too low for the night shift", "2026-07-03 09:46 UTC"]
        ]


class TestWhatIsDrawn:
    def test_what_became_of_suggestions(self) -> None:
        found = Page(render(drawn(suggestion_line())))
        assert found.text("suggestions-note") == (
            "Suggestions saved people 28.7 s (25.0 to 31.2) a picture. Nothing shows that people "
            "are led by them."
        )
        assert [row[:2] for row in found.rows("table-suggestions")] == [
            ["shown", "90 answers"],
            ["blind", "10 answers"],
            ["accepted", "300 (75.0%)"],
            ["adjusted", "60 (15.0%)"],
            ["relabeled", "8 (2.0%)"],
            ["deleted", "32 (8.0%)"],
            ["drawn beside", "21"],
            ["saved", "28.7 s (25.0 to 31.2)"],
            ["agreed", "85.0%"],
            ["agreed unseen", "80.0%"],
            ["anchoring", "+5.0 points (-1.0 to +11.0)"],
            ["time", "12.3 s"],
            ["time without", "41.0 s"],
        ]

    def test_of_classes_there_are_no_objects(self) -> None:
        line = suggestion_line(objects=None, anchoring=Interval(value=0.2, low=0.1, high=0.3, n=9))
        found = Page(render(full(2, reviewed=lambda: line)))
        names = found.column("table-suggestions", "Suggestions")
        assert names == [
            "shown", "blind", "agreed", "agreed unseen", "anchoring", "time", "time without",
        ]  # fmt: skip
        assert found.text("suggestions-note") == (
            "People kept 85.0% of the suggestions that they saw. People agree 20.0 points (10.0 to "
            "30.0) more often with what they see, so they are led by it: look through a sample of "
            "what they accepted."
        )
        assert "objects" not in found.ids

    @pytest.mark.parametrize(
        ("saved", "anchoring", "said"),
        [
            ((-9.0, -12.0, -4.0), (0.0, -0.5, 0.5), "cost people 9.0 s (4.0 to 12.0) a picture"),
            ((1.0, -2.0, 4.0), (0.0, -0.5, 0.5), "cannot be told whether suggestions save"),
            ((1.0, -2.0, 4.0), (0.0, -0.5, 0.5), "Too few were answered without, 10 items, to"),
            ((1.0, 0.5, 4.0), None, "nobody answered without, which preannotate: {blind: 10%}"),
        ],
    )
    def test_a_sentence_says_no_more_than_the_figures(
        self, saved: tuple[float, ...], anchoring: tuple[float, ...] | None, said: str
    ) -> None:
        def interval(three: tuple[float, ...]) -> Interval:
            return Interval(value=three[0], low=three[1], high=three[2], n=10)

        made = suggestion_line().objects
        assert made is not None
        line = suggestion_line(
            objects=replace(made, saved=interval(saved)),
            anchoring=interval(anchoring) if anchoring else Interval.unknown(),
        )
        assert said in Page(render(drawn(line))).text("suggestions-note")

    def test_metrics_are_read_in_words(self) -> None:
        found = Page(render(drawn()))
        assert found.text("tile-quality").startswith("mAP at IoU .5 ")
        assert "mAP at IoU .5" in found.tables["table-rounds"][0]
        assert found.column("figures-0", "mAP at IoU .5")
        assert "map50" not in found.source
        assert found.text("consensus").startswith("most_agreed")
        waited = drawn(curve=[])
        assert Page(render(waited)).text("tile-quality") == "mAP at IoU .5 unknown"

    def test_objects_are_counted_class_by_class(self) -> None:
        found = Page(render(drawn()))
        assert found.text("objects").endswith("cat 1,200 dog 300")
        widths = [g["style"] for tag, g in found.elements if g.get("style", "").startswith("width")]
        assert widths[-2:] == ["width:100.0%", "width:25.0%"]
        assert "suggestions" not in found.ids


class TestWhatOthersWrote:
    HOSTILE = "\"><img src=x onerror=alert(1)><script>alert(2)</script>&amp;{{ 7*7 }}'`--"

    def test_nothing_that_others_wrote_becomes_markup(self) -> None:
        word = self.HOSTILE
        state = CampaignState(
            round=1, state=RoundState.SENT, blocked_reason=word, blocked_remedy=word
        )
        hostile = full(
            1,
            name=word,
            campaign_id=word,
            state=state,
            people=[person(1, person=word)],
            quarantine=[(word, word, word)],
            amendments=[(2, word, word, START)],
            manifests=[(1, 1, word, 20)],
            answers={word: 1},
            judged_against=word,
            curve=[point(1, f"recall/{word}", word), point(1, f"recall/{word}")],
        )
        found = Page(render(hostile))
        assert found.broken == []
        assert not {tag for tag, _ in found.elements} & {"img", "script"}
        assert not any("onerror" in given_ for _, given_ in found.elements)
        assert found.rows("table-quarantine") == [[word, word, word]]
        assert found.rows("table-people")[0][0] == word
        assert found.rows("table-amendments")[0][1:3] == [word, word]
        assert "7*7" in found.source
        assert "49" not in found.rows("table-quarantine")[0][0]

    @settings(deadline=None)
    @given(st.text(st.characters(exclude_categories=["Cs"])))
    def test_any_reason_is_read_back_as_it_was_written(self, reason: str) -> None:
        found = Page(render(statement(quarantine=[("here", "a", reason)])))
        assert found.broken == []
        assert found.rows("table-quarantine") == [["here", "a", reason]]

    def test_sealed_payloads_leave_only_a_count(self) -> None:
        told = {**CONFIGURATION, "privacy": {"payloads": "sealed"}}
        canary = [("canary-place", "canary-item", "canary-reason")] * 7
        html = render(full(2, configuration=told, quarantine=canary))
        assert "canary" not in html
        assert Page(html).text("left-out-note").startswith("7 rows could not be used.")

    def test_logins_in_the_configuration_stay_there(self) -> None:
        told = {**CONFIGURATION, "people": [{"user": "canary-login"}], "backend": "canary-tool"}
        assert "canary" not in render(full(2, configuration=told))


class TestWriting:
    def test_the_file_holds_what_was_rendered(self, tmp_path: Path) -> None:
        path = tmp_path / "campaigns" / "digits" / "report.html"
        assert write(statement(), path) == path
        assert path.read_text(encoding="utf-8") == render(statement())

    def test_names_that_are_not_unicode_do_not_stop_it(self, tmp_path: Path) -> None:
        odd = statement(quarantine=[("caf\udce9.jpg", None, "cannot be read")])
        assert "caf?.jpg" in write(odd, tmp_path / "report.html").read_text(encoding="utf-8")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
    def test_a_full_disk_is_blocked_with_a_remedy(self) -> None:
        with pytest.raises(BlockedError, match="the disk is full") as caught:
            write(full(2), Path("/dev/full"))
        assert caught.value.remedy

    def test_equal_statements_give_equal_bytes_in_any_process(self) -> None:
        code = (
            "import hashlib; from auto_labeling.reporting.report import render; "
            "from tests.reporting.test_report import several_metrics; "
            "print(hashlib.sha256(render(several_metrics()).encode()).hexdigest())"
        )
        here = hashlib.sha256(render(several_metrics()).encode()).hexdigest()
        root = Path(__file__).resolve().parents[2]
        there = subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env=os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert there.stdout.strip() == here

"""The pictures: every figure at its place, the same bytes every time, no text taken for markup."""

from __future__ import annotations

import io
import math
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from auto_labeling.records import Interval
from auto_labeling.reporting.curves import PALETTE, curve_png, curve_svg, plain_svg
from auto_labeling.reporting.inline_svg import inline
from auto_labeling.reporting.scales import axis_across, axis_upright
from auto_labeling.reporting.series import Chart, Curve, chart_of
from tests.reporting.statements import full, point, statement

SHARE = st.floats(0, 1)


def paths(svg: bytes) -> list[tuple[str, NDArray[np.float64]]]:
    """Return the style and the (n, 2) corners of every path that is drawn where it is written."""
    return [
        (one.get("style", ""), np.array(re.findall(r"[ML] (\S+) (\S+)", one.get("d", "")), float))
        for one in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}path")
        if "stroke: #" in one.get("style", "") and "id" not in one.attrib
    ]


def stroke(svg: bytes, role: str, width: str) -> NDArray[np.float64]:
    """Return the corners of the one path of a colour and a width."""
    wanted = (f"stroke: {PALETTE[role]}", f"stroke-width: {width}")
    (found,) = (corners for style, corners in paths(svg) if all(word in style for word in wanted))
    return found


class TestPlace:
    def test_every_line_lies_where_one_scale_puts_its_figures(self) -> None:
        chart = chart_of(full(), "accuracy", "money")
        own, random = chart.curves
        svg = plain_svg(chart)
        drawn = stroke(svg, "campaign", "2")
        across, upright = axis_across(chart), axis_upright(chart)
        x_scale = np.polyfit(own.x, drawn[:, 0], 1)
        y_scale = np.polyfit(own.value, drawn[:, 1], 1)
        assert x_scale[0] > 0 > y_scale[0]
        for role, width, x, y in (
            ("campaign", "2", own.x, own.value),
            ("random", "1.5", random.x, random.value),
            ("campaign", "1.2", own.x, own.bound),
            ("target", "1.4", across.limits, [0.9, 0.9]),
            ("soft", "0.8", across.limits, [upright.limits[0]] * 2),
        ):
            corners = stroke(svg, role, width)
            np.testing.assert_allclose(corners[:, 0], np.polyval(x_scale, x), atol=0.01)
            np.testing.assert_allclose(corners[:, 1], np.polyval(y_scale, y), atol=0.01)

    def test_ticks_stand_beside_their_values(self) -> None:
        chart = chart_of(full(), "accuracy", "items")
        svg = plain_svg(chart)
        drawn = stroke(svg, "campaign", "2")
        y_scale = np.polyfit(chart.curves[0].value, drawn[:, 1], 1)
        texts = {
            one.text: float(one.get("y", "nan"))
            for one in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")
        }
        shares = {name: y for name, y in texts.items() if name and name.endswith("%")}
        assert set(shares) == {"40%", "60%", "80%", "100%"}
        beside = [y - np.polyval(y_scale, float(name[:-1]) / 100) for name, y in shares.items()]
        assert max(beside) - min(beside) < 0.5
        assert "300" in texts

    def test_nothing_is_drawn_outside_the_picture(self) -> None:
        svg = plain_svg(chart_of(full(), "accuracy", "items"), width=480, height=300)
        for _, corners in paths(svg):
            assert (corners >= 0).all()
            assert (corners <= [480, 300]).all()

    def test_a_single_round_is_a_point_with_its_interval(self) -> None:
        svg = plain_svg(chart_of(full(1, ("campaign",)), "accuracy", "items"))
        (bar,) = (c for style, c in paths(svg) if "stroke-width: 6" in style)
        assert bar[0, 0] == bar[1, 0]
        assert bar[0, 1] > bar[1, 1]

    def test_what_is_unknown_leaves_a_gap(self) -> None:
        gap = point(2, interval=Interval.unknown(), bound=math.nan)
        svg = plain_svg(chart_of(full(3, curve=[point(1), gap, point(3)]), "accuracy", "items"))
        assert len(stroke(svg, "campaign", "2")) == 2


class TestAxes:
    @settings(deadline=None)
    @given(
        rows=st.lists(st.tuples(st.integers(0, 10**9), SHARE, SHARE, SHARE), min_size=1),
        target=st.none() | SHARE,
    )
    def test_limits_hold_every_figure_and_ticks_tell_values_apart(
        self, rows: list[tuple[int, float, float, float]], target: float | None
    ) -> None:
        x, low, value, high = zip(*((x, *sorted(three)) for x, *three in rows), strict=True)
        curve = Curve(arm="campaign", x=x, value=value, low=low, high=high, bound=low)
        chart = Chart(
            metric="accuracy", against="items", currency="USD", curves=[curve], target=target
        )
        across, upright = axis_across(chart), axis_upright(chart)
        aim = [] if target is None else [target]
        for axis, shown in ((across, x), (upright, [*low, *value, *high, *aim])):
            least, most = axis.limits
            assert least < most
            assert least <= min(shown)
            assert most >= max(shown)
            assert all(least - 1e-9 <= tick <= most * (1 + 1e-9) for tick in axis.ticks)
            assert len(set(axis.names)) == len(axis.ticks)
        assert upright.limits[0] >= 0
        assert upright.limits[1] <= 1

    def test_money_is_written_as_money(self) -> None:
        axis = axis_across(chart_of(full(), "accuracy", "money"))
        assert axis.names == ["$0", "$10", "$20", "$30", "$40"]

    def test_small_money_keeps_its_cents(self) -> None:
        axis = axis_across(chart_of(full(1), "accuracy", "money"))
        assert axis.names[0] == "$0"
        cheap = [point(n, cost_micros=40_000 * n) for n in (1, 2, 3)]
        cents = axis_across(chart_of(full(3, curve=cheap), "accuracy", "money"))
        assert cents.names[:3] == ["$0.04", "$0.06", "$0.08"]

    def test_a_loss_is_no_share(self) -> None:
        axis = axis_upright(
            chart_of(full(curve=[point(n, "log_loss") for n in (1, 9)]), "log_loss", "items")
        )
        assert axis.limits[1] > 1
        assert not any("%" in name for name in axis.names)


class TestBytes:
    @pytest.mark.parametrize("draw", [curve_png, curve_svg])
    def test_equal_statements_give_equal_bytes(self, draw: object) -> None:
        assert callable(draw)
        assert draw(full(), "accuracy") == draw(full(), "accuracy")
        assert draw(full(), "accuracy") != draw(full(14), "accuracy")
        assert draw(full(), "accuracy") != draw(full(), "accuracy", "money")

    def test_the_picture_is_large_and_not_blank(self) -> None:
        picture = Image.open(io.BytesIO(curve_png(full(), "accuracy")))
        assert picture.size == (1600, 1000)
        colors = {color[:3] for _, color in picture.convert("RGB").getcolors(2**20) or ()}
        for role in ("campaign", "random", "target"):
            assert tuple(bytes.fromhex(PALETTE[role][1:])) in colors

    def test_settings_of_the_user_change_nothing_and_are_left_alone(self) -> None:
        import matplotlib as mpl

        before = curve_png(full(2), "accuracy")
        with mpl.rc_context({"lines.linewidth": 9, "axes.facecolor": "red", "font.size": 30}):
            assert curve_png(full(2), "accuracy") == before
            assert mpl.rcParams["lines.linewidth"] == 9

    @pytest.mark.parametrize(
        "metric", ["recall/$x$ $", "recall/人", "recall/\n\t\0", "f1/" + "a" * 500]
    )
    def test_a_class_may_be_called_anything(self, metric: str) -> None:
        for curve in ([], [point(1, metric), point(1, metric, metric)]):
            assert curve_png(statement(curve=curve), metric).startswith(b"\x89PNG")
            ET.fromstring(curve_svg(statement(curve=curve), metric))


class TestInline:
    def test_a_page_gives_the_colours_and_the_letters(self) -> None:
        svg = inline(plain_svg(chart_of(full(), "accuracy", "items")), key="a", title="<b>")
        assert not any(color in svg for color in PALETTE.values())
        for role in PALETTE:
            assert f"var(--{role})" in svg
        assert "font-family" not in svg
        assert "<style" not in svg
        assert 'aria-label="&lt;b&gt;"' in svg

    def test_two_charts_share_no_id(self) -> None:
        drawn = plain_svg(chart_of(full(), "accuracy", "items"))
        ids = [
            set(re.findall(r' id="([^"]+)"', inline(drawn, key=key, title="")))
            for key in ("a", "b")
        ]
        assert ids[0]
        assert not ids[0] & ids[1]


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(SHARE, SHARE, SHARE), min_size=1, max_size=4))
def test_any_figures_can_be_drawn(rows: list[tuple[float, float, float]]) -> None:
    curve = [
        point(n, interval=Interval(value=value, low=low, high=high, n=9), bound=low)
        for n, (low, value, high) in enumerate((sorted(three) for three in rows), start=1)
    ]
    ET.fromstring(plain_svg(chart_of(full(curve=curve), "accuracy", "money")))

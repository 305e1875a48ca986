"""Tests of charts and interval plots as coordinates."""

import re

import pytest

from fer_features.reports.charts import (
    BOTTOM,
    LEFT,
    MAX_RADIUS,
    RIGHT,
    TOP,
    Line,
    ValueRow,
    axis_ticks,
    interval_plot,
    line_chart,
)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.55, 0.9), (1, 300), (0, 15), (-0.1, 0.1)])
def test_ticks_are_few_and_within_the_limits(low, high):
    ticks = axis_ticks(low, high)
    assert 2 <= len(ticks) <= 7
    assert low - 1e-9 <= min(ticks) <= max(ticks) <= high + 1e-9
    assert "-0" not in [f"{t:g}" for t in ticks]


def test_ticks_of_counts_are_integers():
    assert axis_ticks(1, 3, min_step=1.0) == [1, 2, 3]


def test_lines_bands_and_markers_are_within_the_plot_area():
    line = Line([(0, 0), (5, 1)], band=[(0, 0.2), (0.8, 1)], sizes=[1.0, 0.0])
    chart = line_chart([line, Line([(0, 0), (5, 1)], reference=True)], (0, 5), (0, 1), ("x", "y"), "about")
    first, reference = chart.lines
    assert first.points == f"{LEFT:g},{BOTTOM:g} {RIGHT:g},{TOP:g}"
    corners = [tuple(map(float, pair.split(","))) for pair in first.band.split()]
    assert len(corners) == 4
    assert all(LEFT <= x <= RIGHT and TOP <= y <= BOTTOM for x, y in corners)
    assert first.markers[0] == (LEFT, BOTTOM, MAX_RADIUS)
    assert first.markers[1][2] < MAX_RADIUS
    assert reference.markers == ()
    assert reference.color != first.color


def test_lines_differ_in_colour_and_dashes():
    chart = line_chart([Line([(0, 0)])] * 3, (0, 1), (0, 1), ("x", "y"), "about")
    assert len({(line.color, line.dashes) for line in chart.lines}) == 3
    assert len({line.dashes for line in chart.lines}) == 3


def test_intervals_are_cut_at_the_limits():
    rows = [ValueRow("a", 0.5, "", 0.25, 2.0), ValueRow("b", -1.0, "", emphasized=False)]
    plot = interval_plot(rows, (0, 1), "about", 0.1)
    first, second = plot.rows
    assert (first.position, first.interval, plot.mark) == (50.0, (25.0, 75.0), 10.0)
    assert (second.position, second.interval, second.emphasized) == (0.0, None, False)
    assert plot.limits == ("0", "1")


def test_no_axis_has_a_length_of_0():
    chart = line_chart([Line([(3, 0.5)])], (3, 3), (0.5, 0.5), ("x", "y"), "about")
    assert not re.search("nan|inf", str(chart))
    assert interval_plot([ValueRow("a", 1.0, "")], (1, 1), "about").rows[0].position == 0.0

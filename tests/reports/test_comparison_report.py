"""Tests of the report of a comparison."""

import dataclasses
import json
import re

import pytest

from fer_features.evaluation.comparison_result import Comparison, PairedDifference
from fer_features.reports.comparison import comparison_page

from .toy_reports import check_report

PAIR = PairedDifference(
    first="a<b>",
    second="b",
    difference=0.1,
    ci95=(0.02, 0.18),
    only_first=7,
    only_second=2,
    mcnemar=0.0004,
    mcnemar_holm=0.0012,
    wilcoxon=0.03,
    wilcoxon_holm=0.06,
    recall_differences={"joy": (0.2, 0.1, 0.3)},
    subject_differences={f"s{i}": 0.5 - 0.04 * i for i in range(10)},
)
FOUND = Comparison(
    dataset="<i>toy</i>",
    protocol="leave-one-subject-out",
    n_samples=40,
    n_subjects=12,
    accuracy={"a<b>": (0.8, 0.7, 0.9), "b": (0.7, 0.6, 0.8), "c": (0.75, 0.65, 0.85)},
    pairs=(PAIR, dataclasses.replace(PAIR, first="b", second="c", difference=-0.05, ci95=(-0.15, 0.05))),
    mean_ranks={"a<b>": 1.25, "b": 2.5, "c": 2.25},
    friedman=0.012,
    critical_difference=0.96,
    notes=("warning: scores may be too high", "a note"),
)


def test_values_and_warnings_are_those_of_the_comparison():
    page = check_report(comparison_page(FOUND, "compare <now>"))
    assert "Highest accuracy: a<b>, 0.800. The 95 % CI excludes 0 for 1 of 2 difference(s)." in page.text
    assert "Scores may be too high" in page.text
    assert "Notesa note" in page.text
    assert page.text.index("a<b>0.800 (0.700 to 0.900)") < page.text.index("c0.750 (") < page.text.index("b0.700 (")
    assert "a<b> - b+0.100 (+0.020 to +0.180)" in page.text
    assert "b - c-0.050 (-0.150 to +0.050)" in page.text
    assert "7 : 2< 0.0010.0010.0300.060" in page.text
    assert "b2.50" in page.text
    assert "critical difference of 0.96" in page.text
    assert "p = 0.012" in page.text
    assert "Difference of recall: joy +0.200 (+0.100 to +0.300)." in page.text
    assert "differs for 10 of 12 subjects, most for subjects s0 (+0.500), s1 (+0.460)" in page.text
    assert "s7 (+0.220)." in page.text  # the eight largest differences
    assert "compare <now>" in page.text


def test_only_differences_without_0_in_their_interval_are_emphasized():
    text = comparison_page(FOUND, "compare")
    kind_of = {name: kind for kind, name in re.findall(r'<div class="(value[ \w]*)"><span>(.*?)</span>', text)}
    assert kind_of["a&lt;b&gt; - b"] == "value"
    assert kind_of["b - c"] == "value dim"


def test_unknown_subjects_and_no_difference():
    pair = dataclasses.replace(
        PAIR, ci95=(-0.1, 0.1), wilcoxon=None, wilcoxon_holm=None, recall_differences={}, subject_differences={}
    )
    found = dataclasses.replace(
        FOUND, pairs=(pair,), n_subjects=0, mean_ranks={}, friedman=None, critical_difference=None, notes=()
    )
    page = check_report(comparison_page(found, "compare"))
    assert "The 95 % CI of each difference includes 0." in page.text
    assert "subjects unknown" in page.text
    assert "bootstrap over samples" in page.text
    assert "Ranks" not in page.text
    assert "Notesnone" in page.text
    assert "The 95 % CI of the difference of recall includes 0 for every class." in page.text


def test_page_of_the_command_has_the_values_of_the_comparison(command_folders):
    page = check_report((command_folders["compare"] / "report.html").read_text(encoding="utf-8"))
    found = json.loads((command_folders["compare"] / "comparison.json").read_text())
    assert found["pairs"]
    for pair in found["pairs"]:
        assert f"{pair['difference']:+.3f} ({pair['ci95'][0]:+.3f} to {pair['ci95'][1]:+.3f})" in page.text
    for name, (value, low, high) in found["accuracy"].items():
        assert f"{name}{value:.3f} ({low:.3f} to {high:.3f})" in page.text


@pytest.mark.parametrize("critical", [0.0, 0.96])
def test_lines_of_ranks_have_the_length_of_the_critical_difference(critical):
    text = comparison_page(dataclasses.replace(FOUND, critical_difference=critical), "compare")
    section = text[text.index('id="ranks"') :]
    widths = [float(w) for w in re.findall(r'class="range" style="left: [\d.]+%; width: ([\d.]+)%', section)]
    assert widths[1] == pytest.approx(100 * critical / 2, abs=0.02)  # of the rank 2.25 on a scale of 1 to 3

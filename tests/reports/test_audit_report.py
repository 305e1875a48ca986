"""Tests of the report of an audit."""

import json

import pytest

from fer_features.audit.context import STATUSES, Check, CurveFigure, ValueFigure
from fer_features.reports.audit import CONCLUSIONS, HEADINGS, audit_page

from .toy_reports import check_report

CHECKS = [
    Check("first", "pass", "no problem <b>"),
    Check("second", "warning", "a limitation", figure=ValueFigure((("random", 0.9, None, None),), "Accuracy", 0.25)),
    Check("third", "fail", "a problem", figure=ValueFigure((("subjects", 0.5, 0.4, 0.6),), "Identification")),
    Check("fourth", "skipped", "not applicable", figure=CurveFigure((2, 4, 8), (0.5, 0.6, 0.65))),
]


def test_results_are_listed_by_status_with_their_figures(toys):
    page = check_report(audit_page("hog_svm", {"align__size": 64}, CHECKS, toys, 500, "check <now>"))
    positions = [page.text.index(HEADINGS[status]) for status in ("fail", "warning", "pass", "skipped")]
    assert positions == sorted(positions)
    for check in CHECKS:
        assert f"{check.name}: {check.message}" in page.text
    assert "random0.900" in page.text
    assert "subjects0.500 (0.400 to 0.600)" in page.text
    (chart,) = page.all("svg")
    assert chart["aria-label"] == "Accuracy: 0.500 with 2 subjects, 0.600 with 4 subjects, 0.650 with 8 subjects"
    for text in (CONCLUSIONS["fail"], "align__size=64", "At most 500 samples", "<i>toy</i>", "check <now>"):
        assert text in page.text


@pytest.mark.parametrize(("statuses", "worst"), [(["pass", "warning"], "warning"), (["pass", "skipped"], "pass")])
def test_conclusion_is_that_of_the_worst_status(toys, statuses, worst):
    checks = [check for check in CHECKS if check.status in statuses]
    page = check_report(audit_page("hog_svm", {}, checks, toys, 500))
    assert CONCLUSIONS[worst] in page.text
    assert "Reproduce" not in page.text
    assert "defaults of the pipeline" in page.text


def test_every_status_has_a_heading():
    assert set(HEADINGS) == set(STATUSES)


def test_page_of_the_command_has_the_messages_of_its_checks(command_folders):
    page = check_report((command_folders["check"] / "report.html").read_text(encoding="utf-8"))
    checks = json.loads((command_folders["check"] / "check.json").read_text())["checks"]
    assert len(checks) > 5
    for check in checks:
        assert f"{check['name']}: {check['message']}" in page.text

"""Reports: what stands in them is what was found, they need nothing beside them, and a browser shows them whole."""

import json
import re
import shlex

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from fer_features import Samples, evaluate, make_pipeline
from fer_features.cli import check, compare, run, search
from fer_features.cli._parser import command_line
from fer_features.reports.html import chart, picture, plain, spans, ticks
from fer_features.reports.intervals import recall_limits, reported
from fer_features.reports.run import run_page
from fer_features.samples.table import Info

from ..cli.test_inspect_data import Page
from ..conftest import draw_clips
from .browser import Browser, found

NAMES = ("joy", '<b>fear</b> & "so"', "surprise")


@pytest.fixture(scope="module")
def X():
    """Clips of six people with class names that are not HTML."""
    images, landmarks, label, subject = draw_clips(n_subjects=6)
    info = Info(dataset="<i>toy</i>", classes=NAMES, subjects_from="arrays", source="a & b")
    return Samples.from_arrays(
        images, landmarks, label, subject, id=[f"<u>{i}</u>" for i in range(len(label))], info=info
    )


def judged(name, X, cv=None, **settings):
    """Scores, predictions, the fitted model and the page of a pipeline."""
    model = make_pipeline(name, **settings)
    result = evaluate(model, X, cv)
    train = X[X["label"] >= 0]
    fitted = result.model or clone(model).fit(train, train["label"])
    page = run_page(result.scores, result.predictions, fitted, clone(model), X, settings=settings, command="go <now>")
    return result, fitted, page


def read(text):
    """What every report must be; returns it read."""
    page = Page(text)
    assert page.open == []
    assert len(text.encode()) < 3e6
    assert page.all("html") == [{"lang": "en"}]
    assert "width=device-width" in str(page.all("meta"))
    assert re.search(r"<title>[^<]+</title>", text)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert not re.search(r"https?://|<script|@import|url\(|<link|<iframe", text)
    for one in page.all("img"):
        assert one["alt"].strip()
        assert one["src"].startswith("data:image/")
        assert 0 < int(one["width"]) <= 200
    for one in page.all("svg"):
        assert one["role"] == "img"
        assert one["aria-label"].strip()
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert [link["href"] for link in page.all("a")] == [f"#{section}" for section in ids]
    assert not re.search(r"\b(nan|None|inf)\b", page.text)
    return page


@pytest.fixture(scope="module")
def hog(X):
    return judged("hog_svm", X)


def test_figures_are_those_of_the_scores(X, hog):
    result, _, text = hog
    page, scores = read(text), result.scores
    for key in ("accuracy", "balanced_accuracy", "macro_f1"):
        low, high = scores["ci95"][key]
        assert f"{scores[key]:.3f}95 % interval {low:.3f} to {high:.3f}" in page.text
    for name, one in scores["per_class"].items():
        for key in ("precision", "recall", "f1"):
            assert f"{one[key]:.3f}" in page.text
        assert f"{name} ({one['n']} rows)" in page.text
    for subject, accuracy in scores["per_subject"].items():
        assert re.search(rf"\b{subject}{accuracy:.3f} of 6 rows", page.text)
    assert f"calibration error {scores['calibration']['ece']:.3f}" in page.text
    assert scores["fingerprint"] in page.text
    assert "go <now>" in page.text
    assert "No leak is known" in page.text
    assert "12 people" not in page.text
    assert "6 people, mean" in page.text


def test_names_are_data_and_not_html(hog):
    text = hog[2]
    for tag in ("<b>fear", "<i>toy", "<u>"):
        assert tag not in text
    page = read(text)
    for name in (NAMES[1], "<i>toy</i>", "a & b"):
        assert name in page.text


def test_the_same_result_has_the_same_page(X, hog):
    result, fitted, text = hog
    again = run_page(
        result.scores, result.predictions, fitted, make_pipeline("hog_svm"), X, settings={}, command="go <now>"
    )
    assert again == text


def test_mistakes_are_the_surest_ones_with_neutral_and_apex(X):
    result, _, text = judged("hog_svm", X)
    table = result.predictions.copy()
    columns = [c for c in table if c.startswith("probability_")]
    wrong = [0, 5, 9]
    for k, row in enumerate(wrong):
        table.loc[row, columns] = 0.0
        other = (NAMES.index(table.loc[row, "truth"]) + 1) % 3
        table.loc[row, [columns[other], "prediction"]] = [0.9 - 0.2 * k, NAMES[other]]
    table.loc[table.index.difference(wrong), "prediction"] = table["truth"]
    fitted = make_pipeline("hog_svm").fit(X, X["label"])
    text = run_page(result.scores, table, fitted, make_pipeline("hog_svm"), X, settings={}, command="")
    alts = [one["alt"] for one in read(text).all("img") if "taken for" in one["alt"]]
    rows = [int(re.search(r"row (\d+)", alt)[1]) for alt in alts]
    assert rows == [table.loc[row, "row"] for row in wrong for _ in (0, 1)]
    assert [alt.split(": ")[1] for alt in alts] == ["neutral", "apex"] * 3
    assert "The 3 of 3 mistakes" in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hog_linear", "to the lead of the class"),
        ("hog_landmarks_lda", "of the lead is of landmarks"),
        ("landmarks_xgb", "gain (loss taken away in training)"),
        ("hog_krr", "behind grey, one place at a time"),
        ("landmarks_svm", "by landmarks in it that moved with the head only, one place"),
        ("hog_linear+landmarks_svm", "hog in hog_linear, one of those that vote"),
        ("hog_svm+landmarks_svm", "behind grey and by landmarks in it"),
    ],
)
def test_what_it_leans_on_is_drawn_for_every_kind_of_model(X, name, words):
    page = read(judged(name, X, "3fold")[2])
    assert words in page.text
    faces = [one for one in page.all("img") if one["alt"].startswith("mean face of ")]
    assert len(faces) >= len(NAMES)


def test_stills_without_subjects_in_official_parts(small_faces):
    split = np.where(np.arange(40) < 28, "train", np.where(np.arange(40) < 34, "validation", "test"))
    info = Info(dataset="toy", classes=("angry", "happy"), cropped=True)
    X = Samples.from_arrays(images=small_faces, label=np.arange(40) % 2, split=split, info=info)
    result, _, text = judged("hog_krr", X, align__method="none", align__size=48)
    page = read(text)
    assert "Official parts" in page.text
    assert "who is who is not known" in page.text.lower()
    assert "Subjects are unknown: if the official parts share people" in page.text
    assert len(reported(result.scores, result.predictions)) == 6
    # All that is shown as a mistake stands in the part that is reported.
    rows = [int(re.search(r"row (\d+)", one["alt"])[1]) for one in page.all("img") if "taken for" in one["alt"]]
    assert rows
    assert all(row >= 34 for row in rows)


def test_landmarks_alone_are_drawn_as_lines(X):
    bare = Samples.from_arrays(landmarks=X["landmarks"], label=X["label"], subject=X["subject"], info=X.info)
    result, _, text = judged("landmarks_svm", bare, "3fold")
    assert len(read(text).all("img")) >= 3
    table = result.predictions.assign(prediction=np.roll(result.predictions["truth"], 1))
    fitted = make_pipeline("landmarks_svm").fit(bare, bare["label"])
    text = run_page(result.scores, table, fitted, make_pipeline("landmarks_svm"), bare, settings={}, command="")
    assert sum("taken for" in one["alt"] for one in read(text).all("img")) == 24


def test_a_model_without_probabilities_says_so(X):
    text = judged("hog_linear", X, calibration=0)[2]
    page = read(text)
    assert "This model gives scores, not probabilities" in page.text


def test_many_subjects_are_folded_away_and_the_page_stays_small(X, hog):
    result, fitted, _ = hog
    n = 3000
    rng = np.random.default_rng(0)
    table = pd.concat([result.predictions] * (n // len(result.predictions) + 1), ignore_index=True)[:n]
    table = table.assign(subject=rng.permutation(n), prediction=rng.permutation(table["truth"]))
    text = run_page(
        {**result.scores, "n_subjects": n}, table, fitted, make_pipeline("hog_svm"), X, settings={}, command=""
    )
    assert "<details>" in text
    assert len(text) < 1e6
    read(text)


def test_recall_limits_hold_the_recall(hog):
    result = hog[0]
    limits = recall_limits(result.scores, result.predictions)
    for (low, high), one in zip(limits, result.scores["per_class"].values(), strict=True):
        assert 0 <= low <= one["recall"] <= high <= 1


def test_commands_write_their_pages(fer22_folder, subjects_file, tmp_path):
    data = ["--data", str(fer22_folder), "--subjects", str(subjects_file)]
    a, b = (str(tmp_path / name) for name in "ab")
    assert run.main([*data, "--pipeline", "landmarks_svm", "--learning-curve", "2", "--out", a]) == 0
    assert (
        search.main(
            [
                *data,
                "--pipeline",
                "hog_svm",
                "--set",
                "classifier__C=1,10",
                "--cv",
                "2fold",
                "--nested",
                "2fold",
                "--out",
                b,
            ]
        )
        == 0
    )
    quick = ["--permutations", "19", "--pipeline", "landmarks_svm", "--out", str(tmp_path / "c")]
    assert check.main([*data, *quick]) in (0, 1)
    assert run.main([*data, "--pipeline", "hog_linear", "--out", str(tmp_path / "e")]) == 0
    assert compare.main([a, str(tmp_path / "e"), "--draws", "200", "--out", str(tmp_path / "d")]) == 0
    pages = {name: (tmp_path / name / "report.html").read_text(encoding="utf-8") for name in "abcd"}
    texts = {name: read(page).text for name, page in pages.items()}
    scores = json.loads((tmp_path / "a" / "scores.json").read_text())
    curve = scores["learning_curve"]
    assert curve["n"][-1] == 3
    assert curve["accuracy"][-1] == pytest.approx(scores["accuracy"])
    assert "learning from ever more subjects" in texts["a"]
    assert {"read", "describe", "judge", "fit", "predict_a_row"} <= set(scores["timing"])
    assert scores["memory"]["peak_mb"] > 50
    for name, command in zip("abcd", ("run", "search", "check", "compare"), strict=True):
        shown = re.search(r"<code>(python -m [^<]+)</code>", pages[name])[1]
        assert shown.startswith(f"python -m fer_features {command} ")
        assert str(tmp_path / "c") not in shown
    record = json.loads((tmp_path / "b" / "scores.json").read_text())["search"]
    assert f"{record['nested_score']:.3f}" in texts["b"]
    for one in json.loads((tmp_path / "c" / "check.json").read_text())["checks"]:
        assert f"{one['name']}: {one['why']}" in texts["c"]
    for pair in json.loads((tmp_path / "d" / "comparison.json").read_text())["pairs"]:
        assert f"{pair['difference']:+.3f} ({pair['interval'][0]:+.3f} to {pair['interval'][1]:+.3f})" in texts["d"]


def test_the_command_line_is_read_back_as_it_was():
    typed = ["--pipeline", "hog_svm", "--set", "align__size=96", "--set", "x='a b'", "--drop-duplicates", "--seed", "3"]
    options = run.parser().parse_args(typed)
    told = shlex.split(command_line(run.parser(), options))
    assert told[:3] == ["python", "-m", "fer_features.run"]
    assert run.parser().parse_args(told[3:]) == options


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0.55, 0.9), (1, 300), (0, 15), (-0.1, 0.1)])
def test_ticks_are_few_and_within(low, high):
    found_ticks = ticks(low, high)
    assert 2 <= len(found_ticks) <= 7
    assert low - 1e-9 <= min(found_ticks) <= max(found_ticks) <= high + 1e-9
    assert "-0" not in [f"{t:g}" for t in found_ticks]


def test_charts_stay_in_their_box():
    line = {"name": "a", "points": [(0, 0), (5, 1)], "band": [(0, 0.2), (0.8, 1)]}
    c = chart([line], (0, 5), (0, 1), ("x", "y"), "about")
    numbers = [float(v) for v in re.findall(r"[\d.]+", c["lines"][0]["points"] + " " + c["lines"][0]["band"])]
    assert all(0 <= v <= 320 for v in numbers)
    s = spans([{"name": "a", "value": 0.5, "low": 0.25, "high": 2.0, "told": ""}], (0, 1), "about", 0.1)
    assert (s["rows"][0]["at"], s["rows"][0]["interval"], s["mark"]) == (50.0, (25.0, 75.0), 10.0)


def test_pictures_keep_their_pixels_or_become_smaller(small_faces):
    assert picture(small_faces[0], "a")["source"].startswith("data:image/png")
    large = picture(np.kron(small_faces[0], np.ones((8, 8), np.uint8)), "a", 128)
    assert (large["width"], large["height"]) == (128, 128)
    assert large["source"].startswith("data:image/jpeg")


def test_markdown_is_taken_as_text():
    assert plain("a|b\n<b>*c*") == "a\\|b \\<b\\>\\*c\\*"


@pytest.mark.skipif(found() is None, reason="no chromium or chrome is installed: pages are not tried in a browser")
def test_a_browser_shows_the_page_whole(hog, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(hog[2], encoding="utf-8")
    with Browser() as browser:
        for width in (390, 1280):
            for dark in (False, True):
                browser.open(path, width, dark)
                assert browser.errors() == []
                assert browser.requests() == []
                assert browser.value("innerWidth") == width
                assert browser.value("document.documentElement.scrollWidth") <= width
                ground = browser.value("getComputedStyle(document.body).backgroundColor")
                assert ground == ("rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)")
                assert browser.value("[...document.images].every(i => i.complete && i.naturalWidth > 0 && i.alt)")
                small = "Math.min(...[...document.querySelectorAll('p, td, dd, span, figcaption')]"
                small += ".map(e => parseFloat(getComputedStyle(e).fontSize)))"
                assert browser.value(small) >= 12
        assert browser.pdf().startswith(b"%PDF")

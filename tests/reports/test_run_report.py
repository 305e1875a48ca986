"""Tests of the report of a run: its values are those of the scores, and names from the data are escaped."""

import dataclasses
import json
import re

import numpy as np
import pandas as pd
import pytest

from fer_features import DataInfo, Samples, evaluate

from ..conftest import draw_clips
from .toy_reports import NAMES, check_report, page_of, run_toy


def test_values_are_those_of_the_scores(hog, hog_page):
    page, metrics = check_report(hog_page), hog.scores.metrics
    for name, key in (("Accuracy", "accuracy"), ("Balanced accuracy", "balanced_accuracy"), ("Macro-F1", "macro_f1")):
        low, high = metrics.ci95[key]
        assert f"{name}{getattr(metrics, key):.3f}95 % CI {low:.3f} to {high:.3f}" in page.text
    for name, one in metrics.per_class.items():
        assert f"{name}{one.precision:.3f}{one.recall:.3f}{one.f1:.3f}{one.n_samples}" in page.text
        assert f"{name} ({one.n_samples} samples){one.recall:.3f} (" in page.text
    for subject, accuracy in metrics.per_subject.items():
        assert f"subject {subject}{accuracy:.3f} (6 samples)" in page.text
    assert f"(ECE) {metrics.calibration.ece:.3f}" in page.text
    assert f"{metrics.risk_coverage.accuracy_at(0.5):.3f} at 50 % coverage" in page.text
    assert f"mean {metrics.subject_mean:.3f}, SD {metrics.subject_sd:.3f}" in page.text
    assert hog.scores.data.fingerprint in page.text
    assert "run <now>" in page.text
    assert "No leakage is known" in page.text
    assert "6 subjects, mean" in page.text


def test_confusion_matrix_has_the_counts_and_percentages_of_the_scores(hog, hog_page):
    table = re.search(r'<table class="matrix">.*?</table>', hog_page, re.S)[0]
    cells = re.findall(r"<td[^>]*>(\d+)(?:<small>(\d+)&nbsp;%</small>)?</td>", table)
    counts = np.array(hog.scores.metrics.confusion)
    assert [int(n) for n, _ in cells] == counts.ravel().tolist()
    percentages = 100 * counts / counts.sum(1, keepdims=True)
    assert [int(p or 0) for _, p in cells] == [int(f"{p:.0f}") for p in percentages.ravel()]


def test_names_from_the_data_are_escaped(hog_page):
    for tag in ("<b>fear", "<i>toy", "<u>"):
        assert tag not in hog_page
    page = check_report(hog_page)
    for name in (NAMES[1], "<i>toy</i>", "a & b"):
        assert name in page.text


def test_equal_results_have_equal_pages(hog, hog_page):
    assert page_of(hog) == hog_page


def test_stills_with_predefined_splits_and_unknown_subjects(small_faces):
    split = np.where(np.arange(40) < 28, "train", np.where(np.arange(40) < 34, "validation", "test"))
    info = DataInfo(dataset="toy", classes=("angry", "happy"), cropped=True)
    X = Samples.from_arrays(images=small_faces, label=np.arange(40) % 2, split=split, info=info)
    page = check_report(page_of(run_toy("hog_krr", X, align__method="none", align__size=48)))
    assert "Predefined splits" in page.text
    assert "Subjects are unknown, so" in page.text
    assert "Subjects are unknown: if the predefined splits share subjects" in page.text
    # All images are of errors in the reported split.
    samples = [int(re.search(r"sample (\d+)", one["alt"])[1]) for one in page.all("img") if "predicted" in one["alt"]]
    assert samples
    assert all(sample >= 34 for sample in samples)


def test_a_model_without_probabilities(toys):
    page = check_report(page_of(run_toy("hog_linear", toys, "3fold", calibration_cv=0)))
    assert "This model gives scores instead of probabilities" in page.text
    assert "Confidence is the score of the predicted class minus" in page.text


def test_many_subjects_are_collapsed_and_the_page_stays_small(hog):
    n = 3000
    rng = np.random.default_rng(0)
    table = pd.concat([hog.predictions] * (n // len(hog.predictions) + 1), ignore_index=True)[:n]
    table = table.assign(subject=rng.permutation(n), predicted=rng.permutation(table["true"]))
    scores = hog.scores.replace(metrics=dataclasses.replace(hog.scores.metrics, n_subjects=n))
    text = page_of(hog, scores=scores, predictions=table)
    page = check_report(text)
    assert "<details>" in text
    assert len(text) < 1e6
    assert "2600 more subjects with a higher accuracy are not listed" in page.text


def test_report_of_an_experiment_from_python(tmp_path):
    """Samples are found in a slice of a table, and there is no command to reproduce."""
    images, landmarks, label, subject = draw_clips(height=70, width=60)
    X = Samples.from_arrays(images, landmarks, label, subject, id=[f"clip{i:02d}" for i in range(24)])
    experiment = evaluate("landmarks_lda", X[5:], 2)
    wrong = experiment.predictions["predicted"].iloc[::-1].to_numpy()
    experiment = dataclasses.replace(experiment, predictions=experiment.predictions.assign(predicted=wrong))
    path = experiment.report(tmp_path / "report.html")
    page = check_report(path.read_text(encoding="utf-8"))
    assert "Reproduce" not in page.text
    cards = re.findall(r"sample (\d+), subject (\d+)id clip(\d+)", page.text)
    assert cards
    for sample, of_subject, number in cards:
        assert int(number) == int(sample) + 5
        assert int(of_subject) == subject[int(number)]


@pytest.mark.parametrize("name", ["run", "search", "check", "compare"])
def test_commands_write_pages_with_the_command_that_reproduces_them(command_folders, name):
    text = (command_folders[name] / "report.html").read_text(encoding="utf-8")
    check_report(text)
    command = re.search(r"<code>(fer-features [^<]+)</code>", text[text.index('id="reproduce"') :])[1]
    assert command.startswith(f"fer-features {name} ")
    assert "--out" not in command


def test_learning_curve_and_timing_are_those_of_the_scores(command_folders):
    page = check_report((command_folders["run"] / "report.html").read_text(encoding="utf-8"))
    scores = json.loads((command_folders["run"] / "scores.json").read_text())
    curve = scores["learning_curve"]
    assert curve["n_train"][-1] == 3
    assert curve["accuracy"][-1] == pytest.approx(scores["metrics"]["accuracy"])
    for n, accuracy, (low, high) in zip(curve["n_train"], curve["accuracy"], curve["ci95"], strict=True):
        assert f"{n}{accuracy:.3f}{low:.3f} to {high:.3f}" in page.text
    assert {"read", "extract", "evaluate", "fit", "learning_curve", "predict", "predict_per_sample"} <= set(
        scores["timing"]
    )
    assert f"fitting on all training samples{scores['timing']['fit']:.1f} s" in page.text
    assert f"total{scores['seconds']:.1f} s" in page.text
    assert scores["peak_memory_mb"] > 50


def test_search_section_has_the_scores_of_the_search(command_folders):
    page = check_report((command_folders["search"] / "report.html").read_text(encoding="utf-8"))
    found = json.loads((command_folders["search"] / "scores.json").read_text())["search"]
    assert f"By nested cross-validation the accuracy is {found['nested']['score']:.3f}: report this value" in page.text
    assert f"the difference of {found['nested']['optimism']:+.3f} is the optimism" in page.text
    for fold in found["nested"]["folds"]:
        values = f"{fold['fold']}{fold['n_test']}{fold['inner_score']:.3f}{fold['accuracy']:.3f}"
        assert f"{values}{fold['best_params']['classifier__C']}" in page.text
    table = pd.read_csv(command_folders["search"] / "candidates.csv")
    for row in table.itertuples():
        assert f"{row.rank}{row.mean:.3f}{row.std:.3f}{row.classifier__C:g}" in page.text

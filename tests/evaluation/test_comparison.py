"""Comparisons of runs: properties of differences, corrections, and refused runs."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from fer_features import FerError, Samples, compare, make_pipeline
from fer_features.evaluation import EvaluationResult, evaluate_pipeline
from fer_features.evaluation.statistics import mcnemar, signed_rank
from fer_features.plotting.comparison import draw_comparison, nonsignificant_groups

from ..conftest import draw_clips
from .example_scores import SCORES


def make_clips(n_subjects=6, seed=3, **columns):
    images, landmarks, label, subject = draw_clips(n_subjects=n_subjects, seed=seed)
    return Samples.from_arrays(images=images, landmarks=landmarks, label=label, **{"subject": subject, **columns})


def run(name, X, cv="3fold", **options):
    return evaluate_pipeline(make_pipeline(name, calibration_cv=0), X, cv, **options)


@pytest.fixture(scope="module")
def X():
    return make_clips()


@pytest.fixture(scope="module")
def results(X):
    return [run(name, X) for name in ("hog_svm", "landmarks_svm", "lbp_linear")]


def result_of(correct, subject, name="made"):
    """A result of two classes in which given samples are predicted correctly."""
    n = len(correct)
    true = np.where(np.arange(n) % 2, "joy", "fear")
    wrong = np.where(true == "joy", "fear", "joy")
    table = {"sample": np.arange(n), "id": np.arange(n), "subject": subject, "fold": 0, "true": true}
    data = dataclasses.replace(SCORES.data, synthetic=False)
    scores = SCORES.replace(pipeline=name, classes=("fear", "joy"), data=data)
    return EvaluationResult(scores, pd.DataFrame({**table, "predicted": np.where(correct, true, wrong)}))


def test_a_run_does_not_differ_from_itself(results):
    (pair,) = compare([results[0], results[0]]).pairs
    assert (pair.first, pair.second) == ("hog_svm", "hog_svm (2)")
    assert (pair.difference, pair.ci95) == (0, (0, 0))
    assert (pair.mcnemar, pair.wilcoxon, pair.mcnemar_holm, pair.wilcoxon_holm) == (1, 1, 1, 1)
    assert (pair.recall_differences, pair.subject_differences) == ({}, {})


def test_differences_change_their_sign_with_the_order_of_runs(results):
    (forward,), (backward,) = compare(results[:2]).pairs, compare(results[1::-1]).pairs
    assert forward.difference == -backward.difference
    assert forward.ci95 == pytest.approx((-backward.ci95[1], -backward.ci95[0]))
    assert (forward.only_first, forward.only_second) == (backward.only_second, backward.only_first)
    assert (forward.mcnemar, forward.wilcoxon) == (backward.mcnemar, backward.wilcoxon)
    assert {k: -v for k, v in forward.subject_differences.items()} == backward.subject_differences


def test_differences_and_accuracies_equal_those_of_the_scores(results):
    found = compare(results)
    for pair, (a, b) in zip(found.pairs, [(0, 1), (0, 2), (1, 2)], strict=True):
        assert pair.difference == pytest.approx(results[a].accuracy - results[b].accuracy)
        assert pair.ci95[0] <= pair.difference <= pair.ci95[1]
    for name, result in zip(found.accuracy, results, strict=True):
        assert found.accuracy[name] == pytest.approx((result.accuracy, *result.scores.metrics.ci95["accuracy"]))
    assert sum(found.mean_ranks.values()) == pytest.approx(6)


def test_values_by_hand():
    subject = np.repeat([1, 2, 3, 4], 4)
    first = np.ones(16, bool)
    second = first.copy()
    second[[0, 1, 4, 8]] = False  # two samples of subject 1, one of subjects 2 and 3
    (pair,) = compare([result_of(first, subject, "a"), result_of(second, subject, "b")]).pairs
    assert pair.difference == 0.25
    assert (pair.only_first, pair.only_second) == (4, 0)
    assert pair.mcnemar == mcnemar(4, 0) == 2 / 16
    assert pair.wilcoxon == signed_rank(np.array([0.5, 0.25, 0.25, 0])) == 2 / 8
    assert pair.subject_differences == {"1": 0.5, "2": 0.25, "3": 0.25}
    assert list(pair.subject_differences) == ["1", "2", "3"]


def test_holm_correction_is_over_all_pairs(results):
    found = compare(results)
    for test in ("mcnemar", "wilcoxon"):
        smallest = min(found.pairs, key=lambda pair: getattr(pair, test))
        assert getattr(smallest, f"{test}_holm") == pytest.approx(min(1, 3 * getattr(smallest, test)))
        assert all(getattr(p, f"{test}_holm") >= getattr(p, test) for p in found.pairs)


def test_classes_and_subjects_with_a_difference_are_listed():
    subject = np.repeat(np.arange(8), 4)
    first = np.ones(32, bool)
    second = np.arange(32) % 2 == 0  # never joy
    found = compare([result_of(first, subject, "a"), result_of(second, subject, "b")])
    assert found.pairs[0].recall_differences == {"joy": (1, 1, 1)}
    text = found.to_markdown()
    assert "difference of recall: joy +1.000" in text
    assert "accuracy differs for 8 of 8 subjects" in text
    assert "| `a` | `b` | +0.500 |" in text


def test_samples_are_resampled_where_subjects_are_unknown():
    correct = np.arange(20) % 3 > 0
    found = compare([result_of(correct, None, "a"), result_of(~correct, None, "b"), result_of(correct, None, "c")])
    assert found.n_subjects == 0
    assert (found.mean_ranks, found.friedman) == ({}, None)
    assert all(pair.wilcoxon is None and pair.wilcoxon_holm is None for pair in found.pairs)
    assert "too narrow" in str(found)
    assert "subjects unknown" in found.to_markdown()


def test_mcnemar_counts_a_sample_once_with_repeats(X):
    runs = [run(name, X, n_repeats=3) for name in ("landmarks_lda", "lbp_lda")]
    found = compare(runs)
    assert found.n_samples == len(X)
    assert found.pairs[0].only_first + found.pairs[0].only_second <= len(X)


def test_predefined_splits_are_compared_on_the_reported_one(X):
    order = np.argsort(X["subject"], kind="stable")
    table = X[order].with_columns(split=np.repeat(["train", "validation", "test"], [24, 6, 6]))
    runs = [run(name, table, None) for name in ("hog_lda", "landmarks_svm")]
    found = compare(runs)
    assert (found.n_samples, found.n_subjects) == (6, 1)
    assert found.pairs[0].difference == pytest.approx(runs[0].accuracy - runs[1].accuracy)


@pytest.mark.parametrize(
    ("columns", "cv", "messages"),
    [
        ({"seed": 4}, "3fold", ["different data", "fingerprints"]),
        ({}, "loso", ["different protocols", "3-fold", "leave-one-subject-out"]),
        ({"n_subjects": 5}, "3fold", ["different data", "different samples", "36 and 30"]),
        ({"subject": np.arange(36) % 4}, "3fold", ["different folds", "different subjects"]),
        ({"subject": np.full(36, -1)}, "3fold", ["NOT grouped"]),
    ],
)
def test_runs_that_cannot_be_compared_are_refused_with_reasons(results, columns, cv, messages):
    with pytest.raises(FerError, match="cannot be compared") as error:
        compare([results[0], run("landmarks_lda", make_clips(**columns), cv)])
    for message in messages:
        assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_subjects_with_other_names_are_the_same_subjects(X):
    names = np.array([f"subject {9 - s}" for s in X["subject"]])
    runs = [run("landmarks_lda", make_clips(subject=subject), "loso") for subject in (X["subject"], names)]
    assert compare(runs).pairs[0].difference == 0


def test_one_run_and_equal_names_are_refused(results):
    with pytest.raises(FerError, match="two or more"):
        compare(results[:1])
    with pytest.raises(FerError, match="different names"):
        compare(results[:2], names=["a", "a"])


def test_notes_report_leakage_few_subjects_and_versions(results):
    leaking = dataclasses.replace(results[0], scores=results[0].scores.replace(leakage="may leak", versions={}))
    text = compare([leaking, results[1]]).to_markdown()
    assert "warning: may leak" in text
    assert "different versions" in text
    few = np.repeat([0, 1, 2], 4)
    few_subjects = str(compare([result_of(np.ones(12, bool), few)] * 2))
    assert "with 3 subjects the smallest p-value of Wilcoxon's test is 0.250" in few_subjects


@pytest.mark.parametrize("options", [{"n_bootstrap": 0}, {"seed": -1}, {"names": ["a"]}, {"names": ["a", "a", "a"]}])
def test_invalid_options_are_refused_in_one_line(results, options):
    with pytest.raises(FerError) as error:
        compare(results, **options)
    assert "\n" not in str(error.value)


def test_a_comparison_is_a_data_frame_and_a_dict(results):
    found = compare(results)
    table = found.to_frame()
    assert table["first"].tolist() == ["hog_svm", "hog_svm", "landmarks_svm"]
    assert table["difference"].tolist() == [pair.difference for pair in found.pairs]
    assert found.to_dict()["pairs"][0]["ci95"] == list(found.pairs[0].ci95)
    hostile = compare([results[0], results[1]], names=["<b>", "b"])
    assert "&lt;b&gt;" in hostile._repr_html_()
    assert "<b>" not in hostile._repr_html_()


def test_groups_without_a_significant_difference_are_maximal():
    assert nonsignificant_groups(np.array([1.0, 1.4, 2.0, 3.0]), 1.1) == [(0, 2), (2, 3)]
    assert nonsignificant_groups(np.array([1.0, 2.0, 3.0]), 0.5) == []


def test_figures_of_two_and_of_several_runs(results, tmp_path):
    for runs in (results[:2], results):
        draw_comparison(compare(runs), tmp_path / "figure.png")
        assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")

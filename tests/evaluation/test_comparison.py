"""Comparisons: laws of differences, what is refused, what is written down."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from fer_features import FerError, Result, Samples, evaluate, make_pipeline
from fer_features.evaluation import compare
from fer_features.evaluation.statistics import mcnemar, signed_rank
from fer_features.plotting.comparison import draw_comparison, groups_alike

from ..conftest import draw_clips


def table(n_subjects=6, seed=3, **more):
    images, landmarks, label, subject = draw_clips(n_subjects=n_subjects, seed=seed)
    return Samples.from_arrays(images=images, landmarks=landmarks, label=label, **{"subject": subject, **more})


@pytest.fixture(scope="module")
def X():
    return table()


@pytest.fixture(scope="module")
def results(X):
    return [evaluate(make_pipeline(name), X, "3fold") for name in ("hog_svm", "landmarks_svm", "lbp_linear")]


def made(right, subject, name="made"):
    """A result with given rows right, of two classes."""
    n = len(right)
    truth = np.where(np.arange(n) % 2, "joy", "fear")
    wrong = np.where(truth == "joy", "fear", "joy")
    rows = {"row": np.arange(n), "id": np.arange(n), "subject": subject, "fold": 0, "truth": truth}
    scores = {"pipeline": name, "dataset": "d", "synthetic": False, "protocol": "p", "classes": ["fear", "joy"]}
    scores |= {"fingerprint": "f" * 32, "leakage": "", "versions": {}}
    return Result(scores, pd.DataFrame({**rows, "prediction": np.where(right, truth, wrong)}))


def test_a_run_with_itself_does_not_differ(results):
    found = compare([results[0], results[0]])
    pair = found.pairs[0]
    assert (pair.first, pair.second) == ("hog_svm", "hog_svm (2)")
    assert (pair.difference, pair.interval) == (0, (0, 0))
    assert (pair.mcnemar, pair.wilcoxon, pair.mcnemar_holm, pair.wilcoxon_holm) == (1, 1, 1, 1)
    assert (pair.classes, pair.subjects) == ({}, {})


def test_the_other_way_round_everything_changes_its_sign(results):
    there, back = compare(results[:2]).pairs[0], compare(results[1::-1]).pairs[0]
    assert there.difference == -back.difference
    assert there.interval == pytest.approx((-back.interval[1], -back.interval[0]))
    assert (there.only_first, there.only_second) == (back.only_second, back.only_first)
    assert (there.mcnemar, there.wilcoxon) == (back.mcnemar, back.wilcoxon)
    assert {k: -v for k, v in there.subjects.items()} == back.subjects


def test_differences_are_those_of_the_scores(results):
    found = compare(results)
    for pair, (a, b) in zip(found.pairs, [(0, 1), (0, 2), (1, 2)], strict=True):
        assert pair.difference == pytest.approx(results[a].accuracy - results[b].accuracy)
        assert pair.interval[0] <= pair.difference <= pair.interval[1]
    for name, result in zip(found.accuracy, results, strict=True):
        assert found.accuracy[name] == pytest.approx((result.accuracy, *result.scores["ci95"]["accuracy"]))
    assert sum(found.ranks.values()) == pytest.approx(6)


def test_figures_by_hand():
    subject = np.repeat([1, 2, 3, 4], 4)
    first = np.ones(16, bool)
    second = first.copy()
    second[[0, 1, 4, 8]] = False  # person 1 loses two rows, 2 and 3 one each, 4 none
    pair = compare([made(first, subject, "a"), made(second, subject, "b")]).pairs[0]
    assert pair.difference == 0.25
    assert (pair.only_first, pair.only_second) == (4, 0)
    assert pair.mcnemar == mcnemar(4, 0) == 2 / 16
    assert pair.wilcoxon == signed_rank(np.array([0.5, 0.25, 0.25, 0])) == 2 / 8
    assert pair.subjects == {"1": 0.5, "2": 0.25, "3": 0.25}
    assert list(pair.subjects) == ["1", "2", "3"]


def test_holm_over_all_pairs(results):
    found = compare(results)
    for test in ("mcnemar", "wilcoxon"):
        least = min(found.pairs, key=lambda pair: getattr(pair, test))
        assert getattr(least, f"{test}_holm") == pytest.approx(min(1, 3 * getattr(least, test)))
        assert all(getattr(p, f"{test}_holm") >= getattr(p, test) for p in found.pairs)


def test_classes_and_subjects_where_two_differ_are_named():
    subject = np.repeat(np.arange(8), 4)
    first = np.ones(32, bool)
    second = np.arange(32) % 2 == 0  # never joy
    found = compare([made(first, subject, "a"), made(second, subject, "b")])
    assert found.pairs[0].classes == {"joy": (1, 1, 1)}
    said = found.to_markdown()
    assert "recall: joy +1.000" in said
    assert "8 of 8 differ" in said
    assert "| `a` | `b` | +0.500 |" in said


def test_rows_are_drawn_where_subjects_are_unknown():
    right = np.arange(20) % 3 > 0
    found = compare([made(right, -1, "a"), made(~right, -1, "b"), made(right, -1, "c")])
    assert found.n_subjects == 0
    assert (found.ranks, found.friedman) == ({}, None)
    assert all(pair.wilcoxon is None and pair.wilcoxon_holm is None for pair in found.pairs)
    assert "too narrow" in str(found)


def test_repeats_count_a_row_once_in_mcnemar(X):
    runs = [evaluate(make_pipeline(name), X, "3fold", repeats=3) for name in ("hog_svm", "lbp_linear")]
    found = compare(runs)
    assert found.n == len(X)
    assert found.pairs[0].only_first + found.pairs[0].only_second <= len(X)


def test_official_parts_are_compared_on_the_reported_one():
    split = np.repeat(["train", "validation", "test"], [24, 6, 6])
    images, landmarks, label, subject = draw_clips(n_subjects=6, seed=3)
    order = np.argsort(subject, kind="stable")
    X = Samples.from_arrays(
        images=images[order], landmarks=landmarks[order], label=label[order], subject=subject[order], split=split
    )
    runs = [evaluate(make_pipeline(name), X) for name in ("hog_svm", "landmarks_svm")]
    found = compare(runs)
    assert (found.n, found.n_subjects) == (6, 1)
    assert found.pairs[0].difference == pytest.approx(runs[0].accuracy - runs[1].accuracy)


@pytest.mark.parametrize(
    ("other", "cv", "words"),
    [
        ({"seed": 4}, "3fold", ["different data", "fingerprints"]),
        ({}, "loso", ["different protocols", "3-fold", "leave-one-subject-out"]),
        ({"n_subjects": 5}, "3fold", ["different data", "different rows", "36 and 30"]),
        ({"subject": np.arange(36) % 4}, "3fold", ["different folds", "different subjects"]),
        ({"subject": np.full(36, -1)}, "3fold", ["NOT grouped"]),
    ],
)
def test_what_is_not_the_same_is_refused_and_named(results, other, cv, words):
    with pytest.raises(FerError, match="cannot be compared") as refused:
        compare([results[0], evaluate(make_pipeline("landmarks_svm"), table(**other), cv)])
    for word in words:
        assert word in str(refused.value)


def test_subjects_numbered_anew_are_the_same_people(X, results):
    names = np.array([f"person {9 - who}" for who in X["subject"]])
    loso = [evaluate(make_pipeline("hog_svm"), table(subject=who), "loso") for who in (X["subject"], names)]
    assert compare(loso).pairs[0].difference == 0


def test_one_run_and_equal_names_are_refused(results):
    with pytest.raises(FerError, match="two or more"):
        compare(results[:1])
    with pytest.raises(FerError, match="different names"):
        compare(results[:2], names=["a", "a"])


def test_notes_tell_leaks_few_people_and_versions(results):
    leaking = dataclasses.replace(results[0], scores={**results[0].scores, "leakage": "may leak", "versions": {}})
    said = compare([leaking, results[1]]).to_markdown()
    assert "CAUTION: may leak" in said
    assert "different versions" in said
    few = np.repeat([0, 1, 2], 4)
    assert "cannot fall below 0.250" in str(compare([made(np.ones(12, bool), few)] * 2))


def test_stretches_that_rank_alike_are_the_longest():
    assert groups_alike(np.array([1.0, 1.4, 2.0, 3.0]), 1.1) == [(0, 2), (2, 3)]
    assert groups_alike(np.array([1.0, 2.0, 3.0]), 0.5) == []


def test_pictures_of_two_and_of_several(results, tmp_path):
    for runs in (results[:2], results):
        draw_comparison(compare(runs), tmp_path / "picture.png")
        assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")

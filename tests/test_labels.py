"""Predictions have the labels that a model was fitted on: class names, text, or integers."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, GroupKFold, PredefinedSplit, cross_val_score

from fer_features import DataInfo, FerError, Samples, compare, evaluate, make_pipeline, run_experiment, search

from .conftest import draw_clips

#: Their order differs from that of the sorted names.
CLASSES = ("surprise", "anger", "joy")


@pytest.fixture(scope="module")
def clips():
    return draw_clips(n_subjects=4, seed=2)


def make_table(clips, label, **options):
    _, landmarks, _, subject = clips
    return Samples.from_arrays(landmarks=landmarks, label=label, subject=subject, **options)


@pytest.fixture(scope="module")
def coded(clips):
    return make_table(clips, clips[2])


@pytest.fixture(scope="module")
def named(clips):
    return make_table(clips, clips[2], info=DataInfo(classes=CLASSES))


@pytest.fixture(scope="module")
def text(clips):
    return make_table(clips, np.array(CLASSES)[clips[2]])


CLASSIFIERS = ("svm", "linear", "krr", "xgb", "hgb", "logreg", "lda")
FAST = {"xgb": {"classifier__n_estimators": 3}, "hgb": {"classifier__max_iter": 2}}


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_names_and_codes_give_the_same_predictions_and_probabilities(coded, named, text, classifier):
    models = [
        make_pipeline(f"landmarks_{classifier}", **FAST.get(classifier, {})).fit(X, X["label"])
        for X in (coded, named, text)
    ]
    codes, names, texts = (model.predict(X) for model, X in zip(models, (coded, named, text), strict=True))
    assert codes.dtype.kind == "i"
    assert names.tolist() == [CLASSES[code] for code in codes]
    assert models[1].classes_.tolist() == models[2].classes_.tolist() == sorted(CLASSES)
    order = np.argsort(CLASSES)
    probability = models[0].predict_proba(coded)
    assert models[1].predict_proba(named).tolist() == probability[:, order].tolist()
    assert set(texts) <= set(CLASSES)


def test_integer_labels_of_plain_arrays_come_back_as_integers(clips):
    images, landmarks, label, _ = clips
    for name, array in (("landmarks_svm", landmarks), ("hog_lda", images)):
        model = make_pipeline(name, **({"align__method": "none"} if "hog" in name else {}))
        predicted = model.fit(array, label).predict(array)
        assert predicted.dtype.kind == "i"
        assert set(predicted) <= {0, 1, 2}
        texts = model.fit(array, np.array(CLASSES)[label]).predict(array)
        assert set(texts) <= set(CLASSES)


def test_integer_labels_of_a_named_table_come_back_as_integers(named):
    predicted = make_pipeline("landmarks_svm").fit(named, named.label_codes).predict(named)
    assert predicted.dtype.kind == "i"


def test_soft_voting_predicts_names(named):
    model = make_pipeline("landmarks_svm+geometry_lda", calibration_cv=2).fit(named, named["label"])
    assert set(model.predict(named)) <= set(CLASSES)
    assert model.classes_.tolist() == sorted(CLASSES)


def test_results_use_names_everywhere(named, text, tmp_path):
    for kind, X in (("named", named), ("text", text)):
        experiment = run_experiment("landmarks_svm", X, "2fold")
        scores = experiment.scores
        assert set(scores.classes) == set(CLASSES) == set(scores.metrics.per_class)
        assert scores.classes == X.info.classes
        assert set(experiment.predictions["predicted"]) <= set(CLASSES)
        assert experiment.to_frame().index.tolist() == list(scores.classes)
        experiment.save(tmp_path / kind)
        assert all(name in (tmp_path / kind / "MODEL_CARD.md").read_text() for name in CLASSES)
    assert text.info.classes == tuple(sorted(CLASSES))


def test_text_labels_and_codes_give_the_same_scores(coded, named):
    by_code, by_name = (evaluate("landmarks_svm", X, "2fold").scores for X in (coded, named))
    assert by_code.metrics.confusion == by_name.metrics.confusion
    assert by_code.metrics.calibration == by_name.metrics.calibration
    assert by_code.metrics.ci95 == by_name.metrics.ci95
    assert by_code.classes == ("0", "1", "2")


def test_searches_and_comparisons_use_names(named):
    found = search(
        make_pipeline("landmarks_lda"), named, {"classifier__shrinkage": [0.1, 0.9]}, cv="2fold", nested="2fold"
    )
    assert tuple(found.nested.pooled.per_class) == CLASSES
    results = [evaluate(name, named, "2fold") for name in ("landmarks_lda", "geometry_lda")]
    assert set(compare(results).pairs[0].recall_differences) <= set(CLASSES)


def test_unlabelled_samples_are_not_used(clips):
    label = np.array(CLASSES)[clips[2]].astype(object)
    label[3], label[5] = "", None
    X = make_table(clips, label)
    experiment = run_experiment("landmarks_lda", X, "2fold")
    assert not {3, 5} & set(experiment.predictions["sample"])
    assert X.is_labelled.sum() == len(X) - 2
    assert "" not in experiment.model.classes_


@pytest.mark.parametrize("name", ["landmarks_svm", "landmarks_svm+landmarks_linear"])
def test_scikit_learn_scores_named_classes_like_codes(coded, named, name):
    folds = GroupKFold(2)
    scores = [
        cross_val_score(make_pipeline(name), X, X["label"], groups=X.groups, cv=folds, error_score="raise").tolist()
        for X in (coded, named)
    ]
    assert scores[0] == scores[1]
    model = make_pipeline(name).fit(named, named["label"])
    assert model.score(named, named["label"]) == (model.predict(named) == named["label"]).mean()


def test_scikit_learn_searches_over_named_classes(coded, named):
    grid, folds = {"classifier__C": [0.01, 10]}, GroupKFold(2)
    best = [
        GridSearchCV(make_pipeline("landmarks_svm"), grid, cv=folds, error_score="raise")
        .fit(X, X["label"], groups=X.groups)
        .best_score_
        for X in (coded, named)
    ]
    assert best[0] == best[1] > 0.5


@pytest.mark.parametrize("classes", [(), CLASSES])
def test_samples_without_a_label_are_refused(clips, classes):
    X = make_table(clips, np.where(np.arange(len(clips[2])) < 2, -1, clips[2]), info=DataInfo(classes=classes))
    with pytest.raises(FerError, match=r"2 of \d+ samples have no label"):
        make_pipeline("landmarks_svm").fit(X, X["label"])


def test_settings_of_an_estimator_are_applied(named):
    experiment = run_experiment(make_pipeline("landmarks_svm"), named, 2, settings={"classifier__C": 3})
    assert experiment.model.get_params()["classifier__C"] == 3
    with pytest.raises(FerError, match="nonsense"):
        run_experiment(make_pipeline("landmarks_svm"), named, 2, settings={"nonsense": 3})


def test_values_of_a_grid_may_be_arrays(named):
    grid = {"classifier__priors": [np.full(3, 1 / 3), None]}
    found = search("landmarks_lda", named, grid, cv="2fold", nested="2fold")
    assert found.summarize().n_candidates == 2


def test_folds_for_other_samples_are_refused_and_lists_of_folds_accepted(named):
    with pytest.raises(FerError, match="made for other samples"):
        evaluate("landmarks_svm", named, PredefinedSplit(np.arange(len(named) + 3) % 3))
    folds = list(GroupKFold(2).split(named, groups=named.groups))
    assert evaluate("landmarks_svm", named, folds).accuracy == evaluate("landmarks_svm", named, GroupKFold(2)).accuracy


@pytest.mark.parametrize("argument", [3, None, [1, 2]])
def test_arguments_of_another_type_are_refused(named, argument):
    with pytest.raises(FerError, match="is of type"):
        evaluate(argument, named)
    with pytest.raises(FerError, match="is of type"):
        search("landmarks_svm", argument, {"classifier__C": [1]})

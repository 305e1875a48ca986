"""Checks: what is sound is called fine, and leaks that are built in on purpose are caught."""

import json

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.feature_selection import SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from fer_features import FerError, Samples, make_pipeline
from fer_features.audit.base import VERDICTS, Check, examined
from fer_features.audit.data_checks import class_balance, duplicates_across, neutral_first, who_is_known
from fer_features.audit.leakage_checks import hidden_labels, rows_apart, unfitted_steps
from fer_features.audit.score_checks import check, learning_curve, permuted_labels, recognisability, split_gap
from fer_features.samples.table import Info

from ..conftest import draw_clips


def table(n_subjects=6, seed=3, per_class=2, **more):
    images, landmarks, label, subject = draw_clips(n_subjects=n_subjects, seed=seed, per_class=per_class)
    columns = {"images": images, "landmarks": landmarks, "label": label, "subject": subject}
    return Samples.from_arrays(**{**columns, **more})


def habits(n_subjects=6, per_class=6, seed=0):
    """Points of people who each show three expressions in a way that nobody else does, around a face of their own."""
    rng = np.random.default_rng(seed)
    people = np.repeat(np.arange(n_subjects), 3 * per_class)
    label = np.tile(np.repeat(np.arange(3), per_class), n_subjects)
    face = rng.normal(0, 9, (n_subjects, 68, 2))
    ways = rng.normal(0, 3, (n_subjects, 3, 68, 2))
    base = face[people] + rng.normal(0, 0.3, (len(label), 68, 2)) + 50
    points = np.stack([base, base + ways[people, label]], 1)
    return Samples.from_arrays(landmarks=points, label=label, subject=people)


class Points(TransformerMixin, BaseEstimator):
    """The last frame's points, as they are."""

    def fit(self, X, y=None):
        self.n_ = len(X)
        return self

    def transform(self, X):
        return X["landmarks"][:, -1].reshape(len(X), -1)


class ReadsLabels(Points):
    """A leak: the label stands among the features."""

    def transform(self, X):
        return np.column_stack([super().transform(X), 1000 * X["label"]])


class ReadsIds(Points):
    """A leak: rows are named in the order of their classes."""

    def transform(self, X):
        return np.column_stack([super().transform(X), X["id"]])


class ScaledByTheTable(Points):
    """A leak: centre and scale are those of all rows, whichever are given."""

    def fit(self, X, y=None):
        everything = np.asarray(X.column("landmarks"))[:, -1].reshape(len(X.column("landmarks")), -1)
        self.mean_, self.scale_ = everything.mean(0), everything.std(0)
        return self

    def transform(self, X):
        return (super().transform(X) - self.mean_) / self.scale_


class ScaledInBatches(Points):
    """A leak: rows that are predicted together are scaled together."""

    def transform(self, X):
        values = super().transform(X)
        return (values - values.mean(0)) / (values.std(0) + 1)


class Remembers(ClassifierMixin, BaseEstimator):
    """A leak: what was learnt in one fold is known in the next."""

    seen: dict = {}

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.seen.update(zip(X.rows.tolist(), y, strict=True))
        return self

    def predict(self, X):
        return np.array([self.seen.get(row, self.classes_[0]) for row in X.rows.tolist()])


def nearest(first):
    return Pipeline([("points", first), ("classifier", KNeighborsClassifier(3))])


def probabilities(first):
    # Neighbours give probabilities in steps, which hide small changes; a straight line does not.
    from sklearn.linear_model import LogisticRegression

    return Pipeline([("points", first), ("classifier", LogisticRegression(C=1e-3, max_iter=200))])


def case(model, X):
    return examined(model, X, 2000, 0, 1)


@pytest.fixture(scope="module")
def X():
    return table()


# The whole


def test_a_sound_pipeline_on_sound_data_is_not_broken(X):
    found = check(make_pipeline("landmarks_svm"), X, permutations=20)
    assert len({one.name for one in found}) == len(found) == 11
    verdicts = {one.name: one.verdict for one in found}
    assert "broken" not in verdicts.values(), found
    assert set(verdicts.values()) <= set(VERDICTS)
    for name in ("labels among the features", "rows that look at others", "steps fitted before the folds"):
        assert verdicts[name] == "fine"
    assert all(json.dumps(one.figures) and one.why and "\n" not in one.why for one in found)


def test_the_same_seed_finds_the_same_with_any_number_of_jobs(X):
    once, again, two = (
        permuted_labels(examined(make_pipeline("landmarks_lda"), X, 2000, 5, jobs), 10) for jobs in (1, 1, 2)
    )
    assert once == again == two


@pytest.mark.parametrize("name", ["landmarks_svm+hog_linear", "hog_xgb"])
def test_pipelines_that_vote_or_grow_trees_are_sound_too(X, name):
    model = make_pipeline(name)
    for one in (unfitted_steps(model), hidden_labels(case(model, X)), rows_apart(case(model, X))):
        assert one.verdict == "fine", one
    assert recognisability(case(model, X)).figures["n_subjects"] == 6


def test_without_subjects_checks_look_at_rows_and_say_so(X):
    blind = X.with_columns(subject=np.full(len(X), -1))
    found = {one.name: one for one in check(make_pipeline("landmarks_svm"), blind, permutations=10)}
    assert found["who is who"].verdict == "look"
    assert found["random split"].verdict == "look"
    assert "unknown" in found["random split"].why
    assert found["learning curve"].verdict == found["who it is, from the features"].verdict == "skipped"


def test_what_cannot_be_judged_is_refused(X):
    with pytest.raises(FerError, match="one subject"):
        check(make_pipeline("landmarks_svm"), X.with_columns(subject=np.zeros(len(X), int)))
    with pytest.raises(FerError, match="grouped"):
        check(make_pipeline("landmarks_svm"), X, split="rows")


def test_whole_people_are_drawn_where_rows_are_many(X):
    some = examined(make_pipeline("landmarks_svm"), X, 20, 0, 1)
    assert len(some.label) == 18
    assert np.unique(some.people, return_counts=True)[1].tolist() == [6, 6, 6]


# Leaks on purpose


@pytest.mark.parametrize("leak", [ReadsLabels, ReadsIds])
def test_labels_and_ids_among_the_features_are_caught(leak):
    X = habits()
    X = X.with_columns(id=1000 * X["label"])
    for make in (nearest, probabilities):
        assert hidden_labels(case(make(leak()), X)).verdict == "broken"
        assert hidden_labels(case(make(Points()), X)).verdict == "fine"


def test_a_pipeline_that_fails_without_labels_is_caught():
    class Fails(Points):
        def transform(self, X):
            if (X["label"] < 0).any():
                raise ValueError("no label")
            return super().transform(X)

    assert "no label" in hidden_labels(case(nearest(Fails()), habits())).why


@pytest.mark.parametrize("leak", [ScaledByTheTable, ScaledInBatches])
def test_a_scaler_of_rows_that_were_not_given_is_caught(leak):
    X = habits()
    found = rows_apart(case(probabilities(leak()), X))
    assert found.verdict == "broken"
    assert (found.figures["batch"] > found.figures["table"]) == (leak is ScaledInBatches)
    assert rows_apart(case(probabilities(Points()), X)).verdict == "fine"


def test_a_pipeline_without_a_seed_is_not_taken_for_a_leak():
    from sklearn.ensemble import RandomForestClassifier

    def model(seed):
        return Pipeline([("points", Points()), ("classifier", RandomForestClassifier(5, random_state=seed))])

    found = rows_apart(case(model(None), habits()))
    assert (found.verdict, "seed" in found.why) == ("look", True)
    assert rows_apart(case(model(0), habits())).verdict == "fine"


@pytest.mark.parametrize("step", [StandardScaler(), SelectKBest(k=5)])
def test_a_step_fitted_on_all_rows_is_caught(step):
    X = habits()
    everything = Points().fit(X).transform(X)

    def model(step):
        return Pipeline([("points", Points()), ("step", step), ("classifier", KNeighborsClassifier())])

    assert unfitted_steps(model(step)).verdict == "fine"
    found = unfitted_steps(model(FrozenEstimator(step.fit(everything, X["label"]))))
    assert found.verdict == "broken"
    assert "step" in found.why
    # A fitted model is no leak: a clone of it, which is what a fold gets, has learnt nothing.
    assert unfitted_steps(model(step).fit(X, X["label"])).verdict == "fine"


def test_a_random_split_is_told_and_broken_where_a_score_rests_on_it():
    given = case(nearest(Points()), habits())
    folds = given.folds(5)
    found = split_gap(given, folds)
    assert found.verdict == "look"
    assert found.figures["random"] > 0.95
    assert found.figures["grouped"] < 0.6
    assert found.figures["gap"] == pytest.approx(found.figures["random"] - found.figures["grouped"])
    assert 0 < found.figures["ci95"][0] < found.figures["gap"] < found.figures["ci95"][1]
    assert split_gap(given, folds, "random").verdict == "broken"


def test_where_people_do_not_matter_a_random_split_is_no_harm():
    X = habits(n_subjects=8)
    mixed = X.with_columns(subject=np.random.default_rng(0).permutation(X["subject"]))
    given = case(nearest(Points()), mixed)
    assert split_gap(given, given.folds(5), "random").verdict == "fine"
    assert recognisability(given).verdict == "fine"


def test_permuted_labels_are_at_chance_unless_something_remembers():
    X = table(per_class=4)
    sound = permuted_labels(case(make_pipeline("landmarks_svm"), X), 30)
    assert sound.verdict == "fine"
    assert sound.figures["permuted_mean"] == pytest.approx(1 / 3, abs=0.05)
    assert sound.figures["p"] == 1 / 31
    assert sound.figures["within_subjects"]
    leaking = permuted_labels(case(Remembers(), X), 10)
    assert leaking.verdict == "broken"
    assert leaking.figures["permuted_mean"] > 0.7


def test_noise_is_not_above_chance():
    X = habits()
    noise = X.with_columns(landmarks=np.random.default_rng(0).normal(0, 1, (len(X), 2, 68, 2)))
    found = permuted_labels(case(nearest(Points()), noise), 20)
    assert found.verdict == "look"
    assert found.figures["p"] > 0.05


def test_labels_are_permuted_over_all_rows_where_each_person_shows_one_expression():
    X = habits(n_subjects=9)
    alone = X.with_columns(label=X["subject"] % 3)
    assert not permuted_labels(case(nearest(Points()), alone), 10).figures["within_subjects"]
    assert class_balance(case(nearest(Points()), alone)).verdict == "broken"


# What the data are


def test_people_are_recognised_by_their_faces():
    found = recognisability(case(nearest(Points()), habits()))
    assert found.verdict == "look"
    assert found.figures["accuracy"] > 0.9
    assert recognisability(case(KNeighborsClassifier(), habits())).verdict == "skipped"


def test_more_people_help_until_they_do_not():
    X = table(n_subjects=16)
    found = learning_curve(case(make_pipeline("lbp_linear"), X))
    assert found.verdict == "look"
    assert found.figures["people"] == [3, 6, 12]
    first, second, third = found.figures["accuracy"]
    assert first < second < third
    assert found.figures["gain"] == pytest.approx(third - second)
    assert learning_curve(case(make_pipeline("landmarks_svm"), X)).verdict == "fine"
    assert learning_curve(case(make_pipeline("landmarks_svm"), table(n_subjects=3))).verdict == "skipped"


def test_who_is_known(X):
    assert who_is_known(X).verdict == "fine"
    assert who_is_known(Samples.from_arrays(landmarks=X["landmarks"], label=X["label"])).verdict == "look"
    doubtful = X.with_columns(Info(subjects_from="inferred", subjects_confidence=0.1, leakage="may leak"))
    assert (who_is_known(doubtful).verdict, who_is_known(doubtful).why) == ("look", "may leak")
    some = X["subject"].copy()
    some[:3] = -1
    assert "3 rows" in who_is_known(X.with_columns(subject=some)).why


def test_balance_tells_classes_that_few_show(X):
    model = make_pipeline("landmarks_svm")
    assert class_balance(case(model, X)).verdict == "fine"
    rare = np.flatnonzero((X["label"] != 2) | (X["subject"] < 2))
    found = class_balance(case(model, X[rare]))
    assert found.verdict == "look"
    assert found.figures["shown_by"] == {"0": 6, "1": 6, "2": 2}


def test_copies_across_people_and_parts_are_told(X):
    assert duplicates_across(X).verdict == "fine"
    images, subject = X["images"].copy(), X["subject"]
    first, second = np.flatnonzero(subject == 0)[0], np.flatnonzero(subject == 1)[0]
    images[second] = images[first]
    found = duplicates_across(X.with_columns(images=images))
    assert (found.verdict, found.figures["exact"]) == ("broken", 2)
    # Copies of one person stay on one side.
    other = np.flatnonzero(subject == 0)[1]
    images = X["images"].copy()
    images[other] = images[first]
    assert duplicates_across(X.with_columns(images=images)).figures["exact"] == 0
    # In official parts they do not, nor do people.
    split = np.where(np.arange(len(X)) == other, "test", "train")
    nobody = np.full(len(X), -1)
    found = duplicates_across(X.with_columns(images=images, split=split, subject=nobody))
    assert (found.figures["exact"], found.figures["of"]) == (1, 1)
    found = duplicates_across(X.with_columns(split=split))
    assert (found.verdict, found.figures["subjects"]) == ("broken", ["0"])


def test_a_neutral_first_frame_is_told_from_an_apex(X):
    model = make_pipeline("landmarks_svm")
    assert neutral_first(case(model, X)).verdict == "fine"
    backwards = X.with_columns(images=X["images"][:, ::-1], landmarks=X["landmarks"][:, ::-1])
    found = neutral_first(case(model, backwards))
    assert found.verdict == "broken"
    assert found.figures["first"] > found.figures["last"]
    back = [0, 2, 1]  # the apex in the middle
    found = neutral_first(case(model, X.with_columns(images=X["images"][:, back], landmarks=X["landmarks"][:, back])))
    assert (found.verdict, "apex" in found.why) == ("look", True)
    points_only = Samples.from_arrays(landmarks=X["landmarks"], label=X["label"], subject=X["subject"])
    assert neutral_first(case(model, points_only)).figures["last"] > 0.6
    stills = Samples.from_arrays(images=X["images"][:, -1], label=X["label"], subject=X["subject"])
    assert neutral_first(case(make_pipeline("hog_svm", align__method="none"), stills)).verdict == "skipped"


def test_rows_described_by_others_of_their_subject_are_pointed_out(X):
    model = make_pipeline("hogdiff_svm", neutral__method="subject")
    assert rows_apart(case(model, X)).verdict == "look"
    assert hidden_labels(case(model, X)).verdict == "skipped"


def test_a_check_is_a_line():
    assert str(Check("name", "fine", {}, "why")) == "fine    name: why"

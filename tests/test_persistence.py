"""Saved models: the manifest is checked before anything is unpickled."""

import json
import pickle

import joblib
import pytest

from fer_features import FerError, Samples, load_model, make_pipeline, persistence, save_model
from fer_features import _progress as progress
from fer_features.persistence import size_of
from fer_features.pipelines import columns_read


@pytest.fixture
def fitted(clips):
    images, landmarks, label, _ = clips
    X = Samples.from_arrays(images=images, landmarks=landmarks)
    return make_pipeline("hogdiff_landmarks_svm").fit(X, label), X


@pytest.fixture
def saved(fitted, tmp_path):
    return save_model(fitted[0], tmp_path / "model.joblib", {"pipeline": "hogdiff_landmarks_svm"})


def edit(path, **changes):
    manifest = json.loads(path.with_suffix(".json").read_text())
    manifest.update(changes)
    path.with_suffix(".json").write_text(json.dumps(manifest))


class Explosive:
    """Says so when it is unpickled."""

    def __reduce__(self):
        return pytest.fail, ("something was unpickled",)


def test_round_trip_keeps_every_prediction_and_score(fitted, saved):
    model, X = fitted
    for again in (load_model(saved), joblib.load(saved)):
        assert again.predict(X).tolist() == model.predict(X).tolist()
        assert (again.decision_function(X) == model.decision_function(X)).all()


def test_a_large_model_is_told_before_it_is_written(fitted, tmp_path, capsys, monkeypatch):
    model, X = fitted
    assert size_of(model) == len(pickle.dumps(model, pickle.HIGHEST_PROTOCOL))
    ridge = make_pipeline("hog_krr").fit(X, model.predict(X))
    size = size_of(ridge) / 1e6
    with progress.shown():
        save_model(ridge, tmp_path / "a.joblib", {})
        assert "MB" not in capsys.readouterr().err
        monkeypatch.setattr(persistence, "TOLD", 0.9 * size)
        monkeypatch.setattr(persistence.joblib, "dump", lambda *a, **k: pytest.fail("written first"))
        with pytest.raises(pytest.fail.Exception, match="written first"):
            save_model(ridge, tmp_path / "b.joblib", {})
    told = capsys.readouterr().err
    assert f"keeps {len(X)} training rows" in told
    assert f"about {size:.0f} MB" in told
    assert "classifier__landmarks" in told


def test_the_manifest_says_what_the_model_is(saved):
    manifest = json.loads(saved.with_suffix(".json").read_text())
    assert manifest["columns"] == ["images", "landmarks"]
    assert manifest["pipeline"] == "hogdiff_landmarks_svm"
    assert len(manifest["sha256"]) == 64
    assert "sklearn" in manifest["versions"]
    assert manifest["date"].startswith("20")


def test_no_pixels_are_saved_with_a_model(saved, fitted):
    pickled = pickle.dumps(fitted[0])
    assert fitted[1]["images"][0, 0].tobytes() not in pickled


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda p: p.write_bytes(p.read_bytes()[:-1]), "damaged or replaced"),
        (lambda p: pickle.dump(Explosive(), p.open("wb")), "damaged or replaced"),
        (lambda p: p.unlink(), "no model at"),
        (lambda p: p.with_suffix(".json").unlink(), r"model\.json is missing"),
        (lambda p: p.with_suffix(".json").write_text("{"), "not the manifest of a model"),
        (lambda p: p.with_suffix(".json").write_text("[]"), "not the manifest of a model"),
        (lambda p: edit(p, versions={"sklearn": "0.1.2", "fer_features": "0.1.0"}), "scikit-learn 0.1.2 and"),
        (lambda p: edit(p, versions={"sklearn": "1.9.1", "fer_features": "9.0"}), "fer_features 9.0 and|scikit-learn"),
        (lambda p: edit(p, columns=["images", "voice"]), "voice"),
    ],
)
def test_what_does_not_fit_is_told_before_unpickling(saved, monkeypatch, spoil, words):
    spoil(saved)
    monkeypatch.setattr(joblib, "load", lambda *_: pytest.fail("something was unpickled"))
    with pytest.raises(FerError, match=words):
        load_model(saved)


def test_another_version_is_only_warned_of_where_asked(saved):
    edit(saved, versions={"sklearn": "0.1.2", "fer_features": "0.1.0"})
    with pytest.warns(UserWarning, match=r"0\.1\.2"):
        assert load_model(saved, strict=False) is not None


def test_columns_that_the_data_lacks_are_named(saved, fitted):
    assert load_model(saved, columns=fitted[1].columns) is not None
    with pytest.raises(FerError, match="landmarks, which the data lacks"):
        load_model(saved, columns=["images"])


def test_a_folder_that_cannot_be_written_leaves_nothing(fitted, tmp_path):
    with pytest.raises(FerError, match="cannot write"):
        save_model(fitted[0], tmp_path / "absent" / "model.joblib", {})
    assert not list(tmp_path.iterdir())


def test_columns_read_follow_the_parameters():
    assert columns_read(make_pipeline("hog_svm")) == ("images", "landmarks")
    assert columns_read(make_pipeline("hog_svm", align__method="none")) == ("images",)
    assert columns_read(make_pipeline("landmarks_svm")) == ("landmarks",)

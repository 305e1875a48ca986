"""Saved models: the manifest is checked before anything is unpickled."""

import dataclasses
import hashlib
import io
import json
import os
import pickle
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

import cv2
import joblib
import numpy as np
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st

import fer_features
from fer_features import FerError, Samples, load_model, make_pipeline, persistence, save_model
from fer_features._progress import progress_enabled
from fer_features.cli import main
from fer_features.faces import default_landmarker, landmarker_archive
from fer_features.persistence import load_saved_model, pickled_size
from fer_features.pipelines import required_columns

from .conftest import draw_clips

VERSIONS = {"sklearn": sklearn.__version__, "fer_features": fer_features.__version__, "cv2": cv2.__version__}

NEEDS_SKOPS = pytest.mark.skipif(find_spec("skops") is None, reason="the package skops, extra [safe], is not installed")
FORMATS = pytest.mark.parametrize("suffix", ["joblib", pytest.param("skops", marks=NEEDS_SKOPS)])


@pytest.fixture(scope="module")
def fitted():
    """A fitted pipeline and its samples."""
    images, landmarks, label, _ = draw_clips()
    X = Samples.from_arrays(images=images, landmarks=landmarks)
    return make_pipeline("hogdiff_landmarks_linear", calibration_cv=0).fit(X, label), X


@pytest.fixture(scope="module")
def template(fitted, tmp_path_factory):
    """A folder with the saved pipeline."""
    return save_model(fitted[0], tmp_path_factory.mktemp("saved") / "model.joblib").parent


@pytest.fixture
def saved(template, tmp_path):
    """The saved pipeline, in a folder of its own."""
    shutil.copytree(template, tmp_path / "run")
    return tmp_path / "run" / "model.joblib"


def edit(path, **changes):
    """Change values of the manifest."""
    manifest = json.loads(path.with_suffix(".json").read_text())
    manifest.update(changes)
    path.with_suffix(".json").write_text(json.dumps(manifest))


def replace_content(path, content):
    """Replace the model by other bytes with a matching hash."""
    path.write_bytes(content)
    edit(path, sha256={"joblib": hashlib.sha256(content).hexdigest()})


def replace_by_pipe(path):
    path.unlink()
    os.mkfifo(path)


class Explosive:
    """Fails the test when it is unpickled."""

    def __reduce__(self):
        return pytest.fail, ("something was unpickled",)


def test_round_trip_keeps_all_predictions(fitted, saved):
    model, X = fitted
    for loaded in (load_model(saved), load_model(saved.parent), load_model(str(saved)), joblib.load(saved)):
        assert loaded.predict(X).tolist() == model.predict(X).tolist()
        assert (loaded.decision_function(X) == model.decision_function(X)).all()


def test_the_manifest_is_refused_as_model(saved):
    with pytest.raises(FerError, match=r"model\.json is a manifest, not a model: use .*model\.joblib"):
        load_model(saved.with_suffix(".json"))


def test_manifest_of_a_model_without_metadata(saved):
    manifest = load_saved_model(saved).manifest
    assert manifest.pipeline == "hogdiff_landmarks_linear"
    assert manifest.classes == {"0": "0", "1": "1", "2": "2"}
    assert manifest.parameters["features__hogdiff__orientations"] == 9
    assert manifest.required_columns == ("images", "landmarks")
    assert manifest.reject_threshold is None
    assert manifest.versions | VERSIONS == manifest.versions
    assert manifest.sha256 == {"joblib": hashlib.sha256(saved.read_bytes()).hexdigest()}
    assert manifest.date.startswith("20")


def test_metadata_are_part_of_the_manifest(fitted, tmp_path):
    metadata = {"classes": {"0": "joy", "1": "fear", "2": "surprise"}, "scores": {"accuracy": np.float64(0.5)}, "n": 3}
    path = save_model(fitted[0], tmp_path / "a.joblib", metadata)
    manifest = load_saved_model(path).manifest
    assert manifest.classes == metadata["classes"]
    assert manifest.scores == {"accuracy": 0.5}
    assert manifest.metadata == {"n": 3}
    assert manifest.pipeline == "hogdiff_landmarks_linear"


def test_any_fitted_classifier_can_be_saved(tmp_path):
    labels = np.array(["joy", "fear"] * 5)
    model = sklearn.linear_model.LogisticRegression().fit(np.arange(20.0).reshape(10, 2), labels)
    manifest = load_saved_model(save_model(model, tmp_path / "model.joblib")).manifest
    assert manifest.classes == {"fear": "fear", "joy": "joy"}
    assert manifest.pipeline == "LogisticRegression"


@pytest.mark.parametrize(
    ("model", "name", "metadata", "message"),
    [
        (None, "m.joblib", {"sha256": "0"}, "must not contain sha256"),
        (None, "m.json", None, "name the model m.joblib"),
        (make_pipeline("landmarks_linear"), "m.joblib", None, "call fit first"),
        (None, "absent/m.joblib", None, "cannot write"),
    ],
)
def test_refused_models_leave_no_file(fitted, tmp_path, model, name, metadata, message):
    with pytest.raises(FerError, match=message):
        save_model(model or fitted[0], tmp_path / name, metadata)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["landmarks_krr", "landmarks_krr+geometry_krr"])
def test_size_of_a_large_model_is_reported_before_it_is_written(tmp_path, capsys, monkeypatch, clips, name):
    images, landmarks, label, _ = clips
    X = Samples.from_arrays(images, landmarks)
    model = make_pipeline(name, calibration_cv=0).fit(X, label)
    assert pickled_size(model) == len(pickle.dumps(model, pickle.HIGHEST_PROTOCOL))
    size = pickled_size(model) / 1e6
    with progress_enabled():
        save_model(model, tmp_path / "a.joblib")
        assert "MB" not in capsys.readouterr().err
        monkeypatch.setattr(persistence, "LARGE_MODEL_MB", 0.9 * size)
        monkeypatch.setattr(persistence.joblib, "dump", lambda *a, **k: pytest.fail("written first"))
        with pytest.raises(pytest.fail.Exception, match="written first"):
            save_model(model, tmp_path / "b.joblib")
    message = capsys.readouterr().err
    assert f"stores {len(X)} training samples" in message
    assert f"about {size:.0f} MB" in message
    assert "classifier__n_inducing" in message


def test_no_pixels_are_saved_with_a_model(fitted):
    assert fitted[1]["images"][0, 0].tobytes() not in pickle.dumps(fitted[0])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda p: p.write_bytes(p.read_bytes()[:-1]), "damaged or replaced"),
        (lambda p: pickle.dump(Explosive(), p.open("wb")), "damaged or replaced"),
        (lambda p: p.unlink(), "no model at"),
        (lambda p: p.with_suffix(".json").unlink(), r"model\.json is missing"),
        (lambda p: p.with_suffix(".json").write_text("{"), "not the manifest of a model"),
        (lambda p: p.with_suffix(".json").write_text("[]"), "not the manifest of a model"),
        (lambda p: edit(p, classes=["joy"]), "'classes' holds"),
        (lambda p: edit(p, required_columns=3), "'required_columns' holds"),
        (lambda p: edit(p, versions=None), "'versions' holds"),
        (lambda p: edit(p, versions={**VERSIONS, "sklearn": "0.1.2"}), "scikit-learn 0.1.2"),
        (lambda p: edit(p, versions={**VERSIONS, "fer_features": "9.0"}), "fer_features 9.0"),
        (lambda p: edit(p, versions={**VERSIONS, "cv2": "3.4.0"}), "OpenCV 3.4.0"),
        (lambda p: edit(p, versions={k: v for k, v in VERSIONS.items() if k != "cv2"}), "OpenCV an unknown version"),
        (lambda p: edit(p, required_columns=["images", "voice"]), "voice"),
        (lambda p: p.with_suffix(".json").write_bytes(b" " * 20_000_000), "too large"),
        (lambda p: replace_by_pipe(p), r"model\.joblib is a named pipe"),
        (lambda p: replace_by_pipe(p.with_suffix(".json")), r"model\.json is a named pipe"),
    ],
)
def test_invalid_files_are_refused_before_unpickling(saved, monkeypatch, damage, message):
    damage(saved)
    monkeypatch.setattr(joblib, "load", lambda *_: pytest.fail("something was unpickled"))
    with pytest.raises(FerError, match=message) as error:
        load_model(saved.parent)
    assert "\n" not in str(error.value)


def test_a_module_that_is_absent_is_named_with_the_option_that_imports_it(saved, capsys):
    replace_content(saved, b"cmy_absent_features\nBrightness\n.")
    with pytest.raises(FerError, match="import my_absent_features first, in a command by plugin='my_absent_features'"):
        load_model(saved)
    assert main(["predict", "--model", str(saved), "photo.jpg"]) == 2
    assert capsys.readouterr().err.endswith("in a command by --plugin my_absent_features\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be unpickled"),
        (b"not a pickle\n", "cannot be unpickled"),
        (pickle.dumps({}), "contains a dict"),
        (pickle.dumps(make_pipeline("landmarks_linear")), "a fitted classifier is needed"),
        (pickle.dumps(sklearn.linear_model.LogisticRegression), "a fitted classifier is needed"),
    ],
)
def test_files_without_a_model_are_refused_in_one_line(saved, content, message):
    replace_content(saved, content)
    with pytest.raises(FerError, match=message) as error:
        load_model(saved)
    assert "\n" not in str(error.value)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_damaged_models_with_a_matching_hash_are_loaded_or_refused_in_one_line(template, data):
    content = bytearray((template / "model.joblib").read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(content) - 1))
        content[position : position + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(template, folder, dirs_exist_ok=True)
        replace_content(Path(folder) / "model.joblib", bytes(content))
        message = ""
        try:
            load_model(folder)
        except FerError as error:
            message = str(error)
    assert "\n" not in message


@pytest.mark.parametrize("classes", [{}, {"0": "joy"}, {"a": "joy", "b": "fear", "c": "surprise"}])
def test_manifest_names_each_class_of_the_model(fitted, saved, classes):
    edit(saved, classes=classes)
    with pytest.raises(FerError, match="lacks the class"):
        load_model(saved)
    with pytest.raises(FerError, match="lacks the class"):
        save_model(fitted[0], saved, {"classes": classes})


def test_hash_and_model_are_of_the_same_bytes(saved, monkeypatch):
    # The file is replaced after it was read: nothing of the new one is loaded.
    read_bytes = Path.read_bytes

    def read_and_replace(path):
        content = read_bytes(path)
        if path == saved:
            pickle.dump(Explosive(), path.open("wb"))
        return content

    monkeypatch.setattr(Path, "read_bytes", read_and_replace)
    assert load_model(saved) is not None
    with pytest.raises(pytest.fail.Exception, match="unpickled"):
        joblib.load(io.BytesIO(read_bytes(saved)))


@pytest.mark.parametrize("versions", [{"sklearn": "0.1.2"}, {"cv2": "3.4.0"}])
def test_other_versions_are_a_warning_without_strict(saved, versions):
    edit(saved, versions={**VERSIONS, **versions})
    with pytest.warns(UserWarning, match=next(iter(versions.values()))) as warned:
        assert load_model(saved, strict=False) is not None
    assert warned[0].filename == __file__


def test_patch_releases_are_compatible(saved):
    major, minor = sklearn.__version__.split(".")[:2]
    opencv = cv2.__version__.split(".")[0]
    edit(saved, versions={**VERSIONS, "sklearn": f"{major}.{minor}.999", "cv2": f"{opencv}.999.0"})
    assert load_model(saved) is not None


def test_columns_that_the_data_lack_are_named(saved, fitted):
    assert load_model(saved, columns=fitted[1].columns) is not None
    with pytest.raises(FerError, match="landmarks, which the data lack"):
        load_model(saved, columns=["images"])


def test_required_columns_depend_on_the_parameters():
    assert required_columns(make_pipeline("hog_svm")) == ("images", "landmarks")
    assert required_columns(make_pipeline("hog_svm", align__method="none")) == ("images",)
    assert required_columns(make_pipeline("landmarks_svm")) == ("landmarks",)


@pytest.fixture(scope="module")
def fitted_on_crops():
    """A pipeline whose step 'faces' uses the landmarker of the package, and its samples."""
    rng = np.random.default_rng(0)
    info = fer_features.DataInfo(cropped=True)
    X = Samples.from_arrays(rng.integers(0, 256, (6, 48, 48), dtype=np.uint8), info=info)
    return make_pipeline("lbp_linear", faces__method="crop", calibration_cv=0).fit(X, np.arange(6) % 2), X


@FORMATS
def test_the_landmarker_of_the_package_is_referred_to_and_others_are_contained(fitted_on_crops, tmp_path, suffix):
    model, X = fitted_on_crops
    path = save_model(model, tmp_path / f"model.{suffix}")
    assert path.stat().st_size < 100_000
    loaded = joblib.load(path) if suffix == "joblib" else load_model(path)
    found = loaded.named_steps["faces"].landmarker_
    assert found.stages is default_landmarker().stages
    assert pickled_size(loaded) < 200_000  # also of a model that was loaded
    assert np.array_equal(loaded.predict(X), model.predict(X))
    own = dataclasses.replace(default_landmarker(), mean_shape=default_landmarker().mean_shape + 1)
    other = make_pipeline("lbp_linear", faces__landmarker=own, faces__method="crop", calibration_cv=0)
    save_model(other.fit(X, np.arange(6) % 2), path)
    assert path.stat().st_size > 3_000_000
    assert path.with_suffix(".json").stat().st_size < 20_000
    assert np.array_equal(load_model(path).named_steps["faces"].landmarker_.mean_shape, own.mean_shape)


@FORMATS
def test_another_landmarker_of_the_package_is_refused_in_one_line(fitted_on_crops, tmp_path, monkeypatch, suffix):
    path = save_model(fitted_on_crops[0], tmp_path / f"model.{suffix}")
    monkeypatch.setattr(landmarker_archive, "default_digest", lambda: "f" * 64)
    with pytest.raises(FerError, match="has ffffffffffff: install the version of fer_features that saved it") as error:
        load_model(path)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(f"{path} cannot be loaded: it uses the landmarker of the package")

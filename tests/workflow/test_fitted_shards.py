"""Extractors and principal components that are fitted before the extraction: kept with the features, used by models."""

import importlib.util
import json

import cv2
import numpy as np
import pandas as pd
import pytest

from fer_features import (
    DataInfo,
    FerError,
    Samples,
    evaluate,
    load_dataset,
    load_model,
    make_pipeline,
    run_experiment,
    save_model,
)
from fer_features.audit.leakage_checks import check_prefitted_steps
from fer_features.cli import main
from fer_features.datasets.shards import STATE_FILE
from fer_features.explain.contributions import feature_contributions
from fer_features.pipelines import transformed
from fer_features.workflow import feature_shards
from fer_features.workflow.feature_shards import write_shards
from tests.conftest import draw_clips

FORMATS = ("joblib", "skops") if importlib.util.find_spec("skops") else ("joblib",)
#: Fisher vectors with few words of few descriptors.
SMALL_FV = {
    "features__fv__n_words": 2,
    "features__fv__n_pca": 4,
    "features__fv__grid": 2,
    "features__fv__n_train_descriptors": 500,
    "align__size": 32,
    "align__method": "none",
    "faces__method": "none",
}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(feature_shards, "SAMPLES_PER_SHARD", 10)


@pytest.fixture(scope="module")
def table():
    images, _, label, subject = draw_clips(n_frames=2)
    split = np.where(subject == subject.max(), "test", "train")
    info = DataInfo(dataset="faces", classes=("joy", "fear", "anger"), cropped=True)
    return Samples.from_arrays(images[:, -1], None, label % 3, subject, split, info=info)


@pytest.fixture(scope="module")
def hog_shards(table, tmp_path_factory):
    return write_shards(hog(), table, tmp_path_factory.mktemp("hog"), pca=3).column("features").folder


def hog(classifier="ridge", **params):
    fixed = {"features__hog__pixels_per_cell": 16, "align__size": 48, "align__method": "none"}
    return make_pipeline(f"hog_{classifier}", **{**fixed, **params})


def fisher(classifier="ridge", **params):
    return make_pipeline(f"fv_{classifier}", **{**SMALL_FV, **params})


MIRRORED = {"features__mirror": "concatenate", "classifier__mirror_invariant": True, "features__scale": "block"}
#: Pipeline with something that is fitted or mirrored, and the number of principal components.
PIPELINES = {
    "components": (lambda: hog(), 5),
    "components, not standardized": (lambda: hog(features__scale="block"), 5),
    "mirror images": (lambda: hog("krr", **MIRRORED), 0),
    "mirror images and components": (lambda: hog("krr", **MIRRORED), 5),
    "mean of mirror images": (lambda: hog(features__mirror="mean"), 0),
    "mixture": (lambda: fisher("nystroem"), 0),
    "mixture, reduced cells, mirror images": (lambda: fisher("krr", features__fv__n_pca_cell=3, **MIRRORED), 0),
    "words": (lambda: fisher(features__fv__encoding="vlad"), 4),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_a_model_of_features_in_files_predicts_images(name, table, tmp_path):
    make, pca = PIPELINES[name]
    X = write_shards(make(), table, tmp_path / "shards", pca=pca)
    model = make().fit(X[X["split"] == "train"], X[X["split"] == "train"]["label"])
    expected = model.predict_proba(X)
    np.testing.assert_allclose(model.predict_proba(table), expected, atol=1e-5)
    assert len(model.named_steps["features"].get_feature_names_out()) == X.column("features").shape[1]
    for kind in FORMATS:
        loaded = load_model(save_model(model, tmp_path / f"model.{kind}"))
        np.testing.assert_array_equal(loaded.predict_proba(table), model.predict_proba(table))
    features = model.named_steps["features"].fit(table)  # images again: nothing of the files is left
    assert not features.projections_


def test_what_is_fitted_equals_a_fit_to_the_training_split(table, tmp_path):
    found = write_shards(fisher(), table, tmp_path / "shards")
    model, train = fisher(), table[table["split"] == "train"]
    features = model.named_steps["features"].fit(transformed(model, train))
    expected = features.unscaled_blocks(transformed(model, table))[0]
    np.testing.assert_allclose(found["features"], expected, atol=1e-6)
    (note,) = (note for note in found.info.notes if note.startswith("features:"))
    assert f"'fv' fitted to {len(train)} samples of the training split, without labels" in note


def test_components_keep_the_scores_of_all_features(table, tmp_path):
    train = table[table["split"] == "train"]
    expected = hog().fit(train, train["label"]).decision_function(table)
    X = write_shards(hog(), table, tmp_path / "shards", pca=10_000)  # as many as there are
    found = hog().fit(X[X["split"] == "train"], train["label"]).decision_function(X)
    assert X.column("features").shape[1] < table.column("images").shape[0]
    assert (found.argmax(1) == expected.argmax(1)).mean() > 0.95


def test_models_of_components_have_no_contributions_of_features(table, hog_shards):
    X = load_dataset(hog_shards)
    model = hog("linear").fit(X, X["label"])
    with pytest.raises(FerError, match="principal components of features"):
        feature_contributions(model, table)


def test_the_check_of_leakage_warns_of_what_was_fitted_before(table, hog_shards, tmp_path):
    assert check_prefitted_steps(hog(), load_dataset(hog_shards)).status == "warning"
    assert check_prefitted_steps(hog(), write_shards(hog(), table, tmp_path)).status == "pass"


def test_a_note_says_so_where_there_is_no_split(table, tmp_path):
    X = table.with_columns(split=np.full(len(table), "train"))
    without = Samples({name: X[name] for name in ("images", "label", "subject")}, table.info)
    found = write_shards(hog(), without, tmp_path, pca=3)
    notes = evaluate(hog(), found, cv="2fold").scores.data.notes
    assert any(f"principal components fitted to {len(table)} samples of all" in note for note in notes)
    assert any("evaluated on samples that were among them" in note for note in notes)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("features__mirror", "mean", "with features__mirror='none', but the pipeline has 'mean'"),
        ("features__scale", "block", "with features__scale='standardize', but the pipeline has 'block'"),
        ("align__size", 64, "with align__size=48, but the pipeline has 64"),
        ("neutral__method", "none", "with neutral__method='first', but the pipeline has 'none'"),
        ("faces__method", "crop", "with faces__method='none', but the pipeline has faces__method='crop'"),
    ],
)
def test_a_pipeline_with_other_parameters_than_the_extraction_is_refused(hog_shards, name, value, message):
    # A model of it would describe images in another way than the features that it was trained on.
    with pytest.raises(FerError, match=message):
        run_experiment(hog(**{name: value}), load_dataset(hog_shards))


def test_the_state_survives_an_interruption_and_damage_repeats_it(table, tmp_path, monkeypatch):
    expected = write_shards(fisher(), table, tmp_path / "expected")
    real, calls = feature_shards.extract_block, []

    def once(shared, start, stop):
        calls.append(start)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(shared, start, stop)

    monkeypatch.setattr(feature_shards, "extract_block", once)
    with pytest.raises(KeyboardInterrupt):
        write_shards(fisher(), table, tmp_path / "out")
    fits = []
    monkeypatch.setattr(feature_shards, "_fit_to_subset", lambda *a: fits.append(1))
    found = write_shards(fisher(), table, tmp_path / "out")
    assert not fits
    np.testing.assert_array_equal(found["features"], expected["features"])
    monkeypatch.undo()
    monkeypatch.setattr(feature_shards, "SAMPLES_PER_SHARD", 10)
    (tmp_path / "out" / STATE_FILE).write_bytes(b"PK damaged")
    with pytest.raises(FerError, match=f"{STATE_FILE} has another content"):
        load_dataset(tmp_path / "out")
    repaired = write_shards(fisher(), table, tmp_path / "out")
    np.testing.assert_array_equal(repaired["features"], expected["features"])


def test_commands_extract_train_and_predict_photographs(table, tmp_path, capsys):
    for i, (image, label) in enumerate(zip(table["images"], table["label"], strict=True)):
        folder = tmp_path / "photos" / ("train", "test")[i % 5 == 4] / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{i:03d}.png"), image[0])
    words = ["--data", str(tmp_path / "photos"), "--pipeline", "hog_ridge", "--pca", "6"]
    shards, run = str(tmp_path / "shards"), str(tmp_path / "run")
    sets = ["--faces", "none", "--set", "align__size=48", "--set", "features__hog__pixels_per_cell=16", "--quiet"]
    assert main(["extract", *words, *sets, "--out", shards]) == 0
    assert "principal components fitted to 20 samples of the training split" in capsys.readouterr().out
    assert main(["run", "--data", shards, "--pipeline", "hog_ridge", *sets, "--out", run]) == 0
    report = (tmp_path / "run" / "report.html").read_text()
    assert "principal components fitted to" in report
    assert json.loads((tmp_path / "run" / "model.json").read_text())["required_columns"] == ["images"]
    photos = sorted(str(path) for path in (tmp_path / "photos" / "test").rglob("*.png"))
    out = tmp_path / "predicted.csv"
    assert main(["predict", "--model", run, *photos, "--out", str(out), "--quiet"]) == 0, capsys.readouterr().err
    X = load_dataset(shards)
    predicted = pd.read_csv(out)
    assert len(predicted) == len(photos)
    assert set(predicted["expression"]) <= set(X.info.classes)
    experiment = run_experiment(hog(faces__method="none"), X)
    names = dict(zip(X["id"], experiment.model.predict(X), strict=True))
    for path, name in zip(photos, predicted["expression"], strict=True):
        (found,) = (value for photo, value in names.items() if path.endswith(str(photo)))
        assert found == name

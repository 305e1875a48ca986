"""Features in files: equal to those in memory, complete or continued, and trained on block by block."""

import json
import tempfile

import numpy as np
import pytest
from xgboost import ExtMemQuantileDMatrix

from fer_features import DataInfo, FerError, Samples, evaluate, load_dataset, make_pipeline, run_experiment
from fer_features.classifiers import BlockNystroem, BlockRidge, BlockSGD, KernelRidgeClassifier, xgb
from fer_features.cli import main
from fer_features.datasets.shards import MANIFEST
from fer_features.pipelines import transformed
from fer_features.samples import feature_blocks
from fer_features.samples.feature_blocks import FeatureBlocks
from fer_features.workflow import feature_shards
from fer_features.workflow.feature_shards import write_shards
from tests.conftest import draw_clips


def pipeline(classifier="ridge", **params):
    """Shape and coarse texture: few features."""
    return make_pipeline(f"hog_landmarks_{classifier}", **{"features__hog__pixels_per_cell": 32, **params})


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(feature_shards, "SAMPLES_PER_SHARD", 10)


@pytest.fixture(scope="module")
def table():
    images, landmarks, label, subject = draw_clips(n_frames=2)
    landmarks[5] = np.nan
    split = np.array(["train"] * len(label))
    return Samples.from_arrays(images, landmarks, label, subject, split, id=np.arange(len(label)).astype(str))


@pytest.fixture
def shards(table, tmp_path):
    write_shards(pipeline(), table, tmp_path / "shards")
    return tmp_path / "shards"


def in_memory(table):
    model = pipeline()
    X = transformed(model, table[:])
    return np.concatenate(
        [extractor.transform(X) for _, extractor in model.named_steps["features"].transformer_list], 1
    )


def test_features_and_columns_are_those_in_memory(table, shards):
    X, expected = load_dataset(shards), in_memory(table)
    usable = np.isfinite(expected).all(1)
    assert usable.sum() == len(table) - 1
    np.testing.assert_array_equal(X["features"][usable], expected[usable])
    np.testing.assert_array_equal(X.missing("features"), ~usable)
    np.testing.assert_array_equal(X[[20, 3, 11]]["features"], expected[[20, 3, 11]])  # of three files, in any order
    for name in ("label", "subject", "split", "id"):
        np.testing.assert_array_equal(X[name], table[name])
    assert sorted(path.name for path in shards.glob("*.npy")) == [f"block-{i:06d}.npy" for i in range(3)]


def test_float16_takes_half_of_the_space_and_rounds(table, shards, tmp_path):
    half = write_shards(pipeline(), table, tmp_path / "half", dtype="float16")
    np.testing.assert_allclose(half["features"], load_dataset(shards)["features"], rtol=1e-3, atol=1e-3)
    sizes = [(path / "block-000000.npy").stat().st_size for path in (tmp_path / "half", shards)]
    assert sizes[0] < 0.6 * sizes[1]


def test_an_extraction_continues_after_the_last_complete_block(table, shards, tmp_path, monkeypatch):
    real, computed = feature_shards.extract_block, []

    def extract_block(shared, start, stop):
        computed.append(start)
        if computed == [0, 10]:
            raise KeyboardInterrupt
        return real(shared, start, stop)

    monkeypatch.setattr(feature_shards, "extract_block", extract_block)
    out = tmp_path / "continued"
    with pytest.raises(KeyboardInterrupt):
        write_shards(pipeline(), table, out)
    with pytest.raises(FerError, match=r"not complete \(1 of 3 blocks\): give the same command again"):
        load_dataset(out)
    with open(out / MANIFEST, "a") as file:
        file.write('{"name": "block-0000')  # of a process that was killed
    (out / "block-000001.npy").write_bytes(b"incomplete")
    write_shards(pipeline(), table, out)
    assert computed == [0, 10, 10, 20]
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        path.name: path.read_bytes() for path in shards.iterdir()
    }
    write_shards(pipeline(), table, out)  # nothing is left to do
    assert len(computed) == 4


@pytest.mark.parametrize("classifier", ["ridge", "sgd", "nystroem", "xgb"])
def test_scores_on_files_are_those_in_memory(table, shards, classifier):
    model = pipeline(classifier)
    found, expected = (evaluate(model, X, cv="4fold") for X in (load_dataset(shards), table))
    names = [name for name in expected.predictions if name.startswith("probability_")]
    # Trees are discontinuous: scaled features that differ by rounding can be on the other side of a threshold.
    tolerance = 1e-2 if classifier == "xgb" else 2e-3
    np.testing.assert_allclose(found.predictions[names], expected.predictions[names], atol=tolerance)
    assert found.scores.excluded == expected.scores.excluded
    for name in ("id", "fold", "true"):
        assert found.predictions[name].equals(expected.predictions[name])


def test_a_model_that_was_fitted_to_files_predicts_images(table, shards):
    experiment = run_experiment(pipeline(), load_dataset(shards), cv="2fold")
    usable = ~table.missing("landmarks")
    fitted = pipeline().fit(table[usable], table["label"][usable])
    np.testing.assert_array_equal(experiment.model.predict(table[usable]), fitted.predict(table[usable]))


def test_other_features_than_those_in_the_files_are_refused(table, shards, tmp_path):
    X = load_dataset(shards)
    for model, message in (
        (make_pipeline("lbp_ridge"), "are those of hog_landmarks"),
        (pipeline(features__hog__orientations=6), "'hog' .* other parameters"),
    ):
        with pytest.raises(FerError, match=message):
            evaluate(model, X, cv="2fold")
    with pytest.raises(FerError, match=r"has other features \(different dtype\)"):
        write_shards(pipeline(), table, shards, dtype="float16")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    with pytest.raises(FerError, match="is not empty"):
        write_shards(pipeline(), table, tmp_path / "full")


@pytest.mark.parametrize(
    ("pipeline", "message"),
    [
        ("hog_ridge+lbp_ridge", "features of several pipelines"),
        (make_pipeline("lbp_ridge", neutral__method="subject"), "all samples of a subject"),
    ],
)
def test_features_that_depend_on_other_samples_are_refused(table, pipeline, message, tmp_path):
    with pytest.raises(FerError, match=message):
        write_shards(pipeline, table, tmp_path / "out")


def test_classifiers_that_need_everything_in_memory_are_refused_with_one_that_scales(shards, monkeypatch):
    X = load_dataset(shards)
    blocks = FeatureBlocks(X.column("features"), X.indices, np.float32(0), np.float32(1))
    label = X.label_codes
    with pytest.raises(FerError, match="max_memory=1e-07: use nystroem"):
        KernelRidgeClassifier(max_memory=1e-7).fit(blocks, label)
    monkeypatch.setattr(feature_blocks, "MAX_MEMORY_GB", 1e-7)
    with pytest.raises(FerError, match="trained block by block: ridge, sgd, nystroem, xgb"):
        evaluate(pipeline("svm"), X, cv="2fold")


def test_the_commands_extract_and_train(fer22_folder, subjects_file, tmp_path):
    data = ["--data", str(fer22_folder), "--subjects", str(subjects_file), "--quiet"]
    out = tmp_path / "shards"
    assert main(["extract", "--pipeline", "landmarks_ridge", *data, "--out", str(out)]) == 0
    command = "run --pipeline landmarks_ridge --cv 2fold --quiet"
    assert main([*command.split(), "--data", str(out), "--out", str(tmp_path / "files")]) == 0
    assert main([*command.split(), *data, "--out", str(tmp_path / "memory")]) == 0
    found, expected = (json.loads((tmp_path / name / "scores.json").read_text()) for name in ("files", "memory"))
    assert found["metrics"]["accuracy"] == expected["metrics"]["accuracy"]
    assert (tmp_path / "files" / "report.html").exists()
    search = "search --pipeline landmarks_ridge --set classifier__alpha=0.001,0.1 --cv 2fold --quiet"
    assert main([*search.split(), "--data", str(out), "--out", str(tmp_path / "search")]) == 0


@pytest.mark.parametrize("kind", [BlockRidge, BlockSGD, BlockNystroem])
def test_classifiers_are_better_than_chance_and_refuse_one_class(kind, table):
    values = in_memory(table)
    values = (values - np.nanmean(values, 0))[~table.missing("landmarks")]
    label = table.label_codes[~table.missing("landmarks")]
    assert kind().fit(values, label).score(values, label) > 0.9
    two = label < 2
    assert kind().fit(values[two], label[two]).decision_function(values).shape == (len(values),)
    with pytest.raises(ValueError, match="at least 2 classes"):
        kind().fit(values, np.zeros(len(values)))


def test_nystroem_with_all_samples_is_kernel_ridge(table):
    values = in_memory(table)[~table.missing("landmarks")]
    label = table.label_codes[~table.missing("landmarks")]
    exact = KernelRidgeClassifier(alpha=0.1, store_float16=False).fit(values, label)
    found = BlockNystroem(n_inducing=len(values), alpha=0.1, random_state=0).fit(values, label)
    np.testing.assert_allclose(found.decision_function(values), exact.decision_function(values), atol=5e-3)


def test_trees_of_quantized_features_in_a_file_are_those_of_quantized_features_in_memory(shards, tmp_path, monkeypatch):
    X = load_dataset(shards)
    X = X[~X.missing("features")]
    model = pipeline("xgb", calibration_cv=0)
    expected = model.fit(X, X["label"]).predict_proba(X)
    monkeypatch.setattr(xgb, "MAX_QUANTIZED_BYTES", 1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    used = []
    monkeypatch.setattr(xgb, "ExtMemQuantileDMatrix", lambda *a, **k: used.append(a) or ExtMemQuantileDMatrix(*a, **k))
    np.testing.assert_array_equal(model.fit(X, X["label"]).predict_proba(X), expected)
    assert len(used) == 1
    assert not list(tmp_path.glob("fer_features-*"))  # nothing is left


def test_features_of_images_without_subjects_keep_the_name_of_the_data(table, tmp_path):
    images = table["images"][:, -1]
    X = Samples.from_arrays(images, label=table["label"], info=DataInfo(dataset="faces", cropped=True))
    found = write_shards(make_pipeline("lbp_ridge", align__method="none"), X, tmp_path)
    assert found.columns == ("features", "label")  # subjects are not inferred: there are no images
    assert found.info.dataset == "faces"

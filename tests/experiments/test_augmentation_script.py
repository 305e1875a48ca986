"""The comparison of augmentations: paired differences on the same samples, none of which is augmented in evaluation."""

import json

import numpy as np
import pytest


def test_settings_are_compared_with_no_augmentation(run_script, fer2013_file, tmp_path):
    out = tmp_path / "results.json"
    options = ["--fer2013", fer2013_file, "--pipelines", "hog_svm", "--folds", 2, "--out", out]
    printed = run_script("augmentation", *options, "--settings", "mirror")
    results = json.loads(out.read_text())["FER2013, 60 samples"]["hog_svm"]
    assert list(results) == ["none", "mirror"]
    none, mirror = results.values()
    assert none["difference"] == 0
    assert mirror["difference"] == pytest.approx(mirror["accuracy"] - none["accuracy"])
    assert (none["n_samples"], mirror["n_samples"]) == (60, 60)
    assert (none["n_copies"], mirror["n_copies"]) == (0, 1)
    assert f"| mirror | {mirror['accuracy']:.3f} | {mirror['difference']:+.3f} |" in printed


def test_results_of_other_data_are_kept(run_script, solved_fer22, tmp_path):
    out = tmp_path / "results.json"
    out.write_text(json.dumps({"other": {}}))
    run_script("augmentation", "--standin", solved_fer22, "--settings", "none", "--out", out)
    assert list(json.loads(out.read_text())) == ["other", "stand-in"]


def test_identical_images_are_in_the_same_fold(script, fer2013_file):
    from fer_features import Samples, load_dataset

    X = load_dataset(fer2013_file)
    X = Samples.concat([X, X], prefixes=("a", "b"))
    drawn = script("augmentation").random_training_samples(X, 120)
    images = drawn["images"].reshape(len(drawn), -1)
    for image in images[:10]:
        assert len(np.unique(drawn["subject"][(images == image).all(1)])) == 1
    assert len(np.unique(drawn["subject"])) == 60

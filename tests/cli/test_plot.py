"""Pictures of what descriptors see: they are drawn, they differ, and mistakes are told."""

import cv2
import numpy as np
import pytest

from fer_features import FerError, Samples, load_dataset, make_pipeline, save_model
from fer_features.cli.plot import main
from fer_features.plotting.descriptors import DRAWINGS, draw_feature

from ..conftest import write_h5


@pytest.mark.parametrize("feature", DRAWINGS)
def test_a_row_is_drawn(fer22_folder, tmp_path, capsys, feature):
    out = tmp_path / "picture.png"
    assert main([feature, str(fer22_folder), "--row", "3", "--out", str(out)]) == 0
    picture = cv2.imread(str(out))
    assert picture.shape[0] > 250
    assert picture.shape[1] > 600
    assert picture.std() > 20
    assert str(out) in capsys.readouterr().out


def test_another_row_is_another_picture(fer22_folder, tmp_path):
    for row in "12":
        main(["landmarks", str(fer22_folder), "--row", row, "--out", str(tmp_path / f"{row}.png")])
    assert (tmp_path / "1.png").read_bytes() != (tmp_path / "2.png").read_bytes()


def test_landmarks_are_drawn_without_images(clips):
    X = Samples.from_arrays(landmarks=clips[1][:1])
    assert len(draw_feature("landmarks", X).axes) == 1
    with pytest.raises(FerError, match="'images'"):
        draw_feature("hog", X)


def test_arrows_are_the_displacement(clips):
    neutral = clips[1][:1, 0].astype(float)
    apex = neutral.copy()
    apex[:, 57, 1] += 9  # the lower lip, down
    figure = draw_feature("landmarks", Samples.from_arrays(landmarks=np.stack([neutral, apex], 1)))
    (quiver,) = [c for c in figure.axes[0].collections if hasattr(c, "U")]
    assert quiver.V[57] == pytest.approx(9, abs=0.5)
    assert np.abs(np.delete(np.stack([quiver.U, quiver.V]), 57, axis=1)).max() < 0.5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["hogg"], "hog, lbp, flow, landmarks"),
        (["hog", "--row", "99"], "rows 0 to 29"),
        (["hog", "--row", "-1"], "--row"),
    ],
)
def test_mistakes_are_told_in_one_line(fer22_folder, tmp_path, capsys, arguments, words):
    feature, *rest = arguments
    try:
        code = main([feature, str(fer22_folder), "--out", str(tmp_path / "x.png"), *rest])
    except SystemExit as ended:
        code = ended.code
    said = capsys.readouterr().err
    assert code == 2
    assert words in said
    assert said.count("\n") == 1
    assert not (tmp_path / "x.png").exists()


def test_a_row_without_a_face_and_a_folder_that_is_not_there(fer22_folder, tmp_path, capsys):
    write_h5(fer22_folder, "data_train_landmarks", np.zeros((24, 3, 68, 2)))
    assert main(["hog", str(fer22_folder), "--out", str(tmp_path / "x.png")]) == 2
    assert "no landmarks" in capsys.readouterr().err
    write_h5(fer22_folder, "data_train_landmarks", np.ones((24, 3, 68, 2)) * np.arange(68)[:, None])
    assert main(["hog", str(fer22_folder), "--out", str(tmp_path / "nowhere" / "x.png")]) == 2
    assert "cannot write" in capsys.readouterr().err


CLASSES = {"0": "joy", "1": "fear", "2": "surprise"}


def saved(folder, path, pipeline, classes=CLASSES, rows=slice(None)):
    """A pipeline fitted to the labelled rows of a folder, saved."""
    X = load_dataset(folder)
    X = X[X["label"] >= 0][rows]
    return save_model(make_pipeline(pipeline).fit(X, X["label"]), path / f"{pipeline}.joblib", {"classes": classes})


@pytest.mark.parametrize(
    ("pipeline", "feature"),
    [("hogdiff_linear", "hogdiff"), ("landmarks_logreg", "landmarks"), ("flow_landmarks_xgb", "flow")],
)
def test_what_a_model_leans_on_is_drawn(fer22_folder, tmp_path, capsys, pipeline, feature):
    model, out = saved(fer22_folder, tmp_path, pipeline), tmp_path / "picture.png"
    assert main([feature, str(fer22_folder), "--model", str(model), "--out", str(out)]) == 0
    picture = cv2.imread(str(out))
    assert min(picture.shape[:2]) > 400
    # Where colours lie, red is more than blue.
    assert ((picture[..., 2].astype(int) - picture[..., 0]) > 60).mean() > 0.005
    assert str(out) in capsys.readouterr().out


def test_a_model_that_compares_with_the_subject_has_subjects_inferred(fer22_folder, tmp_path, subjects_file):
    X = load_dataset(fer22_folder, subjects_file)
    X = X[X["label"] >= 0]
    model = make_pipeline("landmarks_linear", neutral__method="subject").fit(X, X["label"])
    path = save_model(model, tmp_path / "m.joblib", {"classes": CLASSES})
    out = tmp_path / "picture.png"
    assert main(["landmarks", str(fer22_folder), "--model", str(path), "--out", str(out)]) == 0
    assert out.exists()


@pytest.mark.parametrize(
    ("pipeline", "feature", "words"),
    [
        ("hog_svm", "hog", "hog_svm does not say"),
        ("hog_linear", "lbp", "hog_linear has hog"),
    ],
)
def test_models_that_cannot_be_drawn_are_told_in_one_line(fer22_folder, tmp_path, capsys, pipeline, feature, words):
    model, out = saved(fer22_folder, tmp_path, pipeline), tmp_path / "x.png"
    assert main([feature, str(fer22_folder), "--model", str(model), "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert not out.exists()


def test_other_classes_rows_and_no_model_are_told(fer22_folder, tmp_path, capsys):
    def said(*arguments):
        assert main(["landmarks", str(fer22_folder), "--out", str(tmp_path / "x.png"), *map(str, arguments)]) == 2
        words = capsys.readouterr().err
        assert words.count("\n") == 1
        return words

    assert "there is no model" in said("--model", tmp_path / "none.joblib")
    other = saved(fer22_folder, tmp_path, "landmarks_linear", {"0": "anger"})
    assert "class 0 is 'anger' to the model and 'joy' in" in said("--model", other)
    labels = load_dataset(fer22_folder)["label"]
    two = saved(fer22_folder, tmp_path, "landmarks_linear", {}, np.flatnonzero(labels[labels >= 0] < 2))
    assert "surprise, which the model does not know" in said("--model", two)
    with pytest.raises(SystemExit) as ended:
        said("--model", two, "--row", "0")
    assert ended.value.code == 2
    assert "give one of them" in capsys.readouterr().err
    (fer22_folder / "data_train_landmarks.h5").unlink()
    said("--model", two)

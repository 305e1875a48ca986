"""Pictures of what descriptors see: they are drawn, they differ, and mistakes are told."""

import cv2
import numpy as np
import pytest

from fer_features import FerError, Samples
from fer_features.evaluation.pictures import DRAWINGS, draw_feature
from fer_features.show import main

from .conftest import write_h5


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

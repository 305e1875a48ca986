"""Results that are wrong without a message: laws that relate the results of two commands."""

import csv

import cv2
import numpy as np
import pandas as pd
import pytest

from fer_features import DataInfo, Samples, cli, make_pipeline, save_model

from ..conftest import draw_clips
from .templates import QUICK, write_sequences


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with fer22 and subjects.csv, a model of cropped faces, and images."""
    folder = tmp_path_factory.mktemp("laws")
    write_sequences(folder)
    images, _, label, _ = draw_clips()
    X = Samples.from_arrays(images=images[:, -1], info=DataInfo(cropped=True))
    (folder / "model").mkdir()
    model = make_pipeline("lbp_linear", align__method="none", calibration_cv=0).fit(X, label)
    save_model(model, folder / "model" / "model.joblib")
    for i, image in enumerate(images[:3, -1]):
        cv2.imwrite(str(folder / f"{i}.png"), cv2.resize(image, None, fx=3, fy=3))
    return folder


def run(*arguments):
    assert cli.main([*map(str, arguments)]) == 0


@pytest.mark.parametrize("name", ["id", "", "index"])
def test_the_order_of_lines_in_a_file_of_subjects_does_not_matter(folder, tmp_path, name):
    lines = list(enumerate(pd.read_csv(folder / "subjects.csv")["subject"]))
    expected, orders = None, (range(len(lines)), np.random.default_rng(0).permutation(len(lines)))
    for number, order in enumerate(orders):
        with open(tmp_path / "subjects.csv", "w", newline="") as file:
            csv.writer(file).writerows([[name, "subject"], *(lines[i] for i in order)])
        data = ["--data", folder / "fer22", "--subjects", tmp_path / "subjects.csv", *QUICK]
        run("run", "--pipeline", "landmarks_lda", *data, "--out", tmp_path / f"{number}")
        predictions = (tmp_path / f"{number}" / "predictions.csv").read_bytes()
        assert predictions == (expected or predictions)
        expected = predictions


def predictions(folder, tmp_path, *images):
    """Rows of the predictions of images, by the stem of the file name."""
    run("predict", "--model", folder / "model", "--quiet", *images, "--out", tmp_path / "out.csv")
    table = pd.read_csv(tmp_path / "out.csv")
    return (
        table.drop(columns=["file", "id"])
        .set_index(table["file"].map(lambda name: name.rsplit("/", 1)[-1][0]))
        .sort_index()
    )


def test_predictions_do_not_depend_on_the_other_images(folder, tmp_path):
    images = [folder / f"{i}.png" for i in range(3)]
    expected = predictions(folder, tmp_path, *images)
    pd.testing.assert_frame_equal(predictions(folder, tmp_path, *images[::-1]), expected)
    one_by_one = pd.concat([predictions(folder, tmp_path, image) for image in images])
    pd.testing.assert_frame_equal(one_by_one, expected, check_dtype=False)


@pytest.mark.parametrize("kind", ["colour", "opaque", "16 bits", "bmp", "tif", "padded", "renamed"])
def test_predictions_do_not_depend_on_how_pixels_are_stored(folder, tmp_path, kind):
    expected = predictions(folder, tmp_path, folder / "0.png")
    image, suffix = cv2.imread(str(folder / "0.png"), cv2.IMREAD_GRAYSCALE), kind if len(kind) == 3 else "png"
    alpha = np.full_like(image, 255)
    stored = {"colour": np.dstack([image] * 3), "opaque": np.dstack([image] * 3 + [alpha])}.get(kind, image)
    content = cv2.imencode(f".{suffix}", stored.astype(np.uint16) * 257 if kind == "16 bits" else stored)[1].tobytes()
    path = tmp_path / f"0.{'jpg' if kind == 'renamed' else suffix}"
    path.write_bytes(content + bytes(999) if kind == "padded" else content)
    pd.testing.assert_frame_equal(predictions(folder, tmp_path, path), expected)

"""Files with landmarks are joined with the samples by ids, and faults of them are refused."""

import numpy as np
import pytest

from fer_features import FerError, Samples, load_dataset
from fer_features.datasets import LandmarkTable, read_landmarks, with_landmarks_from_file, write_landmarks
from fer_features.datasets.landmark_files import landmark_ids
from fer_features.vision.geometry import MEAN_FACE

from ..conftest import SHARED
from ..recognition.scenes import openface_line, write_openface

N, T = 5, 3


@pytest.fixture
def landmarks():
    """Landmarks of 5 samples with 3 frames, of which the fourth sample has none; all faces differ."""
    shifts = np.arange(2 * N * T).reshape(N, T, 1, 2) / 4
    points = (12 * MEAN_FACE + [24, 20] + shifts).astype(np.float32)
    points[3] = np.nan
    return points


@pytest.fixture
def X():
    images = np.random.default_rng(0).integers(0, 256, (N, T, 48, 60), np.uint8)
    return Samples.from_arrays(images, label=[0, 1, 0, 1, 0], id=[f"sad/{name}.png" for name in "abcde"])


def table_of(X, landmarks, order=slice(None)):
    n, t = landmarks.shape[:2]
    confidence = np.where(np.isfinite(landmarks).all((2, 3)), 0.75, 0)
    return LandmarkTable(
        landmarks[order], list(np.array(landmark_ids(X))[order]), np.ones((n, t, 4))[order], confidence[order]
    )


@pytest.mark.parametrize(("suffix", "tolerance"), [(".npz", 0), (".csv", 0.006)])
def test_landmarks_are_joined_by_id_in_any_order(X, landmarks, tmp_path, suffix, tolerance):
    path = write_landmarks(table_of(X, landmarks, [4, 2, 3, 0, 1]), tmp_path / f"faces{suffix}")
    joined = with_landmarks_from_file(X, path)
    np.testing.assert_allclose(joined["landmarks"], landmarks, atol=tolerance)
    assert joined.missing("landmarks").tolist() == [False, False, False, True, False]
    assert f"landmarks from {path} for 4 of 5 sample(s)" in joined.info.notes
    np.testing.assert_array_equal(joined["images"], X["images"])


def test_names_with_commas_and_quotes_survive_csv(landmarks, tmp_path):
    X = Samples.from_arrays(label=[0] * N, id=["a,b.png", 'c"d.png', "NA", "e f", "=g"])
    path = write_landmarks(table_of(X, landmarks), tmp_path / "faces.csv")
    assert read_landmarks(path).id == landmark_ids(X)


def test_frames_without_a_face_are_interpolated(X, landmarks, tmp_path):
    landmarks[0, 1] = np.nan
    joined = with_landmarks_from_file(X, write_landmarks(table_of(X, landmarks), tmp_path / "faces.npz"))
    np.testing.assert_allclose(joined["landmarks"][0, 1], landmarks[0, [0, 2]].mean(0), rtol=1e-5)


def test_ids_that_count_in_each_split_are_joined_with_the_split(landmarks, tmp_path):
    splits = ["test", "test", "train", "train", "train"]
    X = Samples.from_arrays(label=[0] * N, id=[0, 1, 0, 1, 2], split=splits)
    path = write_landmarks(table_of(X, landmarks, [3, 1, 0, 2, 4]), tmp_path / "faces.npz")
    np.testing.assert_array_equal(with_landmarks_from_file(X, path)["landmarks"], landmarks)


def test_archives_with_row_numbers(X, landmarks, tmp_path):
    X = Samples.from_arrays(X["images"][:, :1], label=[0] * N, id=[str(i) for i in (10, 11, 13, 14, 15)])
    points, path = landmarks[:, 0], tmp_path / "rows.npz"
    # The rows of the whole source are in the data.
    np.savez(path, landmarks68=points[::-1].astype(np.float16), row=np.array([15, 14, 13, 11, 10]))
    np.testing.assert_allclose(with_landmarks_from_file(X, path)["landmarks"][:, 0], points, atol=0.02)
    # The data are a copy of these rows, and numbered anew.
    np.savez(path, landmarks68=points, row=np.array([100, 110, 120, 130, 140]))
    np.testing.assert_array_equal(with_landmarks_from_file(X, path)["landmarks"][:, 0], points)
    np.savez(path, landmarks68=points)
    np.testing.assert_array_equal(with_landmarks_from_file(X, path)["landmarks"][:, 0], points)


def test_samples_without_landmarks_and_unknown_ids_can_be_skipped(X, landmarks, tmp_path):
    table = table_of(X, landmarks)
    path = tmp_path / "faces.npz"
    np.savez(path, landmarks=landmarks[1:], id=np.array([*table.id[1:4], "other.png"]))
    joined = with_landmarks_from_file(X, path, on_error="skip")
    assert joined.missing("landmarks").tolist() == [True, False, False, True, True]
    assert {f"1 id(s) of {path} are of no sample", f"2 sample(s) are not in {path}"} <= set(joined.info.notes)


def test_a_table_of_openface_has_the_samples_in_their_order(landmarks, tmp_path):
    X = Samples.from_arrays(label=[0] * N)
    lines = [(openface_line(i + 1), 10 * points) for i, points in enumerate(np.nan_to_num(landmarks[:, 0], nan=5))]
    lines[3] = (openface_line(4, success=0), 0 * MEAN_FACE)
    path = write_openface(tmp_path / "openface.csv", [lines[i] for i in (2, 0, 1, 4, 3)])
    joined = with_landmarks_from_file(X, path)["landmarks"][:, 0]
    np.testing.assert_allclose(joined, 10 * landmarks[:, 0], atol=0.06)


IDS = [f"sad/{name}.png" for name in "abcde"]
FAULTS = {
    "count": ({"id": None, "landmarks": np.s_[:4]}, "landmarks of 4 samples, and the data have 5"),
    "missing id": ({"id": IDS[:4], "landmarks": np.s_[:4]}, "no landmarks of 1 sample(s), such as 'sad/e.png'"),
    "unknown id": ({"id": [*IDS[:4], "x.png"]}, "1 id(s) that no sample has, such as 'x.png'"),
    "repeated id": ({"id": [*IDS[:4], IDS[0]]}, "1 repeated id(s), such as 'sad/a.png'"),
    "number of ids": ({"id": IDS[:4]}, "'id' is <U9 (4,)"),
    "frames": (
        {"id": IDS, "landmarks": np.s_[:, :2]},
        "2 frame(s) of 'sad/a.png', and the images have 3 (5 such sample(s))",
    ),
    "points": ({"id": IDS, "landmarks": np.s_[:, :, :60]}, "has 60 points: 68 points of iBUG"),
    "no face": ({"id": None, "landmarks": np.s_[[3] * 5]}, "no landmarks for any sample"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_archives_are_refused(X, landmarks, tmp_path, name):
    changes, message = FAULTS[name]
    arrays = {"landmarks": landmarks[changes.get("landmarks", slice(None))]}
    arrays |= {} if changes["id"] is None else {"id": np.array(changes["id"])}
    np.savez(tmp_path / "faces.npz", **arrays)
    with pytest.raises(FerError) as error:
        with_landmarks_from_file(X, tmp_path / "faces.npz")
    assert str(error.value).startswith(str(tmp_path / "faces.npz"))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_landmarks_of_other_images_are_refused(X, landmarks, tmp_path):
    path = write_landmarks(table_of(X, 10 * landmarks), tmp_path / "faces.npz")
    with pytest.raises(FerError, match=r"faces\.npz: landmark .* outside the image of 60 x 48"):
        with_landmarks_from_file(X, path)


def test_pickled_and_damaged_archives_are_refused(tmp_path, landmarks):
    path = tmp_path / "faces.npz"
    np.savez(path, landmarks=landmarks, id=np.array([{"a": 1}] * N))
    with pytest.raises(FerError, match=r"faces\.npz cannot be read as \.npz"):
        read_landmarks(path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(FerError, match=r"faces\.npz cannot be read as \.npz"):
        read_landmarks(path)
    np.savez(path, points=landmarks)
    with pytest.raises(FerError, match=r"no known format of landmarks; accepted are \.npz of this package, \.csv of"):
        read_landmarks(path)


def test_samples_with_different_numbers_of_lines_are_refused(X, landmarks, tmp_path):
    path = write_landmarks(table_of(X, landmarks), tmp_path / "faces.csv")
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(FerError, match=r"faces\.csv has 2 frame\(s\) of 'sad/e\.png', and the images have 3"):
        with_landmarks_from_file(X, path)


def test_reference_landmarks_of_fer2013(tmp_path):
    landmarks, images = (SHARED / "data" / f"fer2013{name}.npz" for name in ("_landmarks", ""))
    if not (landmarks.exists() and images.exists()):
        pytest.skip("FER2013 with landmarks is not beside the project")
    with np.load(images) as file:
        pixels, row = file["X"][:200], file["row"][:200]
    points = np.load(landmarks)["landmarks68"][:200]
    np.savez(tmp_path / "faces.npz", landmarks68=points, row=row)
    lines = [f"0,{' '.join(map(str, image.ravel()))},Training" for image in pixels]
    (tmp_path / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *lines]))
    X = load_dataset(tmp_path / "fer2013.csv", landmarks=tmp_path / "faces.npz")
    np.testing.assert_array_equal(X["landmarks"][:, 0], points.astype(np.float32))

import numpy as np
import pytest

from fer_features import FerError, Samples, make_pipeline
from fer_features.samples.fingerprint import fingerprint
from fer_features.vision.geometry import MEAN_FACE
from fer_features.workflow import cross_fit_landmarks, landmark_cross_fitting


class NumberedLandmarker:
    """Places the mean face in the box, displaced by its number of pixels, which tells landmarkers apart."""

    #: Further displacement in pixels.
    offset = 0

    def __init__(self, number):
        self.number = number

    def detect_landmarks(self, image, boxes):
        points = 12 * MEAN_FACE + [24, 20] + self.number + self.offset
        return np.repeat(points[None].astype(np.float32), len(boxes), 0), np.ones(len(boxes))

    def track(self, image, landmarks):
        return landmarks, np.ones(len(landmarks))


@pytest.fixture
def trained_on(monkeypatch):
    """Images on which each landmarker was fitted, in the order of their training."""
    fitted = []

    def train(frames, random_state, faces, report):
        fitted.append([image.tobytes() for image in frames.images])
        return NumberedLandmarker(len(fitted)), None

    monkeypatch.setattr(landmark_cross_fitting, "train_landmarker", train)
    return fitted


def crops(n, **columns):
    images = np.random.default_rng(0).integers(0, 255, (n, 48, 48)).astype(np.uint8)
    images[1] = images[0]
    landmarks = np.random.default_rng(1).uniform(5, 40, (n, 68, 2)).astype(np.float32)
    landmarks[2] = np.nan
    return Samples.from_arrays(images, landmarks, **columns)


def landmarker_of_each(located):
    """Number of the landmarker that located each sample."""
    first = NumberedLandmarker(0).detect_landmarks(None, [0])[0]
    return np.rint((located["landmarks"] - first).mean((1, 2, 3))).astype(int)


@pytest.mark.parametrize("with_subjects", [False, True])
def test_landmarks_of_a_training_sample_are_from_a_landmarker_fitted_without_it(trained_on, with_subjects):
    subject = np.repeat(np.arange(6), 2) if with_subjects else None
    X = crops(12, subject=subject, split=["train"] * 9 + ["test"] * 3)
    located, landmarker = cross_fit_landmarks(X, faces="crop")
    assert len(trained_on) == 4
    used = landmarker_of_each(located)
    images = [image.tobytes() for image in X["images"]]
    assert sorted(set(used[:9])) == [1, 2, 3]
    for i in range(9):
        assert images[i] not in trained_on[used[i] - 1]
        if with_subjects:
            assert not {images[j] for j in range(9) if subject[j] == subject[i]} & set(trained_on[used[i] - 1])
    assert (used[9:] == 4).all()
    assert landmarker.number == 4
    assert sorted(trained_on[3]) == sorted(images[i] for i in range(9) if i != 2)


def test_pipeline_uses_the_landmarks_of_training_samples_and_locates_those_of_new_images(trained_on):
    X = crops(12, label=np.tile([0, 1], 6), split=["train"] * 9 + ["test"] * 3)
    located, landmarker = cross_fit_landmarks(X, faces="crop")
    faces = {"faces__method": "crop", "faces__landmarker": landmarker}
    model = make_pipeline("patches_lda", align__method="none", **faces).fit(located[:9], np.tile([0, 1], 5)[:9])
    new = Samples.from_arrays(X["images"][9:])
    np.testing.assert_allclose(model.predict_proba(new), model.predict_proba(located[9:]), atol=1e-6)


def test_samples_of_known_subjects_stay_together_beside_an_unknown_one(trained_on):
    subject = ["a"] * 3 + ["b"] * 3 + ["c"] * 3 + [None] * 3
    X = crops(12, subject=subject)
    used = landmarker_of_each(cross_fit_landmarks(X, faces="crop")[0])
    assert [len(set(used[start : start + 3])) for start in (0, 3, 6)] == [1, 1, 1]


def test_landmarks_outside_of_the_image_are_kept_and_clips_have_those_of_each_frame(trained_on, monkeypatch):
    monkeypatch.setattr(NumberedLandmarker, "offset", 30)
    clips = np.random.default_rng(0).integers(0, 255, (6, 2, 48, 48)).astype(np.uint8)
    landmarks = np.random.default_rng(1).uniform(5, 40, (6, 2, 68, 2)).astype(np.float32)
    located, _ = cross_fit_landmarks(Samples.from_arrays(clips, landmarks), faces="crop")
    assert located["landmarks"].shape == (6, 2, 68, 2)
    assert located["landmarks"].max() > 48


def test_tables_with_other_folds_have_another_fingerprint(trained_on):
    X = crops(12)
    first, again, other = (fingerprint(cross_fit_landmarks(X, faces="crop", random_state=s)[0]) for s in (0, 0, 1))
    assert first != other
    assert first != again  # the landmarkers of this test differ


@pytest.mark.parametrize("faces", ["given", "none", "both"])
def test_other_methods_and_located_landmarks_are_refused(trained_on, faces):
    X = crops(12)
    with pytest.raises(FerError, match="'auto', 'detect' or 'crop'"):
        cross_fit_landmarks(X, faces=faces)
    located, _ = cross_fit_landmarks(X, faces="crop")
    with pytest.raises(FerError, match="were located"):
        cross_fit_landmarks(located, faces="crop")


@pytest.mark.parametrize(
    ("columns", "params", "words"),
    [
        ({}, {"n_folds": 1}, "n_folds=1"),
        ({"subject": np.repeat([0, 1], 6)}, {}, "2 groups of training samples"),
    ],
)
def test_invalid_data_and_parameters_raise(trained_on, columns, params, words):
    with pytest.raises(FerError, match=words):
        cross_fit_landmarks(crops(12, **columns), faces="crop", **params)
    assert not trained_on


def test_data_without_landmarks_are_refused():
    with pytest.raises(FerError, match="have none"):
        cross_fit_landmarks(Samples.from_arrays(np.zeros((3, 48, 48), np.uint8)))

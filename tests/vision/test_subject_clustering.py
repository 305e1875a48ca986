"""Subject clustering: properties on rendered faces, and sessions of real faces where these are available."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from fer_features.vision import subject_clustering
from fer_features.vision.geometry import MEAN_FACE
from fer_features.vision.subject_clustering import MIN_GROUPING_CONFIDENCE, infer_subjects

HEIGHT, WIDTH = 150, 110


def render_clips(n_subjects, n_clips, seed=0):
    """Clips (n, 2, H, W) of faces that differ in their skin, with an opening mouth; landmarks; subjects."""
    rng = np.random.default_rng(seed)
    images, landmarks, subjects = [], [], []
    for subject in range(n_subjects):
        skin = cv2.GaussianBlur(rng.normal(0, 1, (HEIGHT, WIDTH)), (0, 0), 4)
        skin = 130 + 25 * skin / skin.std()
        for _ in range(n_clips):
            opening = rng.uniform(0.2, 0.5)
            clip = []
            for opened in (0.0, opening):
                face = MEAN_FACE * 28 + [WIDTH / 2, 55]
                face[[*range(55, 60), *range(65, 68), *range(5, 12)], 1] += 28 * opened
                angle, shift = rng.uniform(-8, 8), rng.uniform(-4, 4, 2)
                pose = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), angle, 1.0)
                pose[:, 2] += shift
                image = skin.copy()
                cv2.fillPoly(image, [np.rint(face[60:68]).astype(np.int32)], 30.0)
                for eye in (face[36:42], face[42:48]):
                    cv2.fillPoly(image, [np.rint(eye).astype(np.int32)], 50.0)
                image = cv2.warpAffine(image, pose, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
                image += rng.normal(0, 2, image.shape)
                points = np.rint(face @ pose[:, :2].T + pose[:, 2])
                clip.append((np.clip(image, 0, 255).astype(np.uint8), points))
            images.append([c[0] for c in clip])
            landmarks.append([c[1] for c in clip])
            subjects.append(subject)
    order = rng.permutation(len(subjects))
    return np.array(images)[order], np.array(landmarks)[order], np.array(subjects)[order]


@pytest.fixture(scope="module")
def clips():
    """Images, landmarks and subjects of 42 clips of 6 subjects."""
    return render_clips(n_subjects=6, n_clips=7)


@pytest.fixture(scope="module")
def found(clips):
    return infer_subjects(*clips[:2])


def same_grouping(a, b):
    return adjusted_rand_score(a, b) == 1.0


def test_subjects_are_separated_and_counted(clips, found):
    assert found.n_subjects == 6
    assert same_grouping(found.subjects, clips[2])
    assert found.confidence > MIN_GROUPING_CONFIDENCE
    assert found.subjects.dtype == np.int64
    assert found.sample_confidence.dtype == np.float32
    assert found.sample_confidence.shape == (42,)


def test_groups_are_numbered_by_first_appearance(found):
    _, first = np.unique(found.subjects, return_index=True)
    assert (np.diff(first) > 0).all()


def test_permuted_samples_give_permuted_subjects(clips, found):
    order = np.random.default_rng(1).permutation(len(clips[0]))
    permuted = infer_subjects(clips[0][order], clips[1][order])
    assert same_grouping(permuted.subjects, found.subjects[order])
    np.testing.assert_allclose(permuted.sample_confidence, found.sample_confidence[order], atol=1e-4)


@pytest.fixture(scope="module")
def few_clips():
    images, landmarks, _ = render_clips(n_subjects=3, n_clips=4)
    return images, landmarks, infer_subjects(images, landmarks)


@settings(deadline=None, max_examples=8, derandomize=True)
@given(order=st.permutations(range(12)))
def test_groups_do_not_depend_on_the_order_of_samples(few_clips, order):
    images, landmarks, expected = few_clips
    found = infer_subjects(images[order], landmarks[order])
    assert same_grouping(found.subjects, expected.subjects[order])
    assert found.n_subjects == expected.n_subjects == 3
    np.testing.assert_allclose(found.sample_confidence, expected.sample_confidence[order], atol=1e-4)


def test_results_are_reproducible(clips, found):
    again = infer_subjects(*clips[:2])
    np.testing.assert_array_equal(again.subjects, found.subjects)
    assert again.confidence == found.confidence


@pytest.mark.parametrize("k", [1, 2, 5, 6, 11, 42])
def test_given_number_of_subjects_is_respected(clips, k):
    result = infer_subjects(*clips[:2], n_subjects=k)
    assert result.n_subjects == k
    np.testing.assert_array_equal(np.unique(result.subjects), np.arange(k))


def test_given_number_of_subjects_is_respected_for_identical_samples(clips):
    images, landmarks = (np.repeat(a[:1], 5, axis=0) for a in clips[:2])
    assert len(set(infer_subjects(images, landmarks, n_subjects=3).subjects)) == 3


@pytest.mark.parametrize("k", [3, 20])
def test_wrong_number_of_subjects_has_low_confidence(clips, found, k):
    assert infer_subjects(*clips[:2], n_subjects=k).confidence < min(MIN_GROUPING_CONFIDENCE, found.confidence)


def test_noise_has_low_confidence(clips):
    noise = np.random.default_rng(2).integers(0, 256, clips[0].shape).astype(np.uint8)
    assert infer_subjects(noise, clips[1]).confidence < MIN_GROUPING_CONFIDENCE


def test_groups_are_invariant_to_illumination(clips):
    rng = np.random.default_rng(3)
    gain, gamma = rng.uniform(0.6, 1.1, (42, 2, 1, 1)), rng.uniform(0.7, 1.4, (42, 2, 1, 1))
    relit = np.clip(255 * (gain * clips[0] / 255) ** gamma, 0, 255).astype(np.uint8)
    assert same_grouping(infer_subjects(relit, clips[1]).subjects, clips[2])


def test_one_subject_is_one_group():
    images, landmarks, _ = render_clips(n_subjects=1, n_clips=12)
    assert infer_subjects(images, landmarks).n_subjects == 1


def test_one_sample_has_full_confidence(clips):
    result = infer_subjects(clips[0][:1], clips[1][:1])
    assert (result.subjects.tolist(), result.n_subjects, result.confidence) == ([0], 1, 1.0)


def test_samples_without_a_neutral_face_have_no_subject(clips, found):
    landmarks = clips[1].copy()
    landmarks[[0, 5], 0] = np.nan  # no neutral face
    landmarks[7, 1] = np.nan  # no apex: not used for the covariance, but grouped
    result = infer_subjects(clips[0], landmarks)
    known = np.setdiff1d(np.arange(42), [0, 5])
    assert (result.subjects[[0, 5]] == -1).all()
    assert (result.sample_confidence[[0, 5]] == 0).all()
    assert result.n_subjects == 6
    assert same_grouping(result.subjects[known], found.subjects[known])


def test_no_subjects_without_landmarks_of_any_face(clips):
    result = infer_subjects(clips[0], np.full(clips[1].shape, np.nan))
    assert (set(result.subjects), result.n_subjects, result.confidence) == ({-1}, 0, 0.0)


def test_blank_images_have_no_subject(clips):
    images = clips[0].copy()
    images[3] = 90
    assert np.flatnonzero(infer_subjects(images, clips[1]).subjects == -1).tolist() == [3]


def test_still_images_are_grouped(clips):
    assert same_grouping(infer_subjects(clips[0][:, :1], clips[1][:, :1]).subjects, clips[2])


def test_images_without_landmarks_are_grouped(clips):
    assert adjusted_rand_score(infer_subjects(clips[0], None).subjects, clips[2]) > 0.8


def test_shape_alone_has_low_confidence(clips):
    assert infer_subjects(None, clips[1]).confidence < MIN_GROUPING_CONFIDENCE


def test_only_first_and_last_frames_are_read(clips, found):
    class Column:
        def __init__(self, images):
            self.images, self.read = images, set()

        def __len__(self):
            return len(self.images)

        def frame(self, indices, t):
            self.read.add(t)
            return self.images[indices, t]

    column = Column(clips[0])
    assert same_grouping(infer_subjects(column, clips[1]).subjects, found.subjects)
    assert column.read == {0, -1}


def test_samples_that_are_not_clustered_join_the_nearest_group(clips, monkeypatch):
    monkeypatch.setattr(subject_clustering, "MAX_CLUSTERED_SAMPLES", 25)
    assert same_grouping(infer_subjects(*clips[:2]).subjects, clips[2])


def test_invalid_arguments_raise(clips):
    with pytest.raises(ValueError, match="neither"):
        infer_subjects(None, None)
    with pytest.raises(ValueError, match="no samples"):
        infer_subjects(clips[0][:0], clips[1][:0])
    for k in (0, 43):
        with pytest.raises(ValueError, match=f"n_subjects={k}"):
            infer_subjects(*clips[:2], n_subjects=k)


def test_sessions_of_real_subjects_are_linked(kdef):
    truth, pairs = [], []
    for subject in np.unique(kdef["subjects"])[::5]:
        for session in "AB":
            indices = np.flatnonzero((kdef["subjects"] == subject) & (kdef["session"] == session))
            (neutral,) = indices[kdef["labels"][indices] == "neutral"]
            for apex in indices[kdef["labels"][indices] != "neutral"][:4]:
                truth.append(subject)
                pairs.append((neutral, apex))
    pairs = np.array(pairs)
    result = infer_subjects(kdef["images"][pairs], kdef["landmarks68"][pairs])
    assert adjusted_rand_score(result.subjects, truth) > 0.95
    assert result.confidence > MIN_GROUPING_CONFIDENCE


def test_expressions_of_still_images_do_not_form_groups():
    rng = np.random.default_rng(0)
    textures = [cv2.GaussianBlur(rng.normal(0, 1, (HEIGHT, WIDTH)), (0, 0), 4) for _ in range(8)]
    skins, changes = np.split(np.array([texture / texture.std() for texture in textures]), 2)
    subject, expression = (axis.ravel() for axis in np.meshgrid(range(4), range(4)))
    images = 130 + 15 * skins[subject] + 25 * changes[expression] + rng.normal(0, 2, (16, HEIGHT, WIDTH))
    images = np.clip(images, 0, 255).astype(np.uint8)[:, None]
    landmarks = np.tile(MEAN_FACE * 28 + [WIDTH / 2, 55], (16, 1, 1, 1))
    assert adjusted_rand_score(expression, infer_subjects(images, landmarks, 4).subjects) == 1
    assert adjusted_rand_score(subject, infer_subjects(images, landmarks, 4, expression).subjects) == 1

"""Who is who: laws that hold for any faces, on drawings; and real photographs where they are at hand."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from fer_features.vision import subject_clustering as identity
from fer_features.vision.geometry import MEAN_FACE
from fer_features.vision.subject_clustering import MIN_CONFIDENCE, infer_subjects

H, W = 150, 110


def draw(people, rows, seed=0):
    """Clips (n, 2, H, W) of faces told apart by their skin, whose mouths open; landmarks; truth."""
    rng = np.random.default_rng(seed)
    images, landmarks, truth = [], [], []
    for person in range(people):
        skin = cv2.GaussianBlur(rng.normal(0, 1, (H, W)), (0, 0), 4)
        skin = 130 + 25 * skin / skin.std()
        for _ in range(rows):
            opening = rng.uniform(0.2, 0.5)
            clip = []
            for opened in (0.0, opening):
                face = MEAN_FACE * 28 + [W / 2, 55]
                face[[*range(55, 60), *range(65, 68), *range(5, 12)], 1] += 28 * opened
                angle, shift = rng.uniform(-8, 8), rng.uniform(-4, 4, 2)
                turn = cv2.getRotationMatrix2D((W / 2, H / 2), angle, 1.0)
                turn[:, 2] += shift
                picture = skin.copy()
                cv2.fillPoly(picture, [np.rint(face[60:68]).astype(np.int32)], 30.0)
                for eye in (face[36:42], face[42:48]):
                    cv2.fillPoly(picture, [np.rint(eye).astype(np.int32)], 50.0)
                picture = cv2.warpAffine(picture, turn, (W, H), borderMode=cv2.BORDER_REFLECT)
                picture += rng.normal(0, 2, picture.shape)
                points = np.rint(face @ turn[:, :2].T + turn[:, 2])
                clip.append((np.clip(picture, 0, 255).astype(np.uint8), points))
            images.append([c[0] for c in clip])
            landmarks.append([c[1] for c in clip])
            truth.append(person)
    order = rng.permutation(len(truth))
    return np.array(images)[order], np.array(landmarks)[order], np.array(truth)[order]


@pytest.fixture(scope="module")
def drawn():
    return draw(people=6, rows=7)


@pytest.fixture(scope="module")
def found(drawn):
    return infer_subjects(*drawn[:2])


def same(a, b):
    return adjusted_rand_score(a, b) == 1.0


def test_people_are_told_apart_and_counted(drawn, found):
    assert found.n_subjects == 6
    assert same(found.subjects, drawn[2])
    assert found.confidence > MIN_CONFIDENCE
    assert found.subjects.dtype == np.int64
    assert found.row_confidence.dtype == np.float32
    assert found.row_confidence.shape == (42,)


def test_groups_are_numbered_by_first_appearance(found):
    _, first = np.unique(found.subjects, return_index=True)
    assert (np.diff(first) > 0).all()


def test_permuting_rows_permutes_the_answer(drawn, found):
    order = np.random.default_rng(1).permutation(len(drawn[0]))
    permuted = infer_subjects(drawn[0][order], drawn[1][order])
    assert same(permuted.subjects, found.subjects[order])
    np.testing.assert_allclose(permuted.row_confidence, found.row_confidence[order], atol=1e-4)


@pytest.fixture(scope="module")
def few():
    images, landmarks, _ = draw(people=3, rows=4)
    return images, landmarks, infer_subjects(images, landmarks)


@settings(deadline=None, max_examples=12, derandomize=True)
@given(order=st.permutations(range(12)))
def test_any_order_of_the_rows_gives_the_same_groups_in_that_order(few, order):
    images, landmarks, expected = few
    found = infer_subjects(images[order], landmarks[order])
    assert same(found.subjects, expected.subjects[order])
    assert found.n_subjects == expected.n_subjects == 3
    np.testing.assert_allclose(found.row_confidence, expected.row_confidence[order], atol=1e-4)


def test_the_same_rows_give_the_same_answer(drawn, found):
    again = infer_subjects(*drawn[:2])
    np.testing.assert_array_equal(again.subjects, found.subjects)
    assert again.confidence == found.confidence


@pytest.mark.parametrize("k", [1, 2, 5, 6, 11, 42])
def test_exactly_as_many_groups_as_asked_for(drawn, k):
    answer = infer_subjects(*drawn[:2], n_subjects=k)
    assert answer.n_subjects == k
    np.testing.assert_array_equal(np.unique(answer.subjects), np.arange(k))


def test_exactly_as_many_groups_even_of_identical_rows(drawn):
    images, landmarks = (np.repeat(a[:1], 5, axis=0) for a in drawn[:2])
    assert len(set(infer_subjects(images, landmarks, n_subjects=3).subjects)) == 3


@pytest.mark.parametrize("k", [3, 20])
def test_a_wrong_number_of_people_costs_confidence(drawn, found, k):
    assert infer_subjects(*drawn[:2], n_subjects=k).confidence < min(MIN_CONFIDENCE, found.confidence)


def test_noise_earns_no_confidence(drawn):
    noise = np.random.default_rng(2).integers(0, 256, drawn[0].shape).astype(np.uint8)
    assert infer_subjects(noise, drawn[1]).confidence < MIN_CONFIDENCE


def test_light_does_not_change_the_groups(drawn):
    rng = np.random.default_rng(3)
    gain, gamma = rng.uniform(0.6, 1.1, (42, 2, 1, 1)), rng.uniform(0.7, 1.4, (42, 2, 1, 1))
    relit = np.clip(255 * (gain * drawn[0] / 255) ** gamma, 0, 255).astype(np.uint8)
    assert same(infer_subjects(relit, drawn[1]).subjects, drawn[2])


def test_one_person_is_one_group():
    images, landmarks, _ = draw(people=1, rows=12)
    assert infer_subjects(images, landmarks).n_subjects == 1


def test_one_row(drawn):
    answer = infer_subjects(drawn[0][:1], drawn[1][:1])
    assert (answer.subjects.tolist(), answer.n_subjects, answer.confidence) == ([0], 1, 1.0)


def test_rows_without_a_neutral_face_belong_to_nobody(drawn, found):
    landmarks = drawn[1].copy()
    landmarks[[0, 5], 0] = np.nan  # no neutral face
    landmarks[7, 1] = np.nan  # no apex: learnt nothing from, grouped all the same
    answer = infer_subjects(drawn[0], landmarks)
    known = np.setdiff1d(np.arange(42), [0, 5])
    assert (answer.subjects[[0, 5]] == -1).all()
    assert (answer.row_confidence[[0, 5]] == 0).all()
    assert answer.n_subjects == 6
    assert same(answer.subjects[known], found.subjects[known])


def test_nobody_where_no_face_is_known(drawn):
    answer = infer_subjects(drawn[0], np.full(drawn[1].shape, np.nan))
    assert (set(answer.subjects), answer.n_subjects, answer.confidence) == ({-1}, 0, 0.0)


def test_blank_pictures_show_nobody(drawn):
    images = drawn[0].copy()
    images[3] = 90
    assert np.flatnonzero(infer_subjects(images, drawn[1]).subjects == -1).tolist() == [3]


def test_stills_are_grouped(drawn):
    assert same(infer_subjects(drawn[0][:, :1], drawn[1][:, :1]).subjects, drawn[2])


def test_whole_pictures_do_without_landmarks(drawn):
    assert adjusted_rand_score(infer_subjects(drawn[0], None).subjects, drawn[2]) > 0.8


def test_one_shape_is_no_proof_of_one_person(drawn):
    assert infer_subjects(None, drawn[1]).confidence < MIN_CONFIDENCE


def test_only_first_and_last_frames_are_read(drawn, found):
    class Column:
        def __init__(self, images):
            self.images, self.read = images, set()

        def __len__(self):
            return len(self.images)

        def frame(self, rows, t):
            self.read.add(t)
            return self.images[rows, t]

    column = Column(drawn[0])
    assert same(infer_subjects(column, drawn[1]).subjects, found.subjects)
    assert column.read == {0, -1}


def test_rows_beyond_the_sample_join_the_nearest_group(drawn, monkeypatch):
    monkeypatch.setattr(identity, "_CLUSTER", 25)
    assert same(infer_subjects(*drawn[:2]).subjects, drawn[2])


def test_mistakes_are_named(drawn):
    with pytest.raises(ValueError, match="neither"):
        infer_subjects(None, None)
    with pytest.raises(ValueError, match="no rows"):
        infer_subjects(drawn[0][:0], drawn[1][:0])
    for k in (0, 43):
        with pytest.raises(ValueError, match=f"n_subjects={k}"):
            infer_subjects(*drawn[:2], n_subjects=k)


def test_sessions_of_real_people_are_linked(kdef):
    people = np.unique(kdef["subjects"])[::5]
    truth, images = [], []
    for person in people:
        for session in "AB":
            rows = np.flatnonzero((kdef["subjects"] == person) & (kdef["session"] == session))
            (neutral,) = rows[kdef["labels"][rows] == "neutral"]
            for apex in rows[kdef["labels"][rows] != "neutral"][:4]:
                truth.append(person)
                images.append((neutral, apex))
    pairs = np.array(images)
    answer = infer_subjects(kdef["images"][pairs], kdef["landmarks68"][pairs])
    assert adjusted_rand_score(answer.subjects, truth) > 0.95
    assert answer.confidence > MIN_CONFIDENCE

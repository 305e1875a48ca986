"""Synthetic sequences of faces with exact landmarks, Action Units and optical flow, generated without any files.

Content
    Greyscale sequences (10 frames of 150 x 120 pixels, neutral first, apex last) of rendered heads: 12 training and 6
    test subjects, each showing six expressions several times, 360 sequences. Labels have the coding of fer22: joy 0,
    fear 1, surprise 2, anger 3, disgust 4, sadness 5. The same seed gives the same bytes.

Purpose
    A first run without any data, and ground truth for tests: the 68 iBUG landmarks are the positions of the rendered
    points, `SyntheticSequences.actions` are the activations of the Action Units, and `ground_truth_flow` gives the
    displacement of every pixel of skin between two frames. Accuracies on this data say nothing about accuracies on real
    faces.

Method
    `face_model` samples a face (proportions, appearance, depth), `action_units` defines displacement fields of Action
    Units after Ekman and Friesen (Facial Action Coding System, 1978), combined as in EMFACS (Friesen and Ekman, 1983),
    and `motion` samples the motion of a sequence. `texture` and `skin_folds` render the skin once in material
    coordinates, `warp` and `inversion` map it to every frame, and `render` samples it and adds eyes, mouth,
    illumination and noise.

Difficulty
    Subjects show the same expression with different Action Units, asymmetrically and with individual traits, so that a
    random split leaks the subjects and a split by subject does not. Expressions are partial, mixed and of varying
    intensity. There is unrelated motion: head rotation, blinks, speech, and flicker of the illumination.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .._threads import single_threaded_blas
from .action_units import ACTION_UNITS
from .face_model import IMAGE_HEIGHT, IMAGE_WIDTH, sample_face
from .motion import SubjectTraits, sample_motion, sample_traits
from .render import render_sequence
from .warp import FaceRig, flow_between_frames

__all__ = ["ACTION_UNITS", "SyntheticSequences", "generate", "ground_truth_flow"]

N_EXPRESSIONS = 6

#: Minimum distance in pixels between a landmark and the edge of the image.
MIN_MARGIN = 2.0


@dataclass(frozen=True)
class SyntheticSequences:
    """n synthetic sequences of T frames of H x W pixels with their ground truth.

    Attributes
    ----------
    images : ndarray, shape (n, T, H, W), uint8
        Neutral frame first, apex last.
    landmarks : ndarray, shape (n, T, 68, 2), float32
        Exact iBUG-68 landmarks (x, y) in pixels.
    label : ndarray, shape (n,), int64
        joy 0, fear 1, surprise 2, anger 3, disgust 4, sadness 5.
    subject : ndarray, shape (n,), int64
    split : ndarray, shape (n,), '<U5'
        'train' or 'test'; no subject is in both.
    intensity : ndarray, shape (n, T), float32
        Intensity of the expression: 0 in frame 0, its maximum at the apex.
    actions : ndarray, shape (n, T, K, 2), float32
        Activation of the K `ACTION_UNITS` in the left and right half of the image.
    pose : ndarray, shape (n, T, 6), float32
        Shift x, y (pixels), roll (radians), log scale, yaw, pitch (radians).
    seed : int

    Examples
    --------
    >>> from fer_features.synthetic import generate
    >>> sequences = generate(n_subjects=1, n_test_subjects=0, n_repeats=1, n_frames=2)
    >>> len(sequences), sequences.landmarks.shape, sequences.actions.shape
    (6, (6, 2, 68, 2), (6, 2, 19, 2))
    >>> sequences.intensity[:, 0].max(), bool((sequences.intensity[:, -1] > 0).all())
    (np.float32(0.0), True)
    """

    images: np.ndarray
    landmarks: np.ndarray
    label: np.ndarray
    subject: np.ndarray
    split: np.ndarray
    intensity: np.ndarray
    actions: np.ndarray
    pose: np.ndarray
    seed: int

    def __len__(self) -> int:
        return len(self.label)


def generate(
    n_subjects: int = 12,
    n_test_subjects: int = 6,
    n_repeats: int = 4,
    seed: int = 0,
    *,
    n_test_repeats: int = 2,
    n_frames: int = 10,
    clean: bool = False,
) -> SyntheticSequences:
    """Generate synthetic sequences.

    Parameters
    ----------
    n_subjects : int, default=12
        Subjects of the training split, numbered from 0.
    n_test_subjects : int, default=6
        Subjects of the test split, numbered after those of the training split.
    n_repeats : int, default=4
        Sequences of each of the six expressions per training subject.
    seed : int, default=0
        Seed of all randomness. A subject depends only on the seed and its number.
    n_test_repeats : int, default=2
        Sequences of each of the six expressions per test subject.
    n_frames : int, default=10
        Frames per sequence, at least 2.
    clean : bool, default=False
        Whether to render motion only, without skin folds, flicker and noise, so that grey levels are constant along
        `ground_truth_flow`.

    Returns
    -------
    SyntheticSequences
        In random order.

    Raises
    ------
    ValueError
        For fewer than 2 frames.

    Examples
    --------
    >>> sequences = generate(n_subjects=1, n_test_subjects=0, n_repeats=1, n_frames=2)
    >>> sequences.images.shape, sorted(sequences.label.tolist())
    ((6, 2, 150, 120), [0, 1, 2, 3, 4, 5])
    """
    if n_frames < 2:
        raise ValueError(f"n_frames must be at least 2 (neutral and apex), got {n_frames}")
    subjects = np.r_[
        np.repeat(np.arange(n_subjects), N_EXPRESSIONS * n_repeats),
        np.repeat(np.arange(n_subjects, n_subjects + n_test_subjects), N_EXPRESSIONS * n_test_repeats),
    ]
    labels = np.r_[
        np.tile(np.arange(N_EXPRESSIONS), n_subjects * n_repeats),
        np.tile(np.arange(N_EXPRESSIONS), n_test_subjects * n_test_repeats),
    ]
    order = np.random.default_rng([seed, 0]).permutation(len(labels))
    subjects, labels = subjects[order].astype(np.int64), labels[order].astype(np.int64)

    n, k = len(labels), len(ACTION_UNITS)
    images = np.empty((n, n_frames, IMAGE_HEIGHT, IMAGE_WIDTH), np.uint8)
    landmarks = np.empty((n, n_frames, 68, 2), np.float32)
    intensity = np.empty((n, n_frames), np.float32)
    actions, pose = np.empty((n, n_frames, k, 2), np.float32), np.empty((n, n_frames, 6), np.float32)

    def render_subject(subject: int) -> None:
        rig, traits = make_subject(seed, subject)
        for i in np.flatnonzero(subjects == subject):
            rng = np.random.default_rng([seed, 2, int(i)])
            motion = sample_motion(rng, traits, labels[i], n_frames)
            warp, shift = rig.warp(motion.actions, motion.pose).shifted_inside(MIN_MARGIN)
            motion.pose[:, :2] += shift
            images[i], landmarks[i] = render_sequence(rig, warp, motion, rng, clean=clean)
            intensity[i], actions[i], pose[i] = motion.intensity, motion.actions, motion.pose

    # Matrices and images are small: threads of BLAS, OpenCV or Python wait for each other as long as they compute.
    with single_threaded_blas():
        for subject in np.unique(subjects).tolist():
            render_subject(subject)
    split = np.where(subjects < n_subjects, "train", "test").astype("<U5")
    return SyntheticSequences(images, landmarks, labels, subjects, split, intensity, actions, pose, seed)


def make_subject(seed: int, subject: int) -> tuple[FaceRig, SubjectTraits]:
    """Create a subject: the face and the way in which it shows expressions.

    Parameters
    ----------
    seed, subject : int
        Seed of the data set and number of the subject.

    Returns
    -------
    rig : FaceRig
    traits : SubjectTraits
    """
    rng = np.random.default_rng([seed, 1, subject])
    return FaceRig(sample_face(rng)), sample_traits(rng)


@lru_cache(maxsize=4)
def _rig(seed: int, subject: int) -> FaceRig:
    return make_subject(seed, subject)[0]


def ground_truth_flow(
    sequences: SyntheticSequences, index: int, start: int = 0, end: int = -1
) -> tuple[np.ndarray, np.ndarray]:
    """Ground-truth optical flow between two frames of a sequence.

    Parameters
    ----------
    sequences : SyntheticSequences
    index : int
        Number of the sequence.
    start : int, default=0
        Number of a frame; by default the neutral frame.
    end : int, default=-1
        Number of a frame; by default the apex.

    Returns
    -------
    flow : ndarray, shape (H, W, 2), float32
        Displacement (dx, dy) in pixels: the point at (x, y) in the frame `start` is at (x + dx, y + dy) in the frame
        `end`. It is defined everywhere and correct where `valid`.
    valid : ndarray of bool, shape (H, W)
        Pixels of facial skin in the frame `start` that are visible in the frame `end`. Eyes, open mouth, glasses, hair
        and background are not valid.

    Examples
    --------
    >>> from fer_features.synthetic import generate, ground_truth_flow
    >>> sequences = generate(n_subjects=1, n_test_subjects=0, n_repeats=1, n_frames=2)
    >>> flow, valid = ground_truth_flow(sequences, index=0)
    >>> flow.shape, valid.shape
    ((150, 120, 2), (150, 120))
    """
    rig = _rig(sequences.seed, int(sequences.subject[index]))
    frames = [start, end]
    return flow_between_frames(rig, sequences.actions[index][frames], sequences.pose[index][frames])

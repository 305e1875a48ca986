"""Synthetic sequences of drawn faces, made on the fly; no file and no person is behind them.

What it is
    Greyscale sequences (10 frames of 150 x 120 pixels, neutral first, apex last) of heads drawn by the
    code in this package: 12 training and 6 test people, each showing six expressions several times, 360
    sequences. Labels are coded as in fer22: joy 0, fear 1, surprise 2, anger 3, disgust 4, sadness 5.
    The same seed gives the same bytes.

What it is for
    A first run without any data, and a ground truth for tests: the 68 iBUG landmarks are the positions
    of what is drawn, `Demo.actions` says what each Action Unit did, and `true_flow` gives the
    displacement of every pixel of skin between two frames. Accuracies on it say nothing about
    accuracies on people.

How it is made
    `faces` draws a person (proportions, looks, depth), `actions` moves it (Action Units as displacement
    fields after Ekman & Friesen, Facial Action Coding System, 1978, combined as in EMFACS, Friesen &
    Ekman, 1983), `paint` and `folds` paint its skin once, `warp` maps it into every frame, `render`
    looks it up and adds eyes, mouth, light and noise.

What makes it hard
    People show the same expression by different Action Units, unevenly and with habits of their own: a
    random split leaks them, a split by subject does not. Expressions are partial, mixed and of varying
    intensity, and there is unrelated motion: the head turns, eyes blink, lips speak, the light
    flickers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from threadpoolctl import threadpool_limits

from ..expressions import FER22
from ..samples.table import Info, Samples
from .actions import CODES, Habits, draw_habits, perform
from .faces import HEIGHT, WIDTH, draw_face
from .render import film
from .warp import Actor, flow

__all__ = ["ACTION_UNITS", "Demo", "generate", "load", "true_flow"]

HOLDS = "images and landmarks of sequences, subjects; synthetic"
CITES = "Ekman and Friesen, Facial Action Coding System, 1978"
LICENCE = "drawn by this package, and under its licence: BSD-3-Clause"

ACTION_UNITS = CODES  # of the third axis of Demo.actions
N_LABELS = 6
MARGIN = 2.0  # pixels between any landmark and the edge of the picture


@dataclass(frozen=True)
class Demo:
    """The synthetic data set: n sequences of T frames of H x W pixels, and all that is known of them."""

    images: np.ndarray  # (n, T, H, W) uint8, neutral first, apex last
    landmarks: np.ndarray  # (n, T, 68, 2) float32, iBUG-68, (x, y) in pixels, exact
    label: np.ndarray  # (n,) int64, joy 0, fear 1, surprise 2, anger 3, disgust 4, sadness 5
    subject: np.ndarray  # (n,) int64
    split: np.ndarray  # (n,) '<U5', 'train' or 'test'; no subject is in both
    intensity: np.ndarray  # (n, T) float32, of the expression: 0 at frame 0, its peak at the apex
    actions: np.ndarray  # (n, T, K, 2) float32, activation of ACTION_UNITS in the left and right half of the picture
    pose: np.ndarray  # (n, T, 6) float32: shift x, y (pixels), roll (radians), log scale, yaw, pitch (radians)
    seed: int

    def __len__(self) -> int:
        return len(self.label)


def generate(
    n_subjects: int = 12,
    n_test_subjects: int = 6,
    repeats: int = 4,
    seed: int = 0,
    *,
    test_repeats: int = 2,
    n_frames: int = 10,
    clean: bool = False,
) -> Demo:
    """Draw the synthetic data set.

    Parameters
    ----------
    n_subjects, n_test_subjects : int
        People of the train split (subjects 0, 1, ...) and of the test split (the numbers after those).
    repeats, test_repeats : int
        Sequences of each of the six expressions from each person of either split.
    seed : int
        Of everything. A person depends on the seed and its number only.
    n_frames : int
        Frames of a sequence, at least 2.
    clean : bool
        Only motion: no folds of the skin, flicker or noise, so that grey levels are constant along
        `true_flow`.

    Returns
    -------
    Demo
        Rows in random order within the whole.
    """
    if n_frames < 2:
        raise ValueError(f"n_frames must be at least 2 (neutral and apex), got {n_frames}")
    subjects = np.r_[
        np.repeat(np.arange(n_subjects), N_LABELS * repeats),
        np.repeat(np.arange(n_subjects, n_subjects + n_test_subjects), N_LABELS * test_repeats),
    ]
    labels = np.r_[
        np.tile(np.arange(N_LABELS), n_subjects * repeats),
        np.tile(np.arange(N_LABELS), n_test_subjects * test_repeats),
    ]
    order = np.random.default_rng([seed, 0]).permutation(len(labels))
    subjects, labels = subjects[order].astype(np.int64), labels[order].astype(np.int64)

    n, k = len(labels), len(CODES)
    images = np.empty((n, n_frames, HEIGHT, WIDTH), np.uint8)
    landmarks = np.empty((n, n_frames, 68, 2), np.float32)
    intensity = np.empty((n, n_frames), np.float32)
    actions, pose = np.empty((n, n_frames, k, 2), np.float32), np.empty((n, n_frames, 6), np.float32)
    # The matrix products are thin: threads would cost more than they give, many times more on a busy machine.
    with threadpool_limits(1, "blas"):
        for subject in np.unique(subjects):
            actor, habits = _cast(seed, int(subject))
            for row in np.flatnonzero(subjects == subject):
                rng = np.random.default_rng([seed, 2, int(row)])
                act = perform(rng, habits, labels[row], n_frames)
                warp, shift = actor.warp(act.actions, act.pose).kept_inside(MARGIN)
                act.pose[:, :2] += shift
                images[row], landmarks[row] = film(actor, warp, act, rng, clean=clean)
                intensity[row], actions[row], pose[row] = act.intensity, act.actions, act.pose
    split = np.where(subjects < n_subjects, "train", "test").astype("<U5")
    return Demo(images, landmarks, labels, subjects, split, intensity, actions, pose, seed)


@lru_cache(maxsize=2)
def load(seed: int = 0) -> Samples:
    """Draw the data set as a table.

    Parameters
    ----------
    seed : int

    Returns
    -------
    Samples
        Columns 'images', 'landmarks', 'label' (-1 in the test part), 'subject', 'split' and 'id' (position in its
        part).
    """
    demo = generate(seed=seed)
    test = demo.split == "test"
    position = np.where(test, np.cumsum(test), np.cumsum(~test)) - 1
    return Samples.from_arrays(
        images=demo.images,
        landmarks=demo.landmarks,
        label=np.where(test, -1, demo.label),
        subject=demo.subject,
        split=demo.split,
        id=position,
        info=Info(dataset="demo", classes=FER22, source=f"drawn, seed {seed}", subjects_from="dataset", synthetic=True),
    )


def _cast(seed: int, subject: int) -> tuple[Actor, Habits]:
    rng = np.random.default_rng([seed, 1, subject])
    return Actor(draw_face(rng)), draw_habits(rng)


def true_flow(demo: Demo, row: int, a: int = 0, b: int = -1) -> tuple[np.ndarray, np.ndarray]:
    """The optical flow of a synthetic sequence, from its construction.

    Parameters
    ----------
    demo : Demo
    row : int
    a, b : int
        Frames; by default from the neutral frame to the apex.

    Returns
    -------
    flow : (H, W, 2) float32
        Displacement (dx, dy) in pixels: what is at (x, y) in frame a is at (x + dx, y + dy) in frame b. It is
        given everywhere, and means something where `valid`.
    valid : (H, W) bool
        Pixels of facial skin in frame a that can be seen in frame b: not eyes, open mouth, glasses, hair,
        background.
    """
    actor, _ = _cast(demo.seed, int(demo.subject[row]))
    frames = [a, b]
    return flow(actor, demo.actions[row][frames], demo.pose[row][frames])

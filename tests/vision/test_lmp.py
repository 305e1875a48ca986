"""Properties of local motion patterns: coherent motion, noise, symmetries."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_features.vision.geometry import MEAN_FACE, eye_centres, mirror_landmarks
from fer_features.vision.lmp import LMP_REGIONS, lmp

SIZE = 128
FACE = 40 * MEAN_FACE + [64, 44]

quick = settings(deadline=None, max_examples=25, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)


def field(dx, dy, size=SIZE, n=1):
    y, x = np.mgrid[:size, :size].astype(float)
    components = [f(x, y) if callable(f) else np.full((size, size), float(f)) for f in (dx, dy)]
    return np.repeat(np.stack(components, -1)[None], n, axis=0).astype(np.float32)


def noise(seed=0, strength=2.0):
    return np.random.default_rng(seed).normal(0, strength, (3, SIZE, SIZE, 2)).astype(np.float32)


def patterns(flow, **parameters):
    return lmp(flow, np.repeat(FACE[None], len(flow), 0), **parameters).reshape(len(flow), len(LMP_REGIONS), -1)


@pytest.mark.parametrize("angle", [0, 30, 90, 210])
def test_uniform_motion_has_one_direction_in_each_region(angle):
    theta = np.deg2rad(angle)
    found = patterns(field(3 * np.cos(theta), 3 * np.sin(theta)))[0]
    np.testing.assert_allclose(found[:, angle // 30], 3, atol=0.01)
    assert np.delete(found, angle // 30, axis=1).max() < 0.01


def test_small_motion_and_noise_have_no_pattern():
    assert (patterns(field(0.1, 0)) == 0).all()
    incoherent = patterns(noise())
    coherent = patterns(noise() + np.float32([5, 0]))
    assert coherent.sum(-1).mean() > 4
    assert incoherent.sum(-1).mean() < 0.3 * np.linalg.norm(noise(), axis=-1).mean()


@quick
@given(st.floats(0, 359.9), st.floats(0, 0.199), st.sampled_from([6, 8, 12]))
def test_motion_below_minimum_has_no_pattern(angle, length, orientations):
    theta = np.deg2rad(angle)
    flow = np.broadcast_to(length * np.array([np.cos(theta), np.sin(theta)]), (1, SIZE, SIZE, 2))
    assert (lmp(flow, FACE[None], orientations, min_motion=0.2) == 0).all()


@quick
@given(st.integers(0, 11), st.floats(0.3, 20), st.integers(1, 3), st.floats(0.1, 0.4))
def test_uniform_motion_has_its_magnitude_in_one_bin_of_each_region(o, length, max_spread, patch_size):
    theta = np.deg2rad(30 * o)
    flow = np.broadcast_to(length * np.array([np.cos(theta), np.sin(theta)]), (1, 200, 200, 2))
    found = lmp(flow, FACE[None] + 30, max_spread=max_spread, patch_size=patch_size).reshape(len(LMP_REGIONS), 12)
    np.testing.assert_allclose(found[:, o], length, rtol=1e-3)
    assert np.delete(found, o, axis=1).max() < 1e-3 * length


@quick
@given(SEEDS, st.floats(1, 5))
def test_pattern_is_proportional_to_motion(seed, factor):
    flow = cv2.GaussianBlur(noise(seed)[0], (0, 0), 8)[None] * 30
    weak, strong = (patterns(scale * flow, min_motion=0) for scale in (1, factor))
    np.testing.assert_allclose(strong, factor * weak, rtol=1e-3, atol=1e-3)
    assert weak.max() > 0.1


def test_pattern_of_known_flow():
    # The interocular distance is 40 pixels and a patch has 20 pixels. The centres of the three columns of patches are
    # 10 pixels to the left of the centre of the chin region, at it, and 10 pixels to the right. Left of the centre the
    # skin moves to the right by 2 pixels, elsewhere down by 1 pixel. The patches thus have 20, 10 and 0 columns of the
    # first motion. Two thirds of the motion of the central patch (means 1 and 0.5) are to the right. Its Bhattacharyya
    # coefficient with the left patch is sqrt(2/3) = 0.82, with the right patch sqrt(1/3) = 0.58.
    x, y = FACE[8] + np.array([0, -0.2]) * 40
    x, y = round(x), round(y)
    face = FACE + [x, y] - (FACE[8] + np.array([0, -0.2]) * np.hypot(*np.diff(eye_centres(FACE), axis=0)[0]))
    flow = field(lambda i, j: np.where(i < x, 2.0, 0), lambda i, j: np.where(i < x, 0, 1.0))
    patch_size = 20 / np.hypot(*np.diff(eye_centres(face), axis=0)[0])
    for min_similarity, patches in ((0.7, [(2, 0), (1, 0.5)]), (0.5, [(2, 0), (1, 0.5), (0, 1)])):
        found = lmp(flow, face[None], 4, patch_size, 1, 0.1, min_similarity, 0.2).reshape(len(LMP_REGIONS), 4)[
            list(LMP_REGIONS).index("chin")
        ]
        np.testing.assert_allclose(found, [*np.sum(patches, 0) / 3, 0, 0], atol=0.02)


def test_directions_with_small_fraction_are_ignored():
    flow = field(2, 0)
    flow[:, ::4, ::4] = [-2, 0]  # a sixteenth of the pixels moves in the opposite direction
    assert patterns(flow, min_fraction=0.1)[..., 6].max() == 0
    assert patterns(flow, min_fraction=0.01)[..., 6].min() > 0.05


def test_pattern_spreads_only_over_similar_motion():
    x_mouth, y_mouth = FACE[48]
    names = list(LMP_REGIONS)
    uniform = patterns(field(2, 0))[0, names.index("left mouth corner"), 0]
    # To the right of the mouth corner the skin moves up.
    flow = field(lambda x, y: np.where(x < x_mouth + 4, 2.0, 0.0), lambda x, y: np.where(x < x_mouth + 4, 0.0, -2.0))
    found = patterns(flow, min_similarity=0.9)[0, names.index("left mouth corner")]
    assert 0.3 * uniform < found[0] < 0.9 * uniform
    assert found[9] < 0.2 * uniform  # 270 degrees is up
    assert patterns(flow, min_similarity=0.0)[0, names.index("left mouth corner"), 9] > found[9]
    # A mouth corner without motion has no pattern, even if the skin around it moves.
    surrounding = field(lambda x, y: np.where(np.hypot(x - x_mouth, y - y_mouth) < 9, 0.0, 2.0), 0)
    assert patterns(surrounding)[0, names.index("left mouth corner")].max() == 0
    assert patterns(surrounding)[0, names.index("chin"), 0] > 1


def test_left_and_right_regions_are_on_their_side():
    for side, x in (("left", -1), ("right", 1)):
        for name, region in LMP_REGIONS.items():
            if name.startswith(f"{side} ") or f" {side} " in name:
                assert x * (MEAN_FACE[region.landmarks].mean(0) + region.offset)[0] > 0


def test_mirrored_face_has_mirrored_patterns():
    flow = cv2.GaussianBlur(noise()[0], (0, 0), 6)[None] * 8
    flipped = flow[:, :, ::-1] * [-1, 1]
    face = FACE + np.random.default_rng(0).normal(0, 1, (68, 2))
    found, mirrored = (
        lmp(f, p[None]).reshape(len(LMP_REGIONS), 12)
        for f, p in ((flow, face), (flipped, mirror_landmarks(face, SIZE)))
    )
    assert found.max() > 0.1
    swap = {"left": "right", "right": "left"}
    other = [list(LMP_REGIONS).index(" ".join(swap.get(word, word) for word in name.split())) for name in LMP_REGIONS]
    # Angles become 180 degrees minus the angle. Patches are rounded to pixels, so regions may differ by a pixel.
    np.testing.assert_allclose(mirrored[other][:, (6 - np.arange(12)) % 12], found, atol=0.15)


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_patterns_are_invariant_to_face_size(scale):
    flow = field(lambda x, y: np.where(y > 60, 2.0, 0.0), lambda x, y: np.where(y > 60, 0.0, 2.0))
    scaled = field(
        lambda x, y: np.where(y > 60 * scale, 2.0, 0.0), lambda x, y: np.where(y > 60 * scale, 0.0, 2.0), 256
    )
    found = lmp(scaled, FACE[None] * scale)
    np.testing.assert_allclose(found, lmp(flow, FACE[None]), atol=0.4)


def test_sample_with_missing_landmarks_is_zero_and_others_are_unchanged():
    faces = np.repeat(FACE[None], 3, 0)
    expected = lmp(noise(strength=0.5) + 1, faces)
    faces[1, 7] = np.nan
    found = lmp(noise(strength=0.5) + 1, faces)
    assert (found[1] == 0).all()
    np.testing.assert_array_equal(found[[0, 2]], expected[[0, 2]])


def test_result_does_not_depend_on_batch():
    flow = noise(strength=0.5) + np.float32([1, 0])
    batch = patterns(flow)
    assert batch.dtype == np.float32
    assert np.isfinite(batch).all()
    for i in range(3):
        np.testing.assert_allclose(patterns(flow[i : i + 1])[0], batch[i], atol=1e-6)


def test_face_outside_image_has_no_pattern():
    found = lmp(field(2, 0), FACE[None] + [0, 500])
    assert (found == 0).all()

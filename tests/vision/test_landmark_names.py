"""Names of the landmarks agree with their positions in the mean face."""

from fer_features.vision.geometry import MEAN_FACE, MIRROR_INDICES
from fer_features.vision.landmark_names import LANDMARK_NAMES


def test_left_and_right_are_sides_of_the_image():
    assert len(set(LANDMARK_NAMES)) == len(LANDMARK_NAMES) == 68
    swap = {"left": "right", "right": "left"}
    for i, name in enumerate(LANDMARK_NAMES):
        if not name.startswith("jaw"):
            mirrored = LANDMARK_NAMES[MIRROR_INDICES[i]]
            assert " ".join(swap.get(word, word) for word in name.split()) == mirrored
            assert ("left" in name) == (MEAN_FACE[i, 0] < 0)


def test_inner_points_are_nearer_to_the_middle_and_upper_points_are_above():
    for a, b in [("inner", "outer"), ("upper lid", "lower lid"), ("upper lip", "lower lip")]:
        for name in LANDMARK_NAMES:
            other = name.replace(a, b)
            if a in name and other in LANDMARK_NAMES and other != name:
                p, q = MEAN_FACE[LANDMARK_NAMES.index(name)], MEAN_FACE[LANDMARK_NAMES.index(other)]
                assert abs(p[0]) < abs(q[0]) if a == "inner" else p[1] < q[1]

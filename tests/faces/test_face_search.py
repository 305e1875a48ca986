"""The search for faces: detector, crops, and images that show neither."""

import numpy as np
import pytest

from fer_features.faces.face_search import FaceSearch, FacesInImages, face_coverage
from fer_features.faces.localizer import FaceLocalizer, box_from_landmarks
from fer_features.vision.geometry import MEAN_FACE

#: Brightness of images: a face that fills the image, a smaller face, a crop without reliable landmarks, nothing.
CROP, SCENE, UNRELIABLE = 200, 150, 100


class Landmarks:
    """Landmarks in the box, which are reliable for the whole image of `CROP` and for small boxes."""

    def detect_landmarks(self, image, boxes):
        shapes = [self._shape(box) for box in boxes]
        is_whole = [bool(box[2] == min(image.shape)) for box in boxes]
        confidence = [0.9 if image[0, 0] == CROP or not whole else 0.1 for whole in is_whole]
        return np.array(shapes, np.float32).reshape(-1, 68, 2), np.array(confidence, np.float32)

    def track(self, image, landmarks):
        return landmarks, self.detect_landmarks(image, np.array([np.rint(box_from_landmarks(p)) for p in landmarks]))[1]

    @staticmethod
    def _shape(box):
        x, y, width, _ = box
        return (MEAN_FACE + [1.375, 1.08]) / 2.75 * width + [x, y]


def detector(image):
    boxes = np.array([[10, 10, 20, 20], [40, 40, 30, 30]] if image[0, 0] == SCENE else [], np.float32).reshape(-1, 4)
    return boxes, np.full(len(boxes), 0.8, np.float32)


def image(kind, shape=(100, 80)):
    return np.full(shape, kind, np.uint8)


@pytest.fixture
def localizer():
    return FaceLocalizer(detector, Landmarks())


@pytest.mark.parametrize(
    ("method", "kind", "sides"),
    [
        ("detect", CROP, []),
        ("detect", SCENE, [30]),
        ("crop", CROP, [80]),
        ("crop", SCENE, [30]),
        ("crop", UNRELIABLE, [80]),
        ("none", SCENE, [30]),
        ("none", UNRELIABLE, [80]),
    ],
)
def test_boxes_of_each_method(localizer, method, kind, sides):
    views = FaceSearch(localizer, method, (100, 80))(image(kind))
    assert [round(float(view.box[2])) for view in views] == sides


@pytest.mark.parametrize("method", ["crop", "none"])
def test_an_image_larger_than_the_training_crops_is_no_crop_without_evidence(localizer, method):
    assert FaceSearch(localizer, method, (99, 80))(image(UNRELIABLE)) == []
    reliable = FaceSearch(localizer, method, (99, 80))(image(CROP))
    assert len(reliable) == (method == "crop")


def test_all_faces_of_a_scene(localizer):
    for method in ("detect", "crop", "none"):
        assert len(FaceSearch(localizer, method, (100, 80))(image(SCENE), "all")) == 2


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [([SCENE] * 4, "detect"), ([SCENE] * 3 + [UNRELIABLE], "detect"), ([UNRELIABLE] * 3 + [SCENE], "crop")],
)
def test_the_method_follows_from_what_the_detector_finds(localizer, kinds, expected):
    found = FacesInImages.from_coverage(np.array([face_coverage(localizer, image(kind)) for kind in kinds]))
    assert found.method == expected
    assert found.summary(expected).startswith(f"of {len(kinds)} images, {kinds.count(SCENE)} have a face")
    filled = FacesInImages.from_coverage(np.array([0.9, 0.8, 0.3]))
    assert (filled.n_cropped, filled.method) == (2, "crop")

"""Synthetic scenes with known faces: toy faces on a black background, with an exact detector and landmarker."""

import cv2
import numpy as np

from fer_features import Samples, make_pipeline
from fer_features.faces.localizer import FaceView
from fer_features.vision.geometry import MEAN_FACE, apply_affine

from ..conftest import draw_clips

#: Size of the toy faces in pixels.
HEIGHT, WIDTH = 100, 90
#: Landmarks in files of OpenFace.
OPENFACE_LANDMARKS = (MEAN_FACE * 30 + [100, 90]).astype(np.float32)


def detect_patches(image):
    """A detector: boxes of all regions that are not black, largest first, and confidences."""
    count, _, stats, _ = cv2.connectedComponentsWithStats((image > 0).astype(np.uint8))
    boxes = stats[1:count, :4][stats[1:count, 4] > 400].astype(np.float32)
    boxes = boxes[np.argsort(-boxes[:, 2] * boxes[:, 3], kind="stable")]
    return boxes, np.full(len(boxes), 0.9, np.float32)


class PatchLandmarker:
    """A landmarker: the neutral landmarks of `draw_clips` in the box, with a mouth that depends on the grey values."""

    def detect_landmarks(self, image, boxes):
        landmarks = np.zeros((len(boxes), 68, 2), np.float32)
        confidence = np.zeros(len(boxes), np.float32)
        for i, (x, y, w, h) in enumerate(np.asarray(boxes, float)):
            x, y, w = self.patch(image, x, y, w, h)
            shape = MEAN_FACE * 22 + [WIDTH / 2 - 0.5, 32]
            top, left = int(max(y + 50 * w / WIDTH, 0)), int(max(x + 35 * w / WIDTH, 0))
            mouth = image[top : top + 15, left : left + 20]
            confidence[i] = 0.95 if mouth.size and mouth.max() > 0 else 0.1
            shape[48:, 1] += mouth.mean() / 40 if mouth.size else 0
            landmarks[i] = shape * (w / WIDTH) + [x, y]
        return landmarks, confidence

    def track(self, image, landmarks):
        return self.detect_landmarks(image, np.concatenate([landmarks.min(1), np.ptp(landmarks, 1)], 1))

    @staticmethod
    def patch(image, x, y, w, h):
        """The face that contains the centre of a box, so that repeated detections give the same landmarks."""
        for box in detect_patches(image)[0]:
            if (box[:2] <= [x + w / 2, y + h / 2]).all() and (box[:2] + box[2:] >= [x + w / 2, y + h / 2]).all():
                return float(box[0]), float(box[1]), float(box[2])
        return x, y, w


def scene(*faces, size=(240, 320)):
    """A black image (H, W) with faces at positions: (image, x, y)."""
    out = np.zeros(size, np.uint8)
    for image, x, y in faces:
        out[y : y + image.shape[0], x : x + image.shape[1]] = np.maximum(image, 1)
    return out


def view_of(opening=0.0, matrix=None):
    """A face with a mouth opened by `opening` interocular distances, under an affine map."""
    shape = MEAN_FACE.copy()
    shape[55:60, 1] += opening
    shape[64:68, 1] += opening
    shape = apply_affine(np.array([[50.0, 0, 100], [0, 50, 90]]) if matrix is None else matrix, shape)
    return FaceView(np.zeros((4, 4), np.uint8), np.float32([0, 0, 9, 9]), 1.0, shape.astype(np.float32))


def fit_toy(name, still=False, seed=0, **params):
    """A pipeline fitted to toy clips, and these: images (24, 3, 100, 90), landmarks, label, subject."""
    clips = draw_clips(seed=seed)
    images, landmarks, label, subject = clips
    if still:
        images, landmarks = images[:, -1:], landmarks[:, -1:]
    columns = {} if params.get("align__method") == "none" else {"landmarks": landmarks}
    X = Samples.from_arrays(images, **columns, label=label, subject=subject)
    return make_pipeline(name, **params).fit(X, label), clips


def write_video(path, frames, fps=25, codec="MJPG"):
    """Write grey frames (H, W) of one size."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), fps, frames[0].shape[::-1])
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


def moving_clip(clip, n=12, x=40, y=60, step=2):
    """Scenes of a toy clip (T, H, W) stretched to n frames, with the face moving to the right."""
    return [scene((clip[round(t * (len(clip) - 1) / (n - 1))], x + step * t, y)) for t in range(n)]


class FakeCapture:
    """A capture of OpenCV that returns the given frames, and then calls `at_end`."""

    def __init__(self, frames, at_end=lambda: False):
        self.frames, self.at_end, self.position, self.released = frames, at_end, -1, False

    def isOpened(self):
        return True

    def get(self, what):
        return 0.0

    def grab(self):
        self.position += 1
        return True if self.position < len(self.frames) else self.at_end()

    def retrieve(self):
        return True, self.frames[self.position]

    def release(self):
        self.released = True


def write_openface(path, lines, blank=" "):
    """Write a CSV file of OpenFace of lines (leading values by column, landmarks)."""
    columns = [f"{axis}_{i}" for axis in "xy" for i in range(68)]
    text = [("," + blank).join([*(lines[0][0] if lines else openface_line(1)), "gaze_0_x", *columns, "AU12_r"])]
    for values, landmarks in lines:
        text.append(", ".join([*map(str, values.values()), "0.1", *(f"{v:.1f}" for v in landmarks.T.ravel()), "2.3"]))
    path.write_text("\n".join(text) + "\n")
    return path


def openface_line(frame, face_id=0, success=1):
    """The values before the landmarks of a line."""
    values = {"frame": frame, "face_id": face_id, "timestamp": (frame - 1) / 30, "confidence": 0.98 * success}
    return {**values, "success": success}

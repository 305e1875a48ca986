"""Scenes whose faces are known: toy faces on black canvases, a detector and a landmarker that find them exactly."""

import cv2
import numpy as np

from fer_features import Samples, make_pipeline
from fer_features.vision.geometry import MEAN_FACE

from ..conftest import draw_clips

#: Of the toy faces, in pixels.
HEIGHT, WIDTH = 100, 90


def find(picture):
    """A detector: boxes of all patches that are not black, the largest first, and confidences."""
    count, _, stats, _ = cv2.connectedComponentsWithStats((picture > 0).astype(np.uint8))
    boxes = stats[1:count, :4][stats[1:count, 4] > 400].astype(np.float32)
    boxes = boxes[np.argsort(-boxes[:, 2] * boxes[:, 3], kind="stable")]
    return boxes, np.full(len(boxes), 0.9, np.float32)


class Landmarker:
    """The points that `draw_clips` draws at neutral, where the box is; the mouth as dark as the picture is there."""

    def locate(self, picture, boxes):
        points = np.zeros((len(boxes), 68, 2), np.float32)
        sure = np.zeros(len(boxes), np.float32)
        for i, (x, y, w, h) in enumerate(np.asarray(boxes, float)):
            x, y, w = self.patch(picture, x, y, w, h)
            shape = MEAN_FACE * 22 + [WIDTH / 2 - 0.5, 32]
            a, b = int(max(y + 50 * w / WIDTH, 0)), int(max(x + 35 * w / WIDTH, 0))
            part = picture[a : a + 15, b : b + 20]
            sure[i] = 0.95 if part.size and part.max() > 0 else 0.1
            shape[48:, 1] += part.mean() / 40 if part.size else 0
            points[i] = shape * (w / WIDTH) + [x, y]
        return points, sure

    def track(self, picture, points):
        return self.locate(picture, np.concatenate([points.min(1), np.ptp(points, 1)], 1))

    @staticmethod
    def patch(picture, x, y, w, h):
        """The drawn face that a box lies on, wherever in it, as a face stays where it is however often it is sought."""
        for box in find(picture)[0]:
            if (box[:2] <= [x + w / 2, y + h / 2]).all() and (box[:2] + box[2:] >= [x + w / 2, y + h / 2]).all():
                return float(box[0]), float(box[1]), float(box[2])
        return x, y, w


def scene(*faces, size=(240, 320)):
    """A black canvas (H, W) with pictures at places: (picture, x, y)."""
    out = np.zeros(size, np.uint8)
    for picture, x, y in faces:
        out[y : y + picture.shape[0], x : x + picture.shape[1]] = np.maximum(picture, 1)
    return out


def toy(name, still=False, seed=0, **settings):
    """A pipeline fitted to toy clips, and these: images (24, 3, 100, 90), landmarks, label, subject."""
    clips = draw_clips(seed=seed)
    images, landmarks, label, subject = clips
    if still:
        images, landmarks = images[:, -1:], landmarks[:, -1:]
    given = {} if settings.get("align__method") == "none" else {"landmarks": landmarks}
    X = Samples.from_arrays(images, **given, label=label, subject=subject)
    return make_pipeline(name, **settings).fit(X, label), clips


def write_video(path, frames, rate=25, codec="MJPG"):
    """Write grey frames (H, W) of one size."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate, frames[0].shape[::-1])
    for frame in frames:
        writer.write(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


def moving_clip(clip, n=12, x=40, y=60, step=2):
    """Scenes of a toy clip (T, H, W) stretched to n frames, the face moving to the right."""
    return [scene((clip[round(t * (len(clip) - 1) / (n - 1))], x + step * t, y)) for t in range(n)]

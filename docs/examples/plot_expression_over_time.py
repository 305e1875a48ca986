"""
Expression over time in a clip
==============================

A model of sequences follows a face through a video: probabilities of the expressions, and the motion from the neutral
face.
"""

# %%
# The model is trained on 11 synthetic subjects. The clip shows the twelfth, from neutral to joy and back, then to
# surprise and back. ``attach_rest_thresholds`` learns from the neutral frames of the training clips how little a face
# at rest moves; ``fer-features run`` does so for every model of sequences.
import tempfile
from pathlib import Path

import cv2
import numpy as np

from fer_features import Recognizer, load_dataset, make_pipeline
from fer_features.plotting.video_timeline import plot_timeline
from fer_features.recognition import attach_rest_thresholds

X = load_dataset("demo")
X = X[X.is_labelled]
is_shown = X["subject"].astype(str) == "2"
model = make_pipeline("hogdiff_landmarks_linear").fit(X[~is_shown], X["label"][~is_shown])
attach_rest_thresholds(model, X[~is_shown])

frames = []
for expression in ("joy", "surprise"):
    clip = X["images"][np.flatnonzero(is_shown & (X["label"] == expression))[0]]
    frames += [clip[0]] * 8 + [*clip] + [clip[-1]] * 6 + [*clip[::-1]]
folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "clip.avi"
height, width = frames[0].shape
video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 25, (3 * width, 3 * height))
for frame in frames:
    video.write(cv2.cvtColor(cv2.resize(frame, (3 * width, 3 * height)), cv2.COLOR_GRAY2BGR))
video.release()

# %%
# Faces and landmarks are found in every frame, and the first view of the face is the neutral reference. A face that
# hardly differs from it is at rest, and gets no expression: these are the gaps.
results = list(Recognizer(model).stream(path))
plot_timeline(results)

# %%
# The frame with the largest motion of each half.
import matplotlib.pyplot as plt

distance = np.array([result.faces[0].neutral_distance or 0 if result.faces else 0 for result in results])
half = len(results) // 2
fig, axes = plt.subplots(1, 2, figsize=(6, 3.8), layout="constrained")
for ax, k in zip(axes, (distance[:half].argmax(), half + distance[half:].argmax()), strict=True):
    face = results[k].faces[0]
    ax.imshow(results[k].frame.image, cmap="gray")
    ax.scatter(*face.landmarks.T, s=3, color="#39ff88")
    ax.set_title(f"{results[k].frame.timestamp:.2f} s: {face.expression}")
    ax.axis("off")

# %%
# ``fer-features predict --model RUN --out FOLDER clip.mp4`` writes such a timeline for every video as a page and as a
# table; see :doc:`/tutorials/videos`. This subject is one of those on whom the model works well; on others it confuses
# the two expressions at low intensity.
folder.cleanup()

# sphinx_gallery_thumbnail_number = 2

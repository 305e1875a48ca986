"""
Landmarks on a photograph
=========================

The face detector and the landmarker of the package on a real photograph. Both are installed with it; the landmarker has
seen rendered faces only.
"""

# %%
# The photograph shows the astronaut Eileen Collins. It is by NASA, comes with scikit-image, and is in the public
# domain.
import matplotlib.pyplot as plt
import numpy as np
from skimage import color, data

from fer_features.faces import FaceDetector, default_landmarker

photo = data.astronaut()
grey = (255 * color.rgb2gray(photo)).astype(np.uint8)
boxes, detected = FaceDetector()(grey)
landmarks, confidence = default_landmarker().detect_landmarks(grey, boxes)
print(f"{len(boxes)} face, confidence of the detector {detected[0]:.2f}, of the landmarks {confidence[0]:.2f}")

# %%
# Points 0 to 16 are the jaw, 17 to 26 the brows, 27 to 35 the nose, 36 to 47 the eyes and 48 to 67 the lips.
from fer_features.vision.geometry import FACE_REGIONS

x, y, width, height = boxes[0]
fig, axes = plt.subplots(1, 2, figsize=(9.6, 4.8), layout="constrained")
for ax in axes:
    ax.imshow(photo)
    ax.add_patch(plt.Rectangle((x, y), width, height, fill=False, color="white"))
    ax.axis("off")
for region in FACE_REGIONS.values():
    axes[1].plot(*landmarks[0][region].T, ".-", color="#39ff88", markersize=5, linewidth=0.8)
margin = 0.35 * width
axes[1].set(xlim=(x - margin, x + width + margin), ylim=(y + height + margin, y - margin))

# %%
# Every pipeline aligns faces by these points: the similarity transform that is nearest to a mean face turns the face
# upright and gives it a fixed size. Features are computed from this crop.
from fer_features import Samples
from fer_features.extractors import Align

crop = Align().transform(Samples.from_arrays(images=grey[None], landmarks=landmarks)).frame("images", -1)[0]
fig, ax = plt.subplots(figsize=(3.2, 4), layout="constrained")
ax.imshow(crop, cmap="gray")
ax.set_title(f"{crop.shape[1]} x {crop.shape[0]} pixels")
ax.axis("off")

# %%
# One photograph proves nothing: :doc:`/results/faces` has errors on data sets. The detector needs a nearly frontal
# face; :doc:`/explanation/faces` describes both steps and their limits.

"""
What each feature sees
======================

The same two frames, neutral face and apex, as the descriptors see them. Formulas, parameters and papers are on the page
:doc:`/explanation/features`.
"""

# %%
# Shape
# -----
# The landmarks of the first and the last frame contain head motion. It is estimated from brows, eyes and nose, and
# removed; what remains is the displacement by the expression. Trajectories follow it through the clip.
import matplotlib.pyplot as plt
import numpy as np

from fer_features import load_dataset
from fer_features.extractors import Align
from fer_features.vision.facial_measures import DISTANCE_MEASURES, distance_measures
from fer_features.vision.registration import register_all_frames, register_landmarks

X = load_dataset("demo")
chosen = X[np.flatnonzero((X["label"] == "surprise") & (X["subject"].astype(str) == "11"))[:1]]
frames = Align().transform(chosen)
neutral, apex = frames.frame("images", 0)[0], frames.frame("images", -1)[0]
points = frames.frame("landmarks", -1)[0]

first, last = register_landmarks(chosen["landmarks"])[0]
course = distance_measures(register_all_frames(chosen["landmarks"], "pose", "upper"))[0]
fig, axes = plt.subplots(2, 2, figsize=(6.4, 7), layout="constrained")
axes = axes.ravel()
for ax, image, title in ((axes[0], neutral, "neutral"), (axes[1], apex, "apex")):
    ax.imshow(image, cmap="gray", vmin=0, vmax=255)
    ax.set(title=title)
    ax.axis("off")
axes[2].quiver(*first.T, *(last - first).T, angles="xy", scale_units="xy", scale=1, width=0.008, color="#d95f02")
axes[2].scatter(*first.T, s=8, color="#1b6ca8")
axes[2].set(title="displacement", aspect="equal")
axes[2].invert_yaxis()
axes[2].axis("off")
for name in ("mouth height", "eye opening", "brows below upper lids"):
    k = list(DISTANCE_MEASURES).index(name)
    axes[3].plot(course[:, k] - course[0, k], label=name)
axes[3].set(title="change of measures", xlabel="frame", ylabel="interocular distances")
axes[3].legend(fontsize=8)

# %%
# Texture over a grid
# -------------------
# HOG sums edges by their direction in cells. LBP and LPQ give each pixel a label, which histograms count. Gabor filters
# respond to stripes of one width and direction.
from fer_features.vision.gabor import gabor_magnitudes
from fer_features.vision.hog import cell_histograms
from fer_features.vision.lbp import lbp_codes
from fer_features.vision.lpq import lpq_codes

fig, axes = plt.subplots(2, 2, figsize=(6, 7.6), layout="constrained")
axes = axes.ravel()
side, n_orientations = 8, 9
cells = cell_histograms(apex[None], n_orientations, side)[0]
strength = np.clip(cells / np.percentile(cells, 99), 0, 1)
axes[0].imshow(np.zeros_like(apex), cmap="gray")
for row, column, k in np.argwhere(strength > 0.1):
    angle = (k + 0.5) * np.pi / n_orientations + np.pi / 2  # an edge is perpendicular to its gradient
    dx, dy = np.cos(angle) * side * 0.45, np.sin(angle) * side * 0.45
    x, y = (column + 0.5) * side - 0.5, (row + 0.5) * side - 0.5
    axes[0].plot([x - dx, x + dx], [y - dy, y + dy], color="white", alpha=strength[row, column, k], linewidth=1.2)
axes[1].imshow(lbp_codes(apex[None], radius=2)[0], cmap="gray", interpolation="nearest")
axes[2].imshow(lpq_codes(apex[None])[0], cmap="gray", interpolation="nearest")
magnitudes = gabor_magnitudes(apex[None], frequencies=(0.125,), orientations=8)[0, 0]
axes[3].imshow(np.sqrt(np.dstack([magnitudes[k] / magnitudes.max() for k in (0, 2, 4)])))
titles = "HOG: edges per cell", "LBP: label of each pixel", "LPQ: label of each pixel", "Gabor: 0, 45, 90 degrees"
for ax, title in zip(axes, titles, strict=True):
    ax.set(title=title)
    ax.axis("off")

# %%
# Texture of facial parts
# -----------------------
# Patches follow the landmarks, so that a raised brow is compared with a brow. Fisher vectors describe every patch of
# the face by SIFT, and compare it with words of a vocabulary that is fitted on the training samples.
from fer_features.vision.codebook import fit_codebook, nearest_words
from fer_features.vision.patches import POINT_SETS, extract_patches
from fer_features.vision.sift import dense_sift

few = points[list(POINT_SETS["few"])]
patches = extract_patches(apex[None], few[None], 28)[0]
training = Align().transform(X[X.is_labelled][:40]).frame("images", -1)
codebook = fit_codebook(dense_sift(training, (4,), 4, rootsift=True)[0].reshape(-1, 128), n_words=16)
descriptors, positions = dense_sift(apex[None], (4,), 4, rootsift=True)
words = nearest_words(descriptors[0], codebook)

fig, axes = plt.subplot_mosaic("ac;bb", figsize=(6.4, 6.4), height_ratios=(1.35, 1), layout="constrained")
axes = [axes[name] for name in "abc"]
axes[0].imshow(apex, cmap="gray")
for x, y in few:
    axes[0].add_patch(plt.Rectangle((x - 14, y - 14), 28, 28, fill=False, color="#ffb000", linewidth=0.8))
axes[0].set(title="patches at 21 landmarks", xlim=(-0.5, apex.shape[1] - 0.5), ylim=(apex.shape[0] - 0.5, -0.5))
axes[1].imshow(np.vstack([np.hstack(patches[k : k + 7]) for k in (0, 7, 14)]), cmap="gray")
axes[1].set(title="the patches, from which LBP or HOG are computed")
axes[2].imshow(apex, cmap="gray")
axes[2].scatter(*positions.T, c=words, cmap="tab20", s=14, marker="s", alpha=0.8)
axes[2].set(title="Fisher vectors: nearest of 16 words")
for ax in axes:
    ax.axis("off")

# %%
# Motion
# ------
# Optical flow is the displacement of every pixel from the neutral frame to the apex. HOF sums its directions in cells;
# MBH does so with its derivatives, in which motion of the complete head disappears. LMP keeps the motion of 28 regions
# as far as it is coherent.
from fer_features.vision.flow import dense_flow, hof
from fer_features.vision.lmp import LMP_REGIONS, lmp
from fer_features.vision.mbh import mbh

flow = dense_flow(neutral[None], apex[None])
neutral_points = frames.frame("landmarks", 0)
grid = 8
motion = hof(flow, 8, grid).reshape(grid, grid, 9)[..., :8].sum(-1)
boundaries = mbh(flow, 8, grid).reshape(2, grid, grid, 8).sum((0, 3))
patterns = lmp(flow, neutral_points, 8, 0.25, 1, 0.03, 0.3, 0.1).reshape(len(LMP_REGIONS), 8)
centres = np.array([neutral_points[0][region.landmarks].mean(0) for region in LMP_REGIONS.values()])

fig, axes = plt.subplots(2, 2, figsize=(6, 7.6), layout="constrained")
axes = axes.ravel()
y, x = np.mgrid[4 : neutral.shape[0] : 8, 4 : neutral.shape[1] : 8]
axes[0].imshow(neutral, cmap="gray")
arrows = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.007, "color": "#ffb000"}
axes[0].quiver(x, y, flow[0, y, x, 0], flow[0, y, x, 1], **arrows)
extent = (-0.5, neutral.shape[1] - 0.5, neutral.shape[0] - 0.5, -0.5)
for ax, image in ((axes[1], motion), (axes[2], boundaries)):
    ax.imshow(neutral, cmap="gray")
    ax.imshow(image, cmap="inferno", alpha=0.75, extent=extent)
axes[3].imshow(neutral, cmap="gray")
axes[3].scatter(*centres.T, s=900 * patterns.sum(1) / patterns.sum(1).max(), color="#ffb000", alpha=0.6)
titles = "optical flow", "HOF: motion per cell", "MBH: changes of motion", "LMP: coherent motion"
for ax, title in zip(axes, titles, strict=True):
    ax.set(title=title, xlim=extent[:2], ylim=extent[2:])
    ax.axis("off")

# %%
# Texture and motion at once
# --------------------------
# A clip is a block of pixels. LBP-TOP and HOG-TOP describe its slices: the XY plane is a frame; in the XT and YT planes
# time runs from left to right, and what moves leaves slanted edges.
clip = np.stack([frames.frame("images", t)[0] for t in range(10)])
row, column = 118, 64
fig, axes = plt.subplots(1, 3, figsize=(7.5, 3.6), width_ratios=(1.4, 1, 1), layout="constrained")
axes[0].imshow(apex, cmap="gray")
axes[0].axhline(row, color="#ffb000")
axes[0].axvline(column, color="#56b4e9")
axes[1].imshow(clip[:, row].T, cmap="gray", aspect="auto")
axes[2].imshow(clip[:, :, column].T, cmap="gray", aspect="auto")
axes[0].set(title="XY", xticks=[], yticks=[])
axes[1].set(title="XT, the orange row", xlabel="frame", ylabel="x")
axes[2].set(title="YT, the blue column", xlabel="frame", ylabel="y")

# sphinx_gallery_thumbnail_number = 2

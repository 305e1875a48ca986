"""
An extractor of your own
========================

A descriptor of ten lines, which then takes part in pipelines like the built-in ones.
"""

# %%
# A descriptor of images is a subclass of ``Appearance``: ``extract_images`` gets aligned grey images, and
# ``image_feature_names`` names what it returns. The base class adds the difference between apex and neutral frame
# (``frame="apex_minus_neutral"``), batches and caching. This one is a thumbnail: grey values of 10 x 8 cells, without
# the mean and the contrast of the image.
import cv2
import matplotlib.pyplot as plt
import numpy as np

from fer_features import evaluate, load_dataset, register_extractor
from fer_features.extractors import Align, Appearance

ROWS, COLUMNS = 10, 8


@register_extractor("thumbnail", params={"frame": "apex_minus_neutral"})
class Thumbnail(Appearance):
    """Grey values of a small image, normalized to mean 0 and SD 1."""

    reference = "this example"

    def __init__(self, frame="apex"):
        self.frame = frame

    def extract_images(self, images):
        small = np.stack([cv2.resize(image, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA) for image in images])
        flat = small.reshape(len(images), -1).astype(np.float32)
        return (flat - flat.mean(1, keepdims=True)) / np.maximum(flat.std(1, keepdims=True), 1)

    def image_feature_names(self):
        return [f"thumbnail[cell={row},{column}]" for row in range(ROWS) for column in range(COLUMNS)]


# %%
# What it sees: the mean change of each class.
X = load_dataset("demo")
X = X[X.is_labelled]
values = Thumbnail("apex_minus_neutral").fit_transform(Align().transform(X)).reshape(-1, ROWS, COLUMNS)
classes = sorted(set(X["label"]))
fig, axes = plt.subplots(2, 3, figsize=(5.4, 4.8), layout="constrained")
for ax, name in zip(axes.flat, classes, strict=True):
    ax.imshow(values[X["label"] == name].mean(0), cmap="RdBu", vmin=-1, vmax=1)
    ax.set_title(name)
    ax.axis("off")

# %%
# The name is now a word of pipeline specifications, alone or in combination.
for name in ("thumbnail_svm", "landmarks_svm", "thumbnail_landmarks_svm"):
    print(f"{name:24s} {evaluate(name, X, cv='6fold').accuracy:.3f}")

# %%
# More features are not always better: the thumbnail takes away from the landmarks here. On photographs, whose skin and
# light vary more than those of synthetic faces, expect less of it.
# :doc:`/howto/extensions` shows how commands find your module, and how classifiers and data sets are added.

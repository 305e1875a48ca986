"""
A table of your own files
=========================

Images with any names become a data set by a table that lists them: ``metadata.csv``, with one line per image.
"""

# %%
# Here the files are rendered faces, with names that say nothing. Only the column ``file_name`` is needed. ``subject``
# makes an honest evaluation possible, and ``neutral`` gives the image of the neutral face of the same person.
import tempfile
from pathlib import Path

import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from fer_features import evaluate, load_dataset

demo = load_dataset("demo")
demo = demo[demo.is_labelled]
folder = tempfile.TemporaryDirectory()
root = Path(folder.name)
rows = []
for k in np.random.default_rng(0).permutation(len(demo))[:96]:
    clip = demo["images"][k]
    cv2.imwrite(str(root / f"{k:04d}.png"), clip[-1])
    cv2.imwrite(str(root / f"{k:04d}_rest.png"), clip[0])
    row = {"file_name": f"{k:04d}.png", "label": demo["label"][k], "subject": f"P{demo['subject'][k]}"}
    rows.append(row | {"neutral": f"{k:04d}_rest.png"})
table = pd.DataFrame(rows)
table.to_csv(root / "metadata.csv", index=False)
table.head()

# %%
# With ``frames=2`` each sample is a pair of neutral image and apex; without it, the images alone.
X = load_dataset(root, frames=2)
print(X.info.dataset, X["images"].shape, len(set(X["subject"])), "subjects")
fig, axes = plt.subplots(2, 6, figsize=(9.6, 4.6), layout="constrained")
for column, name in zip(axes.T, sorted(set(X["label"])), strict=True):
    sample = np.flatnonzero(X["label"] == name)[0]
    for ax, image in zip(column, X["images"][sample], strict=True):
        ax.imshow(image, cmap="gray", vmin=0, vmax=255)
        ax.axis("off")
    column[0].set_title(f"{name}, {X['subject'][sample]}")

# %%
# Nothing else is needed: the pipeline finds faces and landmarks in the images. The table has no landmarks, so they
# are searched once and kept for further evaluations.
for name in ("landmarks_svm", "hogdiff_svm"):
    print(f"{name:14s} {evaluate(name, X, cv='6fold').accuracy:.3f}")

# %%
# ``fer-features list-files`` writes a first version of the table from names of files; see :doc:`/howto/data`
# and :doc:`/tutorials/own_files`.
folder.cleanup()

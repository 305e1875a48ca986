"""
The neutral reference
=====================

Many features are differences between the face at the apex and the same face at rest. What counts as "at rest" is a
parameter of the pipeline.
"""

# %%
# The step ``neutral`` puts the reference into the place of the first frame. ``first`` is the first frame of the clip,
# ``median`` its median frame, ``subject`` the mean of the person's other samples, and ``none`` no face at all.
import matplotlib.pyplot as plt
import numpy as np

from fer_features import evaluate, load_dataset, make_pipeline
from fer_features.extractors import Align, Neutral

X = load_dataset("demo")
X = X[X.is_labelled]
aligned = Align().transform(X)
sample = np.flatnonzero((X["label"] == "joy") & (X["subject"].astype(str) == "6"))[0]
methods = "first", "median", "subject", "none"

fig, axes = plt.subplots(2, 5, figsize=(11, 5.6), layout="constrained")
apex = aligned.frame("images", -1)[sample].astype(int)
axes[0, 0].imshow(apex, cmap="gray", vmin=0, vmax=255)
axes[0, 0].set_title("apex")
for k, method in enumerate(methods, 1):
    reference = Neutral(method).transform(aligned)[[sample]].frame("images", 0)[0].astype(int)
    axes[0, k].imshow(reference, cmap="gray", vmin=0, vmax=255)
    axes[0, k].set_title(method)
    axes[1, k].imshow(apex - reference, cmap="RdBu", vmin=-120, vmax=120)
axes[1, 0].text(0.95, 0.5, "apex minus\nreference", ha="right", va="center", transform=axes[1, 0].transAxes)
for ax in axes.flat:
    ax.axis("off")

# %%
# The difference to the own neutral face removes most of what is special about the person: skin, glasses, beard, light.
# Accuracies by 6-fold cross-validation grouped by subject, with texture (``hogdiff``) and shape (``landmarks``):
for method in methods:
    accuracy = [
        evaluate(make_pipeline(name, neutral__method=method, calibration_cv=0), X, cv="6fold").accuracy
        for name in ("hogdiff_lda", "landmarks_lda")
    ]
    print(f"{method:8s} hogdiff {accuracy[0]:.3f}   landmarks {accuracy[1]:.3f}")

# %%
# The clips of this data set begin with a neutral face, so that ``first`` fits them. ``subject`` needs no neutral image,
# but other images of the same person, in training and in prediction, in which expressions cancel. The faces are
# synthetic: compare methods on your own data. More in :doc:`/explanation/neutral_reference`.

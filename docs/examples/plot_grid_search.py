"""
Search for parameters with GridSearchCV
=======================================

Pipelines are ordinary scikit-learn estimators, and a table of samples is sliced like an array. The search of
scikit-learn therefore works as usual. One thing must not be forgotten: the groups.
"""

# %%
# Two parameters of the support vector machine. ``groups`` keeps the samples of a subject in one fold. Probabilities are
# not needed to choose parameters, and ``calibration_cv=0`` saves the fits that calibrate them.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold

from fer_features import load_dataset, make_pipeline, search

X = load_dataset("demo")
X = X[X.is_labelled]
grid = {"classifier__C": [0.3, 1, 3, 10, 30], "classifier__gamma": [0.03, 0.1, 0.3, 1.0]}
model = make_pipeline("landmarks_svm", calibration_cv=0)
found = GridSearchCV(model, grid, cv=StratifiedGroupKFold(6)).fit(X, X["label"], groups=X["subject"])
print(found.best_params_, f"{found.best_score_:.3f}")

# %%
# Features were extracted once for all 120 fits. The map is flat around its maximum: neighbours differ by less than
# what another set of subjects would change.
scores = found.cv_results_["mean_test_score"].reshape(5, 4)
fig, ax = plt.subplots(figsize=(5.4, 4.2), layout="constrained")
image = ax.imshow(scores, cmap="viridis")
for (i, j), value in np.ndenumerate(scores):
    ax.text(j, i, f"{value:.3f}", ha="center", va="center", color="white" if value < scores.mean() else "black")
ax.set(xticks=range(4), xticklabels=grid["classifier__gamma"], yticks=range(5), yticklabels=grid["classifier__C"])
ax.set(xlabel="gamma", ylabel="C", title="accuracy, 6 folds grouped by subject")

# %%
# The best of 20 scores is too high as a score of the method, because it was selected by it. Nested cross-validation
# repeats the search in each outer fold and evaluates its choice on subjects that the search did not see. With four
# candidates there is little to choose from, and the difference between the two scores is noise; it grows with the
# number of candidates.
nested = search(model, X, {"classifier__C": [1, 10], "classifier__gamma": [0.1, 0.3]}, cv="3fold", nested="4fold")
print(f"selected candidate {nested.best_score:.3f}, nested {nested.nested.score:.3f}")

# %%
# :doc:`/howto/search` describes the command that does the same, continues after an interruption and writes a report.

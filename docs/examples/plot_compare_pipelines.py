"""
Comparing two pipelines
=======================

Is one pipeline better than another, or do the subjects at hand just suit it?
"""

# %%
# Both are evaluated on the same samples with the same folds, so that the difference can be taken subject by subject.
# The apex alone (``hog``) against the difference to the neutral frame (``hogdiff``):
from fer_features import compare, evaluate, load_dataset

X = load_dataset("demo")
runs = [evaluate(name, X, cv="loso") for name in ("hogdiff_svm", "hog_svm")]
comparison = compare(runs)
print(comparison)

# %%
# The 95 % confidence interval of the difference is a bootstrap over subjects, and Wilcoxon's test ranks subjects. Each
# line below is one subject.
import matplotlib.pyplot as plt

first, second = (run.scores.metrics.per_subject for run in runs)
fig, ax = plt.subplots(figsize=(5, 4.4), layout="constrained")
for subject in first:
    better = first[subject] >= second[subject]
    ax.plot([0, 1], [second[subject], first[subject]], "o-", color="#1b6ca8" if better else "#d95f02", alpha=0.8)
ax.set(xticks=[0, 1], xticklabels=["hog_svm", "hogdiff_svm"], xlim=(-0.3, 1.3), ylabel="accuracy of a subject")
pair = comparison.pairs[0]
ax.set_title(f"difference {pair.difference:+.3f} (95 % CI {pair.ci95[0]:+.3f} to {pair.ci95[1]:+.3f})")

# %%
# An interval that excludes 0 says that the difference is not an accident of these subjects. It does not say that it
# holds for another data set: these faces are synthetic. :doc:`/howto/compare` describes the command and its report.
comparison.to_frame().round(4).T

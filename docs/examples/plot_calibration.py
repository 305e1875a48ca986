"""
Calibration and rejection
=========================

A probability is calibrated if it is right as often as it claims: of the predictions with a confidence of 0.8, 80 %
should be correct.
"""

# %%
# The same linear discriminant analysis without and with calibration. Temperature scaling divides all scores by one
# number, which is fitted on held-out training subjects. Confidence changes, predictions do not.
import matplotlib.pyplot as plt
import numpy as np

from fer_features import evaluate, load_dataset, make_pipeline

X = load_dataset("demo")
runs = {
    "not calibrated": evaluate(make_pipeline("hog_lda", calibration_cv=0), X, cv="loso"),
    "calibrated": evaluate("hog_lda", X, cv="loso"),
}
for name, run in runs.items():
    print(f"{name:15s} accuracy {run.accuracy:.3f}   ECE {run.scores.metrics.calibration.ece:.3f}")

# %%
# The reliability diagram compares confidence and accuracy in ten bins; the area of a point is the number of samples.
# The expected calibration error (ECE) is the mean distance to the diagonal.
fig, axes = plt.subplots(1, 2, figsize=(9.6, 4.4), layout="constrained")
axes[0].plot([0, 1], [0, 1], color="0.6", linestyle="dotted")
for (name, run), color in zip(runs.items(), ("#d95f02", "#1b6ca8"), strict=True):
    confidence, accuracy, count = np.array(run.scores.metrics.calibration.bins).T
    axes[0].plot(confidence, accuracy, color=color, linewidth=1)
    axes[0].scatter(confidence, accuracy, s=3 * count, color=color, alpha=0.6, label=name)
    curve = run.scores.metrics.risk_coverage
    axes[1].plot(curve.coverage, curve.accuracy, color=color, label=name)
axes[0].set(xlabel="confidence", ylabel="accuracy", title="reliability", xlim=(0, 1.02), ylim=(0, 1.02))
axes[1].set(xlabel="coverage", ylabel="accuracy of the accepted samples", title="rejection", ylim=(None, 1.01))
axes[0].legend(markerscale=0.5)

# %%
# The right figure answers another question: how accurate are the predictions that remain, if the least confident ones
# are rejected? It depends on the order of the confidences only, so that calibration hardly moves it. What calibration
# gives is a threshold with a meaning, such as "uncertain below 0.6".
confidence = runs["calibrated"].predictions.filter(like="probability_").max(axis=1)
correct = runs["calibrated"].predictions.eval("true == predicted")
for threshold in (0.0, 0.6, 0.8):
    accepted = confidence >= threshold
    print(f"threshold {threshold:.1f}: {accepted.mean():.0%} accepted, accuracy {correct[accepted].mean():.3f}")

# %%
# The command is ``fer-features run --reject-below 0.6``; see :doc:`/howto/calibration`. On faces from another camera
# or of other ages, a model can be wrong with high confidence: calibration holds for subjects like those in training.

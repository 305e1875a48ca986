"""
First evaluation by subject
===========================

A pipeline of landmarks and a support vector machine, evaluated by leave-one-subject-out cross-validation.
"""

# %%
# The data set is rendered by the package: sequences of ten frames from a neutral face to the apex of an expression.
# 12 subjects have labels; the six others are a test split without labels, which the evaluation ignores.
from fer_features import evaluate, load_dataset

X = load_dataset("demo")
X

# %%
# Each fold leaves out all samples of one subject: the model never sees the person on whom it is evaluated. The 95 %
# confidence interval is a bootstrap over subjects.
result = evaluate("landmarks_svm", X, cv="loso")
print(result)

# %%
# Rows of the confusion matrix are true classes; each row has a sum of 1.
display = result.plot_confusion()
display.ax_.set_title(f"accuracy {result.accuracy:.3f}")
display.figure_.tight_layout()

# %%
# The result is a table as well, and ``result.scores`` has everything that the command ``fer-features run`` writes to
# ``scores.json``. On real faces the same pipeline makes about twice as many errors: see
# :doc:`/results/sequences` for figures and :doc:`/explanation/evaluation` for the protocol.
result.to_frame().round(3)

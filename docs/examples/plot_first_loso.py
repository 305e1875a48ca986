"""
First evaluation by subject
===========================

Leave-one-subject-out cross-validation of a pipeline on the synthetic data set.
"""

# %%
# The data set is rendered by the package: sequences of ten frames from a neutral face to the apex of an expression.
from fer_features import evaluate, load_dataset

X = load_dataset("demo")
X

# %%
# Each fold leaves out all samples of one subject.
result = evaluate("landmarks_svm", X, cv="loso")
print(result)

# %%
result.to_frame()

# %%
result.plot_confusion()

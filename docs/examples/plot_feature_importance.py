"""
Which parts of the face a model uses
====================================

Weights of a linear model are misleading: many of them only cancel noise. The contribution of a feature to the lead of a
class, its weight times its mean difference, is not.
"""

# %%
# A linear pipeline of texture and shape, fitted to all labelled samples.
from fer_features import load_dataset, make_pipeline
from fer_features.plotting.importance import plot_feature_contributions

X = load_dataset("demo")
X = X[X.is_labelled]
model = make_pipeline("hog_landmarks_linear", calibration_cv=0).fit(X, X["label"])
plot_feature_contributions(model, X, "hog")

# %%
# Contributions of the landmarks; arrows show how they move if the score of the class rises.
plot_feature_contributions(model, X, "landmarks")

# %%
# The figures show what this model uses on these synthetic faces, not what matters in faces as such: of two features
# that say the same, a model may use either. The report of every run contains these figures where the classifier is
# linear or made of trees. For other classifiers, ``fer_features.explain.occlusion_sensitivity`` hides parts of the face
# instead.
#
# :doc:`/howto/output` describes the report, and :doc:`/explanation/features` the features.

"""Grids and the candidates that are taken from them."""

import pandas as pd
import pytest

from fer_features import FerError, make_pipeline
from fer_features.model_selection.grids import check_grid, default_grid, feature_settings, list_candidates
from fer_features.presets import PRESETS, base_specification


@pytest.mark.parametrize("name", ["hog_svm", "lbpdiff_xgb", "landmarks_lda", "flow_linear", "hog_lbp_svm", "gabor_hgb"])
def test_default_grids_have_parameters_of_the_pipeline(name):
    grid = default_grid(name)
    model = make_pipeline(name)
    assert set(grid) <= set(model.get_params())
    for params in list_candidates(grid, "grid", None, 0):
        model.set_params(**params)


def test_default_grids_of_presets_contain_the_classifier_only_and_soft_voting_has_none():
    single = [name for name in PRESETS if "+" not in base_specification(name)]
    assert all(key.startswith("classifier__") for name in single for key in default_grid(name))
    with pytest.raises(FerError, match="no default grid"):
        default_grid("best")


def test_random_candidates_are_distinct_members_of_the_grid_and_depend_on_the_seed():
    grid = {"b": [1, 2, 3], "a": ["x", (1, 2)], "c": list(range(10))}
    every = list_candidates(grid, "grid", None, 0)
    assert len(every) == 60
    assert every[0] == {"b": 1, "a": "x", "c": 0}
    assert every[1] == {"b": 1, "a": "x", "c": 1}
    sampled = list_candidates(grid, "random", 7, 3)
    assert sampled == list_candidates(grid, "random", 7, 3) != list_candidates(grid, "random", 7, 4)
    assert len(pd.DataFrame(sampled).astype(str).drop_duplicates()) == 7
    assert all(one in every for one in sampled)
    assert list_candidates(grid, "random", 1000, 0) == every
    assert len(list_candidates({"c": list(range(100))}, "random", None, 0)) == 60


@pytest.mark.parametrize("grid", [{}, [1], None, {"a": 1}, {"a": "text"}, {"a": []}, {"a": {1: 2}}])
def test_grids_of_another_form_are_refused(grid):
    with pytest.raises(FerError, match=r"a grid maps parameters to lists|a list of values is needed"):
        check_grid(grid)


def test_candidates_with_equal_feature_settings_share_features():
    model = make_pipeline("hog_svm")
    one = feature_settings(model, {"features__hog__orientations": 9, "classifier__C": 1})
    assert one == feature_settings(model, {"features__hog__orientations": 9, "classifier__C": 10})
    assert one != feature_settings(model, {"features__hog__orientations": 8, "classifier__C": 1})

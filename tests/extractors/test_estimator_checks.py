"""The estimator checks of scikit-learn that do not need a two-dimensional feature matrix."""

import warnings

import pytest
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.estimator_checks import estimator_checks_generator

from fer_features.extractors import EXTRACTORS, HOG, Align, Features, Landmarks, Neutral
from fer_features.extractors.fisher import FisherVectors

#: Checks that apply to estimators of any input.
APPLICABLE = {
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_mixin_order",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
}

FEEDS_MATRIX = "fits or transforms a matrix (n, d); extractors take samples with images or landmarks"
READS_COUNT = "tests n_features_in_, but a table of samples has columns of images and landmarks"
#: Checks that do not apply, with the reason.
NOT_APPLICABLE = {
    "check_fit_score_takes_y": FEEDS_MATRIX,
    "check_estimators_overwrite_params": FEEDS_MATRIX,
    "check_dont_overwrite_parameters": FEEDS_MATRIX,
    "check_estimators_fit_returns_self": FEEDS_MATRIX,
    "check_readonly_memmap_input": FEEDS_MATRIX,
    "check_estimators_unfitted": "for classifiers, regressors and clusterers",
    "check_n_features_in_after_fitting": READS_COUNT,
    "check_positive_only_tag_during_fit": FEEDS_MATRIX,
    "check_estimators_dtypes": FEEDS_MATRIX,
    "check_sample_weights_pandas_series": "extractors take no sample weights",
    "check_sample_weights_not_an_array": "extractors take no sample weights",
    "check_sample_weights_list": "extractors take no sample weights",
    "check_all_zero_sample_weights_error": "extractors take no sample weights",
    "check_sample_weights_shape": "extractors take no sample weights",
    "check_sample_weights_not_overwritten": "extractors take no sample weights",
    "check_sample_weight_equivalence_on_dense_data": "extractors take no sample weights",
    "check_sample_weight_equivalence_on_sparse_data": "extractors take no sample weights",
    "check_complex_data": FEEDS_MATRIX,
    "check_dtype_object": FEEDS_MATRIX,
    "check_estimators_empty_data_messages": FEEDS_MATRIX,
    "check_pipeline_consistency": FEEDS_MATRIX,
    "check_estimators_nan_inf": "missing landmarks give NaN features, which Features refuses",
    "check_estimator_sparse_tag": FEEDS_MATRIX,
    "check_estimator_sparse_array": FEEDS_MATRIX,
    "check_estimator_sparse_matrix": FEEDS_MATRIX,
    "check_estimators_pickle": FEEDS_MATRIX,
    "check_array_api_input": "images are numpy arrays",
    "check_array_api_mixed_inputs": "images are numpy arrays",
    "check_array_api_same_namespace": "images are numpy arrays",
    "check_f_contiguous_array_estimator": FEEDS_MATRIX,
    "check_transformer_data_not_an_array": FEEDS_MATRIX,
    "check_transformer_general": FEEDS_MATRIX,
    "check_transformer_preserve_dtypes": "features are float32 for every input",
    "check_transformers_unfitted": FEEDS_MATRIX,
    "check_transformers_unfitted_stateless": FEEDS_MATRIX,
    "check_transformer_n_iter": "extractors have no iterations",
    "check_methods_sample_order_invariance": FEEDS_MATRIX,
    "check_methods_subset_invariance": FEEDS_MATRIX,
    "check_fit2d_1sample": FEEDS_MATRIX,
    "check_fit2d_1feature": FEEDS_MATRIX,
    "check_dict_unchanged": FEEDS_MATRIX,
    "check_fit_idempotent": FEEDS_MATRIX,
    "check_fit_check_is_fitted": FEEDS_MATRIX,
    "check_n_features_in": READS_COUNT,
    "check_fit1d": FEEDS_MATRIX,
    "check_fit2d_predict1d": FEEDS_MATRIX,
    "check_requires_y_none": "extractors do not need labels",
}

ESTIMATORS = [*{spec.extractor_class: spec.make() for spec in EXTRACTORS.values()}.values(), Align(), Neutral()]


def check_name(check):
    while hasattr(check, "func"):
        check = check.func
    return check.__name__


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("check", sorted(APPLICABLE))
def test_applicable_check_passes(estimator, check):
    if not hasattr(estimator_checks, check):
        pytest.skip("this version of scikit-learn does not have the check")
    getattr(estimator_checks, check)(type(estimator).__name__, estimator)


def test_every_check_of_a_transformer_applies_or_has_a_reason_why_not():
    """`parametrize_with_checks` yields nothing but the first check for input that is not two-dimensional."""
    names = {check_name(check) for _, check in estimator_checks_generator(StandardScaler())}
    assert names <= APPLICABLE | set(NOT_APPLICABLE)
    assert not APPLICABLE & set(NOT_APPLICABLE)


def test_checks_that_scikit_learn_selects_by_the_tags_pass():
    for estimator in ESTIMATORS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for instance, check in estimator_checks_generator(estimator):
                check(instance)


def test_tags_describe_the_input_and_whether_fit_is_required():
    for estimator in ESTIMATORS:
        tags = get_tags(estimator)
        assert tags.input_tags.one_d_array
        assert not tags.input_tags.two_d_array
        assert tags.requires_fit is isinstance(estimator, FisherVectors)


def test_features_check_their_parameters_as_an_estimator():
    features = Features([("hog", HOG()), ("points", Landmarks())])
    for check in ("check_estimator_cloneable", "check_estimator_repr", "check_get_params_invariance"):
        getattr(estimator_checks, check)("Features", features)

"""Statistical tests and intervals, against scipy, published tables and enumeration."""

import itertools

import numpy as np
import pytest
from scipy import stats

from fer_features.evaluation.statistics import (
    MAX_EXACT_PAIRS,
    bootstrap_ratio,
    critical_difference,
    friedman,
    holm,
    mcnemar,
    mean_ranks,
    signed_rank,
)


def test_mcnemar_sums_the_tails_of_the_binomial_distribution():
    # 1 of 6: (C(6, 0) + C(6, 1)) / 2 ** 6 on each side.
    assert mcnemar(1, 5) == pytest.approx(2 * 7 / 64)
    assert mcnemar(5, 1) == mcnemar(1, 5)
    assert mcnemar(0, 0) == 1
    assert mcnemar(4, 4) == 1


def test_signed_rank_equals_scipy_without_ties_and_zeros():
    rng = np.random.default_rng(0)
    for n in (3, 8, 15, 40):
        d = rng.normal(0.3, 1, n)
        assert signed_rank(d) == pytest.approx(stats.wilcoxon(d, method="exact").pvalue)
        assert signed_rank(-d) == pytest.approx(signed_rank(d))


@pytest.mark.parametrize("seed", range(4))
def test_signed_rank_equals_enumeration_of_signs_with_ties_and_zeros(seed):
    d = np.random.default_rng(seed).integers(-2, 4, 9).astype(float)
    ranks = stats.rankdata(np.abs(d))  # zeros are ranked too
    signs = np.array(list(itertools.product([-1, 1], repeat=len(d))))
    null = (signs * ranks * (d != 0)).sum(1)
    assert signed_rank(d) == pytest.approx((np.abs(null) >= abs((np.sign(d) * ranks).sum()) - 1e-9).mean())


def test_signed_rank_of_zeros_is_one_and_of_many_pairs_equals_scipy():
    assert signed_rank(np.zeros(7)) == 1
    assert signed_rank(np.full(3, 1e-17)) == 1
    d = np.random.default_rng(1).normal(0.2, 1, MAX_EXACT_PAIRS + 1)
    assert signed_rank(d) == pytest.approx(stats.wilcoxon(d, zero_method="zsplit").pvalue)
    assert signed_rank(d[:MAX_EXACT_PAIRS]) == pytest.approx(stats.wilcoxon(d[:MAX_EXACT_PAIRS]).pvalue, rel=0.05)


def test_holm_correction_by_hand():
    assert holm(np.array([0.01, 0.04, 0.03])).tolist() == pytest.approx([0.03, 0.06, 0.06])
    assert holm(np.array([0.6, 0.9])).tolist() == [1, 1]
    assert holm(np.array([0.02])).tolist() == [0.02]


def test_mean_ranks_and_critical_difference_equal_demsar():
    # Demsar, JMLR 2006, table 5: q at 0.05 is 1.960 for two classifiers, 2.569 for four, 2.728 for five.
    for k, q in ((2, 1.960), (4, 2.569), (5, 2.728)):
        assert critical_difference(k, 14) == pytest.approx(q * np.sqrt(k * (k + 1) / (6 * 14)), abs=2e-3)
    values = np.array([[0.9, 0.8, 0.7], [0.9, 0.9, 0.1]])
    assert mean_ranks(values).tolist() == [1.25, 1.75, 3]
    assert friedman(np.full((5, 3), 0.4)) == 1
    values = np.random.default_rng(0).normal(size=(9, 4))
    assert friedman(values) == pytest.approx(stats.friedmanchisquare(*values.T).pvalue)


def test_bootstrap_resamples_complete_units():
    hits = np.array([5.0, 0, 5, 0, 5, 0])
    wide = bootstrap_ratio(hits, np.full(6, 5))
    samples = np.repeat(hits / 5, 5)
    narrow = bootstrap_ratio(samples, np.ones(30))
    assert wide[0] < narrow[0] < 0.5 < narrow[1] < wide[1]
    assert bootstrap_ratio(np.zeros(4), np.ones(4)).tolist() == [0, 0]
    both = bootstrap_ratio(np.stack([hits, hits], 1), np.full((6, 2), 5))
    assert both.T.tolist() == [wide.tolist()] * 2
    assert np.isnan(bootstrap_ratio(np.zeros(3), np.zeros(3))).all()

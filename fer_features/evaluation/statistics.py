"""Differences between classifiers: intervals, exact tests, corrections for many tests, ranks."""

from __future__ import annotations

import numpy as np
from scipy import stats

#: Up to this many pairs the signed-rank test is exact whatever ties there are; above, the normal approximation serves.
EXACT = 100

#: Numbers held at once while units are drawn.
HELD = 1 << 22


def bootstrap_ratio(
    numerator: np.ndarray, denominator: np.ndarray, seed: int = 0, draws: int = 2000, level: float = 0.95
) -> np.ndarray:
    """Intervals of ratios of sums, by drawing units with replacement.

    Parameters
    ----------
    numerator, denominator : ndarray, shape (units,) or (units, m)
        Sums of each unit, which is a subject (or a row, where no subjects are known): for a paired difference of
        accuracies how many more rows of it the first got right than the second, and how many rows it has.
    seed : int
        The same seed draws the same units, so that several differences are of the same people.
    draws : int
    level : float

    Returns
    -------
    ndarray, shape (2,) or (2, m)
        Low and high percentile; NaN where there are no rows.

    Notes
    -----
    The cluster bootstrap (Efron and Tibshirani 1993, ch. 8): rows of one person are alike, so people are drawn. As
    `scores.bootstrap`, it does not train models anew.
    """
    flat = numerator.ndim == 1
    top, bottom = (np.asarray(v, float).reshape(len(v), -1) for v in (numerator, denominator))
    n = len(top)
    rng = np.random.default_rng(seed)
    found = []
    chunk = max(1, HELD // max(n, 1))
    for start in range(0, draws, chunk):
        times = rng.multinomial(n, np.full(n, 1 / n), size=min(chunk, draws - start)).astype(float)
        total = times @ bottom
        found.append(np.divide(times @ top, total, out=np.full(total.shape, np.nan), where=total > 0))
    drawn = np.concatenate(found)
    tail = 100 * (1 - level) / 2
    limits = np.full((2, drawn.shape[1]), np.nan)
    for column in range(drawn.shape[1]):
        values = drawn[np.isfinite(drawn[:, column]), column]
        if values.size:
            limits[:, column] = np.percentile(values, [tail, 100 - tail])
    return limits[:, 0] if flat else limits


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided p-value of McNemar's test (Psychometrika 1947).

    Parameters
    ----------
    only_first, only_second : int
        Rows that one classifier alone has right. Those that both have right, or wrong, say nothing of a difference.

    Returns
    -------
    float
        By the binomial distribution; 1 where the classifiers never disagree.

    Notes
    -----
    It takes rows for independent. Rows of one person are not, so it is too sure: believe the test over subjects.
    """
    n = only_first + only_second
    return float(stats.binomtest(only_first, n, 0.5).pvalue) if n else 1.0


def signed_rank(difference: np.ndarray) -> float:
    """Two-sided p-value of Wilcoxon's signed-rank test of paired differences (Biometrics 1945).

    Parameters
    ----------
    difference : ndarray, shape (n,)
        One a subject.

    Returns
    -------
    float
        1 where all differences are zero.

    Notes
    -----
    Zeros are ranked with the others, and then half of their ranks goes to each side (Pratt, JASA 1959; Demsar, JMLR
    2006): people on whom nothing changed are evidence of no difference, and dropping them would hide that. Ties have
    their mean rank. Up to `EXACT` subjects the distribution over all signs is computed for these very ranks, so that
    it is exact with ties and zeros, for which `scipy.stats.wilcoxon` falls back to a normal approximation; above, that
    is used.
    """
    # Accuracies that are equal as fractions may differ in the last bit.
    difference = np.round(np.asarray(difference, float), 12)
    if not difference.any():
        return 1.0
    if len(difference) > EXACT:
        return float(stats.wilcoxon(difference, zero_method="zsplit").pvalue)
    ranks = np.rint(2 * stats.rankdata(np.abs(difference))).astype(int)[difference != 0]
    positive = ranks[difference[difference != 0] > 0].sum()
    chance = np.zeros(ranks.sum() + 1)  # of each sum of ranks (doubled, so that mean ranks are whole), by their signs
    chance[0] = 1.0
    for rank in ranks:
        chance[rank:] += chance[: len(chance) - rank].copy()
        chance /= 2
    return float(min(1.0, 2 * min(chance[: positive + 1].sum(), chance[positive:].sum())))


def holm(p: np.ndarray) -> np.ndarray:
    """P-values corrected for their number by Holm's step-down method (Scand. J. Statistics 1979).

    Parameters
    ----------
    p : ndarray, shape (m,)

    Returns
    -------
    ndarray, shape (m,)
        At a limit of 0.05 for these, a true null hypothesis is refused in at most 5 % of families of m tests.
    """
    p = np.asarray(p, float)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(stepped, 1)
    return corrected


def mean_ranks(values: np.ndarray) -> np.ndarray:
    """Mean rank of each of k classifiers over n blocks, 1 for the best.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        The higher the better; ties have their mean rank.

    Returns
    -------
    ndarray, shape (k,)
    """
    return stats.rankdata(-np.round(values, 12), axis=1).mean(0)


def friedman(values: np.ndarray) -> float:
    """P-value of Friedman's test that all classifiers rank alike (JASA 1937); (n, k) with k of at least 3."""
    if (np.ptp(np.round(values, 12), axis=1) == 0).all():
        return 1.0
    return float(stats.friedmanchisquare(*np.round(values, 12).T).pvalue)


def critical_difference(k: int, n: int, level: float = 0.05) -> float:
    """How far mean ranks must be apart to differ, by Nemenyi's test (Demsar, JMLR 2006).

    Parameters
    ----------
    k, n : int
        Classifiers and blocks.
    level : float

    Returns
    -------
    float
    """
    q = stats.studentized_range.ppf(1 - level, k, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(k * (k + 1) / (6 * n)))

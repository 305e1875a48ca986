"""Bootstrap intervals, paired tests, correction for multiple testing, and mean ranks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy import stats

#: Up to this many pairs the signed-rank test is exact also with ties; above, the normal approximation is used.
MAX_EXACT_PAIRS = 100

#: Numbers held in memory at once while resampling.
MAX_RESAMPLED_VALUES = 1 << 22


def bootstrap_ratio(
    numerator: np.ndarray, denominator: np.ndarray, seed: int = 0, n_bootstrap: int = 2000
) -> np.ndarray:
    """95 % CI of ratios of sums, by resampling units with replacement.

    Parameters
    ----------
    numerator, denominator : ndarray, shape (n_units,) or (n_units, m)
        Sums of each unit, which is a subject (or a sample, where subjects are unknown). For a paired difference of
        accuracies: the number of samples that only the first classifier predicts correctly minus those that only the
        second does, and the number of samples.
    seed : int
        Equal seeds resample the same units, so that intervals of several differences rest on the same subjects.
    n_bootstrap : int, default 2000

    Returns
    -------
    ndarray, shape (2,) or (2, m)
        The 2.5th and 97.5th percentile; NaN where there are no samples.

    Notes
    -----
    The cluster bootstrap (B. Efron, R. Tibshirani, "An introduction to the bootstrap", 1993, ch. 8): samples of one
    subject are dependent, so subjects are resampled, not samples. The models are not trained again: the interval
    describes how the score varies with other subjects of the same population.

    Examples
    --------
    >>> import numpy as np
    >>> low, high = bootstrap_ratio(np.array([8, 9, 7, 10]), np.array([10, 10, 10, 10]))
    >>> round(float(low), 3), round(float(high), 3)
    (0.75, 0.95)
    """
    flat = numerator.ndim == 1
    top, bottom = (np.asarray(v, float).reshape(len(v), -1) for v in (numerator, denominator))
    found = []
    for weights in _resampled_counts(len(top), n_bootstrap, seed):
        total = weights @ bottom
        found.append(np.divide(weights @ top, total, out=np.full(total.shape, np.nan), where=total > 0))
    values = np.concatenate(found)
    limits = np.full((2, values.shape[1]), np.nan)
    for column in range(values.shape[1]):
        finite = values[np.isfinite(values[:, column]), column]
        if finite.size:
            limits[:, column] = np.percentile(finite, [2.5, 97.5])
    return limits[:, 0] if flat else limits


def bootstrap_proportion(n_correct: int, n: int, seed: int = 0, n_bootstrap: int = 2000) -> np.ndarray:
    """95 % CI of a proportion, by resampling samples with replacement.

    Parameters
    ----------
    n_correct, n : int
        Number of correct samples and of all samples, at least 1.
    seed : int
    n_bootstrap : int, default 2000

    Returns
    -------
    ndarray, shape (2,)
        The 2.5th and 97.5th percentile. The number of correct ones among resampled samples is binomial.

    Examples
    --------
    >>> bootstrap_proportion(5, 10).tolist()
    [0.2, 0.8]
    """
    n_resampled = np.random.default_rng(seed).binomial(n, n_correct / n, n_bootstrap)
    return np.percentile(n_resampled / n, [2.5, 97.5])


def bootstrap_confusion(
    confusion: np.ndarray,
    statistic: Callable[[np.ndarray], dict[str, np.ndarray]],
    seed: int = 0,
    n_bootstrap: int = 2000,
) -> dict[str, np.ndarray]:
    """95 % CI of metrics of a confusion matrix.

    Parameters
    ----------
    confusion : ndarray, shape (n_subjects, k, k) or (k, k)
        By subject: subjects are resampled with replacement. A single matrix, where subjects are unknown: samples are
        resampled, and since samples of one subject are dependent, the intervals are too narrow.
    statistic : callable
        From confusion matrices (n_bootstrap, k, k) to named values, each (n_bootstrap,).
    seed : int
    n_bootstrap : int, default 2000

    Returns
    -------
    dict of str to ndarray, shape (2,)
        The 2.5th and 97.5th percentile of each value.

    Notes
    -----
    See `bootstrap_ratio`. Resampling samples is done on the cells of the matrix (a multinomial distribution), whose
    cost does not depend on the number of samples.
    """
    if confusion.ndim == 2:
        n = confusion.sum()
        rng = np.random.default_rng(seed)
        resampled = rng.multinomial(n, confusion.ravel() / max(n, 1), size=n_bootstrap)
        resampled = resampled.reshape(n_bootstrap, *confusion.shape)
    else:
        flat = confusion.reshape(len(confusion), -1)
        parts = [weights @ flat for weights in _resampled_counts(len(flat), n_bootstrap, seed)]
        resampled = np.concatenate(parts).reshape(n_bootstrap, *confusion.shape[1:])
    return {name: np.percentile(values, [2.5, 97.5]) for name, values in statistic(resampled).items()}


def _resampled_counts(n: int, n_bootstrap: int, seed: int) -> Iterator[np.ndarray]:
    """How often each of n units is drawn in each resample, in chunks (m, n) float64."""
    rng = np.random.default_rng(seed)
    chunk = max(1, MAX_RESAMPLED_VALUES // max(n, 1))
    for start in range(0, n_bootstrap, chunk):
        yield rng.multinomial(n, np.full(n, 1 / n), size=min(chunk, n_bootstrap - start)).astype(float)


def mcnemar(only_first: int, only_second: int) -> float:
    """Exact two-sided p-value of McNemar's test (Psychometrika 12, 1947, doi:10.1007/BF02295996).

    Parameters
    ----------
    only_first, only_second : int
        Discordant pairs: samples that only one of two classifiers predicts correctly.

    Returns
    -------
    float
        By the binomial distribution; 1 where the classifiers never disagree.

    Notes
    -----
    The test assumes independent samples. Samples of one subject are dependent, so its p-values are too small: prefer
    `signed_rank`, over subjects.

    Examples
    --------
    >>> round(mcnemar(8, 1), 4)
    0.0391
    """
    n = only_first + only_second
    return float(stats.binomtest(only_first, n, 0.5).pvalue) if n else 1.0


def signed_rank(difference: np.ndarray) -> float:
    """Two-sided p-value of Wilcoxon's signed-rank test (Biometrics Bulletin 1, 1945, doi:10.2307/3001968).

    Parameters
    ----------
    difference : ndarray, shape (n,)
        Paired difference of each subject.

    Returns
    -------
    float
        1 where all differences are zero.

    Notes
    -----
    Zeros are ranked with the others, and half of their ranks goes to each side (J. Pratt, JASA 54, 1959; J. Demsar,
    "Statistical comparisons of classifiers over multiple data sets", JMLR 7, 2006): subjects without a change are
    evidence for no difference. Ties get their mean rank. Up to `MAX_EXACT_PAIRS` subjects the null distribution over
    all signs is computed for these ranks, so that the test is exact with ties and zeros, where
    `scipy.stats.wilcoxon` uses a normal approximation.

    Examples
    --------
    >>> import numpy as np
    >>> signed_rank(np.array([0.1, 0.2, 0.3, 0.4, 0.5]))
    0.0625
    """
    # Accuracies that are equal as fractions may differ in the last bit.
    difference = np.round(np.asarray(difference, float), 12)
    if not difference.any():
        return 1.0
    if len(difference) > MAX_EXACT_PAIRS:
        return float(stats.wilcoxon(difference, zero_method="zsplit").pvalue)
    ranks = np.rint(2 * stats.rankdata(np.abs(difference))).astype(int)[difference != 0]
    positive = ranks[difference[difference != 0] > 0].sum()
    # Probability of each rank sum under random signs; ranks are doubled so that mean ranks are integers.
    probability = np.zeros(ranks.sum() + 1)
    probability[0] = 1.0
    for rank in ranks:
        probability[rank:] += probability[: len(probability) - rank].copy()
        probability /= 2
    return float(min(1.0, 2 * min(probability[: positive + 1].sum(), probability[positive:].sum())))


def holm(p: np.ndarray) -> np.ndarray:
    """P-values corrected by Holm's step-down method (Scandinavian Journal of Statistics 6, 1979).

    Parameters
    ----------
    p : ndarray, shape (m,)

    Returns
    -------
    ndarray, shape (m,)
        Rejecting at 0.05 controls the family-wise error rate of the m tests at 5 %.

    Examples
    --------
    >>> import numpy as np
    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
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
        Higher is better; ties get their mean rank.

    Returns
    -------
    ndarray, shape (k,)
    """
    return stats.rankdata(-np.round(values, 12), axis=1).mean(0)


def friedman(values: np.ndarray) -> float:
    """P-value of Friedman's test that k classifiers have equal ranks (JASA 32, 1937); values (n, k), k at least 3."""
    if (np.ptp(np.round(values, 12), axis=1) == 0).all():
        return 1.0
    return float(stats.friedmanchisquare(*np.round(values, 12).T).pvalue)


def critical_difference(k: int, n: int) -> float:
    """Smallest difference of mean ranks that is significant at 5 %, by Nemenyi's test (J. Demsar, JMLR 7, 2006).

    Parameters
    ----------
    k, n : int
        Number of classifiers and of blocks.

    Returns
    -------
    float
    """
    q = stats.studentized_range.ppf(0.95, k, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(k * (k + 1) / (6 * n)))

"""How statistics.json came about: SciPy's answers, which StatisticsFixtureTests compares with ours.

    python3 statistics.py > statistics.json

Versions used: Python 3.11, NumPy 2.4.6, SciPy 1.17.1.
"""

import json
import sys

import numpy as np
import scipy
from scipy import stats

GROUPS = [
    # Seeds of two nets, as errors in percent.
    ([37.73, 35.00], [74.41, 78.24]),
    ([8.75, 8.61, 8.93], [6.97, 7.10, 6.81]),
    ([6.61, 6.43, 6.80, 6.55, 6.70], [6.37, 6.50, 6.21, 6.44, 6.30]),
    ([6.5, 6.5, 6.9, 6.6], [6.5, 6.7, 6.6, 6.4, 6.55, 6.7, 6.45]),
    ([12.1, 11.8, 12.9, 12.4, 11.9, 12.2, 12.6, 12.3], [12.0, 12.5, 11.7, 12.2, 12.8, 12.1]),
    ([90.0, 90.0, 90.0], [88.1, 89.9, 85.0]),
]


def sum_difference(a, b, axis=-1):
    """Grows with the difference of means; whole numbers, so that no tie is lost to rounding."""
    return b.shape[axis] * np.sum(a, axis=axis) - a.shape[axis] * np.sum(b, axis=axis)


def compare(a, b, margin):
    welch = stats.ttest_ind(a, b, equal_var=False)
    interval = welch.confidence_interval(0.95)

    def one_sided(alternative, shift=0.0):
        return stats.ttest_ind(
            np.asarray(a) - shift, b, equal_var=False, alternative=alternative).pvalue

    def permutation(alternative):
        hundredths = [np.rint(100 * np.asarray(group)) for group in (a, b)]
        return stats.permutation_test(
            hundredths, sum_difference, permutation_type="independent", vectorized=True,
            n_resamples=np.inf, alternative=alternative).pvalue

    return {
        "a": a, "b": b,
        "statistic": welch.statistic, "degreesOfFreedom": welch.df, "twoSided": welch.pvalue,
        "greater": one_sided("greater"), "less": one_sided("less"),
        "low": interval.low, "high": interval.high,
        "permutationTwoSided": permutation("two-sided"),
        "permutationGreater": permutation("greater"), "permutationLess": permutation("less"),
        # Two one-sided tests, put together from Welch's.
        "margin": margin,
        "equivalence": max(one_sided("greater", -margin), one_sided("less", margin)),
    }


def bootstrap(values, resamples, seed):
    result = stats.bootstrap(
        (values,), np.mean, n_resamples=resamples, confidence_level=0.95, method="BCa",
        rng=np.random.default_rng(seed))
    return {
        "values": values, "resampledMeans": result.bootstrap_distribution.tolist(),
        "low": result.confidence_interval.low, "high": result.confidence_interval.high,
    }


def power(a, b, difference, seeds, level):
    free = (seeds - 1) * (a**2 + b**2) ** 2 / (a**4 + b**4)
    error = np.sqrt((a**2 + b**2) / seeds)
    return {
        "deviationA": a, "deviationB": b, "difference": difference, "seeds": seeds, "level": level,
        "power": stats.nct.sf(stats.t.ppf(1 - level, free), free, difference / error),
    }


print(json.dumps({
    "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
    "studentT": [
        {"degreesOfFreedom": free, "t": t, "survival": stats.t.sf(t, free),
         "p": p, "quantile": stats.t.ppf(p, free)}
        for free in (0.7, 1, 2, 3.38, 7, 30, 1e4)
        for t, p in ((-2.5, 0.01), (0.0, 0.3), (0.3, 0.6), (1.96, 0.95), (9.0, 0.975),
                     (60.0, 0.9999))
    ],
    "normal": [{"p": p, "quantile": stats.norm.ppf(p)} for p in (1e-12, 0.025, 0.5, 0.8, 0.9999)],
    "comparisons": [
        compare(a, b, margin) for (a, b), margin in zip(GROUPS, (50.0, 0.5, 0.5, 0.3, 0.5, 4.0))
    ],
    "bootstraps": [
        # Whole numbers: SciPy finds the ties of the bias correction by ==.
        bootstrap([661, 643, 680, 655, 670, 649, 658, 790], 199, 1),
        bootstrap([121, 118, 129, 124, 119, 122, 126, 123, 123, 111, 120], 299, 2),
    ],
    "intervals": [
        {"values": values,
         "low": stats.ttest_1samp(values, 0).confidence_interval(0.95).low,
         "high": stats.ttest_1samp(values, 0).confidence_interval(0.95).high}
        for values in (GROUPS[0][0], GROUPS[1][0], GROUPS[3][1])
    ],
    "mcNemar": [
        {"onlyFirst": few, "onlySecond": many, "p": stats.binomtest(few, few + many).pvalue}
        for few, many in ((0, 1), (3, 11), (20, 20), (410, 530), (0, 40))
    ],
    "power": [
        power(0.16, 0.16, 0.24, 8, 0.05), power(0.16, 0.16, 0.24, 3, 0.05),
        power(1.0, 3.0, 4.0, 2, 0.05), power(2.0, 0.5, 1.78, 40, 0.01),
        power(1.0, 0.0, 0.5, 20, 0.025), power(0.3, 0.3, 5.0, 5, 0.05),
    ],
}, indent=1), file=sys.stdout)

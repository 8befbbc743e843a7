"""Accuracy of a map and area from a sample, by the good practice of Olofsson et al. 2014, also for few hits."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from camps.errors import InputError

_Z95 = NormalDist().inv_cdf(0.975)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class MapAccuracy:
    """Accuracy of a map from a stratified random sample.

    Attributes
    ----------
    overall, overall_se, overall_lo, overall_hi
        Overall accuracy as a share, its standard error and its 95 % interval.
    classes
        A row a class: ``users``, ``producers`` (shares; null where a class was never met) and ``area`` (in the unit of
        the mapped areas; estimated from the sample, not counted on the map), each with ``_se``, the standard error of
        the good practice, and ``_lo`` and ``_hi``, its 95 % interval, which never leaves 0 to 1 or 0 to all the area.
    """

    overall: float
    overall_se: float
    overall_lo: float
    overall_hi: float
    classes: pd.DataFrame


def wilson(hits: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    """Return the bounds of Wilson's 95 % interval of a share: `hits` of `n`.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the American
    Statistical Association 22, 209-212.

    Examples
    --------
    >>> [round(float(bound), 4) for bound in wilson(2, 199)]
    [0.0028, 0.0359]
    """
    count, share = np.asarray(n, dtype=np.float64), np.asarray(hits, dtype=np.float64) / np.asarray(n)
    middle = share + _Z95**2 / (2 * count)
    reach = _Z95 * np.sqrt(share * (1 - share) / count + _Z95**2 / (4 * count**2))
    lo, hi = (middle - reach) / (1 + _Z95**2 / count), (middle + reach) / (1 + _Z95**2 / count)
    return np.where(share == 0, 0.0, lo), np.where(share == 1, 1.0, hi)


def assess(confusion: pd.DataFrame, mapped_area: pd.Series[float]) -> MapAccuracy:
    """Return accuracy and area from sample counts stratified by the classes of a map.

    Estimates and standard errors are those of the good practice. Its intervals, 1.96 standard errors to either side,
    leave the possible where a stratum has few hits; here each stratum has Wilson's, and a sum or a ratio of strata
    takes its bounds from theirs (MOVER), which are Wilson's own where there is one stratum.

    Parameters
    ----------
    confusion
        Sample counts: a row a class of the map, a column a class of the reference, the same classes in both.
    mapped_area
        Area of each class on the map, any one unit, on the same classes.

    Returns
    -------
    MapAccuracy
        On the classes of `confusion`, in its order.

    Raises
    ------
    InputError
        For classes that differ, negative numbers, or a class with fewer than two samples.

    References
    ----------
    Olofsson, P. et al. (2014). Good practices for estimating area and assessing accuracy of land change. Remote Sensing
    of Environment 148, 42-57. The worked example: deforestation 21,158 ha, 1.96 standard errors 6,158 ha, overall
    accuracy 0.94651.
    Zou, G. Y., Huang, W., Zhang, X. (2009). A note on confidence interval estimation for a linear function of binomial
    proportions. Computational Statistics & Data Analysis 53, 1080-1085.
    Newcombe, R. G. (2016). MOVER-R confidence intervals for ratios and products of two independently estimated
    quantities. Statistical Methods in Medical Research 25, 1774-1778.
    """
    classes = list(confusion.index)
    _require_counts(confusion, mapped_area)
    counts = np.asarray(confusion[classes], dtype=np.float64)
    area = np.asarray(mapped_area[classes], dtype=np.float64)
    size, weight = counts.sum(axis=1), area / area.sum()
    share = counts / size[:, None]
    lo, hi = wilson(counts, size[:, None])
    variance = share * (1 - share) / (size[:, None] - 1)
    users, right = np.diag(share), weight * np.diag(share)
    found, found_lo, found_hi = _sum(weight[:, None] * share, weight[:, None] * lo, weight[:, None] * hi)
    producers_lo, producers_hi = _share_of_sum(weight, share, lo, hi)
    with np.errstate(divide="ignore", invalid="ignore"):
        producers = np.asarray(right / found, dtype=np.float64)
    table = pd.DataFrame(
        {
            "users": users, "users_se": np.sqrt(np.diag(variance)), "users_lo": np.diag(lo), "users_hi": np.diag(hi),
            "producers": producers, "producers_se": _producers_se(counts, area, producers),
            "producers_lo": producers_lo, "producers_hi": producers_hi,
            "area": found * area.sum(), "area_se": np.sqrt((weight[:, None] ** 2 * variance).sum(axis=0)) * area.sum(),
            "area_lo": found_lo * area.sum(), "area_hi": found_hi * area.sum(),
        },
        index=pd.Index(classes, name="class"),
    )  # fmt: skip
    overall, overall_lo, overall_hi = (float(one) for one in _sum(right, weight * np.diag(lo), weight * np.diag(hi)))
    overall_se = float(np.sqrt((weight**2 * np.diag(variance)).sum()))
    return MapAccuracy(overall, overall_se, overall_lo, overall_hi, table)


def _sum(parts: Floats, lo: Floats, hi: Floats) -> tuple[Floats, Floats, Floats]:
    """Return a sum of independent estimates down the first axis and its bounds, from the bounds of each."""
    total = parts.sum(axis=0)
    return total, total - np.sqrt(((parts - lo) ** 2).sum(axis=0)), total + np.sqrt(((hi - parts) ** 2).sum(axis=0))


def _share_of_sum(weight: Floats, share: Floats, lo: Floats, hi: Floats) -> tuple[Floats, Floats]:
    """Return the bounds of what the own stratum finds of each class, from the ratio of the others to it."""
    off = weight[:, None] * ~np.eye(len(weight), dtype=bool)
    own, own_lo, own_hi = (weight * np.diag(one) for one in (share, lo, hi))
    rest, rest_lo, rest_hi = _sum(off * share, off * lo, off * hi)
    with np.errstate(divide="ignore", invalid="ignore"):
        product = own * rest
        least, most = own_hi * (2 * own - own_hi), own_lo * (2 * own - own_lo)
        low, high = rest_lo * (2 * rest - rest_lo), rest_hi * (2 * rest - rest_hi)
        ratio_lo = low / (product + np.sqrt(np.maximum(product**2 - least * low, 0)))
        ratio_hi = (product + np.sqrt(np.maximum(product**2 - most * high, 0))) / most
        never = own + rest == 0
        upper = np.where(never, np.nan, 1 / (1 + np.where(rest == 0, 0.0, ratio_lo)))
        return np.where(never, np.nan, np.where(own == 0, 0.0, 1 / (1 + ratio_hi))), upper


def _producers_se(counts: Floats, area: Floats, accuracy: Floats) -> Floats:
    """Return the standard errors of producer's accuracies, equation 7 of the good practice."""
    size = counts.sum(axis=1)
    share = counts / size[:, None]
    own = area**2 * (1 - accuracy) ** 2 * np.diag(share) * (1 - np.diag(share)) / (size - 1)
    others = area[:, None] ** 2 * share * (1 - share) / (size[:, None] - 1)
    rest = accuracy**2 * (others.sum(axis=0) - np.diag(others))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.sqrt(own + rest) / (area[:, None] * share).sum(axis=0))


def _require_counts(confusion: pd.DataFrame, mapped_area: pd.Series[float]) -> None:
    classes = set(confusion.index)
    if classes != set(confusion.columns) or classes != set(mapped_area.index) or len(classes) != len(confusion):
        raise InputError(
            f"accuracy: classes {sorted(map(str, classes))} of the map, {sorted(map(str, confusion.columns))} of the "
            f"reference and {sorted(map(str, mapped_area.index))} with an area, expected the same; add the missing ones"
        )
    if not ((confusion.to_numpy() >= 0).all() and (mapped_area.to_numpy() > 0).all()):
        raise InputError("accuracy: a count below 0 or an area not above 0, expected counts of samples and areas")
    few = [str(name) for name, size in confusion.sum(axis=1).items() if size < 2]
    if few:
        raise InputError(f"accuracy: fewer than two samples in {', '.join(few)}, expected two or more in each class")

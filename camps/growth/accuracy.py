"""Accuracy of a map and area from a sample, by the good practice of Olofsson et al. 2014."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from camps.errors import InputError

#: 97.5 % point of the normal distribution, as the source has it.
Z95 = 1.96


@dataclass(frozen=True)
class MapAccuracy:
    """Accuracy of a map from a stratified random sample.

    Attributes
    ----------
    overall, overall_ci
        Overall accuracy and the half-width of its 95 % interval, as shares.
    classes
        A row a class: ``users``, ``users_ci``, ``producers``, ``producers_ci`` (shares; null where a class was never
        met), ``area``, ``area_ci`` (in the unit of the mapped areas; estimated from the sample, not counted on the
        map). ``_ci`` is the half-width of the 95 % interval.
    """

    overall: float
    overall_ci: float
    classes: pd.DataFrame


def assess(confusion: pd.DataFrame, mapped_area: pd.Series[float]) -> MapAccuracy:
    """Return accuracy and area from sample counts stratified by the classes of a map.

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
    of Environment 148, 42-57. The worked example: deforestation 21,158 ± 6,158 ha, overall accuracy 0.94651.
    """
    classes = list(confusion.index)
    _require_counts(confusion, mapped_area)
    counts = confusion[classes].to_numpy("float64")
    area = mapped_area[classes].to_numpy("float64")
    size, weight = counts.sum(axis=1), area / area.sum()
    share = counts / size[:, None]
    proportion = weight[:, None] * share
    users = np.diag(share)
    error = np.sqrt((weight[:, None] ** 2 * share * (1 - share) / (size[:, None] - 1)).sum(axis=0))
    producers, producers_ci = _producers(counts, area, size)
    table = pd.DataFrame(
        {
            "users": users, "users_ci": Z95 * np.sqrt(users * (1 - users) / (size - 1)),
            "producers": producers, "producers_ci": producers_ci,
            "area": proportion.sum(axis=0) * area.sum(), "area_ci": Z95 * error * area.sum(),
        },
        index=pd.Index(classes, name="class"),
    )  # fmt: skip
    overall_variance = (weight**2 * users * (1 - users) / (size - 1)).sum()
    return MapAccuracy(float(np.trace(proportion)), float(Z95 * np.sqrt(overall_variance)), table)


def _producers(counts: np.ndarray, area: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return producer's accuracies and half-widths, equation 7 of the source."""
    share = counts / size[:, None]
    estimated = (area[:, None] * share).sum(axis=0)
    right = area * np.diag(share)
    with np.errstate(divide="ignore", invalid="ignore"):
        accuracy = right / estimated
        own = area**2 * (1 - accuracy) ** 2 * np.diag(share) * (1 - np.diag(share)) / (size - 1)
        others = area[:, None] ** 2 * share * (1 - share) / (size[:, None] - 1)
        rest = accuracy**2 * (others.sum(axis=0) - np.diag(others))
        return accuracy, Z95 * np.sqrt((own + rest) / estimated**2)


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

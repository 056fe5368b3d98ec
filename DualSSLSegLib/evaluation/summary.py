"""Metrics of many cases as one table: per structure mean, spread, median, worst case, and what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from DualSSLSegLib.evaluation.metrics import STATES, StructureMetrics
from DualSSLSegLib.evaluation.statistics import (
    RESAMPLES,
    Distribution,
    PairedDifference,
    distribution,
    paired_difference,
)

MEASURES = (
    "dice",
    "jaccard",
    "hd95_mm",
    "asd_mm",
    "hd95_voxels",
    "asd_voxels",
    "medpy_hd95_voxels",
    "medpy_asd_voxels",
)
_HIGHER_IS_BETTER = ("dice", "jaccard")
EMPTY_DISTANCES = ("undefined", "diagonal")

Cases = Mapping[str, Mapping[str, StructureMetrics]]  # case -> structure -> metrics (metrics.case_metrics)


@dataclass(frozen=True)
class StructureSummary:
    """One structure over all cases: a distribution per measure and the number of cases per state."""

    measures: dict[str, Distribution]
    states: dict[str, int]  # present, missed, false_alarm, absent

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


@dataclass(frozen=True)
class Summary:
    """All structures, and `mean`: per case the mean over its structures, then over cases."""

    cases: int
    empty_distance: str
    structures: dict[str, StructureSummary]
    mean: dict[str, Distribution]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


@dataclass(frozen=True)
class Comparison:
    """First minus second method, per structure and measure; `mean` compares the case means over structures."""

    structures: dict[str, dict[str, PairedDifference]]
    mean: dict[str, PairedDifference]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)


def summarise(
    cases: Cases, *, empty_distance: str = "undefined", seed: int = 0, resamples: int = RESAMPLES
) -> Summary:
    """Summarise `cases`; `seed` and `resamples` belong to the bootstrap intervals of the means.

    `empty_distance` says what a distance to or from an empty structure counts as: "undefined" leaves it out and
    counts it, "diagonal" puts the diagonal of the volume in its place, so that missing a structure cannot improve a
    mean distance. A structure absent from both is left out either way. Raises ValueError for another word.
    """
    _check_empty_distance(empty_distance)
    names = list(dict.fromkeys(name for scored in cases.values() for name in scored))
    structures = {}
    for name in names:
        scored_cases = {case: scored[name] for case, scored in cases.items() if name in scored}
        structures[name] = StructureSummary(
            measures={
                measure: distribution(
                    {
                        case: measured(one, measure, empty_distance=empty_distance)
                        for case, one in scored_cases.items()
                    },
                    higher_is_better=measure in _HIGHER_IS_BETTER,
                    seed=seed,
                    resamples=resamples,
                )
                for measure in MEASURES
            },
            states={state: sum(one.state == state for one in scored_cases.values()) for state in STATES},
        )
    mean = {
        measure: distribution(
            case_means(cases, measure, empty_distance=empty_distance),
            higher_is_better=measure in _HIGHER_IS_BETTER,
            seed=seed,
            resamples=resamples,
        )
        for measure in MEASURES
    }
    return Summary(cases=len(cases), empty_distance=empty_distance, structures=structures, mean=mean)


def measured(one: StructureMetrics, measure: str, *, empty_distance: str = "undefined") -> float | None:
    """One measure of one structure, with the chosen stand-in for a distance to an empty structure."""
    value: float | None = getattr(one, measure)
    if value is None and empty_distance == "diagonal" and one.state in ("missed", "false_alarm"):
        return one.diagonal_mm if measure.endswith("_mm") else one.diagonal_voxels
    return value


def case_means(cases: Cases, measure: str, *, empty_distance: str = "undefined") -> dict[str, float | None]:
    """Per case the mean of one measure over its structures that define it; None when none does."""
    means: dict[str, float | None] = {}
    for case, scored in cases.items():
        values = [measured(one, measure, empty_distance=empty_distance) for one in scored.values()]
        defined = [value for value in values if value is not None]
        means[case] = sum(defined) / len(defined) if defined else None
    return means


def compare(
    first: Cases,
    second: Cases,
    *,
    empty_distance: str = "undefined",
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Comparison:
    """Per-case differences of two methods, first minus second, over the cases that both have.

    Raises ValueError as summarise does.
    """
    _check_empty_distance(empty_distance)

    def difference(one: dict[str, float | None], other: dict[str, float | None]) -> PairedDifference:
        return paired_difference(one, other, seed=seed, resamples=resamples)

    def one_structure(cases: Cases, name: str, measure: str) -> dict[str, float | None]:
        return {
            case: measured(scored[name], measure, empty_distance=empty_distance)
            for case, scored in cases.items()
            if name in scored
        }

    names = dict.fromkeys(name for scored in (*first.values(), *second.values()) for name in scored)
    return Comparison(
        structures={
            name: {
                measure: difference(one_structure(first, name, measure), one_structure(second, name, measure))
                for measure in MEASURES
            }
            for name in names
        },
        mean={
            measure: difference(
                case_means(first, measure, empty_distance=empty_distance),
                case_means(second, measure, empty_distance=empty_distance),
            )
            for measure in MEASURES
        },
    )


def _check_empty_distance(empty_distance: str) -> None:
    if empty_distance not in EMPTY_DISTANCES:
        raise ValueError(f"empty_distance must be one of {EMPTY_DISTANCES}, not {empty_distance!r}")

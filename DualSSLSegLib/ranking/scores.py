"""The case score: what two (or more) networks' probabilities say about how far their prediction can be trusted.

The measures per case follow the failure-detection literature: pairwise Dice between the networks (Roy et al. 2019;
Zenk et al. 2025), mean entropy over the predicted foreground and its rim (Mehrtash et al. 2020; never over the whole
volume, which would measure the organ's size), and plain outlier flags.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import combinations
from typing import Any

import numpy as np

from DualSSLSegLib.ranking.fused import FusedForeground, label_maps
from DualSSLSegLib.ranking.labelled import LabelledVolumes
from DualSSLSegLib.ranking.quality import fixed_risk
from DualSSLSegLib.ranking.regions import bounding_box, dice_from_table, overlap_table, pieces


@dataclass(frozen=True)
class StructureScore:
    """One structure of one case. None: not defined, because nothing was predicted."""

    name: str
    expected: bool  # at least half of the labelled scans show it (every structure before there are labels)
    found_by: int  # number of networks that predict it
    disagreement: float | None  # 1 - mean pairwise Dice; 1 when an expected structure is found by none
    rim_entropy: float | None  # 0..1, over the structure dilated by 3 voxels
    expected_dice: float | None  # Dice that the mean probability expects of the fused prediction
    volume_mm3: float  # of the fused prediction
    volumes_mm3: tuple[float, ...]  # per network
    volume_ratio: float  # largest |log ratio| between two networks' volumes
    pieces: int
    outside_largest: float  # share of the structure outside its largest piece
    missing: bool  # expected, but not in the fused prediction
    labelled_cases: int
    labelled_with: int
    labelled_range_mm3: tuple[float, float] | None
    size_deviation: float  # how far outside the labelled volumes, in standard deviations of log volume


@dataclass(frozen=True)
class CaseScore:
    """The measures of one case; means are over structures that any network predicts or that are expected."""

    networks: int
    disagreement: float  # s_dice
    rim_entropy: float | None  # s_fgH over the whole predicted foreground; None when nothing was predicted
    expected_dice: float | None
    volume_ratio: float  # s_vol
    outside_largest: float  # s_cc
    size_deviation: float  # largest over structures
    missing: tuple[str, ...]
    risk: float  # estimated 1 - Dice, 0..1, higher = worse (ranking.quality)
    structures: tuple[StructureScore, ...]

    def structure(self, name: str) -> StructureScore:
        """The score of one structure. Raises KeyError when there is none of this name."""
        for one in self.structures:
            if one.name == name:
                return one
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> CaseScore:
        """The inverse of to_dict, also after a round through JSON."""
        known = {field.name: content[field.name] for field in fields(cls)}
        known["missing"] = tuple(known["missing"])
        known["structures"] = tuple(
            StructureScore(
                **{
                    **one,
                    "volumes_mm3": tuple(one["volumes_mm3"]),
                    "labelled_range_mm3": one["labelled_range_mm3"] and tuple(one["labelled_range_mm3"]),
                }
            )
            for one in known["structures"]
        )
        return cls(**known)


def case_score(
    probabilities: np.ndarray,
    spacing_mm: Sequence[float],
    structure_names: Sequence[str],
    labelled: LabelledVolumes | None = None,
) -> CaseScore:
    """Score one case from the probabilities (N networks, K classes, X, Y, Z) of a sliding window.

    Class 0 is background, `structure_names` (K - 1) name the others, `spacing_mm` (3,) is per array axis. `labelled`
    says which structures are expected and how large they are; without it each is expected. Memory maps are read in
    slabs. With a single network there is no disagreement: it is 0, and 1 for a missing structure.

    Raises ValueError when shapes do not fit, RunFailed when a probability is not a number.
    """
    if probabilities.ndim != 5 or probabilities.shape[1] != len(structure_names) + 1:
        raise ValueError(
            f"probabilities must be (N, K, X, Y, Z) with K = {len(structure_names) + 1}, "
            f"not {probabilities.shape}"
        )
    networks, classes = probabilities.shape[:2]
    voxel_mm3 = float(np.prod(np.asarray(spacing_mm, dtype=np.float64)))
    maps, fused = label_maps(probabilities)
    dice = _pairwise_dice(maps, classes)
    box = bounding_box(fused > 0, margin=4)  # one more than the rim, so that the rim never touches the crop
    region = FusedForeground(probabilities, fused, box)
    counts = np.stack([np.bincount(one.ravel(), minlength=classes) for one in maps])
    structures = tuple(
        _structure(index, name, counts[:, index], float(dice[index]), region, voxel_mm3, labelled)
        for index, name in enumerate(structure_names, start=1)
    )
    counted = [one for one in structures if one.disagreement is not None]
    present = [one for one in structures if one.volume_mm3 > 0]
    disagreement = _mean([one.disagreement for one in counted if one.disagreement is not None])
    expected_dice = _mean([one.expected_dice or 0.0 for one in counted]) if present else None
    rim_entropy = region.entropy_around(region.labels > 0) if region.labels is not None else None
    outside_largest = _mean([one.outside_largest for one in present])
    return CaseScore(
        networks=networks,
        disagreement=disagreement,
        rim_entropy=rim_entropy,
        expected_dice=expected_dice,
        volume_ratio=_mean([one.volume_ratio for one in counted]),
        outside_largest=outside_largest,
        size_deviation=max((one.size_deviation for one in structures), default=0.0),
        missing=tuple(one.name for one in structures if one.missing),
        risk=fixed_risk(
            disagreement=disagreement,
            expected_dice=expected_dice,
            rim_entropy=rim_entropy,
            outside_largest=outside_largest,
        ),
        structures=structures,
    )


def _structure(
    index: int,
    name: str,
    counts: np.ndarray,
    dice: float,
    region: FusedForeground,
    voxel_mm3: float,
    labelled: LabelledVolumes | None,
) -> StructureScore:
    mask = np.zeros((0, 0, 0), dtype=bool) if region.labels is None else region.labels == index
    voxels = int(np.count_nonzero(mask))
    expected = labelled is None or labelled.expects(name)
    found_by = int(np.count_nonzero(counts))
    if found_by == 0:
        disagreement = 1.0 if expected else None
    else:
        disagreement = 1.0 - dice if len(counts) > 1 else float(expected and voxels == 0)
    components = pieces(mask)
    ratios = [abs(np.log((one + 1) / (other + 1))) for one, other in combinations(counts, 2)]
    return StructureScore(
        name=name,
        expected=expected,
        found_by=found_by,
        disagreement=disagreement,
        rim_entropy=region.entropy_around(mask) if voxels else None,
        expected_dice=region.expected_dice(index) if voxels else None,
        volume_mm3=voxels * voxel_mm3,
        volumes_mm3=tuple(float(count) * voxel_mm3 for count in counts),
        volume_ratio=float(max(ratios, default=0.0)),
        pieces=components.number,
        outside_largest=components.outside_largest,
        missing=expected and voxels == 0,
        labelled_cases=0 if labelled is None else labelled.cases(name),
        labelled_with=0 if labelled is None else labelled.cases_with(name),
        labelled_range_mm3=None if labelled is None else labelled.range_mm3(name),
        size_deviation=0.0 if labelled is None else labelled.deviation(name, voxels * voxel_mm3),
    )


def _pairwise_dice(maps: np.ndarray, classes: int) -> np.ndarray:
    """(K,) mean over the pairs of networks in which at least one predicts the class; NaN where none does."""
    tables = [dice_from_table(overlap_table(one, other, classes)) for one, other in combinations(maps, 2)]
    if not tables:
        return np.full(classes, np.nan)
    rows = np.stack(tables)
    defined = np.isfinite(rows).sum(axis=0)
    return np.where(defined > 0, np.nansum(rows, axis=0) / np.maximum(defined, 1), np.nan)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0

"""The sentences of the reasons: what was measured, beside what is usual."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from DualSSLSegLib.ranking.diversity import Novelty
from DualSSLSegLib.ranking.regions import RIM_VOXELS
from DualSSLSegLib.ranking.scores import CaseScore, StructureScore


def _missing(one: StructureScore, networks: int, typical: float | None) -> str:
    seen = (
        f"although {one.labelled_with} of {one.labelled_cases} labelled scans show it"
        if one.labelled_cases
        else "although the study expects it"
    )
    if one.found_by == 0:
        found = "neither network draws it" if networks == 2 else f"0 of {networks} networks draw it"
    else:
        drawn = volume_words(max(one.volumes_mm3))[0]
        found = f"{one.found_by} of {networks} networks draw some of it, at most {drawn}"
    return f"No {one.name} was found, {seen}; {found}."


def _one_sided(one: StructureScore, networks: int, typical: float | None) -> str:
    verb = "finds" if one.found_by == 1 else "find"
    largest = volume_words(max(one.volumes_mm3))[0]
    return f"Only {one.found_by} of {networks} networks {verb} {one.name}, with {largest}."


def _disagreement(one: StructureScore, networks: int, typical: float | None) -> str:
    assert one.disagreement is not None
    usual = "" if typical is None else f", typical in this study is {1 - typical:.2f}"
    return f"The networks draw {one.name} differently: their Dice with each other is {1 - one.disagreement:.2f}{usual}."


def _uncertain_rim(one: StructureScore, networks: int, typical: float | None) -> str:
    usual = "" if typical is None else f", typical in this study is {typical:.2f}"
    return (
        f"The rim of {one.name} is uncertain: mean uncertainty {one.rim_entropy:.2f} of 1 in it and up to "
        f"{RIM_VOXELS} voxels around{usual}."
    )


def _volume_ratio(one: StructureScore, networks: int, typical: float | None) -> str:
    small, large = volume_words(min(one.volumes_mm3), max(one.volumes_mm3))
    return (
        f"The networks disagree about the size of {one.name}: {small} against {large}, "
        f"a factor of {np.exp(one.volume_ratio):.1f}."
    )


def _pieces(one: StructureScore, networks: int, typical: float | None) -> str:
    return (
        f"The prediction of {one.name} is in {one.pieces} pieces: "
        f"{100 * one.outside_largest:.0f} % of it lies outside the largest one."
    )


def _size(one: StructureScore, networks: int, typical: float | None) -> str:
    assert one.labelled_range_mm3 is not None
    low, high = one.labelled_range_mm3
    word = "small" if one.volume_mm3 < low else "large"
    predicted, smallest, largest = volume_words(one.volume_mm3, low, high)
    labelled = (
        f"the labelled scan has {smallest}"
        if one.labelled_with == 1
        else f"the {one.labelled_with} labelled scans that show it have {smallest} to {largest}"
    )
    return f"The prediction of {one.name} is unusually {word}: {predicted}, {labelled}."


def unlike_labelled(novelty: Novelty) -> str:
    labelled = "the one labelled scan" if novelty.labelled == 1 else f"all {novelty.labelled} labelled scans"
    return (
        f"This scan is unlike {labelled}: it lies {novelty.distance / novelty.typical:.1f} times as far from the "
        f"nearest one as is typical ({novelty.distance:.2f} against {novelty.typical:.2f})."
    )


def ordinary(score: CaseScore) -> str:
    compared = score.networks > 1 and any(one.disagreement is not None for one in score.structures)
    overlap = f"the networks overlap with Dice {1 - score.disagreement:.2f}" if compared else ""
    entropy = (
        ""
        if score.rim_entropy is None
        else f"mean uncertainty around the prediction is {score.rim_entropy:.2f}"
    )
    measured = " and ".join(part for part in (overlap, entropy) if part)
    return f"No single sign stands out: {measured or 'nothing was predicted, and nothing is expected'}."


def volume_words(*volumes_mm3: float) -> list[str]:
    """Volumes that stand in one sentence, in one unit: ml when the largest is 1 ml or more, else mm³."""
    if max(volumes_mm3) < 1000:
        return [f"{volume:.0f} mm³" for volume in volumes_mm3]
    digits = 0 if min(volumes_mm3) >= 10_000 else 1 if min(volumes_mm3) >= 1000 else 2
    return [f"{volume / 1000:.{digits}f} ml" for volume in volumes_mm3]


SENTENCES: dict[str, Callable[[StructureScore, int, float | None], str]] = {
    "missing": _missing,
    "one_sided": _one_sided,
    "disagreement": _disagreement,
    "uncertain_rim": _uncertain_rim,
    "volume_ratio": _volume_ratio,
    "pieces": _pieces,
    "size": _size,
}

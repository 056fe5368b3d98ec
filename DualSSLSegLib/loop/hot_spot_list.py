"""The uncertain places of a prediction as a list to work through."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.predictions import Prediction


@dataclass(frozen=True)
class ListedHotSpot:
    """One hot spot; `number` is 1 for the largest and stays the same as long as the prediction does.

    `sentence` says all of it, `where` only what a list says that has columns for size and peak.
    """

    number: int
    sentence: str
    where: str
    volume_mm3: float
    peak: float
    structure: str
    centre_ras_mm: tuple[float, float, float]
    seen: bool


def hot_spot_list(controller: Controller, prediction: Prediction) -> list[ListedHotSpot]:
    """The hot spots of a prediction, largest first, with those marked that somebody has seen.

    Raises BadInput when the facts of the prediction are damaged.
    """
    seen = controller.study.review(prediction.case).seen.get(prediction.run.id, ())
    return listed(prediction, prediction.facts(), seen)


def listed(prediction: Prediction, facts: Mapping[str, Any], seen: Collection[int]) -> list[ListedHotSpot]:
    """As `hot_spot_list`, from facts that were read already."""
    try:
        return [_listed(number, spot, number in seen) for number, spot in enumerate(facts["hot_spots"], 1)]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(
            f"what is known of this prediction is damaged ({type(error).__name__}: {error}).",
            hint="Predict again.",
            path=prediction.facts_path,
        ) from error


def _listed(number: int, spot: Mapping[str, Any], seen: bool) -> ListedHotSpot:
    x, y, z = spot["centre_ras_mm"]
    return ListedHotSpot(
        number=number,
        sentence=str(spot["sentence"]),
        where=str(spot.get("where") or spot["sentence"]),  # older predictions have the sentence only
        volume_mm3=float(spot["volume_mm3"]),
        peak=float(spot["peak"]),
        structure=str(spot["structure"]),
        centre_ras_mm=(float(x), float(y), float(z)),
        seen=seen,
    )


def _found(score: Mapping[str, Any]) -> bool:
    """Whether the networks found or missed anything that their overlap could be told of; of old facts nobody knows."""
    structures = score.get("structures")
    return structures is None or any(one.get("disagreement") is not None for one in structures)


def score_words(facts: Mapping[str, Any]) -> str:
    """The score of a predicted case with what it rests on; "" when the facts have none."""
    score = facts.get("score")
    if not isinstance(score, Mapping) or not isinstance(score.get("risk"), int | float):
        return ""
    words = [f"Estimated error {score['risk']:.2f} of 1"]
    basis = []
    if score.get("networks", 0) > 1 and isinstance(score.get("disagreement"), int | float) and _found(score):
        basis.append(f"the two networks overlap with Dice {1 - score['disagreement']:.2f}")
    if isinstance(score.get("rim_entropy"), int | float):
        basis.append(f"mean uncertainty in and around the structures {score['rim_entropy']:.2f} of 1")
    missing = [str(name) for name in score.get("missing") or ()]
    if missing:
        basis.append(f"not found: {', '.join(missing)}")
    if basis:
        words.append(f", from: {'; '.join(basis)}")
    words.append(". It puts cases in order and is no measured error.")
    if not facts.get("calibrated"):
        words.append(" The uncertainty is not calibrated: too few validation scans.")
    return "".join(words)

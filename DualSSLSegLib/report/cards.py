"""The pictures of a report: which cases are shown large, and reading what is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.imaging.read import read_image, read_voxels
from DualSSLSegLib.imaging.resample import as_closest_ras, to_working
from DualSSLSegLib.loop.predictions import Prediction
from DualSSLSegLib.report.case_picture import CaseVolumes, View, best_plane, draw
from DualSSLSegLib.report.history import TrainedRound
from DualSSLSegLib.report.model import CaseCard
from DualSSLSegLib.report.scoring import RISK_NAME, Evaluation
from DualSSLSegLib.report.slices import PLANES, Plane
from DualSSLSegLib.study.folder import StudyFolder

LARGE, MOST = 6, 200
_HOT_SPOTS_TOLD = 2
_ROLES = {
    "unlabelled": "trained on without label",
    "accepted": "accepted, trained on without label",
    "validation": "kept out of training (validation)",
    "predict": "kept out of training",
    "seen": "trained an earlier round without label",
    "taught": "trained an earlier round with its label",
}

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Picturing:
    """All that is needed to draw the cases of a round: the study, the predictions, and references where there are."""

    study: StudyFolder
    item: TrainedRound
    predictions: Mapping[str, Prediction]
    evaluation: Evaluation | None
    reasons: Mapping[str, str]

    def cards(
        self, large: Sequence[str], small: Sequence[str], progress: Progress | None
    ) -> tuple[tuple[CaseCard, ...], tuple[CaseCard, ...], list[str]]:
        """Cards in three planes, cards in one plane, and what could not be drawn (in words)."""
        done: dict[str, CaseCard] = {}
        problems: list[str] = []
        plane: Plane | None = None  # all small cards show the one that suits the first case, to be compared
        for index, case in enumerate([*large, *small]):
            try:
                volumes = self._volumes(case)
                plane = plane or best_plane(volumes)
                views = draw(volumes, f"c{index}", PLANES if case in large else (plane,))
                done[case] = self._card(case, views)
            except BadInput as error:
                problems.append(f"{case} is not shown: {error}")
            if progress is not None:
                progress(index + 1, len(large) + len(small))
        return (
            tuple(done[case] for case in large if case in done),
            tuple(done[case] for case in small if case in done),
            problems,
        )

    def _card(self, case: str, views: Sequence[View]) -> CaseCard:
        facts = self.predictions[case].facts()
        remarks = [spot["sentence"] for spot in facts["hot_spots"][:_HOT_SPOTS_TOLD]]
        if case in self.reasons:
            remarks.insert(0, self.reasons[case])
        role = _ROLES.get(self.item.cases.get(case, ""), "")
        return CaseCard(case, role, tuple(views), self._numbers(case, facts["score"]["risk"]), tuple(remarks))

    def _numbers(self, case: str, risk: float) -> tuple[tuple[str, str], ...]:
        numbers = [(RISK_NAME, f"{risk:.2f}")]
        if self.evaluation is not None and case in self.evaluation.cases:
            dice = self.evaluation.dice(case)
            measured = [
                (f"Dice {name}", "–" if value is None else f"{value:.3f}") for name, value in dice.items()
            ]
            numbers = measured + numbers
        return tuple(numbers)

    def _volumes(self, case: str) -> CaseVolumes:
        """Read everything of a case and turn its axes to right, front, head; no voxel is interpolated."""
        found, prediction = self.study.case(case), self.predictions[case]
        volume = read_image(found.paths[:1], case)
        spacing = as_closest_ras(volume.grid).spacing_mm
        structures = self.study.structures

        def turned(array: np.ndarray, *, label: bool) -> np.ndarray:
            return to_working(array, volume.grid, spacing, label=label)[0]

        def label_of(path: Path) -> np.ndarray:
            return turned(read_label(path, volume.grid, structures), label=True)

        uncertainty, _ = read_voxels(prediction.uncertainty)
        reference = None
        if self.evaluation is not None and case in self.evaluation.references:
            reference = label_of(self.evaluation.references[case])
        return CaseVolumes(
            image=turned(volume.array[0], label=False),
            spacing_mm=spacing,
            prediction=label_of(prediction.label),
            reference=reference,
            uncertainty=turned(np.asarray(uncertainty, np.float32), label=False),
        )


def choose(
    predictions: Mapping[str, Prediction], risks: Mapping[str, float], evaluation: Evaluation | None
) -> tuple[list[str], list[str]]:
    """Cases to show large (the worst, the middle and the best) and small (the others, worst first, 200 at most).

    Worst is by true Dice where there are references, else by estimated error.
    """

    def badness(case: str) -> float:
        if evaluation is not None and case in evaluation.cases:
            true = evaluation.mean_dice(case)
            if true is not None:
                return 1.0 - true
        return risks.get(case, 0.0)

    order = sorted(predictions, key=lambda case: (-badness(case), case))
    if evaluation is not None:
        order.sort(key=lambda case: case not in evaluation.cases)
    measured = [case for case in order if evaluation is None or case in evaluation.cases]
    if len(measured) <= LARGE:
        large = measured
    else:
        last = len(measured) - 1
        places = dict.fromkeys((0, 1, 2, last // 2, 3 * last // 4, last))
        large = [measured[place] for place in places]
    small = [case for case in order if case not in large]
    return large, small[: MOST - len(large)]


def thumbnails(cards: Sequence[CaseCard]) -> dict[str, View]:
    """One view per case, for lists: the first that shows uncertainty."""
    return {card.case: card.views[0] for card in cards if card.views}

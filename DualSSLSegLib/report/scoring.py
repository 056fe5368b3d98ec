"""What evaluations of a study's predictions say: accuracy per structure and round, and uncertainty against error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from DualSSLSegLib.atomic import read_json
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.usage import HELD_BACK, WITHOUT_LABEL
from DualSSLSegLib.report.charts import Dot
from DualSSLSegLib.report.history import SEEN, TrainedRound
from DualSSLSegLib.report.model import Accuracy, Spread, StructureScore, UncertaintyCheck
from DualSSLSegLib.report.words import count, signed

UNLABELLED = (*WITHOUT_LABEL, SEEN)
RISK_NAME = "estimated error"


@dataclass(frozen=True)
class Evaluation:
    """evaluation.json of one run's predictions, and the reference file of every case."""

    content: Mapping[str, Any]
    references: Mapping[str, Path]

    @property
    def cases(self) -> Mapping[str, Any]:
        return self.content["cases"]

    @property
    def structures(self) -> dict[int, str]:
        """Names of the structures by label value, as they were when this was measured."""
        return {row["value"]: row["name"] for row in self.content["structures"]}

    def dice(self, case: str) -> dict[str, float | None]:
        """Dice per structure; None where it is undefined."""
        return {name: one["dice"] for name, one in self.cases[case]["structures"].items()}

    def mean_dice(self, case: str) -> float | None:
        """Mean Dice over the structures that define it."""
        return Spread.of(list(self.dice(case).values())).mean


def newest_evaluations(runs: Sequence[RunFolder]) -> dict[str, Evaluation]:
    """The newest finished evaluation of every run's predictions, by that run's id; `runs` oldest first."""
    found = {}
    for run in runs:
        if run.spec()["kind"] == "evaluate" and run.evaluation_path.is_file():
            content = read_json(run.evaluation_path)
            references = {row["id"]: Path(row["reference"]) for row in run.inputs()["cases"]}
            found[str(content["of_run"])] = Evaluation(content, references)
    return found


def accuracy(rounds: Sequence[TrainedRound], evaluations: Mapping[str, Evaluation]) -> tuple[Accuracy, ...]:
    """Groups of cases with references that no round trained on with a label, each scored after every round.

    The same cases count in every round, so that the rows can be compared. A structure is the same one where its label
    value is the same: it has the name that the newest round gives it.
    """
    measured = [(item, evaluations[item.run.id]) for item in rounds if item.run.id in evaluations]
    if not measured:
        return ()
    common = set.intersection(*(set(evaluation.cases) for _, evaluation in measured))
    newest = measured[-1][0]
    names = {value: name for _, evaluation in measured for value, name in evaluation.structures.items()}
    transductive = any(item.transductive for item, _ in measured)
    groups = (
        (
            HELD_BACK,
            "kept out of training",
            "Their images were used in training without their labels (transductive)."
            if transductive
            else "The networks learned from neither their images nor their labels.",
        ),
        (
            UNLABELLED,
            "trained on without their label",
            "The networks have seen these images, but no label of them.",
        ),
    )
    found = []
    for roles, name, explanation in groups:
        cases = [case for case in newest.with_role(*HELD_BACK, *UNLABELLED) if case in common]
        # Kept out means out of every round that is shown, not of the newest alone.
        cases = [case for case in cases if _kept_out(case, measured) == (roles == HELD_BACK)]
        if cases:
            rows = tuple((item.name, _scores(evaluation, cases, names)) for item, evaluation in measured)
            found.append(Accuracy(f"{count(len(cases), 'scan')} {name}", explanation, rows))
    return tuple(found)


def _kept_out(case: str, measured: Sequence[tuple[TrainedRound, Evaluation]]) -> bool:
    return all(item.cases.get(case) in HELD_BACK for item, _ in measured)


def mean_dice(part: Accuracy) -> list[float | None]:
    """Mean Dice after every round of a group, of the means of the structures that all of its rounds know.

    None for a round that defines none of them.
    """
    common = set.intersection(*({score.structure for score in scores} for _, scores in part.rounds))
    return [
        Spread.of([score.dice.mean for score in scores if score.structure in common]).mean
        for _, scores in part.rounds
    ]


def uncertainty_check(item: TrainedRound, evaluation: Evaluation) -> UncertaintyCheck | None:
    """Estimated error against true Dice of every evaluated case of a round; None when no case has both."""
    groups = ("trained on without label", "kept out of training")
    dots = []
    for case, row in evaluation.cases.items():
        true = evaluation.mean_dice(case)
        if row["risk"] is None or true is None:
            continue
        group = 1 if item.cases.get(case) in HELD_BACK else 0
        text = f"{case}: {RISK_NAME} {row['risk']:.2f}, Dice {true:.3f}"
        dots.append(Dot(row["risk"], true, text, group))
    if not dots:
        return None
    sentences = [sentence for sentence in (correlation(evaluation), captured(evaluation)) if sentence]
    return UncertaintyCheck(tuple(dots), groups, f"{RISK_NAME}, from the networks alone", tuple(sentences))


def correlation(evaluation: Evaluation) -> str:
    """The correlation of estimated error and true Dice in words; "" when there is none."""
    detection = evaluation.content["failure_detection"]
    found = detection and detection["pearson"]
    if not found or found["coefficient"] is None:
        return ""
    return (
        f"Correlation of the {RISK_NAME} with the true Dice: r = {signed(found['coefficient'])}"
        f"{interval(found['interval'])}, {count(found['n'], 'scan')}. A perfect score would reach −1."
    )


def captured(evaluation: Evaluation) -> str:
    """How much of the error the most uncertain voxels hold, in words; "" when there is no error."""
    found = evaluation.content["capture"]
    if not found or found["pooled"] is None:
        return ""
    bounds = found["interval"]
    between = f" (95 % interval {100 * bounds[0]:.0f} to {100 * bounds[1]:.0f} %)" if bounds else ""
    return (
        f"{100 * found['pooled']:.0f} %{between} of all wrong voxels lie in the most uncertain quarter of the rim, "
        "the predicted structure and 3 voxels around it. By chance it would be at most 25 %."
    )


def interval(bounds: Sequence[float] | None) -> str:
    """An interval in brackets; "" without one."""
    return "" if bounds is None else f" (95 % interval {signed(bounds[0])} to {signed(bounds[1])})"


def _scores(
    evaluation: Evaluation, cases: Sequence[str], names: Mapping[int, str]
) -> tuple[StructureScore, ...]:
    scores = []
    for value, measured_as in evaluation.structures.items():
        rows = [evaluation.cases[case]["structures"][measured_as] for case in cases]
        dice = [row["dice"] for row in rows]
        scores.append(
            StructureScore(
                structure=names[value],
                dice=Spread.of(dice),
                hd95_mm=Spread.of([row["hd95_mm"] for row in rows]),
                asd_mm=Spread.of([row["asd_mm"] for row in rows]),
                missed=sum(row["state"] == "missed" for row in rows),
                false_alarms=sum(row["state"] == "false_alarm" for row in rows),
                dice_per_case=tuple(value for value in dice if value is not None),
            )
        )
    return tuple(scores)

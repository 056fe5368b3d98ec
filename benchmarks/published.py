"""Published results on the left atrium (LASC 2018) beside ours, each with what it was measured by.

Numbers are as printed: Dice and Jaccard in percent, 95HD and ASD in voxels, on the 20 test cases of the usual split of
100, trained on the other 80. `recalled` numbers were not found again in a source that could be read: check them before
quoting. A point is "last" (after the last step) or "best" (the checkpoint that did best on the test cases themselves,
which is no honest choice); where both were published, best is 0.3 to 0.6 Dice higher.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import cells
from benchmarks.accuracy_results import Result, seed_means
from benchmarks.arms import FULL

SET = "la"
TRAINING_CASES = 80  # of the published split; those without a label go unlabelled
UNKNOWN = "not said"


@dataclass(frozen=True)
class Published:
    """One row of a published table; None where it has no number. `recalled` names unverified fields."""

    labels: int
    method: str
    dice: float
    jaccard: float | None = None
    hd95: float | None = None
    asd: float | None = None
    point: str = UNKNOWN
    source: str = ""
    recalled: tuple[str, ...] = ()

    @property
    def protocol(self) -> str:
        """What it was trained and measured on."""
        used = f"{TRAINING_CASES - self.labels} unlabelled, " if "V-Net" not in self.method else ""
        return f"{self.labels} train, {used}20 test cases, no validation"


_TRACOCO = "results page of TraCoCo"
_FBANET = "readme of FBA-Net"
_C3S3 = "readme of C3S3"
_DUALFETE = "summary of DualFete"
_BCSI = "summary of BCSI"
_ADMT = "test log of the authors"
_MEMORY = "recalled, not verified"
_ALL = ("dice", "jaccard", "hd95", "asd")
_BEST = "best on test"
_CODE = "best on test, as the code selects"

PUBLISHED = (
    Published(80, "V-Net, all labels", 91.62, 84.60, 5.40, 1.64, UNKNOWN, _FBANET),
    Published(80, "V-Net, all labels", 91.47, 84.36, 5.48, 1.51, UNKNOWN, _MEMORY, _ALL),
    Published(4, "V-Net, labels only", 52.55, source=_DUALFETE),
    Published(4, "BCP", 88.02, 78.72, 7.90, 2.15, _BEST, _DUALFETE, ("jaccard", "hd95", "asd")),
    Published(4, "AD-MT", 89.63, 81.28, 6.56, 1.75, _BEST, _ADMT),
    Published(4, "AD-MT", 89.29, point="last", source=_ADMT),
    Published(4, "DualFete", 90.35, source=_DUALFETE),
    Published(8, "V-Net, labels only", 82.74, hd95=13.35, source=f"{_DUALFETE}, {_BCSI}"),
    Published(8, "V-Net, labels only", 78.57, 66.96, 21.2, 6.07, UNKNOWN, _FBANET),
    Published(8, "UA-MT", 84.25, 73.48, 13.84, 3.36, "last", _TRACOCO),
    Published(8, "UA-MT", 86.28, source=_DUALFETE),
    Published(8, "SASSNet", 87.32, 77.72, 9.62, 2.55, "last", _TRACOCO),
    Published(8, "DTC", 87.51, 78.17, 8.23, 2.36, "last", _TRACOCO),
    Published(8, "MC-Net", 87.71, 78.31, 9.36, 2.18, "last", _TRACOCO),
    Published(8, "MC-Net+", 88.39, 79.10, 8.11, 1.99, UNKNOWN, _FBANET),
    Published(8, "TraCoCo", 89.29, 80.82, 6.92, 2.28, "last", _TRACOCO),
    Published(8, "TraCoCo", 89.86, 81.70, 6.81, 2.01, _BEST, _TRACOCO),
    Published(
        8, "BCP", 89.62, 81.31, 6.81, 1.76, f"{_BEST}, largest component", f"{_DUALFETE}, {_BCSI}",
        ("jaccard", "asd"),
    ),
    Published(8, "two networks, arXiv 2509.13084", 89.95, source="abstract; the released code saves the last"),
    Published(8, "UnCo", 90.37, hd95=6.11, source=_BCSI),
    Published(8, "AD-MT", 90.58, 82.86, 6.46, 1.58, _BEST, _ADMT),
    Published(8, "AD-MT", 90.11, point="last", source=_ADMT),
    Published(8, "BCSI", 91.07, hd95=5.57, source=_BCSI),
    Published(8, "DualFete", 91.28, source=_DUALFETE),
    Published(8, "SDCL", 92.35, 85.83, 4.22, 1.44, _CODE, _MEMORY, _ALL),
    Published(16, "V-Net, labels only", 86.96, 77.31, 11.85, 3.22, UNKNOWN, _FBANET),
    Published(16, "MCF", 88.02, 79.51, 6.68, 2.02, UNKNOWN, _C3S3),
    Published(16, "MCF", 88.71, 80.41, 6.32, 1.90, UNKNOWN, _MEMORY, _ALL),
    Published(16, "MC-Net+", 91.09, 83.70, 5.77, 1.71, UNKNOWN, _FBANET),
    Published(16, "CAML", 90.78, 83.19, 6.11, 1.68, UNKNOWN, _C3S3),
    Published(16, "TraCoCo", 90.94, 83.47, 5.49, 1.79, "last", _TRACOCO),
    Published(16, "TraCoCo", 91.51, 84.40, 5.63, 1.79, _BEST, _TRACOCO),
    Published(16, "C3S3", 91.24, 84.01, 5.14, 1.57, UNKNOWN, _C3S3),
    Published(16, "BCP", 91.26, hd95=6.68, source=f"{_DUALFETE}, {_BCSI}"),
    Published(16, "BCP", 90.38, source=_BCSI),
    Published(16, "BCSI", 91.84, hd95=5.06, source=_BCSI),
    Published(16, "DualFete", 91.91, source=_DUALFETE),
)  # fmt: skip

HEADER = (
    "labels", "method", "Dice %", "Jaccard %", "95HD voxels", "ASD voxels", "point", "seeds", "protocol", "source",
)  # fmt: skip


def beside_published(results: Sequence[Result]) -> str:
    """Markdown: our left-atrium runs on a GPU and the published rows, by number of labels.

    A setting without a run on a GPU says "Not measured": training on a processor is too short to stand here.
    """
    rows = []
    for labels in dict.fromkeys((4, 8, 16, TRAINING_CASES)):
        rows += [_published(row) for row in PUBLISHED if row.labels == labels]
        rows += _ours(results, labels)
    return (
        "## Left atrium, beside published results\n\n"
        "The published rows are measured on 20 test cases that this project does not have, ours on 16 of the 80 "
        "training cases, held back; the rows are therefore side by side, not in one competition. On 20 cases the mean "
        "Dice has a standard error of 0.4 to 0.6. `?` marks recalled numbers that were not verified. Best on test is "
        "printed for comparison only: it is the highest of many looks at the test cases.\n\n"
    ) + cells.table(HEADER, rows)


def _published(row: Published) -> list[str]:
    def cell(name: str) -> str:
        text = cells.number(getattr(row, name), 2)
        return f"{text}?" if name in row.recalled else text

    return [
        str(row.labels), row.method, *(cell(name) for name in _ALL), row.point, cells.NOTHING, row.protocol, row.source,
    ]  # fmt: skip


def _ours(results: Sequence[Result], labels: int) -> list[list[str]]:
    """Our rows of a setting; where the papers use all 80 labels, ours is supervision with all but the held back 16."""
    there: dict[tuple[str, str], list[Result]] = {}
    for run in results:
        fits = run["method"] == FULL if labels == TRAINING_CASES else run["labels"] == labels
        if run["set"] == SET and fits and _on_gpu(run):
            there.setdefault((run["method"], run["budget_text"]), []).append(run)
    if not there:
        blank = [cells.NOTHING] * 3
        return [
            [str(labels), "**ours**", cells.NOT_MEASURED, *blank, cells.NOTHING, cells.NOTHING, "no run on a GPU", ""]
        ]  # fmt: skip
    return [
        [
            str(runs[0]["labels"]),
            f"**ours, {method}**",
            *(_mean(runs, "dice", 100), _mean(runs, "jaccard", 100)),
            *(_mean(runs, "medpy_hd95_voxels"), _mean(runs, "medpy_asd_voxels")),
            "last",
            cells.seeds(len(runs)),
            f"{runs[0].get('trained', cells.NOTHING)} train, {runs[0].get('validated', cells.NOTHING)} validate, "
            f"{runs[0].get('unlabelled', cells.NOTHING)} unlabelled, {len(runs[0]['cases'])} cases of "
            f"{runs[0].get('measured_on', cells.NOTHING)}, {budget}",
            "this table",
        ]
        for (method, budget), runs in there.items()
    ]


def _mean(runs: Sequence[Result], measure: str, factor: float = 1.0) -> str:
    return cells.mean_and_spread(list(seed_means(runs, measure).values()), 2, factor)


def _on_gpu(run: Result) -> bool:
    return (run["training"].get("device") or {}).get("device") == "cuda"

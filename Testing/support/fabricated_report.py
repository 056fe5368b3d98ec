"""A complete report over generated scans with made-up predictions, for looking at and for testing the page."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from DualSSLSegLib.demo.phantom import make_case
from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.imaging.resample import as_closest_ras, to_working
from DualSSLSegLib.report.case_picture import CaseVolumes, best_plane, draw
from DualSSLSegLib.report.charts import Dot, Series
from DualSSLSegLib.report.model import (
    Accuracy,
    CaseCard,
    Curves,
    Headline,
    QueueEntry,
    Report,
    Round,
    Spread,
    StructureScore,
    UncertaintyCheck,
)

STRUCTURES = ("anterior part", "posterior part")


def fabricated_volumes(seed: int, *, reference: bool = True, strength: float = 1.0) -> CaseVolumes:
    """A generated scan; its prediction is the reference bent by `strength`, uncertain where the bending
    bites.
    """
    case = make_case(seed)
    grid = Grid(case.image.shape, case.affine)
    spacing = as_closest_ras(grid).spacing_mm
    image, _ = to_working(case.image.astype(np.float32), grid, spacing, label=False)
    label, _ = to_working(case.label, grid, spacing, label=True)
    rng = np.random.default_rng(seed)
    bend = [ndimage.gaussian_filter(rng.standard_normal(label.shape), 4.0) for _ in range(3)]
    places = [
        axis + strength * field / field.std()
        for axis, field in zip(np.indices(label.shape), bend, strict=True)
    ]
    soft = np.stack(
        [
            ndimage.map_coordinates(
                ndimage.gaussian_filter((label == value).astype(float), 0.8), places, order=1
            )
            for value in range(3)
        ]
    )
    soft[0] += soft.sum(axis=0) == 0
    prediction = np.argmax(soft, axis=0).astype(np.uint8)
    top, second = np.sort(soft, axis=0)[[-1, -2]]
    uncertainty = np.clip(1.1 - 1.5 * (top - second), 0, 1).astype(np.float32)
    return CaseVolumes(image, spacing, prediction, label if reference else None, uncertainty)


def fabricated_report(*, reference: bool = True) -> Report:
    """The report of a study with two rounds; without `reference` as for a user who has none."""
    rng = np.random.default_rng(1)
    names = [f"hippocampus_{number:03d}" for number in rng.choice(300, 40, replace=False)]
    cards, gallery = [], []
    for index, name in enumerate(names[:6]):
        volumes = fabricated_volumes(index, reference=reference, strength=0.6 + 0.4 * (index % 3))
        planes = None if index < 3 else (best_plane(volumes),)
        views = draw(volumes, f"c{index}") if planes is None else draw(volumes, f"c{index}", planes)
        dice = (("anterior", "0.871"), ("posterior", "0.842")) if reference else ()
        card = CaseCard(
            name,
            "kept out of training" if index % 2 else "unlabelled, used in training",
            tuple(views),
            (*dice, ("review score", f"{0.5 - 0.03 * index:.2f}")),
            ("Largest uncertain region: 182 mm³ at the anterior end of the posterior part.",),
        )
        (cards if planes is None else gallery).append(card)
    return Report(
        data="Data: real scans, 166 MR scans of MSD Task04 Hippocampus (fabricated example).",
        generated=False,
        title="Hippocampus, two rounds of annotation",
        summary="4 scans were labelled, 162 were not. Two networks learned from both; two more labels followed.",
        headlines=(
            Headline("0.861 → 0.868", "mean Dice, 40 unseen scans", "round 1 → round 2")
            if reference
            else Headline("160", "scans with a prediction", "all unlabelled ones"),
            Headline("6 of 166", "scans labelled", "4 at the start, 2 suggested"),
            Headline("r = −0.72", "case score against true Dice", "95 % interval −0.80 to −0.61"),
            Headline("64 %", "of the wrong voxels", "lie in the most uncertain quarter of the rim"),
            Headline("9 min 40 s", "from nothing to this page", "2 CPU cores, 1.3 GB of memory"),
        ),
        statements=(
            "The 122 unlabelled scans were used in training without their labels (transductive); 40 were kept out.",
            "Uncertainty is not calibrated (T = 1): 6 labelled cases are too few, calibration starts at 8.",
        ),
        queue=tuple(
            QueueEntry(
                place + 1,
                card.case,
                0.61 - 0.05 * place,
                "The two networks disagree about the posterior part (Dice between them 0.58, usually 0.86).",
                card.views[0],
            )
            for place, card in enumerate(cards)
        ),
        shadow="A random choice among the scans with foreground would have been: hippocampus_003, hippocampus_101.",
        cards=tuple(cards),
        gallery=tuple(gallery),
        accuracy=_accuracy(rng) if reference else (),
        uncertainty=_uncertainty(rng, names) if reference else None,
        rounds=tuple(_round(rng, number) for number in (1, 2)),
        facts=(
            ("Command", "dualsslseg demo --folder demo"),
            ("Device", "cpu, 2 cores"),
            ("Versions", "dualsslseg 0.1.0, torch 2.13.0, numpy 2.4.6, Python 3.11.7"),
            ("Study", "demo/study"),
        ),
        warnings=("3 scans have origin 0.",),
    )


def _accuracy(rng: np.random.Generator) -> tuple[Accuracy, ...]:
    rounds = []
    for number in (1, 2):
        scores = []
        for index, structure in enumerate(STRUCTURES):
            dice = np.clip(rng.normal(0.85 + 0.01 * number - 0.02 * index, 0.04, 40), 0, 0.95).tolist()
            hd95, asd = rng.normal(1.9, 0.6, 40).tolist(), rng.normal(0.6, 0.1, 40).tolist()
            scores.append(
                StructureScore(
                    structure, Spread.of(dice), Spread.of(hd95), Spread.of(asd), index, 0, tuple(dice)
                )
            )
        rounds.append((f"Round {number}", tuple(scores)))
    return (
        Accuracy("40 scans kept out of training", "Seen by the networks for the first time.", tuple(rounds)),
    )


def _uncertainty(rng: np.random.Generator, names: list[str]) -> UncertaintyCheck:
    scores = rng.gamma(3.0, 0.05, len(names))
    dice = np.clip(0.93 - 0.4 * scores + rng.normal(0, 0.02, len(names)), 0, 1)
    dots = tuple(
        Dot(float(x), float(y), f"{name}: Dice {y:.2f}", index % 2)
        for index, (name, x, y) in enumerate(zip(names, scores, dice, strict=True))
    )
    return UncertaintyCheck(
        dots,
        ("used unlabelled", "kept out"),
        "review score (disagreement of the networks)",
        (
            "Correlation of the score with the true Dice: r = −0.72 (95 % interval −0.80 to −0.61, 40 scans).",
            "64 % of all wrong voxels lie in the most uncertain quarter of the rim (36 to 71 % by scan).",
        ),
    )


def _round(rng: np.random.Generator, number: int) -> Round:
    steps = np.arange(0, 420, 3)
    noise = rng.normal(0, 0.02, (4, len(steps)))
    loss = 0.9 * np.exp(-steps / 90) + 0.12
    terms = tuple(
        Series(name, steps.tolist(), (share * loss + noise[index] * share).tolist())
        for index, (name, share) in enumerate(
            (("labelled A", 1.0), ("labelled B", 0.9), ("pseudo-label", 0.4))
        )
    )
    agreement = 1 - 0.6 * np.exp(-steps / 70) - 0.12 + noise[3]
    return Round(
        f"Round {number}",
        (("Method", "Two networks, labelled and unlabelled scans"), ("Steps", "420 in 3 min 30 s")),
        (
            Curves("Loss terms", "loss", terms),
            Curves(
                "Agreement of the two networks on unlabelled scans",
                "Dice between them",
                (Series("agreement", steps.tolist(), agreement.tolist()),),
            ),
        ),
        ("No scan was held back for validation (fewer than 8 labelled), so there is no Dice curve.",),
    )

"""Options of the dual-network method. Torch-free. Each disputed choice of the literature is one option."""

from __future__ import annotations

from dataclasses import dataclass

from DualSSLSegLib.methods.options import check, optimiser_option, option, residual_network_option


@dataclass(frozen=True)
class DualOptions:
    """Weights and choices of the terms; the names follow the loss terms of `methods/dual.py`."""

    rectification_weight: float = option(
        0.05, "weight of the loss where the networks disagree on labels", low=0.0, high=10.0
    )
    rectification_confidence: float = option(
        0.6,
        "a network counts there only when it is at least this sure",
        low=0.0,
        high=1.0,
        unit="probability",
    )
    unlabelled_weight: float = option(
        1.0, "common weight of all terms on unlabelled scans", low=0.0, high=10.0, advanced=False
    )
    filtered_weight: float = option(1.0, "weight of entropy-filtered pseudo-labels", low=0.0, high=10.0)
    filtered_form: str = option(
        "ce_dice",
        "loss of the filtered pseudo-labels: cross-entropy (as released), or with soft Dice",
        choices=("ce", "ce_dice"),
    )
    cross_weight: float = option(
        0.5, "weight of cross pseudo-supervision with KL weights", low=0.0, high=10.0
    )
    cosine_weight: float = option(
        1.0, "weight of the cosine consistency between the networks", low=0.0, high=10.0
    )
    contrast_weight: float = option(0.1, "weight of the prototype contrast", low=0.0, high=10.0)
    # On development cases of the left atrium half of the crops cost 0.009 Dice in 200 steps (one seed,
    # benchmarks/results/published_resvnet/development.md).
    borrowed_looks: float = option(
        0.0,
        "share of labelled crops that take the intensities of an unlabelled scan before other changes",
        low=0.0,
        high=1.0,
        unit="share of crops",
    )
    # With one label, five minutes and five seeds crop by crop (joined later, at weight 0.3) was no better than labels
    # alone; whole scans are (benchmarks/results/accuracy.md).
    teacher: str = option(
        "scans",
        "who makes the pseudo-labels: the networks themselves (as released) or their moving averages, crop by crop, or "
        "these averages once, for whole scans",
        choices=("live", "ema", "scans"),
    )
    own_labels_share: float = option(
        0.5,
        "share of the steps on whole scans with pseudo-labels, once there are such",
        low=0.0,
        high=1.0,
        unit="share of steps",
    )
    own_labels_time: float = option(
        0.06,
        "share of the training's time in which whole scans get pseudo-labels, as many as fit",
        low=0.0,
        high=0.5,
        unit="share of the time",
    )
    views: str = option(
        "two",
        "both networks see the same crop (as released) or two differently changed ones",
        choices=("same", "two"),
    )
    fuse: str = option(
        "mean",
        "where the networks disagree: the surer one decides, their mean does, or foreground wins (as released)",
        choices=("confident", "mean", "union_foreground"),
    )
    # Within each structure, 0.8 leaves out a thick shell of background and lets structures grow into it:
    # 0.82 fell to 0.78 Dice in 200 steps with one label.
    keep: float = option(
        0.97,
        "share of voxels, those of lowest entropy, whose pseudo-label is used (0.2 as released)",
        low=0.01,
        high=1.0,
    )
    keep_final: float = option(1.0, "that share at the end of the run", low=0.01, high=1.0)
    keep_per_class: bool = option(
        False, "keep that share within every predicted structure, not over all voxels"
    )
    cross: str = option(
        "symmetric",
        "who teaches whom: each network the other, the better one the worse, or always the V-Net (as released)",
        choices=("symmetric", "winner", "vnet_teaches"),
    )
    cross_target: str = option(
        "soft", "teach with probabilities or with the hard label (as released)", choices=("soft", "hard")
    )
    cross_temperature: float = option(1.0, "temperature of soft targets", low=0.05, high=5.0)
    cross_region: str = option(
        "unlabelled",
        "where the networks teach each other: unlabelled scans or all (as released)",
        choices=("unlabelled", "all"),
    )
    detach_weight: bool = option(True, "keep exp(-KL) out of the gradient; off as released")
    contrast_form: str = option(
        "hinge",
        "separation of prototypes: hinge, InfoNCE, or the added distance of the released code",
        choices=("hinge", "infonce", "added"),
    )
    contrast_networks: str = option("both", "which networks feel the contrast", choices=("both", "loser"))
    winner_ema: float = option(
        0.9, "smoothing of the score that names the better network; 0 as released", low=0.0, high=0.999
    )
    ramp: str = option(
        "sigmoid",
        "ramp the unlabelled terms up, or full weight at once (as released)",
        choices=("sigmoid", "none"),
    )
    ramp_share: float = option(
        0.3,
        "share of the part with unlabelled terms over which these ramp up",
        low=0.0,
        high=1.0,
        unit="share of that part",
    )
    labels_first_share: float = option(
        0.5,
        "least share of the run that learns from labels alone before the unlabelled scans join",
        low=0.0,
        high=0.9,
        unit="share of the run",
    )
    labels_first_steps: int = option(
        300,
        "steps from labels alone before the unlabelled scans join, for every labelled scan",
        low=0,
        high=1_000_000,
        unit="steps",
    )
    labels_first_most: float = option(
        0.8,
        "share of the run that those steps may take at most",
        low=0.0,
        high=1.0,
        unit="share of the run",
    )
    collapse_guard: bool = option(
        True, "leave a step's pseudo-labels out while a structure has nearly vanished from them"
    )
    residual_network: str = residual_network_option()
    optimiser: str = optimiser_option()

    def __post_init__(self) -> None:
        check(self)

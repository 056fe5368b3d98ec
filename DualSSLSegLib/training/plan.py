"""The plan of a training, made from the data: working spacing, patch size, batch, width, precision; said in words."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.networks.build import SIZE_MULTIPLE

_PATCH_VOXELS = {"cpu": 64 * 64 * 48, "cuda": 112 * 112 * 80}
_WIDTH = {"cpu": 8, "cuda": 16}
# Crops of each kind in a step. A processor is slow enough that more and smaller steps learn more in the same time; the
# published protocols' two fill a graphics card better.
_CROPS = {"cpu": 1, "cuda": 2}
# Of AdamW and Muon the best of 5e-4 to 5e-3 and 2.5e-3 to 2e-2 in short runs with four labels; SGD's as published.
_LEARNING_RATES = {"muon": 1e-2, "adamw": 5e-3, "sgd": 1e-2}
_MAX_COARSENING = 2.0
_VOLUME_PER_PATCH = 2.0  # coarsen until the median volume holds about this many patches
# Peak training memory in bytes = _BASE + voxels of the whole batch * width * bytes per voxel, fitted to runs on a
# processor: 0.79 GB for crops of 32 x 48 x 32 voxels, 1.58 GB for 64 x 64 x 48, one of each kind, width 8. Half of that
# is assumed for bfloat16.
_BASE_BYTES = 0.55e9
_BYTES_PER_VOXEL_AND_WIDTH = {"float32": 340.0, "bfloat16": 170.0}


@dataclass(frozen=True)
class CaseSize:
    """Size of a case in the axis order of the working grid: voxels (3,) and spacing in mm (3,)."""

    id: str
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]


@dataclass(frozen=True)
class TrainingPlan:
    """All that fixes the shape of a training. Patch sizes are divisible by 16; `explanation` holds sentences."""

    working_spacing_mm: tuple[float, float, float]
    patch_size: tuple[int, int, int]
    labelled_per_step: int = 2
    unlabelled_per_step: int = 2
    width: int = 8
    norm: str = "instance"
    dropout: float = 0.1
    precision: str = "float32"
    optimiser: str = "muon"
    learning_rate: float = _LEARNING_RATES["muon"]
    weight_decay: float = 1e-2
    warm_up_steps: int = 30
    ema_decay: float = 0.99
    foreground_share: float = 0.5
    explanation: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @staticmethod
    def from_dict(content: Mapping[str, Any]) -> TrainingPlan:
        """Raises BadInput for fields that this version does not know."""
        names = {field.name for field in dataclasses.fields(TrainingPlan)}
        unknown = sorted(set(content) - names)
        if unknown:
            raise BadInput(
                f"the training plan has unknown fields: {', '.join(unknown)}.", hint="Update the extension."
            )
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in content.items()
        }
        return TrainingPlan(**values)

    def learning_with(self, optimiser: str) -> TrainingPlan:
        """This plan with an optimiser and the learning rate that goes with it."""
        return dataclasses.replace(
            self, optimiser=optimiser, learning_rate=_LEARNING_RATES.get(optimiser, self.learning_rate)
        )

    def estimated_bytes(self) -> float:
        """Peak memory of a training step, both networks."""
        batch = math.prod(self.patch_size) * (self.labelled_per_step + self.unlabelled_per_step)
        return _BASE_BYTES + batch * self.width * _BYTES_PER_VOXEL_AND_WIDTH[self.precision]

    def fitting(self, free_memory_bytes: float) -> TrainingPlan:
        """This plan or the first smaller one that leaves a fifth of the memory free; the smallest when none does."""
        plan = self
        while plan.estimated_bytes() > 0.8 * free_memory_bytes:
            less = plan.smaller()
            if less is None:
                break
            plan = less
        return plan

    def smaller(self) -> TrainingPlan | None:
        """The next plan that needs less memory: fewer crops, then smaller patches; None when nothing is left."""
        if self.labelled_per_step > 1 or self.unlabelled_per_step > 1:
            fewer = dataclasses.replace(self, labelled_per_step=1, unlabelled_per_step=1)
            return _explained(
                fewer, "To fit the memory, each step sees one labelled and one unlabelled crop."
            )
        longest = max(self.patch_size)
        if longest <= SIZE_MULTIPLE:
            return None
        sizes = list(self.patch_size)
        sizes[sizes.index(longest)] = longest - SIZE_MULTIPLE
        text = f"To fit the memory, crops are {sizes[0]} x {sizes[1]} x {sizes[2]} voxels."
        return _explained(dataclasses.replace(self, patch_size=(sizes[0], sizes[1], sizes[2])), text)


def precision_for(device: str) -> str:
    """The number format of convolutions on a device: float32 on each.

    bfloat16 is faster on a GPU, but turns the gradient of a V-Net that has learnt nothing yet. It may become a device's
    format once Dice at equal steps and at equal time says that it costs nothing there; `make gpu-check` compares the
    speed of both.
    """
    return "float32"


def crops_for(device: str) -> int:
    """Crops of each kind in a step on "cpu" or "cuda..."."""
    return _CROPS["cuda" if device.startswith("cuda") else "cpu"]


def _explained(plan: TrainingPlan, text: str) -> TrainingPlan:
    return dataclasses.replace(plan, explanation=(*plan.explanation, text))


def _working_spacing(sizes: Sequence[CaseSize], patch_voxels: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Median spacing, coarsened evenly (finest axes first) while volumes are much larger than a patch."""
    native = np.median([size.spacing_mm for size in sizes], axis=0)
    extent = np.median([np.multiply(size.shape, size.spacing_mm) for size in sizes], axis=0)
    wanted_voxel = float(np.prod(extent)) / (patch_voxels * _VOLUME_PER_PATCH)
    spacing = native.copy()
    low, high = float(native.min()), float(native.min() * _MAX_COARSENING)
    if np.prod(spacing) < wanted_voxel:
        for floor in np.linspace(
            low, high, 41
        ):  # raise the finest axes to a common floor until the volume fits
            spacing = np.maximum(native, floor)
            if np.prod(spacing) >= wanted_voxel:
                break
    return spacing, extent, float((spacing / native).max())


def _patch(size: np.ndarray, voxels: int) -> tuple[int, int, int]:
    """Multiples of 16 near the median size, shrunk on the longest axis until the patch holds at most `voxels`."""
    patch = np.maximum(SIZE_MULTIPLE, np.round(size / SIZE_MULTIPLE).astype(int) * SIZE_MULTIPLE)
    while np.prod(patch) > voxels:
        patch[int(np.argmax(patch))] -= SIZE_MULTIPLE
    x, y, z = (int(n) for n in patch)
    return x, y, z


def make_plan(
    sizes: Sequence[CaseSize], *, channels: int, num_classes: int, device: str, free_memory_bytes: float
) -> TrainingPlan:
    """Plan a training for cases of these sizes on "cpu" or "cuda" with this much free memory.

    Raises BadInput when there are no cases. The plan always fits the memory estimate or is the smallest there is.
    """
    if not sizes:
        raise BadInput("a training plan needs at least one case.")
    kind = "cuda" if device.startswith("cuda") else "cpu"
    spacing, extent, coarsening = _working_spacing(sizes, _PATCH_VOXELS[kind])
    spacing = np.round(spacing, 4)
    patch = _patch(extent / spacing, _PATCH_VOXELS[kind])
    mm = " x ".join(f"{value:g}" for value in spacing)
    words = [
        f"{len(sizes)} scans, {channels} channel(s), {num_classes - 1} structure(s); the middle scan measures "
        + " x ".join(f"{value:.0f}" for value in extent)
        + " mm.",
        f"Scans are worked on at {mm} mm voxels"
        + (
            f", up to {coarsening:.2g} times coarser than recorded, so that a crop shows enough of the anatomy."
            if coarsening > 1.01
            else ", as recorded."
        ),
        f"Crops are {patch[0]} x {patch[1]} x {patch[2]} voxels; each step sees {_CROPS[kind]} labelled and, where the "
        f"method learns on unlabelled scans, {_CROPS[kind]} unlabelled.",
        f"The networks start with {_WIDTH[kind]} channels ({'graphics card' if kind == 'cuda' else 'processor'}).",
    ]
    plan = TrainingPlan(
        working_spacing_mm=(float(spacing[0]), float(spacing[1]), float(spacing[2])),
        patch_size=patch,
        labelled_per_step=_CROPS[kind],
        unlabelled_per_step=_CROPS[kind],
        width=_WIDTH[kind],
        precision=precision_for(device),
        explanation=tuple(words),
    )
    return plan.fitting(free_memory_bytes)

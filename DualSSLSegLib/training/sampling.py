"""Which crops a step sees: two streams, labelled and unlabelled, each repeatable from (seed, step)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.inference.mapped_array import VolumeArray
from DualSSLSegLib.training.cases import TrainingCase
from DualSSLSegLib.views.appearance import landmarks
from DualSSLSegLib.views.shapes import bend
from DualSSLSegLib.views.spatial import SpatialStrength, outer_size, resample, sampling_grid


@dataclass(frozen=True)
class Batch:
    """images (B, C, X, Y, Z); labels (B, X, Y, Z) or None for the unlabelled stream; for each crop the classes that its
    label says nothing of; case ids in order."""

    images: Tensor
    labels: Tensor | None
    unknown: tuple[tuple[int, ...], ...]
    ids: tuple[str, ...]


def crop(volume: VolumeArray, start: Sequence[int], size: Sequence[int]) -> np.ndarray:
    """Copy `size` voxels from `start` on the last three axes; what lies outside the volume is 0."""
    lead = volume.shape[:-3]
    result = np.zeros((*lead, *size), dtype=volume.dtype)
    source, target = [slice(None)] * len(lead), [slice(None)] * len(lead)
    for begin, length, available in zip(start, size, volume.shape[-3:], strict=True):
        low, high = max(begin, 0), min(begin + length, available)
        if low >= high:
            return result
        source.append(slice(low, high))
        target.append(slice(low - begin, high - begin))
    result[tuple(target)] = volume[tuple(source)]
    return result


class Streams(NamedTuple):
    """Where the crops of a training come from: labelled scans; unlabelled ones, where the method looks at them; and
    those which the networks have labelled, once there are any."""

    labelled: Stream
    unlabelled: Stream | None = None
    own_labels: Stream | None = None


class Stream:
    """Endless crops from a list of cases.

    Cases come in shuffled rounds, so each is seen equally often; `foreground_share` of the crops are centred near a
    voxel of a randomly chosen structure; `bent_share` of those of a case in `fields` take the shape of another scan
    (`registration/shape_field.py`, fields (n, 3, ...) by case id). Everything is a function of (seed, step), so a
    resumed run sees the same data.
    """

    def __init__(
        self,
        cases: Sequence[TrainingCase],
        *,
        per_step: int,
        patch_size: tuple[int, int, int],
        seed: int,
        foreground_share: float,
        strength: SpatialStrength,
        device: torch.device,
        fields: Mapping[str, Tensor] | None = None,
        bent_share: float = 0.0,
    ) -> None:
        if not cases:
            raise BadInput("a stream of crops needs at least one case.")
        self.cases = list(cases)
        self.per_step = per_step
        self.patch_size = patch_size
        self.outer = outer_size(patch_size)
        self.seed = seed
        self.foreground_share = foreground_share
        self.strength = strength
        self.device = device
        self.fields = {case: field.to(device) for case, field in (fields or {}).items()}
        self.bent_share = bent_share
        self._landmarks: dict[str, Tensor] = {}  # by case id, of those that were asked for

    def _cases_of(self, step: int) -> list[TrainingCase]:
        return [self._case_at(step * self.per_step + index) for index in range(self.per_step)]

    def _case_at(self, position: int) -> TrainingCase:
        lap, place = divmod(position, len(self.cases))
        order = np.random.default_rng([self.seed, 7, lap]).permutation(len(self.cases))
        return self.cases[int(order[place])]

    def _start(self, case: TrainingCase, rng: np.random.Generator) -> list[int]:
        """First voxel of the outer crop. The patch in its middle stays inside the volume where the volume is larger."""
        centre = [int(rng.integers(0, n)) for n in case.size]
        if case.foreground and rng.random() < self.foreground_share:
            structure = list(case.foreground)[int(rng.integers(len(case.foreground)))]
            voxels = case.foreground[structure]
            jitter = [rng.integers(-(n // 4), n // 4 + 1) for n in self.patch_size]
            centre = [
                int(v) + int(j) for v, j in zip(voxels[int(rng.integers(len(voxels)))], jitter, strict=True)
            ]
        start = []
        for middle, available, patch, outer in zip(
            centre, case.size, self.patch_size, self.outer, strict=True
        ):
            if available <= patch:
                slack = patch - available
                begin = -(slack // 2)  # a volume smaller than the patch lies in its middle
            else:
                begin = int(np.clip(middle - patch // 2, 0, available - patch))
            start.append(begin - (outer - patch) // 2)
        return start

    def looks(self, step: int) -> Tensor:
        """Landmarks (B, C, 17) of the whole scans that the crops of this step are from, on the compute device."""
        cases = self._cases_of(step)
        for case in cases:
            if case.id not in self._landmarks:
                self._landmarks[case.id] = landmarks(np.asarray(case.image)).to(self.device)
        return torch.stack([self._landmarks[case.id] for case in cases])

    def draw(self, step: int) -> Batch:
        """The crops of this step, augmented in space, on the compute device."""
        rng = np.random.default_rng([self.seed, 11, step])
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        images, labels, places = [], [], []
        for case in self._cases_of(step):
            start = self._start(case, rng)
            images.append(crop(case.image, start, self.outer).astype(np.float32, copy=False))
            if case.label is not None:
                labels.append(crop(case.label, start, self.outer))
            places.append((case, start))
        image = torch.from_numpy(np.stack(images)).to(self.device)
        label = torch.from_numpy(np.stack(labels)).to(self.device) if labels else None
        grid = sampling_grid(
            self.per_step,
            self.patch_size,
            self.outer,
            self.cases[0].spacing_mm,
            self.strength,
            generator,
            self.device,
        )
        for index, (case, start) in enumerate(places):
            if case.id in self.fields:
                fields = self.fields[case.id]
                grid[index] = bend(
                    grid[index], fields, start, self.outer, case.size, self.bent_share, generator
                )
        image, label = resample(image, label, grid)
        cases = [case for case, _ in places]
        return Batch(image, label, tuple(case.unknown for case in cases), tuple(case.id for case in cases))

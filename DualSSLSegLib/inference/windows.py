"""Where the windows of a volume lie, and how much each one counts at every voxel."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.networks.build import SIZE_MULTIPLE

Size = tuple[int, int, int]

_SIGMA = 1 / 8  # of the window size; Isensee et al. 2021 (nnU-Net)


@dataclass(frozen=True)
class Window:
    """One window: its start on the volume (negative where the volume is padded), its place among all."""

    start: Size
    place: Size

    def overlap(self, volume: Size, window: Size) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
        """The part that lies on the volume, as slices of the volume and as slices of the window."""
        on_volume = tuple(
            slice(max(a, 0), min(a + w, v)) for a, w, v in zip(self.start, window, volume, strict=True)
        )
        in_window = tuple(slice(s.start - a, s.stop - a) for s, a in zip(on_volume, self.start, strict=True))
        return on_volume, in_window


@dataclass(frozen=True, eq=False)
class WindowGrid:
    """All windows of a volume; `weights[axis][i]` is the share of window i along that axis, float32.

    The weights are a separable Gaussian and the windows a regular grid, so the sum of all weights at a voxel
    is a product of three sums; each axis is divided by its own sum here, and the weights of all windows then
    add up to one at every voxel. No volume of counts is needed and nothing is divided afterwards.
    """

    volume: Size
    window: Size
    starts: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
    weights: tuple[list[np.ndarray], list[np.ndarray], list[np.ndarray]]

    def __len__(self) -> int:
        return math.prod(len(starts) for starts in self.starts)

    def layer(self, index: int) -> Iterator[Window]:
        """The windows that share the start `starts[0][index]` on the first axis."""
        xs, ys, zs = self.starts
        for j, y in enumerate(ys):
            for k, z in enumerate(zs):
                yield Window((xs[index], y, z), (index, j, k))


def plan_windows(
    volume: Sequence[int],
    patch_size: Sequence[int],
    *,
    overlap: float | Sequence[float] = 0.5,
    one_window_up_to: float = 0.0,
    gaussian: bool = True,
) -> WindowGrid:
    """Lay windows of `patch_size` over a `volume` (X, Y, Z); neighbours share at least `overlap` of a side.

    The first window touches one border and the last the other, those between are spaced evenly. An axis
    shorter than the patch gets one window that sticks out evenly on both sides. A volume which, padded to
    multiples of 16, has at most `one_window_up_to` times the voxels of the patch becomes a single window of
    that padded size.
    Raises BadInput for a patch size that is not a multiple of 16 or an overlap outside 0 <= overlap < 1.
    """
    shape = _size(volume, "volume")
    window = _size(patch_size, "patch")
    if any(size % SIZE_MULTIPLE for size in window):
        raise BadInput(
            f"the patch size {window} cannot be used.",
            hint=f"Every side must be a multiple of {SIZE_MULTIPLE}.",
        )
    shares = (overlap,) * 3 if isinstance(overlap, (int, float)) else tuple(overlap)
    if len(shares) != 3 or not all(0 <= share < 1 for share in shares):
        raise BadInput(f"the overlap of windows must be at least 0 and below 1, not {overlap}.")
    padded = padded_size(shape)
    if math.prod(padded) <= one_window_up_to * math.prod(window):
        window = padded
    starts = tuple(_starts(v, w, s) for v, w, s in zip(shape, window, shares, strict=True))
    weights = tuple(_shares(v, w, s, gaussian) for v, w, s in zip(shape, window, starts, strict=True))
    return WindowGrid(shape, window, starts, weights)  # type: ignore[arg-type]


def padded_size(volume: Size) -> Size:
    """The smallest size that holds the volume and that every network accepts."""
    x, y, z = (-(-size // SIZE_MULTIPLE) * SIZE_MULTIPLE for size in volume)
    return x, y, z


def smaller_window(window: Size) -> Size | None:
    """The next smaller window when memory is short: the longest side halved; None at 32 and below."""
    axis = int(np.argmax(window))
    if window[axis] <= 2 * SIZE_MULTIPLE:
        return None
    sides = list(window)
    sides[axis] = -(-window[axis] // (2 * SIZE_MULTIPLE)) * SIZE_MULTIPLE
    return sides[0], sides[1], sides[2]


def _size(values: Sequence[int], what: str) -> Size:
    if len(values) != 3 or any(int(value) != value or value < 1 for value in values):
        raise BadInput(f"the {what} size must be three whole numbers above 0, not {tuple(values)}.")
    x, y, z = (int(value) for value in values)
    return x, y, z


def _starts(size: int, window: int, overlap: float) -> tuple[int, ...]:
    if size <= window:
        return (-((window - size) // 2),)
    step = max(1.0, window * (1 - overlap))
    gaps = math.ceil((size - window) / step - 1e-9)
    return tuple(round(index * (size - window) / gaps) for index in range(gaps + 1))


def _shares(size: int, window: int, starts: tuple[int, ...], gaussian: bool) -> list[np.ndarray]:
    distance = np.arange(window) - (window - 1) / 2
    profile = np.exp(-0.5 * (distance / (window * _SIGMA)) ** 2) if gaussian else np.ones(window)
    low = min(0, starts[0])
    total = np.zeros(max(size, starts[-1] + window) - low)
    for start in starts:
        total[start - low : start - low + window] += profile
    return [(profile / total[start - low : start - low + window]).astype(np.float32) for start in starts]

"""What an installation costs: sizes and licences, said before anything is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Compute = Literal["cpu", "cuda"]

_MB = 1_000_000
_GB = 1_000_000_000


@dataclass(frozen=True)
class Offer:
    """About how much is downloaded and then lies on the disk, and under which licences."""

    download_bytes: int
    disk_bytes: int
    licences: tuple[str, ...]

    @property
    def words(self) -> str:
        """One sentence for the user."""
        return f"About {size_words(self.download_bytes)} to download and {size_words(self.disk_bytes)} on the disk."


# Of PyTorch with what it brings along, rounded up: (platform, compute) -> (download, disk).
_TORCH: dict[tuple[str, str], tuple[int, int]] = {
    ("linux", "cpu"): (220 * _MB, 900 * _MB),
    ("linux", "cuda"): (3 * _GB, 7 * _GB),
    ("win32", "cpu"): (150 * _MB, 700 * _MB),
    ("win32", "cuda"): (3 * _GB, 5 * _GB),
    ("darwin", "cpu"): (170 * _MB, 600 * _MB),
}
_OTHERS = {"numpy": (20 * _MB, 80 * _MB), "scipy": (40 * _MB, 130 * _MB), "SimpleITK": (60 * _MB, 180 * _MB)}
_LICENCES = {
    "torch": "PyTorch: BSD-3-Clause; what it brings along: BSD, MIT, PSF and Unlicense",
    "numpy": "NumPy: BSD-3-Clause",
    "scipy": "SciPy: BSD-3-Clause",
    "SimpleITK": "SimpleITK: Apache-2.0",
}
_LICENCE_OF_CUDA = "CUDA libraries: NVIDIA's own licence (docs.nvidia.com/cuda/eula), not open source"


def compute_choices(platform: str) -> tuple[Compute, ...]:
    """On what PyTorch can be installed to compute; `platform` is a value of `sys.platform`."""
    return ("cpu",) if platform == "darwin" else ("cpu", "cuda")


def offer_for(names: Sequence[str], platform: str, compute: Compute) -> Offer:
    """The offer for packages of these names."""
    sizes = [_OTHERS[name] for name in names if name in _OTHERS]
    licences = [_LICENCES[name] for name in names if name in _LICENCES]
    if "torch" in names:
        sizes.append(_TORCH.get((platform, compute), _TORCH["linux", "cpu"]))
        if compute == "cuda":
            licences.append(_LICENCE_OF_CUDA)
    return Offer(sum(size[0] for size in sizes), sum(size[1] for size in sizes), tuple(licences))


def size_words(size: float) -> str:
    """220000000 -> "220 MB", 3000000000 -> "3.0 GB"."""
    return f"{size / _GB:.1f} GB" if size >= 0.95 * _GB else f"{max(1, round(size / _MB))} MB"

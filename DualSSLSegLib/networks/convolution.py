"""The 3D convolution of both networks: torch's numbers, by the fastest of its ways on a processor.

Two shapes of these networks meet a slow way in torch. A batch of one crop with few channels is unrolled into columns
instead of going to oneDNN: three to five times slower forward and backward. And the gradient of a kernel larger than
3 on an image of one channel leaves the vector units idle.
"""

from __future__ import annotations

import platform

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Conv3d(nn.Conv3d):
    """torch's Conv3d with the same parameters, the same names in a state_dict and the same result up to rounding."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, in_channels, X, Y, Z) -> (B, out_channels, X', Y', Z')."""
        if not _on_vector_units(x):
            return super().forward(x)
        if self.kernel_size[0] > 3 and self._keeps_size():
            return self._shifted(x)
        if x.shape[0] == 1 and self.kernel_size == (3, 3, 3):
            return super().forward(x.to_mkldnn()).to_dense()
        return super().forward(x)

    def _keeps_size(self) -> bool:
        plain = (
            self.stride == self.dilation == (1, 1, 1) and self.groups == 1 and self.padding_mode == "zeros"
        )
        return plain and self.padding == tuple(size // 2 for size in self.kernel_size)

    def _shifted(self, x: Tensor) -> Tensor:
        """The first kernel axis as channels: copies of x shifted along X under a kernel of (1, k, k)."""
        before, length = int(self.padding[0]), x.shape[2]
        padded = F.pad(x, (0, 0, 0, 0, before, before))
        shifts = range(self.kernel_size[0])
        copies = torch.cat([padded[:, :, shift : shift + length] for shift in shifts], 1)
        weight = self.weight.transpose(1, 2).flatten(1, 2).unsqueeze(2)  # (out, k * in, 1, k, k)
        return F.conv3d(copies, weight, self.bias, padding=(0, *self.padding[1:]))


def _on_vector_units(x: Tensor) -> bool:
    return (
        x.device.type == "cpu"
        and x.dtype == torch.float32
        and not torch.is_autocast_enabled("cpu")
        and _one_dnn()
    )


_PC = platform.machine().lower() in ("x86_64", "amd64")  # on other processors torch chooses well by itself


def _one_dnn() -> bool:
    """Whether torch's oneDNN kernels for a PC's processor are there and wanted."""
    return _PC and torch.backends.mkldnn.is_available() and bool(torch.backends.mkldnn.enabled)

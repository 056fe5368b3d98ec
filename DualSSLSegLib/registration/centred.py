"""Two volumes of different size with their middles laid on each other."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor


def centred(image: Tensor, size: Sequence[int]) -> Tensor:
    """(C, X, Y, Z) cut or filled with 0 to `size` about its middle."""
    result = image.new_zeros(image.shape[0], *size)
    source, target = [slice(None)], [slice(None)]
    for n, wanted in zip(image.shape[1:], size, strict=True):
        offset = (n - wanted) // 2
        low, high = max(offset, 0), min(offset + wanted, n)
        source.append(slice(low, high))
        target.append(slice(low - offset, high - offset))
    result[tuple(target)] = image[tuple(source)]
    return result

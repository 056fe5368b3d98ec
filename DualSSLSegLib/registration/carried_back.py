"""How well a prediction fits a labelled scan once it is carried onto it: reverse classification accuracy.

A prediction is taken for an atlas of its own scan, registered to a labelled scan and compared with the true label
there. A good segmentation makes a good atlas (Valindria et al., IEEE TMI 36(8):1597-1606, 2017), so the Dice that is
measured there says how good the prediction is where no true label is known.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import torch
from torch import Tensor

from DualSSLSegLib.registration.centred import centred
from DualSSLSegLib.registration.demons import displaced, resized
from DualSSLSegLib.registration.shape_field import shape_field


def carried_back(
    image: np.ndarray,
    classes: np.ndarray,
    labelled_image: np.ndarray,
    labelled: np.ndarray,
    *,
    num_classes: int,
    unknown: Collection[int] = (),
) -> list[float | None]:
    """Dice per structure of the prediction `classes` (X, Y, Z) of `image` (C, X, Y, Z), carried onto a labelled scan,
    with its label `labelled` (x, y, z); both label maps hold class indices below `num_classes`.

    None for a structure that neither the prediction nor the label has, or that the label says nothing of (`unknown`).
    """
    size = image.shape[1:]
    shares = shape_field(image, labelled_image)
    u = resized(shares[None].float(), size) * torch.tensor(size).view(1, 3, 1, 1, 1)
    carried = displaced(_one_hot(classes, num_classes), u)[:, 0].argmax(0)
    truth = centred(torch.from_numpy(np.array(labelled))[None], size)[0]
    dice: list[float | None] = []
    for index in range(1, num_classes):
        one, other = carried == index, truth == index
        total = int(one.sum()) + int(other.sum())
        dice.append(2 * int((one & other).sum()) / total if total and index not in unknown else None)
    return dice


def _one_hot(classes: np.ndarray, num_classes: int) -> Tensor:
    """(K, 1, X, Y, Z) float32."""
    found = torch.from_numpy(np.array(classes))[None]
    return (found == torch.arange(num_classes).view(-1, 1, 1, 1)).float()[:, None]

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
from DualSSLSegLib.registration.shape_field import shape_field, thinning

_MOST_COMPARED = 250_000  # voxels; of a larger scan every second, third, ... along each axis


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

    Only what the labelled scan covers is compared. None for a structure that its label does not show, or says nothing
    of (`unknown`).
    """
    step = thinning(image.shape[1:], _MOST_COMPARED)
    predicted, truth = (
        torch.from_numpy(np.array(label[::step, ::step, ::step]))[None] for label in (classes, labelled)
    )
    size = predicted.shape[1:]
    shares = shape_field(image, labelled_image)
    u = resized(shares[None].float(), size) * torch.tensor(size).view(1, 3, 1, 1, 1)
    carried = displaced(_one_hot(predicted, num_classes), u)[:, 0].argmax(0)
    known = centred(torch.ones_like(truth), size)[0] > 0
    truth = centred(truth, size)[0]
    dice: list[float | None] = []
    for index in range(1, num_classes):
        one, other = (carried == index) & known, truth == index
        shown = int(other.sum())
        if shown == 0 or index in unknown:
            dice.append(None)
        else:
            dice.append(2 * int((one & other).sum()) / (int(one.sum()) + shown))
    return dice


def _one_hot(classes: Tensor, num_classes: int) -> Tensor:
    """(K, 1, X, Y, Z) float32 from (1, X, Y, Z)."""
    return (classes == torch.arange(num_classes).view(-1, 1, 1, 1)).float()[:, None]

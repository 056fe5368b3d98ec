"""Labels older than a structure: its voxels are called background there, which must not be believed.

In such a label background means "background or one of the structures unknown then". The probability of that is the sum
over those classes (marginal loss; Shi et al., Medical Image Analysis 70:101979, 2021, arXiv 2007.03868), so before
any loss the logits of unknown classes are added to the background's by log-sum-exp and taken out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from DualSSLSegLib.networks.output import NetworkOutput

_NEVER = -1e4  # a logit whose probability is 0, and finite in every loss


def unknown_mask(
    unknown: Sequence[Sequence[int]], num_classes: int, device: torch.device | str
) -> Tensor | None:
    """(B, K) bool: classes that the label of a crop knows nothing of; None when every label knows all."""
    if not any(unknown):
        return None
    mask = torch.zeros(len(unknown), num_classes, dtype=torch.bool)
    for row, classes in enumerate(unknown):
        mask[row, list(classes)] = True
    return mask.to(device)


def merged(outputs: Mapping[str, NetworkOutput], unknown: Tensor | None) -> dict[str, NetworkOutput]:
    """Outputs of a batch with the unknown classes of its labelled crops merged into the background.

    The first rows are the labelled crops of `unknown` (B, K); logits (B, K, X, Y, Z) of other rows stay as they are.
    """
    if unknown is None:
        return dict(outputs)
    return {role: out._replace(logits=_merged(out.logits, unknown)) for role, out in outputs.items()}


def _merged(logits: Tensor, unknown: Tensor) -> Tensor:
    labelled, others = logits[: len(unknown)], logits[len(unknown) :]
    hidden = unknown[:, :, None, None, None]
    background = labelled.masked_fill(~hidden, _NEVER).clone()
    background[:, 0] = labelled[:, 0]
    first = torch.logsumexp(background, 1, keepdim=True)
    rest = labelled.masked_fill(hidden, _NEVER)[:, 1:]
    return torch.cat([torch.cat([first, rest], 1), others])

"""Voxel maps from the networks' probabilities: fused prediction, uncertainty, disagreement, rim."""

from __future__ import annotations

import math

import numpy as np

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.uncertainty.neighbourhood import near
from DualSSLSegLib.uncertainty.slabs import bounding_box, planes, slabs

_TINY = 1e-30  # keeps log finite; x log x is 0 to float32 precision long before


def fuse(p: np.ndarray) -> np.ndarray:
    """The mean (K, X, Y, Z) float32 over the networks of `p` (N, K, X, Y, Z), array or memory map."""
    _check(p, 5)
    fused = np.empty(p.shape[1:], dtype=np.float32)
    for slab in planes(p):
        np.mean(p[:, :, slab], axis=0, dtype=np.float32, out=fused[:, slab])
    return fused


def fuse_class(p: np.ndarray, index: int) -> np.ndarray:
    """One class (X, Y, Z) float32 of `fuse(p)`: for scans whose K fused classes together are too much for memory."""
    _check(p, 5)
    fused = np.empty(p.shape[2:], dtype=np.float32)
    for slab in planes(p):
        np.mean(p[:, index, slab], axis=0, dtype=np.float32, out=fused[slab])
    return fused


def fused_label(p: np.ndarray) -> np.ndarray:
    """The class (X, Y, Z) uint8 with the highest probability; `p` is (N, K, X, Y, Z), or fused (K, X, Y, Z)."""
    label = np.empty(p.shape[-3:], dtype=np.uint8)
    for slab in planes(p):
        label[slab] = _mean(p, slab).argmax(axis=0)
    return label


def uncertainty_map(pbar: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Entropy of the temperature-scaled mean, divided by ln K: (X, Y, Z) float32 in 0..1.

    H = -sum_c q_c log q_c with q = softmax(log(pbar) / temperature) (Guo et al. 2017). `pbar` is the fused
    probability (K, X, Y, Z); (N, K, X, Y, Z) is fused on the way, a few planes at a time. Raises BadInput for
    a temperature of 0 or less.
    """
    if not (math.isfinite(temperature) and temperature > 0):
        raise BadInput(f"a temperature must be above 0, not {temperature}.")
    result = np.empty(pbar.shape[-3:], dtype=np.float32)
    for slab in planes(pbar):
        q = _mean(pbar, slab)
        if temperature != 1.0:
            q = scale(q, temperature)
        result[slab] = _entropy(q, axis=0)
    result /= math.log(pbar.shape[-4])
    return np.clip(result, 0, 1, out=result)


def disagreement_map(p: np.ndarray) -> np.ndarray:
    """Jensen-Shannon divergence between the networks, 0 (same answer) to 1 (each is sure of something else).

    JS = H[mean of p_n] - mean of H[p_n] (Lin 1991), at most ln 2 for two networks and ln min(N, K) for N, by
    which it is divided. `p` is (N, K, X, Y, Z), array or memory map; the result (X, Y, Z) float32. All zeros
    for one network.
    """
    _check(p, 5)
    result = np.zeros(p.shape[2:], dtype=np.float32)
    if p.shape[0] == 1:
        return result
    for slab in planes(p):
        part = np.asarray(p[:, :, slab], dtype=np.float32)
        result[slab] = _entropy(part.mean(axis=0), axis=0) - _entropy(part, axis=1).mean(axis=0)
    result /= math.log(min(p.shape[0], p.shape[1]))
    return np.clip(result, 0, 1, out=result)


def rim(label: np.ndarray, voxels: int = 3) -> np.ndarray:
    """Where a prediction can be wrong by its outline: foreground dilated by `voxels` minus its core, (X, Y, Z) bool.

    `label` (X, Y, Z) holds class indices. The core of a structure are its voxels further than `voxels` from
    every voxel that is not of that structure, so the border between two structures belongs to the rim.
    Distances are Euclidean, in voxels; the border of the scan is no border of a structure. All False when
    nothing is predicted.
    """
    _check(label, 3)
    result = np.zeros(label.shape, dtype=bool)
    box = bounding_box(label, margin=voxels)
    if box is None:
        return result
    inside = result[box]
    boxed = label[box]
    for slab in slabs(inside.shape):
        halo = slice(max(0, slab.start - voxels), min(inside.shape[0], slab.stop + voxels))
        part = np.asarray(boxed[halo])
        grown = near(part != 0, voxels)
        core = np.zeros(part.shape, dtype=bool)
        for value in np.unique(part):
            if value:
                own = part == value
                core |= own & ~near(~own, voxels)
        inner = slice(slab.start - halo.start, slab.stop - halo.start)
        inside[slab] = (grown & ~core)[inner]
    return result


def scale(q: np.ndarray, temperature: float) -> np.ndarray:
    """softmax(log(q) / temperature) over the first axis; q (K, ...) sums to one there."""
    logits = np.log(np.maximum(q, _TINY)) / np.float32(temperature)
    logits -= logits.max(axis=0, keepdims=True)
    np.exp(logits, out=logits)
    return logits / logits.sum(axis=0, keepdims=True)


def _mean(p: np.ndarray, slab: slice) -> np.ndarray:
    """The planes of `slab` of the fused probability (K, x, Y, Z) float32, from (K, X, Y, Z) or (N, K, X, Y, Z)."""
    if p.ndim == 5:
        return np.asarray(p[:, :, slab].mean(axis=0, dtype=np.float32))
    _check(p, 4)
    return np.asarray(p[:, slab], dtype=np.float32)


def _entropy(p: np.ndarray, axis: int) -> np.ndarray:
    return -np.sum(p * np.log(np.maximum(p, _TINY)), axis=axis)


def _check(array: np.ndarray, axes: int) -> None:
    if array.ndim != axes:
        raise BadInput(f"an array with {axes} axes was expected, this one has the shape {array.shape}.")

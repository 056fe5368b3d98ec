"""What a method is: networks, views of a batch, and loss terms with weights. The trainer owns everything else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from DualSSLSegLib.methods.collapse_guard import Held
from DualSSLSegLib.networks.output import NetworkOutput


class Role(NamedTuple):
    """A network that is trained: its architecture by name."""

    architecture: str


def pair(residual_network: str) -> dict[str, Role]:
    """The two networks: "a" is the residual one, "b" the V-Net."""
    return {"a": Role(residual_network), "b": Role("vnet")}


class Term(NamedTuple):
    """One loss term: a scalar with its graph, and its weight at this step."""

    value: Tensor
    weight: float = 1.0


class Looks(NamedTuple):
    """Landmarks of whole scans (`views/appearance.py`): `own` (B_l, C, 17) of those that the labelled crops are from,
    `lent` (B_u, C, 17) of unlabelled ones whose look may be borrowed."""

    own: Tensor
    lent: Tensor


@dataclass(frozen=True)
class Step:
    """All a method may use in one step.

    labelled (B_l, C, X, Y, Z) with labels (B_l, X, Y, Z) of class indices; unlabelled (B_u, C, X, Y, Z) or None.
    `own_labels`: the "labelled" crops are from unlabelled scans, and their labels the networks' own, with IGNORE where
    these are not to be trusted.
    `forward({role: x})` runs networks in training mode, side by side, on x whose first B_l crops are the labelled ones;
    `teacher({role: x})` their moving averages without gradient; each is called at most once a step and role.
    `looks` for a method that borrows them, where there are unlabelled scans; None otherwise.
    `generator` is the step's own CPU random stream; `progress` runs from 0 to 1 over the run of `total` steps.
    """

    iteration: int
    total: int
    progress: float
    labelled: Tensor
    labels: Tensor
    unlabelled: Tensor | None
    looks: Looks | None
    forward: Callable[[Mapping[str, Tensor]], dict[str, NetworkOutput]]
    teacher: Callable[[Mapping[str, Tensor]], dict[str, NetworkOutput]]
    generator: torch.Generator
    own_labels: bool = False


class Method(nn.Module, ABC):
    """A recipe. Buffers registered on it (memories, running scores) are saved in checkpoints."""

    roles: Mapping[str, Role]
    borrows_looks = False  # whether every step wants to know how unlabelled scans look
    shape_pairs = 0  # how many pairs of a labelled and an unlabelled scan are registered for the shapes
    earlier_steps = 0  # of the runs whose weights this one goes on from
    own_labels_share = 0.0  # of the steps that learn from the networks' own labels, once there are any
    own_labels_time = 0.0  # share of a training that making them may take

    def shape_share(self, labelled: int) -> float:
        """Share of labelled crops that take the shape of an unlabelled scan, with so many labelled scans."""
        return 0.0

    def wants_unlabelled(self, progress: float, total: int) -> bool:
        """Whether this part of a run of `total` steps looks at unlabelled scans; the trainer draws none otherwise."""
        return False

    def know_scans(self, labelled: int, shares: Tensor, crop_part: float) -> None:
        """Told before the first step: how many scans are labelled; the mean share (K,) of each class in them, NaN where
        no label knows it; and the part of an unlabelled scan that a crop shows, 1 where it shows all of it."""

    def own_labels_from(self, total: int) -> int | None:
        """The step of a run of `total` steps before which the networks label whole unlabelled scans; None for never."""
        return None

    def trusted(self, probabilities: np.ndarray, generator: torch.Generator) -> Tensor:
        """Own labels (X, Y, Z) of a scan, IGNORE where they are not to be trusted, from the `probabilities`
        (N, K, X, Y, Z) of the networks, array or memory map."""
        raise NotImplementedError

    def trusts(self, shares: Tensor) -> bool:
        """Whether own labels with these mean shares (K,) of the classes are fit to learn from."""
        return True

    def held_back(self) -> Held:
        """How often pseudo-labels were left out because a structure had nearly vanished from them."""
        return Held()

    @abstractmethod
    def terms(self, step: Step) -> dict[str, Term]:
        """The loss terms of one step by name. Every value is a finite scalar; an empty set gives an exact 0."""

    def report(self) -> dict[str, float]:
        """Numbers worth logging besides the terms."""
        return {}

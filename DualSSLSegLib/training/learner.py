"""Networks, averages, optimiser and method together: one training step, and their state for a checkpoint."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from DualSSLSegLib.errors import Stopped
from DualSSLSegLib.methods.base import Looks, Method, Step
from DualSSLSegLib.networks.build import build
from DualSSLSegLib.training.ema import MovingAverage
from DualSSLSegLib.training.guard import FiniteGuard
from DualSSLSegLib.training.lanes import Lanes
from DualSSLSegLib.training.optimisers import make_optimiser
from DualSSLSegLib.training.partial_labels import merged, unknown_mask
from DualSSLSegLib.training.plan import TrainingPlan
from DualSSLSegLib.training.sampling import Batch, Stream, Streams
from DualSSLSegLib.training.schedules import learning_rate

_GRADIENT_LIMIT = 12.0


class Learner:
    """All that learns. Every random number of a step is a function of (seed, step), so a resumed run repeats nothing
    and misses nothing."""

    def __init__(
        self,
        method: Method,
        plan: TrainingPlan,
        *,
        channels: int,
        num_classes: int,
        seed: int,
        device: torch.device,
        lanes: Lanes,
    ) -> None:
        self.method = method.to(device)
        self.plan = plan
        self.num_classes = num_classes
        self.seed = seed
        self.device = device
        self.lanes = lanes
        self.guard = FiniteGuard()
        self.loss: float | None = None  # weighted sum of the newest step
        torch.manual_seed(seed)
        self.networks: dict[str, nn.Module] = {
            role: build(
                spec.architecture,
                in_channels=channels,
                num_classes=num_classes,
                width=plan.width,
                norm=plan.norm,
                dropout=plan.dropout,
            ).to(device)
            for role, spec in method.roles.items()
        }
        self._average()
        self._begin_optimisers()
        self._ahead: dict[tuple[Stream, int], Batch] = {}  # drawn while the last step went backward

    def _average(self) -> None:
        self.averages = {
            role: MovingAverage(network, self.plan.ema_decay) for role, network in self.networks.items()
        }

    def _begin_optimisers(self) -> None:
        self.optimisers = {
            role: make_optimiser(network.named_parameters(), self.plan)
            for role, network in self.networks.items()
        }

    @property
    def averaged_networks(self) -> dict[str, nn.Module]:
        return {role: average.network for role, average in self.averages.items()}

    def start_averages_from_networks(self) -> None:
        """After a warm start: the averages begin at the adopted weights."""
        self._average()

    def _generator(self, step: int, *stream: int) -> torch.Generator:
        seed = np.random.default_rng([self.seed, 13, step, *stream]).integers(2**62)
        return torch.Generator().manual_seed(int(seed))

    def _backward(
        self, step: int, total: int, streams: Streams, with_unlabelled: bool
    ) -> dict[str, float] | None:
        """Gradients of one step; the values of the terms, or None when nothing finite was left."""
        first = self._first(step, streams)
        own_labels = first is streams.own_labels
        batch = self._drawn(first, step)
        extra = looks = None
        if not own_labels and streams.unlabelled is not None:
            if with_unlabelled:
                extra = self._drawn(streams.unlabelled, step).images
            if self.method.borrows_looks:
                looks = Looks(first.looks(step), streams.unlabelled.looks(step))
        for network in self.networks.values():
            network.train()
        numbers = {role: index for index, role in enumerate(self.networks, start=1)}
        assert batch.labels is not None
        unknown = unknown_mask(batch.unknown, self.num_classes, self.device)
        terms = self.method.terms(
            Step(
                iteration=step,
                total=total,
                progress=step / total,
                labelled=batch.images,
                labels=batch.labels,
                unlabelled=extra,
                looks=looks,
                own_labels=own_labels,
                forward=lambda inputs: merged(
                    self.lanes.forward(
                        self.networks,
                        inputs,
                        lambda role, crop: self._generator(step, numbers[role], crop),
                    ),
                    unknown,
                ),
                teacher=lambda inputs: self.lanes.infer(self.averaged_networks, inputs),
                generator=self._generator(step, 0),
            )
        )
        loss, values = self.guard.total(terms)
        self.loss = None if loss is None else float(loss.detach())
        self._forget_gradients()
        if loss is None:
            self.lanes.forget()
            return None
        loss.backward()
        self._ahead.clear()
        following = [self._first(step + 1, streams)]
        if extra is not None and streams.unlabelled is not None:
            following.append(streams.unlabelled)
        self.lanes.backward([partial(self._draw_ahead, stream, step + 1) for stream in following])
        return values

    def _first(self, step: int, streams: Streams) -> Stream:
        """Whose crops a step learns from: labelled scans, or, evenly spread, a share of the steps from those that the
        networks labelled."""
        share = self.method.own_labels_share
        if streams.own_labels is None or int((step + 1) * share) == int(step * share):
            return streams.labelled
        return streams.own_labels

    def _drawn(self, stream: Stream, step: int) -> Batch:
        found = self._ahead.pop((stream, step), None)
        return stream.draw(step) if found is None else found

    def _draw_ahead(self, stream: Stream, step: int) -> None:
        self._ahead[stream, step] = stream.draw(step)

    def _forget_gradients(self) -> None:
        for optimiser in self.optimisers.values():
            optimiser.forget_gradients()

    def _set_rate(self, rate: float) -> None:
        for optimiser in self.optimisers.values():
            optimiser.set_rate(rate)

    def _limit(self, role: str) -> bool:
        """Limit the gradient of one network; whether it is finite."""
        parameters = self.networks[role].parameters()
        return math.isfinite(float(torch.nn.utils.clip_grad_norm_(parameters, _GRADIENT_LIMIT)))

    def _update(self, step: int) -> bool:
        """Update weights and moving averages, side by side; a network whose gradient is not finite takes no step, and
        False is returned."""
        each = self.lanes.each
        finite = dict(
            zip(self.networks, each([partial(self._limit, role) for role in self.networks]), strict=True)
        )
        each([one for role, alive in finite.items() if alive for one in self.optimisers[role].steps])
        each([partial(self.averages[role].update, self.networks[role], step) for role in self.networks])
        return all(finite.values())

    def train_step(self, step: int, total: int, streams: Streams) -> dict[str, float]:
        """One step of all networks. Returns the unweighted terms; raises RunFailed after 50 hopeless steps in a row."""
        rate = learning_rate(self.plan, step, total)
        self._set_rate(rate)
        values = self._backward(step, total, streams, self.method.wants_unlabelled(step / total, total))
        if values is not None:
            if self._update(step):
                self.guard.alive()
            else:
                self.guard.violations["gradient"] = self.guard.violations.get("gradient", 0) + 1
                self.guard.dead("the gradient was not finite")
        return {**(values or {}), "learning_rate": rate}

    def time_step(
        self,
        streams: Streams,
        with_unlabelled: bool,
        repeats: int = 3,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> float:
        """Seconds of a step of either kind before the first, without learning from it or counting what was not finite.

        Raises Stopped when `should_stop()` says so before a repeat.
        """
        kept, guard = copy.deepcopy(self.method.state_dict()), self.guard
        seconds = []
        self.guard = FiniteGuard()
        for repeat in range(repeats + 1):
            if should_stop():
                raise Stopped("training was stopped before its first step.")
            started = time.perf_counter()
            self._set_rate(0.0)  # an update as long as any that changes nothing
            if self._backward(repeat, repeats + 1, streams, with_unlabelled) is not None:
                self._update(repeat)
            if self.device.type == "cuda":
                torch.cuda.synchronize(self.device)
            seconds.append(time.perf_counter() - started)
        self._forget_gradients()
        self._begin_optimisers()
        self.method.load_state_dict(kept)
        self.guard = guard
        return float(np.median(seconds[1:]))

    def state_dict(self) -> dict[str, Any]:
        return {
            "networks": {role: network.state_dict() for role, network in self.networks.items()},
            "averages": {role: average.network.state_dict() for role, average in self.averages.items()},
            "optimisers": {role: optimiser.state_dict() for role, optimiser in self.optimisers.items()},
            "method": self.method.state_dict(),
            "violations": dict(self.guard.violations),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for role, network in self.networks.items():
            network.load_state_dict(state["networks"][role])
            self.averages[role].network.load_state_dict(state["averages"][role])
            self.optimisers[role].load_state_dict(state["optimisers"][role])
        self.method.load_state_dict(state["method"])
        self.guard.violations = dict(state["violations"])

"""Networks and parts of a batch run at once; the numbers are those of one network after the other."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from support.tiny_training import PLAN, tiny_task, weights_after

from DualSSLSegLib.errors import Stopped
from DualSSLSegLib.networks.build import build
from DualSSLSegLib.networks.dropout import dropout_from
from DualSSLSegLib.networks.output import NetworkOutput
from DualSSLSegLib.networks.side_by_side import parts_of_batch, side_by_side
from DualSSLSegLib.training.lanes import Lanes
from DualSSLSegLib.training.trainer import Trainer

CPU = torch.device("cpu")
ROLES = {"a": "short_resvnet", "b": "vnet"}


def _networks(norm: str = "instance") -> dict[str, torch.nn.Module]:
    torch.manual_seed(0)
    return {
        role: build(name, in_channels=1, num_classes=2, width=2, norm=norm, dropout=0.5).train()
        for role, name in ROLES.items()
    }


def _drops(role: str, crop: int) -> torch.Generator:
    return torch.Generator().manual_seed(crop + 10 * ord(role))


def _loss(output: NetworkOutput) -> torch.Tensor:
    return output.logits.square().mean() + output.features.mean()


def _gradients(networks: dict[str, torch.nn.Module], lanes: Lanes, x: torch.Tensor) -> list[torch.Tensor]:
    sum(_loss(output) for output in lanes.forward(networks, {"a": x, "b": x}, _drops).values()).backward()
    lanes.backward()
    parameters = [p for network in networks.values() for p in network.parameters()]
    gradients = [p.grad.clone() for p in parameters]
    for p in parameters:
        p.grad = None
    return gradients


@pytest.fixture
def two_threads():
    kept = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(kept)


@pytest.mark.parametrize("crops", [1, 2, 3])
def test_gradients_of_parts_are_those_of_the_whole_batch_and_repeat_to_the_last_bit(two_threads, crops):
    x = torch.randn(crops, 1, 32, 32, 32)
    networks = _networks()
    with Lanes(tuple(ROLES), CPU, "float32").open() as lanes:
        first, again = (_gradients(networks, lanes, x) for _ in range(2))
        assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))
        # In double precision no ReLU near 0 falls on the other side because sums were rounded in another order.
        exact = {role: network.double() for role, network in networks.items()}
        of_parts = _gradients(exact, lanes, x.double())
    for role, network in exact.items():
        with dropout_from([_drops(role, crop) for crop in range(crops)]):
            _loss(network(x.double())).backward()
    whole = [p.grad for network in exact.values() for p in network.parameters()]
    for one, other in zip(of_parts, whole, strict=True):
        assert (one - other).norm() <= 1e-4 * other.norm() + 1e-6


def test_a_training_on_two_threads_repeats_and_goes_on_after_a_stop_to_the_last_bit(two_threads, tmp_path):
    plan = dataclasses.replace(PLAN, labelled_per_step=2, unlabelled_per_step=2)
    first, again = (weights_after(tiny_task(tmp_path / name, plan=plan)) for name in ("first", "again"))
    stopped = tiny_task(tmp_path / "stopped", plan=plan)
    trainer = Trainer(stopped, lambda *_, **__: None, lambda: "stop" if trainer.step == 5 else "run")
    with pytest.raises(Stopped):
        trainer.run()
    resumed = weights_after(stopped)
    for other in (again, resumed):
        assert all(np.array_equal(first[name], other[name]) for name in first)


def test_few_tasks_share_all_cores_and_one_that_fails_waits_for_the_others():
    kept = torch.get_num_threads()
    torch.set_num_threads(8)
    ended = []

    def fails() -> None:
        raise MemoryError("too much")

    try:
        with side_by_side(4, CPU) as each:
            assert each([torch.get_num_threads]) == [8]
            assert each([torch.get_num_threads] * 2) == [4, 4]
            assert each([torch.get_num_threads] * 6) == [2] * 6
            assert each([torch.get_num_threads] * 4, heavy=2)[:2] == [4, 4]
            with pytest.raises(MemoryError):
                each([fails, lambda: ended.append(sum(range(100_000)))])
            assert len(ended) == 1
        assert torch.get_num_threads() == 8
    finally:
        torch.set_num_threads(kept)


def test_batch_norm_sees_the_whole_batch():
    networks = _networks("batch")
    assert parts_of_batch(list(networks.values()), CPU) == 1
    assert parts_of_batch(list(_networks("group").values()), CPU) == 2
    Lanes(tuple(ROLES), CPU, "float32").forward(networks, {"b": torch.randn(4, 1, 16, 16, 16)})
    assert networks["b"].blocks[0][1].num_batches_tracked == 1

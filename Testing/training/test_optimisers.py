"""The optimisers do without torch's wrappers for its compiler, and step as torch's own do, also after a resume."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from support.tiny_training import PLAN

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.methods.options import OPTIMISERS
from DualSSLSegLib.networks.build import build
from DualSSLSegLib.training.muon import orthogonaliser
from DualSSLSegLib.training.optimisers import Optimiser, make_optimiser

LOADS_NO_COMPILER = """
import sys, torch
from DualSSLSegLib.methods.options import OPTIMISERS
from DualSSLSegLib.training.optimisers import make_optimiser
from support.tiny_training import PLAN
import dataclasses
network = torch.nn.Linear(5, 7)
for name in OPTIMISERS:
    optimiser = make_optimiser(network.named_parameters(), dataclasses.replace(PLAN, optimiser=name))
    optimiser.forget_gradients()
    network(torch.ones(1, 5)).sum().backward()
    for step in optimiser.steps:
        step()
    optimiser.load_state_dict(optimiser.state_dict())
assert "torch._dynamo" not in sys.modules
"""


def weights_after(make) -> torch.Tensor:
    """Five steps with a changing learning rate; the optimiser's state is read back after the third."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.ReLU(), torch.nn.Linear(7, 3))
    optimiser = make(network)
    for step in range(5):
        optimiser.forget_gradients()
        network(torch.randn(4, 5)).square().mean().backward()
        optimiser.set_rate(0.01 * (step + 1))
        for one in optimiser.steps:
            one()
        if step == 2:
            kept = optimiser.state_dict()
            optimiser = make(network)
            optimiser.load_state_dict(kept)
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])


def torchs_own(network: torch.nn.Module, plan) -> Optimiser:
    """The same optimisers built from torch's classes; its Muon takes matrices only, which these weights are."""
    options = {"lr": plan.learning_rate, "weight_decay": plan.weight_decay}
    if plan.optimiser == "muon":
        weights = [weight for weight in network.parameters() if weight.ndim > 1]
        shifts = [weight for weight in network.parameters() if weight.ndim == 1]
        muon = torch.optim.Muon(
            weights, adjust_lr_fn="match_rms_adamw", nesterov=False, ns_steps=4, **options
        )
        return Optimiser([muon, torch.optim.AdamW(shifts, **options)])
    if plan.optimiser == "adamw":
        return Optimiser([torch.optim.AdamW(network.parameters(), **options)])
    return Optimiser([torch.optim.SGD(network.parameters(), momentum=0.9, nesterov=True, **options)])


@pytest.mark.parametrize("name", OPTIMISERS)
def test_every_optimiser_steps_as_torchs_own(name):
    if name == "muon" and not hasattr(torch.optim, "Muon"):
        pytest.skip("this torch has no Muon to compare with")
    plan = dataclasses.replace(PLAN, optimiser=name)
    ours = weights_after(lambda network: make_optimiser(network.named_parameters(), plan))
    plain = weights_after(lambda network: torchs_own(network, plan))
    # torch's Muon computes its directions in bfloat16: of a way of up to 0.06 a few percent differ.
    assert torch.allclose(ours, plain, atol=4e-3 if name == "muon" else 1e-6)


def test_muon_is_for_hidden_kernels_and_every_weight_has_one_optimiser():
    network = build("resvnet", in_channels=1, num_classes=5, width=8, norm="instance", dropout=0.1)
    names = {id(weight): name for name, weight in network.named_parameters()}
    optimiser = make_optimiser(network.named_parameters(), dataclasses.replace(PLAN, optimiser="muon"))
    parts = [
        [names[id(w)] for group in part.param_groups for w in group["params"]] for part in optimiser.parts
    ]
    assert sorted(name for part in parts for name in part) == sorted(names.values())
    first, second, rest = parts
    assert all(dict(network.named_parameters())[name].ndim == 5 for name in first + second)
    assert {"stem.0.weight", "head.weight", "head.bias"} <= set(rest)
    sizes = [
        sum(w.numel() for group in part.param_groups for w in group["params"]) for part in optimiser.parts[:2]
    ]
    assert abs(sizes[0] - sizes[1]) < 0.1 * sum(sizes)  # two cores share the work


@pytest.mark.parametrize("shape", [(8, 216), (16, 8), (5, 5)])
def test_a_muon_step_moves_every_direction_of_a_kernel_alike(shape):
    torch.manual_seed(1)
    strengths = torch.logspace(0, -2, min(shape))
    left, right = (torch.linalg.qr(torch.randn(n, min(shape)))[0] for n in shape)
    matrix = left * strengths @ right.T
    turned = orthogonaliser(matrix @ matrix.T) @ matrix if shape[0] <= shape[1] else None
    if turned is None:
        turned = matrix @ orthogonaliser(matrix.T @ matrix)
    values = torch.linalg.svdvals(turned)
    assert values.max() < 1.3 and values.min() > 0.3


def test_a_kernel_without_gradient_direction_stays_finite():
    assert torch.equal(orthogonaliser(torch.zeros(4, 4)) @ torch.zeros(4, 9), torch.zeros(4, 9))


def test_a_step_loads_no_compiler():
    folders = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]
    code = f"import sys; sys.path[:0] = {folders!r}\n{LOADS_NO_COMPILER}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_unknown_optimiser_is_refused_in_words():
    with pytest.raises(BadInput, match="Choose one of: muon, adamw, sgd"):
        make_optimiser(
            [("w", torch.nn.Parameter(torch.ones(1)))], dataclasses.replace(PLAN, optimiser="lion")
        )

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
from DualSSLSegLib.training.schedules import OPTIMISERS, make_optimiser

LOADS_NO_COMPILER = """
import sys, torch
from DualSSLSegLib.training.schedules import make_optimiser
from support.tiny_training import PLAN
weight = torch.nn.Parameter(torch.ones(3))
optimiser = make_optimiser([weight], PLAN)
optimiser.zero_grad()
weight.sum().backward()
optimiser.step()
optimiser.load_state_dict(optimiser.state_dict())
assert "torch._dynamo" not in sys.modules
"""


def weights_after(make) -> torch.Tensor:
    """Five steps with a changing learning rate; the optimiser's state is read back after the third."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.ReLU(), torch.nn.Linear(7, 3))
    optimiser = make(network.parameters())
    for step in range(5):
        optimiser.zero_grad(set_to_none=True)
        network(torch.randn(4, 5)).square().mean().backward()
        for group in optimiser.param_groups:
            group["lr"] = 0.01 * (step + 1)
        optimiser.step()
        if step == 2:
            kept = optimiser.state_dict()
            optimiser = make(network.parameters())
            optimiser.load_state_dict(kept)
    return torch.cat([weight.detach().flatten() for weight in network.parameters()])


@pytest.mark.parametrize("name", OPTIMISERS)
def test_every_optimiser_steps_as_torchs_own(name):
    plan = dataclasses.replace(PLAN, optimiser=name)
    ours = make_optimiser([torch.nn.Parameter(torch.ones(1))], plan)
    (torchs,) = (parent for parent in type(ours).__mro__ if parent.__module__ == f"torch.optim.{name}")
    options = {key: value for key, value in ours.defaults.items() if key != "decoupled_weight_decay"}
    plain = weights_after(lambda parameters: torchs(parameters, **options))
    assert torch.equal(weights_after(lambda parameters: make_optimiser(parameters, plan)), plain)


def test_a_step_loads_no_compiler():
    folders = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]
    code = f"import sys; sys.path[:0] = {folders!r}\n{LOADS_NO_COMPILER}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_unknown_optimiser_is_refused_in_words():
    with pytest.raises(BadInput, match="Choose one of: adamw, sgd"):
        make_optimiser([torch.nn.Parameter(torch.ones(1))], dataclasses.replace(PLAN, optimiser="lion"))

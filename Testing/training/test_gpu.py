"""On a GPU: the same numbers as on the processor, and trainings that run, stop and go on there."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from support.tiny_training import PLAN, Listener, tiny_task

from DualSSLSegLib.errors import Stopped
from DualSSLSegLib.networks.build import NETWORKS, build
from DualSSLSegLib.training.trainer import Trainer

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here"),
]


@pytest.mark.parametrize("name", NETWORKS)
def test_logits_agree_with_the_processor(name):
    torch.manual_seed(0)
    network = build(name, in_channels=1, num_classes=3, width=4, norm="instance").eval()
    x = torch.randn(1, 1, 32, 32, 16)
    with torch.no_grad():
        expected = network(x).logits
        found = network.cuda()(x.cuda()).logits.cpu()
    torch.testing.assert_close(found, expected, atol=2e-2, rtol=2e-2)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("method_id", ["dual_strong", "dual", "labels_only"])
def test_a_training_runs_and_stays_finite(tmp_path, method_id, precision):
    listener = Listener()
    plan = dataclasses.replace(PLAN, precision=precision)
    Trainer(tiny_task(tmp_path, method_id, device="cuda", plan=plan), listener).run()
    assert listener.of("progress")[-1]["step"] == 8
    assert listener.of("progress")[-1]["left_out"] == {}


@pytest.mark.parametrize("method_id", ["dual", "labels_only"])
def test_a_training_that_was_stopped_goes_on_there(tmp_path, method_id):
    task = tiny_task(tmp_path, method_id, device="cuda")
    first = Trainer(task, Listener(), lambda: "stop" if first.step == 5 else "run")
    with pytest.raises(Stopped):
        first.run()
    listener = Listener()
    Trainer(task, listener).run()
    steps = [event["step"] for event in listener.of("progress") if "terms" in event]
    assert (steps[0], steps[-1]) == (6, 8)

"""What a training would be like, said before it starts."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from support.predictions import predicted_run, tell
from support.studies import label_of, tiny_study

from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.loop.expectation import expectation


@dataclass(frozen=True)
class Machine:
    """What a look at the worker's Python would tell."""

    ok: bool = True
    missing: tuple[str, ...] = ()
    cuda: str = ""
    gpu_memory_bytes: int | None = None
    free_memory_bytes: int | None = 8 << 30
    cores: int = 4
    problem: str = ""


@pytest.fixture
def loop(tmp_path):
    return Controller(tiny_study(tmp_path / "s"))


def test_without_a_label_nothing_can_be_trained(loop):
    found = expectation(loop, Machine())
    assert found.problem == "Label and submit one case first." and found.labels == ()


def test_labels_device_memory_and_time(loop):
    loop.label("b", label_of(), author="Ada")
    found = expectation(loop, Machine(), minutes=5)
    assert found.problem == "" and found.labels == ("b",)
    assert found.device == "processor, 4 cores" and found.memory == "8.0 GB free"
    assert (
        "about 5 min of training, reading the scans included (longer when that takes over half), then"
        in found.time
        and "2 other scans" in found.time
        and "first time" in found.time
    )
    card = expectation(loop, Machine(cuda="RTX", gpu_memory_bytes=12 << 30))
    assert card.device == "graphics card (RTX)" and card.memory.startswith("12.0 GB on the graphics card")
    assert expectation(loop, Machine(cuda="RTX"), device="cpu").device.startswith("processor")


def test_an_earlier_run_tells_how_long_predicting_takes(loop):
    loop.label("b", label_of(), author="Ada")
    run = predicted_run(loop.study, {"a": label_of(), "c": label_of()}, finished=False)
    tell(run, {"type": "phase", "name": "predict", "t": 1000.0})
    tell(
        run, {"type": "predicted", "case": "a", "t": 1120.0}, {"type": "predicted", "case": "c", "t": 1240.0}
    )
    tell(run, {"type": "finished", "memory_mb": 3072.0})
    found = expectation(loop, Machine())
    assert "then about 4 min to predict 2 other scans" in found.time
    assert found.time.startswith("about 5 min of training, reading new scans included, then about 4 min")
    assert "the last training took 3.0 GB" in found.memory


def test_accepted_predictions_train_only_when_asked(loop):
    loop.label("b", label_of(), author="Ada")
    loop.label("c", label_of(), author="Ada", origin="accepted")
    assert expectation(loop, Machine()).labels == ("b",)
    assert expectation(loop, Machine(), use_accepted=True).labels == ("b", "c")


def test_why_it_cannot_start(loop):
    loop.label("b", label_of(), author="Ada")
    assert "torch" in expectation(loop, Machine(ok=False, missing=("torch",))).problem
    assert "no graphics card" in expectation(loop, Machine(), device="cuda").problem
    assert expectation(loop, None).device == "not checked yet" and expectation(loop, None).problem == ""
    predicted_run(loop.study, {"a": label_of()}, finished=False)
    assert "at work" in expectation(loop, Machine()).problem

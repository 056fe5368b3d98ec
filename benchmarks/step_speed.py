"""How much the processor's shortcuts bring: a training step and a window of prediction, with and without them.

    python benchmarks/step_speed.py [--repeats 5] [--crops 1 2]

Without: every convolution the way torch chooses, each network's batch in one piece. With: as trainings run. Both
sides compute the same and take turns in one process, so that a disturbance hits both; told are the medians, the
ratio of each pair, and the largest difference of a gradient relative to its network's largest. Random crops of
32 x 48 x 32 voxels, width 8, both networks. Writes benchmarks/results/step_speed.json.
"""

from __future__ import annotations

import argparse
import contextlib
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from DualSSLSegLib.atomic import write_json
from DualSSLSegLib.methods.base import pair
from DualSSLSegLib.methods.dual_options import DualOptions
from DualSSLSegLib.networks import convolution
from DualSSLSegLib.networks.build import build
from DualSSLSegLib.training import lanes as lanes_module
from DualSSLSegLib.training.lanes import Lanes

PATCH = (32, 48, 32)
RESULT = Path(__file__).parent / "results" / "step_speed.json"


@contextlib.contextmanager
def plain() -> Iterator[None]:
    """torch's own choice of kernels, and whole batches."""
    kept = convolution._one_dnn, lanes_module.parts_of_batch
    convolution._one_dnn = lambda: False  # type: ignore[assignment]
    lanes_module.parts_of_batch = lambda _networks, _device: 1
    try:
        yield
    finally:
        convolution._one_dnn, lanes_module.parts_of_batch = kept


def seconds(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def measure(crops: int, repeats: int) -> dict[str, object]:
    torch.manual_seed(0)
    networks = {
        role: build(
            spec.architecture, in_channels=1, num_classes=3, width=8, norm="instance", dropout=0.0
        ).train()
        for role, spec in pair(DualOptions().residual_network).items()
    }
    x = torch.randn(crops, 1, *PATCH)
    rows: dict[str, list[float]] = {"step": [], "plain step": [], "prediction": [], "plain prediction": []}
    with Lanes(tuple(networks), torch.device("cpu"), "float32").open() as lanes:

        def step() -> None:
            out = lanes.forward(networks, {"a": x, "b": x})
            sum(o.logits.square().mean() for o in out.values()).backward()  # type: ignore[union-attr]
            lanes.backward()

        def gradients() -> list[torch.Tensor]:
            for network in networks.values():
                network.zero_grad()
            step()
            return [torch.cat([p.grad.flatten() for p in n.parameters()]) for n in networks.values()]

        def predict() -> None:
            lanes.infer(networks, {"a": x, "b": x})

        ours = gradients()
        with plain():
            torchs = gradients()
        for _ in range(repeats):
            for name, work in (("step", step), ("prediction", predict)):
                rows[name].append(seconds(work))
                with plain():
                    rows[f"plain {name}"].append(seconds(work))
    difference = max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(ours, torchs, strict=True))
    found: dict[str, object] = {"crops": crops, "largest relative difference of a gradient": difference}
    for name in ("step", "prediction"):
        ratios = [slow / fast for slow, fast in zip(rows[f"plain {name}"], rows[name], strict=True)]
        found[name] = {
            "seconds": statistics.median(rows[name]),
            "plain_seconds": statistics.median(rows[f"plain {name}"]),
            "ratio": statistics.median(ratios),
            "ratios": [min(ratios), max(ratios)],
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--crops", type=int, nargs="+", default=[1, 2])
    arguments = parser.parse_args()
    rows = [measure(crops, arguments.repeats) for crops in arguments.crops]
    for row in rows:
        print(row, flush=True)
    machine = {
        "platform": platform.platform(),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "capability": torch.backends.cpu.get_cpu_capability(),
    }
    write_json(RESULT, {"machine": machine, "rows": rows})


if __name__ == "__main__":
    main()

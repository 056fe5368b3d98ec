"""What a GPU must do here: the GPU-marked tests, CPU against GPU results, and two minutes of full-size training.

    make gpu-check            (or: python benchmarks/gpu_check.py [--minutes 2])

Needs torch, numpy, scipy and pytest. Without a GPU it says so and ends with success. Writes
benchmarks/results/gpu_check.json with machine, versions, commit, time and memory per step.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from DualSSLSegLib.methods.catalogue import options_from  # noqa: E402
from DualSSLSegLib.networks.build import NETWORKS, build  # noqa: E402
from DualSSLSegLib.training.budget import Budget  # noqa: E402
from DualSSLSegLib.training.cases import TrainingCase  # noqa: E402
from DualSSLSegLib.training.plan import TrainingPlan  # noqa: E402
from DualSSLSegLib.training.task import TrainingTask  # noqa: E402
from DualSSLSegLib.training.trainer import Trainer  # noqa: E402

PATCH = (112, 112, 80)
VOLUME = (128, 120, 88)


def commit() -> str:
    """The checked-out commit, or "unknown" outside a repository."""
    try:
        return subprocess.run(
            ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def compare_devices() -> dict[str, float]:
    """Largest difference of probabilities between CPU and GPU, per network, in float32 and bfloat16."""
    found = {}
    for name in NETWORKS:
        torch.manual_seed(0)
        network = build(name, in_channels=1, num_classes=3, width=8, norm="instance").eval()
        x = torch.randn(1, 1, 48, 48, 32)
        with torch.no_grad():
            expected = network(x).logits.softmax(1)
            network.cuda()
            for precision in ("float32", "bfloat16"):
                with torch.autocast("cuda", torch.bfloat16, enabled=precision == "bfloat16"):
                    own = network(x.cuda()).logits.float().softmax(1).cpu()
                found[f"{name}_{precision}"] = float((own - expected).abs().max())
    return found


def sphere(name: str, labelled: bool) -> TrainingCase:
    """A noisy ellipsoid in a volume of full size."""
    rng = np.random.default_rng([7, *name.encode()])
    centre = np.array(VOLUME) / 2 + rng.uniform(-10, 10, 3)
    radius = rng.uniform(18, 30, 3)
    axes = np.indices(VOLUME, dtype=np.float32)
    inside = sum(((a - c) / r) ** 2 for a, c, r in zip(axes, centre, radius, strict=True)) < 1
    image = inside[None].astype(np.float32) + rng.normal(0, 0.8, (1, *VOLUME)).astype(np.float32)
    return TrainingCase(name, image, (1.0, 1.0, 1.0), inside.astype(np.uint8) if labelled else None)


def train(minutes: float, precision: str) -> dict[str, object]:
    """A dual training at full patch and width; seconds and memory per step, and the last values of the terms."""
    events: list[dict[str, object]] = []
    plan = TrainingPlan((1.0, 1.0, 1.0), PATCH, width=16, precision=precision)
    torch.cuda.reset_peak_memory_stats()
    with tempfile.TemporaryDirectory() as folder:
        task = TrainingTask(
            method_id="dual",
            options=options_from("dual", {}),
            plan=plan,
            structure_names=("ellipsoid",),
            channels=1,
            labelled=[sphere(f"l{i}", True) for i in range(2)],
            unlabelled=[sphere(f"u{i}", False) for i in range(4)],
            validation=[],
            budget=Budget(minutes=minutes),
            seed=0,
            device="cuda",
            folder=Path(folder),
        )
        begun = time.monotonic()
        Trainer(task, lambda type, **fields: events.append({"type": type, **fields})).run()
        seconds = time.monotonic() - begun
    last = [event for event in events if event["type"] == "progress"][-1]
    return {
        "precision": precision,
        "seconds": round(seconds, 1),
        "iterations": last["total"],
        "seconds_per_step": last["seconds_per_step"],
        "peak_gpu_bytes": torch.cuda.max_memory_allocated(),
        "terms": last["terms"],
        "left_out": last["left_out"],
        "agreement": [event["mean"] for event in events if event["type"] == "validated"],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=2.0)
    minutes = parser.parse_args().minutes
    if not torch.cuda.is_available():
        print("gpu-check: there is no CUDA GPU here; nothing was checked.")
        return 0
    tests = subprocess.run(
        [sys.executable, "-m", "pytest", "-m", "gpu", "-q"], cwd=ROOT, check=False
    ).returncode
    differences = compare_devices()
    result = {
        "machine": {"gpu": torch.cuda.get_device_name(), "platform": platform.platform()},
        "versions": {
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "commit": commit(),
        "gpu_tests_exit_code": tests,
        "largest_difference_to_cpu": differences,
        "training": [train(minutes / 2, precision) for precision in ("float32", "bfloat16")],
    }
    target = ROOT / "benchmarks" / "results" / "gpu_check.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))
    agree = all(v < 1e-2 for k, v in differences.items() if k.endswith("float32"))
    return 0 if agree and tests in (0, 5) else 1


if __name__ == "__main__":
    sys.exit(main())

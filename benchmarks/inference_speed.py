"""How long a whole-volume prediction with two networks takes, beside a plain loop over the same windows.

    python benchmarks/inference_speed.py [--repeats 5] [--threads 2] [--device cpu] [--case hippocampus]

The plain loop is what one writes first: per network, gather a window, run it in float32, softmax, add
probabilities and counts in NumPy, divide at the end. Both sides see the same windows (but for the variant of one
window), the same Gaussian weights and the same networks with random weights (the time does not depend on their
values), and the largest difference of a probability is printed. The sides take turns, so that a disturbance hits
both; the ratio is that of the medians.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from DualSSLSegLib.atomic import write_json
from DualSSLSegLib.inference.sliding_window import predict
from DualSSLSegLib.inference.windows import plan_windows
from DualSSLSegLib.methods.base import pair
from DualSSLSegLib.methods.dual_options import DualOptions
from DualSSLSegLib.networks.build import build

CASES = {  # name: (volume, patch, width, classes)
    "hippocampus": ((35, 51, 35), (32, 48, 32), 8, 3),
    "left atrium, 1.25 mm": ((92, 70, 44), (64, 64, 48), 8, 2),
    "left atrium, 0.625 mm": ((183, 140, 88), (112, 112, 80), 16, 2),
}
VARIANTS = {
    "same windows, float32": {},
    "same windows, bfloat16": {"precision": "bfloat16"},
    "one window, float32": {"one_window_up_to": 3.0},
}


def plain_loop(image: np.ndarray, networks: list, patch: tuple, classes: int, device: str) -> np.ndarray:
    grid = plan_windows(image.shape[1:], patch)
    before = [max(0, -starts[0]) for starts in grid.starts]
    padding = [(b, max(0, p - s - b)) for b, p, s in zip(before, patch, grid.volume, strict=True)]
    padded = np.pad(image, [(0, 0), *padding])
    lines = [np.exp(-0.5 * ((np.arange(p) - (p - 1) / 2) / (p / 8)) ** 2) for p in patch]
    weight = (lines[0][:, None, None] * lines[1][:, None] * lines[2]).astype(np.float32)
    inside = tuple(slice(b, b + s) for b, s in zip(before, grid.volume, strict=True))
    results = []
    for network in networks:
        total = np.zeros((classes, *padded.shape[1:]), np.float32)
        count = np.zeros(padded.shape[1:], np.float32)
        for x in grid.starts[0]:
            for y in grid.starts[1]:
                for z in grid.starts[2]:
                    corner = [a + b for a, b in zip((x, y, z), before, strict=True)]
                    where = tuple(slice(a, a + p) for a, p in zip(corner, patch, strict=True))
                    window = torch.from_numpy(np.ascontiguousarray(padded[(slice(None), *where)])[None])
                    with torch.no_grad():
                        p = torch.softmax(network(window.to(device)).logits, 1)[0].cpu().numpy()
                    total[(slice(None), *where)] += p * weight
                    count[where] += weight
        results.append((total / count)[(slice(None), *inside)])
    return np.stack(results)


def timed(work: Callable[[], np.ndarray], device: str) -> tuple[float, np.ndarray]:
    start = time.perf_counter()
    found = work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start, found


def measure(name: str, repeats: int, device: str) -> dict:
    volume, patch, width, classes = CASES[name]
    torch.manual_seed(0)
    image = np.random.default_rng(0).normal(size=(1, *volume)).astype(np.float32)

    def networks() -> list:
        torch.manual_seed(0)
        made = (
            build(spec.architecture, in_channels=1, num_classes=classes, width=width, norm="instance")
            for spec in pair(DualOptions().residual_network).values()
        )
        return [network.eval().to(device) for network in made]

    plain, ours = networks(), networks()  # apart, because predict reorders the weights in memory

    def library(settings: dict) -> np.ndarray:
        return predict(
            image, ours, patch_size=patch, num_classes=classes, device=device, **settings
        ).probabilities

    sides: dict[str, Callable[[], np.ndarray]] = {
        "plain loop": lambda: plain_loop(image, plain, patch, classes, device)
    }
    for label, settings in VARIANTS.items():
        sides[label] = lambda settings=settings: library(settings)
    seconds: dict[str, list[float]] = {label: [] for label in sides}
    answers = {}
    for turn in range(repeats + 1):
        for label, work in sides.items():
            took, answers[label] = timed(work, device)
            if turn:  # the first turn warms up
                seconds[label].append(took)
    medians = {label: statistics.median(times) for label, times in seconds.items()}
    return {
        "case": name,
        "volume": volume,
        "patch": patch,
        "width": width,
        "seconds": {label: round(value, 4) for label, value in medians.items()},
        "ratio": {label: round(medians["plain loop"] / value, 2) for label, value in medians.items()},
        "largest_difference": float(np.abs(answers["same windows, float32"] - answers["plain loop"]).max()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--case", choices=sorted(CASES), action="append")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "results" / "inference_speed.json"
    )
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    rows = []
    for name in options.case or CASES:
        row = measure(name, options.repeats, options.device)
        rows.append(row)
        print(f"{name}: volume {row['volume']}, patch {row['patch']}, width {row['width']}")
        for label, value in row["seconds"].items():
            print(f"  {label:24s} {value:8.3f} s   {row['ratio'][label]:5.2f} x")
        print(
            f"  largest difference of a probability, same windows: {row['largest_difference']:.1e}",
            flush=True,
        )
    write_json(
        options.out,
        {
            "torch": torch.__version__,
            "machine": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "threads": options.threads,
            "device": options.device,
            "load_at_start": load,
            "malloc": os.environ.get("GLIBC_TUNABLES", "default"),
            "rows": rows,
        },
    )
    print(f"written to {options.out}")


if __name__ == "__main__":
    main()

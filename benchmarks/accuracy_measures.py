"""What a run of the accuracy bench is measured by, once it is trained: its test cases, its calibration, its machine."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from DualSSLSegLib.atomic import read_json
from DualSSLSegLib.evaluation.metrics import case_metrics
from DualSSLSegLib.evaluation.uncertainty_check import error_capture
from DualSSLSegLib.imaging.intensity import IntensityPlan
from DualSSLSegLib.imaging.read import read_voxels
from DualSSLSegLib.inference.sliding_window import predict
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.loop.controller import Controller
from DualSSLSegLib.training.model_file import Model, load_model
from DualSSLSegLib.training.plan import precision_for
from DualSSLSegLib.uncertainty.calibration import expected_calibration_error
from DualSSLSegLib.uncertainty.maps import fuse, fused_label, rim, scale
from DualSSLSegLib.worker.cache import VolumeCache
from DualSSLSegLib.worker.label_table import structures_from


def measure(controller: Controller, run: RunFolder, scans: Path, cases: Sequence[str]) -> dict[str, Any]:
    """Metrics, case scores and error capture of the predicted test cases against their reference labels."""
    names = {structure.name: structure.value for structure in controller.study.structures}
    rows: dict[str, Any] = {}
    for case in cases:
        reference, grid = read_voxels(scans / "labels" / f"{case}.nii.gz")
        predicted, _ = read_voxels(run.prediction_path(case))
        uncertainty, _ = read_voxels(run.uncertainty_path(case))
        reference, predicted = (array.reshape(grid.shape).astype("uint8") for array in (reference, predicted))
        metrics = case_metrics(predicted, reference, grid.spacing_mm, names)
        rows[case] = {
            "metrics": {name: row.to_dict() for name, row in metrics.items()},
            "score": read_json(run.prediction_facts_path(case))["score"],
            "capture": error_capture(predicted, reference, uncertainty.reshape(grid.shape)).to_dict(),
        }
    return rows


def measure_calibration(
    controller: Controller, run: RunFolder, scans: Path, cases: Sequence[str], device: str
) -> dict[str, Any]:
    """The calibration error of a training's model on test cases, see rim_calibration. Predicts them once more, for a
    prediction's files hold no probabilities."""
    model = load_model(run.model_path, device)
    volumes = _predicted(model, Path(run.spec()["cache"]), controller, scans, cases, device)
    return rim_calibration(volumes, model.temperature, calibrated=model.calibrated)


def rim_calibration(
    volumes: Iterable[tuple[np.ndarray, np.ndarray]], temperature: float, *, calibrated: bool
) -> dict[str, Any]:
    """Expected calibration error (0..1) over the rim of the predictions, without and with the temperature.

    volumes: per case fused probabilities (K, x, y, z) and true class indices (x, y, z). The rims' voxels of all cases
    are pooled. `after` is None for a model that is not calibrated: its temperature is 1 by definition.
    """
    found, truth = [], []
    for probabilities, label in volumes:
        region = rim(fused_label(probabilities))
        found.append(probabilities[:, region])
        truth.append(label[region])
    q, y = np.concatenate(found, axis=1), np.concatenate(truth)
    return {
        "temperature": temperature,
        "calibrated": calibrated,
        "voxels": int(y.size),
        "before": expected_calibration_error(q, y),
        "after": expected_calibration_error(scale(q, temperature), y) if calibrated else None,
    }


def _predicted(
    model: Model, cache_folder: Path, controller: Controller, scans: Path, cases: Sequence[str], device: str
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Fused probabilities and true classes of each case, both on the working grid of the model."""
    cache = VolumeCache(cache_folder, model.plan.working_spacing_mm, IntensityPlan.from_dict(model.intensity))
    structures = structures_from(model.structures)
    for case in cases:
        image = cache.image(case, controller.study.case(case).paths)
        label = cache.label(image, scans / "labels" / f"{case}.nii.gz", structures)
        prediction = predict(
            image.image,
            list(model.networks.values()),
            patch_size=model.plan.patch_size,
            num_classes=model.num_classes,
            device=device,
            precision=precision_for(device),
        )
        try:
            yield fuse(prediction.probabilities), np.asarray(label)
        finally:
            prediction.discard()


def machine(root: Path) -> dict[str, Any]:
    """Processor, cores and system of this machine, and the commit of the repository in `root`."""
    commit = subprocess.run(
        ["git", "-C", str(root), "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else "" if lines else platform.processor(),
        "cores": os.cpu_count(),
        "platform": platform.platform(),
        "commit": commit,
    }

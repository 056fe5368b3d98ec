"""Runs as a worker leaves them, written at once: predictions with maps, facts and a ranking."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

import numpy as np

from DualSSLSegLib.atomic import write_json
from DualSSLSegLib.imaging.digest import file_digest
from DualSSLSegLib.imaging.geometry import Grid
from DualSSLSegLib.imaging.read import read_grid
from DualSSLSegLib.imaging.write import write_label, write_map
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.study.folder import StudyFolder
from DualSSLSegLib.study.scan import stamps_of


def predicted_run(
    study: StudyFolder, labels: Mapping[str, np.ndarray], *, finished: bool = True
) -> RunFolder:
    """A training of the study that has predicted `labels` (X, Y, Z); the first case is to be reviewed first."""
    rows = [
        {
            "id": case.id,
            "paths": [str(p) for p in case.paths],
            "role": "unlabelled" if case.id in labels else "labelled",
            "image_stamps": [list(stamp) for stamp in stamps_of(case.paths)],
        }
        for case in study.cases().values()
    ]
    run = RunFolder.create(
        study.runs_dir, {"kind": "train", "round": 1, "budget": {"minutes": 1}}, {"cases": rows}
    )
    run.checkpoints.mkdir()
    run.model_path.write_bytes(b"networks")
    for case, label in labels.items():
        scan = study.case(case).paths
        names = [s.name for s in study.structures]
        write_prediction(run, case, label, read_grid(scan[0]), names, image_digest=file_digest(scan))
    suggestions = [
        {"case": case, "score": round(1 - n / 10, 2), "reason": f"Reason {n}.", "values": {}}
        for n, case in enumerate(labels)
    ]
    write_json(run.scores_path, {"v": 1, "suggestions": suggestions, "shadow": []})
    tell(run, {"type": "started", "attempt": 1, "pid": 1, "host": "elsewhere"})
    if finished:
        tell(run, {"type": "finished", "predicted": len(labels), "memory_mb": 2048.0})
    return run


def write_prediction(
    run: RunFolder,
    case: str,
    label: np.ndarray,
    grid: Grid,
    names: list[str],
    *,
    image_digest: str | None = None,
) -> None:
    """The files of one predicted case: two hot spots, one in each half of the scan. Without `image_digest` they are as
    an older version left them."""
    uncertainty = np.linspace(0, 1, label.size, dtype=np.float32).reshape(label.shape)
    write_label(run.prediction_path(case), label, grid)
    write_map(run.uncertainty_path(case), uncertainty, grid)
    write_map(run.disagreement_path(case), 1 - uncertainty, grid)
    spots = [
        {
            "volume_mm3": 90.0 / number,
            "voxels": 9,
            "centre_voxel": [number, number, number],
            "centre_ras_mm": [float(v) for v in (grid.affine @ [number, number, number, 1])[:3]],
            "peak": 0.9,
            "mean": 0.6,
            "structure": names[0],
            "between": [],
            "place": "",
            "sentence": f"Place {number}.",
        }
        for number in (1, 2)
    ]
    score = {"risk": 0.25, "networks": 2, "disagreement": 0.1, "rim_entropy": 0.3, "missing": []}
    of_scan = {"image_digest": image_digest} if image_digest is not None else {}
    write_json(
        run.prediction_facts_path(case),
        {
            "v": 1,
            "case": case,
            "run": run.id,
            "score": score,
            "hot_spots": spots,
            **of_scan,
            "grid": {"shape": list(grid.shape), "affine": grid.affine.tolist()},
            "calibrated": False,
            "model": {},
        },
    )


def tell(run: RunFolder, *events: Mapping[str, object]) -> None:
    """Append events to a run's journal."""
    earlier = run.events_path.read_bytes().count(b"\n") if run.events_path.exists() else 0
    with open(run.events_path, "a", encoding="utf-8") as journal:
        for number, event in enumerate(events, earlier + 1):
            journal.write(json.dumps({"v": 1, "seq": number, "t": time.time(), **event}) + "\n")

"""Real hippocampus labels: our metrics beside the independent library's, on shapes nobody made up."""

from __future__ import annotations

import json
import os
from pathlib import Path

import nibabel
import numpy as np
import pytest
import surface_distance

from DualSSLSegLib.evaluation.metrics import case_metrics

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore:.*scipy.ndimage:DeprecationWarning"),
]
NAMES = ["anterior", "posterior"]


@pytest.fixture(scope="module")
def labels():
    root = os.environ.get("DUALSSLSEG_DATA")
    if not root or not (Path(root) / "hippocampus").is_dir():
        pytest.skip("set DUALSSLSEG_DATA to the folder with the hippocampus scans to run this")
    folder = Path(root) / "hippocampus"
    cases = json.loads((folder / "splits.json").read_text())["labelled_4"]
    files = [nibabel.load(folder / "labels" / f"{case}.nii.gz") for case in cases]
    return [np.rint(np.asarray(file.dataobj)).astype(np.uint8) for file in files]


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.8, 0.8, 2.0)])
def test_a_shifted_and_shaved_label_scores_as_the_independent_library_says(labels, spacing):
    for label in labels:
        prediction = np.roll(label, (1, 0, -1), axis=(0, 1, 2))
        prediction[: label.shape[0] // 3] = 0
        for value, ours in enumerate(case_metrics(prediction, label, spacing, NAMES).values(), start=1):
            masks = label == value, prediction == value
            theirs = surface_distance.compute_surface_distances(*masks, spacing)
            assert ours.dice == pytest.approx(surface_distance.compute_dice_coefficient(*masks))
            average = np.mean(surface_distance.compute_average_surface_distance(theirs))
            assert ours.asd_mm == pytest.approx(average, abs=0.5 * max(spacing))
            hausdorff = surface_distance.compute_robust_hausdorff(theirs, 95)
            assert ours.hd95_mm == pytest.approx(hausdorff, abs=max(spacing))

"""Segmenting a folder of scans with a trained model, no study needed; the run folder lies in the output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.formats import RESULT_SUFFIXES, is_dicom_folder, is_scan_file, stem_of
from DualSSLSegLib.jobs.run_folder import DEVICES, RunFolder, list_runs
from DualSSLSegLib.loop.launcher import Launcher
from DualSSLSegLib.loop.requests import newest_trained
from DualSSLSegLib.loop.runs import Runs
from DualSSLSegLib.study.layout import StudyLayout, study_around
from DualSSLSegLib.study.scan import list_cases


def output_runs(output: Path, launcher: Launcher | None = None) -> Runs:
    """The runs that wrote, or write, to an output folder."""
    return Runs(StudyLayout(output.absolute()).runs, output.absolute(), launcher)


def start_segmentation(
    model: str | Path,
    scans: str | Path,
    output: str | Path,
    *,
    uncertainty: bool = False,
    format: str = RESULT_SUFFIXES[0],
    device: str = "auto",
    launcher: Launcher | None = None,
) -> tuple[Runs, RunFolder]:
    """Start segmenting every scan below the folder `scans` (or one scan) into `output`; watch it through the Runs.

    `model` is a model file, or a study whose newest model is taken. Results are `output`/<scan name><format>. What is
    done already is skipped by the worker. Raises BadInput before anything is started.
    """
    source, target = Path(scans).expanduser().absolute(), Path(output).expanduser().absolute()
    if device not in DEVICES:
        raise BadInput(f"unknown device {device!r}.", hint=f"Choose one of: {', '.join(DEVICES)}.")
    if format not in RESULT_SUFFIXES:
        raise BadInput(
            f"results cannot be written as {format!r}.", hint=f"Choose one of: {', '.join(RESULT_SUFFIXES)}."
        )
    model_file = model_of(model)
    if target.exists() and not target.is_dir():
        raise BadInput("this is a file, not a folder.", hint="Name a folder for the results.", path=target)
    if source == target or (source.is_dir() and target.is_dir() and source.samefile(target)):
        raise BadInput(
            "the results would lie among the scans.", hint="Choose another output folder.", path=target
        )
    study = study_around(target)
    if study is not None:
        raise BadInput(
            f"this folder lies in the study {study}, where label maps would be taken for scans.",
            hint="Choose a folder outside of it. (`dualsslseg predict` predicts the scans of a study.)",
            path=target,
        )
    rows, refused = _scans(source, target)
    if not rows and not refused:
        raise BadInput(
            "no scans were found here (.nii.gz, .nii, .nrrd, .mha, or folders of DICOM files).",
            hint="Name the folder that holds the scans.",
            path=source,
        )
    spec = {
        "kind": "segment",
        "model": str(model_file),
        "scans": str(source),
        "output": str(target),
        "uncertainty": bool(uncertainty),
        "format": format,
        "device": device,
    }
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"this folder cannot be made ({error.strerror or error}).",
            hint="Choose another one.",
            path=target,
        ) from error
    runs = output_runs(target, launcher)
    return runs, runs.start(spec, {"cases": rows, "refused": refused})


def model_of(model: str | Path) -> Path:
    """The model file meant by a file, or the newest one of a study folder. Raises BadInput when there is none."""
    path = Path(model).expanduser().absolute()
    if path.is_file():
        return path
    if not path.is_dir():
        raise BadInput(
            "there is no such model file or study.",
            hint="Name a file of `export-model`, or a study that has been trained.",
            path=path,
        )
    trained = newest_trained(list_runs(StudyLayout(path).runs))
    if trained is None:
        raise BadInput(
            "this folder has no trained model.", hint="Train first: dualsslseg train STUDY.", path=path
        )
    return trained.model_path


def _scans(source: Path, target: Path) -> tuple[list[dict[str, Any]], list[list[str]]]:
    """Rows for inputs.json, one file or series each, and [name, reason] of what cannot be taken for a scan."""
    if (is_scan_file(source) and source.is_file()) or (source.is_dir() and is_dicom_folder(source)):
        return [_row(stem_of(source), source)], []
    listing = list_cases(source)
    results = target.resolve()
    inside = results.is_relative_to(source.resolve())  # then what lies in it is no scan to segment
    rows = [
        _row(case.id, case.paths[0])
        for case in listing.cases.values()
        if not (inside and case.paths[0].resolve().is_relative_to(results))
    ]
    refused = [[name, reason] for name, reason in listing.refused.items()]
    return rows, refused


def _row(name: str, path: Path) -> dict[str, Any]:
    return {"id": name, "paths": [str(path)], "role": "predict", "label": None}

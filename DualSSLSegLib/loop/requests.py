"""The request of a run, `spec.json`, made and checked before anything is started."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.jobs.monitor import state_of
from DualSSLSegLib.jobs.run_folder import DEVICES, RunFolder
from DualSSLSegLib.methods.catalogue import DEFAULT_METHOD, entry_of, options_from
from DualSSLSegLib.study.folder import StudyFolder

DEFAULT_MINUTES = 5.0


def budget(minutes: float | None, iterations: int | None) -> dict[str, float | int]:
    """The budget of a training: minutes or iterations, 5 minutes when neither is given.

    Raises BadInput for both, and for numbers that cannot be.
    """
    if minutes is not None and iterations is not None:
        raise BadInput("a training lasts a number of minutes or of iterations, not both.", hint="Give one.")
    if iterations is not None:
        if isinstance(iterations, bool) or not isinstance(iterations, int) or iterations < 1:
            raise BadInput(
                f"{iterations!r} iterations cannot be trained.", hint="Give a whole number from 1 on."
            )
        return {"iterations": iterations}
    wanted = DEFAULT_MINUTES if minutes is None else float(minutes)
    if not (math.isfinite(wanted) and wanted > 0):
        raise BadInput(f"a training cannot last {minutes!r} minutes.", hint="Give a number above 0.")
    return {"minutes": wanted}


def training_request(
    study: StudyFolder,
    earlier: Sequence[RunFolder],
    *,
    method: str = DEFAULT_METHOD,
    options: Mapping[str, Any] | None = None,
    minutes: float | None = None,
    iterations: int | None = None,
    seed: int = 0,
    device: str = "auto",
    transductive: bool = False,
    use_accepted: bool = False,
    from_scratch: bool = False,
) -> dict[str, Any]:
    """The spec of a training. It goes on from the newest earlier training with a model unless `from_scratch`.

    Raises BadInput that names what is wrong: method, option, budget, seed, device.
    """
    from dataclasses import asdict

    parent = None if from_scratch else newest_trained(earlier)
    checked = options_from(entry_of(method).id, {**_kept_networks(parent), **(options or {})})
    return {
        "kind": "train",
        "method": method,
        "options": asdict(checked),
        "budget": budget(minutes, iterations),
        "parent": str(parent.path) if parent is not None else None,
        "transductive": bool(transductive),
        "use_accepted": bool(use_accepted),
        "round": sum(run.spec()["kind"] == "train" and run.model_path.is_file() for run in earlier) + 1,
        **common(study, seed, device),
    }


def _kept_networks(parent: RunFolder | None) -> dict[str, str]:
    """The residual network of the training that another one goes on from: a network of another kind would begin anew.

    Trainings of before there was a choice had the published one.
    """
    if parent is None:
        return {}
    chosen = parent.spec().get("options") or {}
    return {"residual_network": str(chosen.get("residual_network", "resvnet"))}


def prediction_request(
    study: StudyFolder, earlier: Sequence[RunFolder], *, model: Path | None, seed: int, device: str
) -> dict[str, Any]:
    """The spec of a prediction with `model`, or with that of the newest training. Raises BadInput without one."""
    if model is None:
        trained = newest_trained(earlier)
        if trained is None:
            raise BadInput(
                "nothing has been trained in this study yet.",
                hint="Train first, or name a model file.",
                path=study.path,
            )
        model = trained.model_path
    if not model.is_file():
        raise BadInput("there is no such model file.", hint="Name a file of `export-model`.", path=model)
    return {
        "kind": "predict",
        "model": str(model.absolute()),
        "own_model": model.resolve().is_relative_to(study.runs_dir.resolve()),
        "round": sum(run.spec()["kind"] == "train" and run.model_path.is_file() for run in earlier),
        **common(study, seed, device),
    }


def evaluation_request(study: StudyFolder, run: RunFolder, reference: Path) -> dict[str, Any]:
    """The spec of measuring what `run` predicted against the labels in the folder `reference`."""
    return {
        "kind": "evaluate",
        "of_run": run.id,
        "reference": str(reference),
        "transductive": run.spec().get("transductive", False),
        **common(study, 0, "cpu"),
    }


def common(study: StudyFolder, seed: int, device: str) -> dict[str, Any]:
    """What every run of a study is told. Raises BadInput for an impossible seed or device."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**31:
        raise BadInput(f"{seed!r} cannot be a seed.", hint="Give a whole number from 0 to 2147483647.")
    if device not in DEVICES:
        raise BadInput(f"unknown device {device!r}.", hint=f"Choose one of: {', '.join(DEVICES)}.")
    return {
        "study": str(study.path),
        "structures": [structure.to_dict() for structure in study.structures],
        "channels": study.channels,
        "cache": str(study.cache_dir),
        "seed": seed,
        "device": device,
    }


def newest_trained(runs: Sequence[RunFolder]) -> RunFolder | None:
    """The newest training that ended and left a model; `runs` are oldest first."""
    for run in reversed(runs):
        if run.spec()["kind"] == "train" and run.model_path.is_file() and not state_of(run).active:
            return run
    return None

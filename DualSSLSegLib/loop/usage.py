"""What a model has seen of every case: its own training and all earlier ones that it went on from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from DualSSLSegLib.atomic import read_json
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.jobs.run_folder import RunFolder
from DualSSLSegLib.methods.catalogue import CATALOGUE

LABELLED, UNLABELLED, HELD_OUT, UNKNOWN = "labelled", "unlabelled", "held_out", "unknown"
"""Trained with its label; its image trained; neither did; a model from elsewhere does not say."""

HELD_BACK, WITHOUT_LABEL = ("validation", "predict"), ("unlabelled", "accepted")
"""Roles of cases that train nothing, unless a training is transductive, and of those that train as images."""


def learns_without_label(spec: Mapping[str, Any]) -> bool:
    """Whether the method of a training learns from scans without their label. One that is not known may."""
    entry = CATALOGUE.get(str(spec.get("method")))
    return entry is None or entry.uses_unlabelled


def used_by(run: RunFolder) -> dict[str, str]:
    """LABELLED or UNLABELLED for every case that trained the model which a training left; others are left out.

    The trainings that it went on from count as well. Where one of them is gone, what the next one had written
    down about it stands in.
    """
    found: dict[str, str] = {}
    visited: set[RunFolder] = set()
    while run not in visited and run.spec_path.is_file():
        visited.add(run)
        spec = run.spec()
        for row in run.inputs()["cases"]:
            _add(found, row["id"], _use(row["role"], spec))
        for case, use in (spec.get("seen_by_parent") or {}).items():
            _add(found, case, use)
        if not spec.get("parent"):
            break
        run = RunFolder(spec["parent"])
    return found


def seen_by_parent(spec: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The cases of a new training that are held back from it, but that the model it goes on from has seen."""
    if not spec.get("parent"):
        return {}
    used = used_by(RunFolder(spec["parent"]))
    roles = HELD_BACK if learns_without_label(spec) else (*HELD_BACK, *WITHOUT_LABEL)
    held_back = [row["id"] for row in rows if row["role"] in roles]
    return {case: used[case] for case in held_back if case in used}


def groups_of(run: RunFolder, runs: Sequence[RunFolder], cases: Sequence[str]) -> dict[str, str]:
    """How the model behind a run's predictions knows each of `cases`. `runs` are those of the study."""
    trained = run if run.spec()["kind"] == "train" else _model_run(run, runs, cases)
    if trained is None:
        return dict.fromkeys(cases, UNKNOWN)
    used = used_by(trained)
    return {case: used.get(case, HELD_OUT) for case in cases}


def _model_run(run: RunFolder, runs: Sequence[RunFolder], cases: Sequence[str]) -> RunFolder | None:
    """The training of this study whose model made the predictions of a `predict` run, as their facts say."""
    for case in cases:
        try:
            name = read_json(run.prediction_facts_path(case))["model"].get("run")
        except (BadInput, KeyError, TypeError, AttributeError):
            continue
        return next((other for other in runs if other.id == name), None)
    return None


def _use(role: str, spec: Mapping[str, Any]) -> str | None:
    if role == "labelled":
        return LABELLED
    if learns_without_label(spec) and (role in WITHOUT_LABEL or spec.get("transductive")):
        return UNLABELLED
    return None


def _add(found: dict[str, str], case: str, use: str | None) -> None:
    if use is not None and found.get(case) != LABELLED:
        found[case] = use

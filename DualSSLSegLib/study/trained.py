"""Which cases have been trained on, from what the runs have frozen as their inputs."""

from __future__ import annotations

from DualSSLSegLib.atomic import read_json
from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.study.layout import StudyLayout, names_in

_LABELLED = "labelled"


def trained_cases(layout: StudyLayout) -> set[str]:
    """Ids of all cases whose labels any run was given to train on. Raises BadInput for damaged inputs of a run:
    what cannot be known must not be taken for unused."""
    found: set[str] = set()
    for run in names_in(layout.runs):
        inputs = layout.run_inputs(run)
        if not inputs.is_file():
            continue
        spec, content = layout.runs / run / "spec.json", read_json(inputs)
        try:
            if spec.is_file() and read_json(spec).get("kind") != "train":
                continue
            found.update(case["id"] for case in content["cases"] if case.get("role") == _LABELLED)
        except (KeyError, TypeError, AttributeError) as error:
            raise BadInput(
                "the inputs of this run are damaged, so what it was trained on is not known.",
                hint="Put the file back from a backup, or delete the run.",
                path=inputs,
            ) from error
    return found

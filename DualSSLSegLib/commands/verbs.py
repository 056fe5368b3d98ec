"""The verbs of the command line. Each lives in a module with `add_arguments(parser)` and `run(arguments,
screen)`.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True)
class Verb:
    """One verb: the module in this folder that does it, and what it is for in one line."""

    module: str
    summary: str

    def load(self) -> ModuleType:
        """The module; loaded only for the verb that is asked for, so that every start is quick."""
        return importlib.import_module(f"DualSSLSegLib.commands.{self.module}")


VERBS: dict[str, Verb] = {
    "init": Verb("init", "make a folder of scans a study, or add to its structures"),
    "label": Verb("label", "take a label map as the label of a case"),
    "status": Verb("status", "what is labelled, predicted, reviewed, running"),
    "split": Verb("split", "show or set which cases are kept for validation and test"),
    "train": Verb("train", "learn from labelled and unlabelled scans, then predict and rank"),
    "pause": Verb("control", "let a run wait"),
    "resume": Verb("control", "let a paused, stopped or lost run go on"),
    "stop": Verb("control", "end a run and keep its work"),
    "watch": Verb("watch", "follow a run"),
    "predict": Verb("predict", "predict all scans with the newest model, without training"),
    "next": Verb("next_case", "which scans to review next, and why"),
    "evaluate": Verb("evaluate", "measure predictions against reference labels"),
    "segment": Verb("segment", "segment a folder of scans with a trained model"),
    "methods": Verb("methods", "the training methods and their options"),
    "export-model": Verb("export_model", "write the newest model to one file"),
    "report": Verb("report", "write the report page of a study"),
    "demo": Verb("demo", "the whole loop, twice round, on real scans"),
}

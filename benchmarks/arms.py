"""The arms of the accuracy bench: which method trains with which options for how long, and what its results are called.

An arm's name stands in file names and tables. `full` is the labels-only method with the labels of all other cases;
the ladder is a method with one of its terms off at a time.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.methods.catalogue import CATALOGUE, options_from

STRONG, DUAL, LABELS_ONLY, FULL = "dual_strong", "dual", "labels_only", "full"
TERMS = {  # of the methods that have them: the option and its value when a term is off
    "filtered": ("filtered_weight", "0.0"),
    "cross": ("cross_weight", "0.0"),
    "cosine": ("cosine_weight", "0.0"),
    "contrast": ("contrast_weight", "0.0"),
    "rectification": ("rectification_weight", "0.0"),
    "filter": ("keep", "1.0"),
    "whole_scans": ("teacher", "ema"),
    "two_views": ("views", "same"),
    "guard": ("collapse_guard", "false"),
    "looks": ("borrowed_looks", "0.0"),
    "shapes": ("borrowed_shapes", "0.0"),
}
_JOIN = "labels_first_steps"  # a short ladder would else end before the unlabelled scans join
_OFF = "-no-"


@dataclass(frozen=True)
class Arm:
    """One way to train: `method` of the catalogue with `options` (texts); `full` takes all other cases' labels."""

    name: str
    method: str
    options: dict[str, str] = field(default_factory=dict)
    full: bool = False


@dataclass(frozen=True)
class TrainingTime:
    """How long a training lasts: minutes of the clock or a number of steps; the other is None.

    `stands_for`: the time that these steps take on a quiet machine, in words, when they are measured on a busy one.
    """

    minutes: float | None = None
    iterations: int | None = None
    stands_for: str = ""

    @property
    def text(self) -> str:
        """As it stands in tables: "5 min", "6000 steps" or "5 min in steps"."""
        if self.stands_for:
            return f"{self.stands_for} in steps"
        return f"{self.iterations} steps" if self.iterations else f"{self.minutes:g} min"

    @property
    def request(self) -> dict[str, Any]:
        """As a training is asked for it."""
        return {"iterations": self.iterations} if self.iterations else {"minutes": self.minutes}


def training_time(text: str) -> TrainingTime:
    """From a text such as "5min" or "6000steps". Raises BadInput for any other."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*min|(\d+)\s*steps", text.strip())
    if found is None or float(found[1] or found[2]) <= 0:
        raise BadInput(f"{text!r} is no budget.", hint="Write minutes as 5min or steps as 6000steps.")
    return TrainingTime(minutes=float(found[1])) if found[1] else TrainingTime(iterations=int(found[2]))


def arms(
    methods: Sequence[str], *, options: Sequence[str] = (), tag: str = "", ladder: bool = False
) -> list[Arm]:
    """The arms of a bench. Each of `options`, "NAME=VALUE", goes to every method that has it; they are in an arm's name
    unless `tag` is.

    The ladder adds `dual_strong` where no method with such terms is asked for, `labels_only`, and the methods with
    terms without each of these in turn. Its unlabelled scans join at the same part of the run however short this is,
    unless `options` say otherwise: a term that is never reached would say nothing.
    Raises BadInput for an unknown method, a value that a method would refuse, and an option that no method has.
    """
    given = pairs(options)
    if ladder:
        given.setdefault(_JOIN, "0")
    wanted = list(methods)
    if ladder:
        wanted += [] if {STRONG, DUAL} & set(methods) else [STRONG]
        wanted += [] if LABELS_ONLY in methods else [LABELS_ONLY]
    found: list[Arm] = []
    used: set[str] = set()
    for method in wanted:
        if method != FULL and method not in CATALOGUE:
            raise BadInput(
                f"method '{method}' does not exist.", hint=f"Choose from: {', '.join((*CATALOGUE, FULL))}."
            )
        trained_by = LABELS_ONLY if method == FULL else method
        known = {field.name for field in dataclasses.fields(CATALOGUE[trained_by].options)}
        chosen = {name: value for name, value in given.items() if name in known}
        options_from(trained_by, chosen)  # refused here, not after the first training
        used |= chosen.keys()
        told = tag or "".join(f"+{name}={value}" for name, value in chosen.items())
        found.append(Arm(method + told, trained_by, chosen, full=method == FULL))
    if unknown := given.keys() - used:
        raise BadInput(
            f"no method here has an option '{min(unknown)}'.", hint="`dualsslseg methods` lists all options."
        )
    if ladder:
        found += [rung for arm in found for rung in _rungs(arm)]
    return found


def pairs(options: Sequence[str]) -> dict[str, str]:
    """ "NAME=VALUE" texts as a dictionary. Raises BadInput for one without a value."""
    for text in options:
        if "=" not in text:
            raise BadInput(f"{text!r} is no option.", hint="Write NAME=VALUE.")
    return dict(text.split("=", 1) for text in options)


def _rungs(arm: Arm) -> list[Arm]:
    """The arm with each of its terms off, where the term is on."""
    own = options_from(arm.method, arm.options)
    rungs = []
    for term, (option, off) in TERMS.items():
        if not hasattr(own, option):
            continue
        changed = {**arm.options, option: off}
        if options_from(arm.method, changed) != own:
            rungs.append(Arm(f"{arm.name}{_OFF}{term}", arm.method, changed))
    return rungs


def rung_of(name: str) -> tuple[str, str] | None:
    """The arm that the ladder starts from, and the term that is off; None for an arm that is no rung."""
    base, off, term = name.rpartition(_OFF)
    return (base, term) if off and term in TERMS else None


def result_name(set_name: str, arm: str, labels: int, time: TrainingTime, seed: int) -> str:
    """The file of one run's results."""
    return f"{set_name}_{arm}_{labels}labels_{time.text.replace(' ', '')}_seed{seed}.json"

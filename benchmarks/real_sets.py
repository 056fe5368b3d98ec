"""Sets of real scans below $DUALSSLSEG_DATA, and which of their cases train, go unlabelled or are measured.

A set is a folder with splits.json and, as NIfTI, `images/` and `labels/`; a packed set has `voxpack.py` and
`part_*.npz` in their place and is unpacked into a temporary folder, never into this repository.

The splits of a set: `labelled_N` (the smaller ones are beginnings of the largest), `validation_N`, and either
`unlabelled`, a list of its own (hippocampus), or `train_order`, the published order of all cases of which those after
the first N go unlabelled (left atrium). Validation cases neither train nor are they seen unlabelled.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from DualSSLSegLib.atomic import read_json
from DualSSLSegLib.errors import BadInput

FIRST_LABELLED = 4  # the labelled cases after these choose options: the same ones for 1, 2 and 4 labels
LEAST_DEVELOPMENT = 8
SET_APART = 12
DEVELOPMENT = "development"

Splits = Mapping[str, Any]


@dataclass(frozen=True)
class Protocol:
    """Who does what, as case names: `measured` and `others` are test cases, which are only predicted."""

    labelled: tuple[str, ...]
    unlabelled: tuple[str, ...]
    measured: tuple[str, ...]
    others: tuple[str, ...]
    measured_on: str  # the split of `measured`: "validation_40", ... or "development"


def data_set(name: str) -> tuple[Path, Splits]:
    """Folder and splits of a set under $DUALSSLSEG_DATA. Raises BadInput where there is none."""
    root = os.environ.get("DUALSSLSEG_DATA")
    if not root:
        raise BadInput(
            "DUALSSLSEG_DATA is not set.", hint="Set it to the folder that holds the sets of scans."
        )
    folder = Path(root) / name
    if not (folder / "splits.json").is_file():
        raise BadInput(
            "there is no set of scans here.", hint="A set is a folder with splits.json.", path=folder
        )
    return folder, read_json(folder / "splits.json")


@contextmanager
def scans_of(folder: Path, keep_in: Path | None = None) -> Iterator[Path]:
    """The folder that holds images/ and labels/ of a set, for as long as the context lasts; a packed set is unpacked
    into `keep_in` and stays there, where that is given."""
    if (folder / "images").is_dir():
        yield folder
        return
    parts = sorted(folder.glob("part_*.npz"))
    if not parts:
        raise BadInput("this set has neither images/ nor part_*.npz.", path=folder)
    if keep_in is None:
        with tempfile.TemporaryDirectory(prefix="dualsslseg-scans-") as unpacked:
            _unpack(folder, parts, Path(unpacked))
            yield Path(unpacked)
        return
    if not keep_in.is_dir():
        partly = keep_in.with_name(f"{keep_in.name}.new")
        shutil.rmtree(partly, ignore_errors=True)
        partly.mkdir(parents=True)
        _unpack(folder, parts, partly)
        partly.rename(keep_in)
    yield keep_in


def _unpack(folder: Path, parts: Sequence[Path], target: Path) -> None:
    subprocess.run(
        [sys.executable, str(folder / "voxpack.py"), "unpack", str(target), *map(str, parts)],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def structure_names(splits: Splits) -> list[str]:
    """The set's structures in the order of their label values, without the background."""
    rows = sorted(splits["labels"].items(), key=lambda row: int(row[0]))
    return [name for value, name in rows if int(value)]


def labelled_cases(splits: Splits) -> list[str]:
    """The set's labelled cases in their order; the smaller labelled splits are its beginnings."""
    return max((cases for key, cases in splits.items() if key.startswith("labelled_")), key=len)


def validation_split(splits: Splits) -> str:
    """The name of the split that is measured."""
    return next(key for key in sorted(splits) if key.startswith("validation"))


def pool(splits: Splits) -> list[str]:
    """All cases that may train in some role, in the set's order: every one but the validation cases."""
    order = splits.get("train_order") or [*labelled_cases(splits), *splits["unlabelled"]]
    kept = set(splits[validation_split(splits)])
    return [case for case in order if case not in kept]


def unlabelled_cases(splits: Splits, labels: int) -> list[str]:
    """The cases that train without a label beside the first `labels` labelled ones."""
    if "unlabelled" in splits:
        return list(splits["unlabelled"])
    return pool(splits)[labels:]


def other_cases(splits: Splits, labels: int) -> list[str]:
    """Labelled cases beyond those that train, the same for 1 to 4 labels."""
    return labelled_cases(splits)[max(labels, FIRST_LABELLED) :]


def development_cases(splits: Splits, labels: int) -> list[str]:
    """The cases on which options may be chosen when `labels` cases train.

    Labelled cases beyond those that train; where too few are left, cases spread over the unlabelled ones. Never one
    that looks like a second scan of another case. Raises BadInput where the set cannot give any.
    """
    doubled = {pair[side] for pair in splits.get("suspected_same_patient", ()) for side in ("a", "b")}
    beyond = [case for case in other_cases(splits, labels) if case not in doubled]
    if len(beyond) >= LEAST_DEVELOPMENT:
        return beyond
    if "unlabelled" in splits:
        raise BadInput(
            f"with {labels} labelled cases too few are left to choose options on.",
            hint=f"Use at most {len(labelled_cases(splits)) - LEAST_DEVELOPMENT} labelled cases.",
        )
    labelled = set(labelled_cases(splits))
    candidates = [case for case in pool(splits)[labels:] if case not in doubled and case not in labelled]
    return spread(candidates, SET_APART)


def spread(cases: Sequence[str], count: int) -> list[str]:
    """At most `count` of the cases, evenly over the list."""
    if len(cases) <= count:
        return list(cases)
    return [cases[index * len(cases) // count] for index in range(count)]


def protocol(splits: Splits, labels: int | None, *, development: bool = False) -> Protocol:
    """Who trains, who goes unlabelled and who is measured; `labels` None is supervision with all other cases.

    With `development` the validation cases appear nowhere. Raises BadInput for more labels than there are, and as
    development_cases does.
    """
    apart = development_cases(splits, labels or FIRST_LABELLED) if development else []
    name = DEVELOPMENT if development else validation_split(splits)
    measured = tuple(apart or splits[name])
    if labels is None:
        everyone = tuple(case for case in pool(splits) if case not in apart)
        return Protocol(everyone, (), measured, (), name)
    chosen = labelled_cases(splits)[:labels]
    if not 1 <= labels <= len(labelled_cases(splits)):
        raise BadInput(
            f"{labels} cases cannot be labelled.", hint=f"This set has {len(labelled_cases(splits))}."
        )
    unlabelled = [case for case in unlabelled_cases(splits, labels) if case not in apart]
    # where the labelled cases beyond train unlabelled, as published for the left atrium, they are no test cases
    others = [case for case in other_cases(splits, labels) if case not in unlabelled]
    return Protocol(tuple(chosen), tuple(unlabelled), measured, () if development else tuple(others), name)

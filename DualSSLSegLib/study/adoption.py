"""Folders of other programs as studies: what `study.json` gets from them, and which labels are theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.study.adopted import Adopted, joined
from DualSSLSegLib.study.label_digests import LabelDigests
from DualSSLSegLib.study.labelling import ForeignLabel
from DualSSLSegLib.study.layout import StudyLayout
from DualSSLSegLib.study.model import Case, LabelTable, Problem, Structure
from DualSSLSegLib.study.monai_label import label_names, read_monai_label
from DualSSLSegLib.study.nnunet import SCAN_FOLDERS, nnunet_labels, read_nnunet
from DualSSLSegLib.study.pending_labels import problem_of
from DualSSLSegLib.study.published import is_kept, label_files
from DualSSLSegLib.study.revisions import Revisions
from DualSSLSegLib.study.study_file import StudyFile

_NNUNET = "nnunet"


def is_foreign(root: Path) -> bool:
    """Whether another program's study or data set lies in the folder. Raises BadInput for a damaged one."""
    return _adopted(root) is not None


def adopted_file(root: Path, structures: Sequence[str | Structure] | None, channels: int | None) -> StudyFile:
    """The content of `study.json` for a folder, from what the caller and the folder say.

    Raises BadInput when they contradict each other, and when neither names a structure.
    """
    foreign = _adopted(root)
    if foreign is None:
        count = channels or 1
        return StudyFile(LabelTable.of(structures or ()), channels=count, numbered_channels=count > 1)
    if not foreign.structures and not structures:
        raise BadInput(
            f"the labels in this folder of {foreign.program} have no names.",
            hint=f'Name them in the order of their values: dualsslseg init "{root}" --labels NAME,NAME',
            path=root,
        )
    if channels is not None and foreign.channels not in (None, channels):
        raise BadInput(
            f"this {foreign.program} data set has {foreign.channels} channels, not {channels}.",
            hint="Leave the number of channels out.",
            path=root,
        )
    count = foreign.channels or channels or 1
    return StudyFile(
        joined(foreign.structures, structures),
        channels=count,
        numbered_channels=foreign.numbered_channels or count > 1,
        layout=foreign.layout,
    )


def scan_folders(content: StudyFile) -> tuple[str, ...] | None:
    """The folders in which the scans of a study lie; None for anywhere in it."""
    return SCAN_FOLDERS if content.layout == _NNUNET else None


def training_labels(root: Path, content: StudyFile) -> dict[str, Path]:
    """Labels that a data set brings along in a folder of its own, by case."""
    return nnunet_labels(root) if content.layout == _NNUNET else {}


def own_names(root: Path, content: StudyFile) -> Mapping[str, tuple[Structure, ...]]:
    """Names and values of the files in labels/final that have their own. Raises BadInput for a damaged index."""
    return label_names(root) if content.layout != _NNUNET else {}


def foreign_labels(
    layout: StudyLayout,
    content: StudyFile,
    cases: Mapping[str, Case],
    revisions: Revisions,
    digests: LabelDigests,
) -> tuple[list[ForeignLabel], list[Problem]]:
    """Every label of another program that no revision keeps: those a data set brought along for cases that
    have no revision, then what lies in labels/final. The problems name the cases of which that cannot be told: a
    revision is damaged, and what lies there may be its copy."""
    started = set(revisions.cases())
    found = [
        ForeignLabel(cases[case], path)
        for case, path in training_labels(layout.root, content).items()
        if case in cases and not (case in started and revisions.numbers(case))
    ]
    problems: list[Problem] = []
    names: Mapping[str, tuple[Structure, ...]] | None = None
    for case, paths in label_files(layout.final).items():
        if case not in cases:
            continue
        kept, damage = revisions.whole(case) if case in started else ([], None)
        for path in paths:
            try:
                if is_kept(path, kept, digests):
                    continue
                if damage is not None:
                    raise damage
            except BadInput as error:
                problems.append(problem_of(error, case))
                continue
            names = own_names(layout.root, content) if names is None else names
            found.append(ForeignLabel(cases[case], path, names.get(case)))
    order = {case: place for place, case in enumerate(cases)}
    return sorted(found, key=lambda label: order[label.case.id]), problems


def _adopted(root: Path) -> Adopted | None:
    return read_nnunet(root) or read_monai_label(root)

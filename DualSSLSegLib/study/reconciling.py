"""labels/final and the revisions brought together: labels of other programs come in, the newest revisions go out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.study.labelling import ForeignLabel, Labelling
from DualSSLSegLib.study.model import Problem, Revision, Structure
from DualSSLSegLib.study.pending_labels import problem_of
from DualSSLSegLib.study.writing import CannotWrite


@dataclass(frozen=True)
class Reconciled:
    """What bringing labels/final and the revisions together has done, and what could not be read."""

    imported: tuple[Revision, ...] = ()
    published: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def reconcile(
    labelling: Labelling,
    foreign: Sequence[ForeignLabel],
    labelled: Sequence[str],
    structures: Sequence[Structure],
    report: Callable[[int, int], None] | None,
    damaged: Sequence[Problem] = (),
) -> Reconciled:
    """Import `foreign` labels one by one and put the newest revisions of the cases `labelled` in force, but for those
    with `damaged` revisions.

    A label that cannot be read stops none of the others; it is named among the problems.
    """
    imported, published, problems = [], [], list(damaged)
    for done, label in enumerate(foreign):
        if report is not None:
            report(done, len(foreign))
        try:
            revision = labelling.import_label(label, structures)
        except BadInput as error:
            if isinstance(error, CannotWrite):
                raise
            problems.append(problem_of(error, label.case.id, label.path))
            continue
        if revision is not None:
            imported.append(revision)
    if report is not None and foreign:
        report(len(foreign), len(foreign))
    blocked = {case for problem in problems for case in problem.cases}
    changed = {revision.case for revision in imported} | set(labelled)
    for case in sorted(changed - blocked):
        try:
            published += [case] if labelling.republish(case) else []
        except BadInput as error:
            if isinstance(error, CannotWrite):
                raise
            problems.append(problem_of(error, case))
    return Reconciled(tuple(imported), tuple(published), tuple(problems))

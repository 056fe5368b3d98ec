"""The cache phase: every scan of a run prepared once, labelled ones first, bad ones named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.inference.mapped_array import MappedArray
from DualSSLSegLib.training.cases import TrainingCase
from DualSSLSegLib.worker.bad_scans import BadScans
from DualSSLSegLib.worker.cache import CachedImage, VolumeCache
from DualSSLSegLib.worker.inputs import InputCase
from DualSSLSegLib.worker.label_table import LabelStructure, unknown_classes
from DualSSLSegLib.worker.session import Session

_LABEL_FIRST = {"labelled": 0, "validation": 1}


@dataclass
class PreparedScans:
    """The scans of a run that could be prepared, by case id, with their labels where they have one."""

    images: dict[str, CachedImage] = field(default_factory=dict)
    labels: dict[str, MappedArray] = field(default_factory=dict)
    unknown: dict[str, tuple[int, ...]] = field(default_factory=dict)  # classes younger than the case's label

    def training_cases(self, cases: Sequence[InputCase], *, with_label: bool) -> list[TrainingCase]:
        """The prepared ones among `cases` as the trainer sees them."""
        return [
            TrainingCase(
                id=case.id,
                image=self.images[case.id].image,
                spacing_mm=self.images[case.id].working.spacing_mm,
                label=self.labels[case.id] if with_label else None,
                unknown=self.unknown.get(case.id, ()) if with_label else (),
            )
            for case in cases
            if case.id in self.images
        ]


def prepare_scans(
    session: Session,
    cases: Sequence[InputCase],
    cache: VolumeCache,
    structures: Sequence[LabelStructure],
    bad: BadScans,
    *,
    labels_required: bool = True,
) -> PreparedScans:
    """Fill the cache for `cases`. A bad scan is added to `bad` and does not stop the others.

    With `labels_required`, raises BadInput that names all of them when labelled or validation cases are bad,
    before any other scan is read. Raises Stopped between two scans.
    """
    session.phase("cache", total=len(cases))
    prepared = PreparedScans()
    ordered = sorted(cases, key=lambda case: _LABEL_FIRST.get(case.role, 2))
    labels_checked = False
    for done, case in enumerate(ordered):
        session.check()
        if labels_required and case.role not in _LABEL_FIRST and not labels_checked:
            bad.raise_if_labelled(cases)
            labels_checked = True
        if case not in bad:
            try:
                image = cache.image(case.id, case.paths, case.image_digest)
                if case.label is not None:
                    prepared.labels[case.id] = cache.label(
                        image, case.label.path, structures, case.label.digest
                    )
                    prepared.unknown[case.id] = unknown_classes(case.label.known_values, structures)
                prepared.images[case.id] = image
            except BadInput as error:
                bad.add(case, error)
        session.report("progress", step=done + 1, total=len(ordered))
    if labels_required:
        bad.raise_if_labelled(cases)
    return prepared

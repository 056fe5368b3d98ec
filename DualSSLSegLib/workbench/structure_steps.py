"""Adding and changing structures, in the study and on the case on screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from DualSSLSegLib.scene.segmentation import adopt_structures
from DualSSLSegLib.study.model import Structure
from DualSSLSegLib.workbench.annotate_steps import AnnotateSteps
from DualSSLSegLib.workbench.desk import verb


class StructureSteps(AnnotateSteps):
    """Verbs of the table of structures in the section Study."""

    @verb
    def add_structure(
        self, name: str, color: str | None = None, codes: Mapping[str, Any] | None = None
    ) -> None:
        """Add a structure to the study, and to the case on screen."""
        study = self._study().study
        given = None if codes is None else dict(codes)
        self._change_structures(lambda: study.add_structure(name, color=color, codes=given))

    @verb
    def rename_structure(self, name: str, new: str) -> None:
        """Rename a structure; every label stays as it is."""
        study = self._study().study
        self._change_structures(lambda: study.rename_structure(name, new))

    @verb
    def change_structure(
        self, name: str, *, color: str | None = None, codes: Mapping[str, Any] | None = None
    ) -> None:
        """Change colour or terminology codes of a structure; what is not given stays."""
        study = self._study().study
        given = None if codes is None else dict(codes)
        self._change_structures(lambda: study.change_structure(name, color=color, codes=given))

    def _change_structures(self, change: Callable[[], Structure]) -> None:
        study = self._study().study

        def work() -> tuple[Structure, ...]:
            change()
            return study.structures

        def then(structures: tuple[Structure, ...]) -> None:
            self._adopt(structures)
            self._tell("study", "case")
            self._survey()

        self._do(work, then, busy="Writing the structures")

    def _adopt(self, structures: tuple[Structure, ...]) -> None:
        """Take the structures of the study as they are now, also for the case on screen."""
        self.structures = structures
        if self.opened is None or self.case is None:
            return
        self.opened = replace(self.opened, structures=structures)
        changed = self.case_scene.changed
        if self.case_scene.segmentation_node is not None:
            adopt_structures(self.case_scene.segmentation_node, structures)
        self.case_scene.adopt(structures)
        if not changed:  # an empty segment more is no stroke
            self.case_scene.mark_saved()

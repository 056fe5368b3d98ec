"""Choosing a folder: whether it is a study is found out beside all other work, for its drive may not answer."""

from __future__ import annotations

from pathlib import Path

from DualSSLSegLib.errors import DualSSLSegError
from DualSSLSegLib.study.adoption import is_foreign
from DualSSLSegLib.study.layout import StudyLayout
from DualSSLSegLib.workbench.desk import verb
from DualSSLSegLib.workbench.study_steps import StudySteps


class ChoosingSteps(StudySteps):
    """The first verb of the section Study."""

    def is_study(self, path: str | Path) -> bool:
        """Whether the folder is a study already, or one of MONAI Label or nnU-Net, which becomes one when opened.

        For scripts: it waits for the drive.
        """
        if not str(path):
            return False
        folder = Path(path).expanduser()
        try:
            return folder.is_dir() and (
                StudyLayout(folder.absolute()).study_json.is_file() or is_foreign(folder.absolute())
            )
        except (DualSSLSegError, OSError):
            return True  # damaged or out of reach: opening it says what is wrong

    @verb
    def open_folder(self, path: str | Path) -> None:
        """Open the study in a folder; a folder that is none becomes `new_folder`, and waits for `create_study`."""
        folder = Path(path).expanduser()

        def work() -> bool:
            if self.is_study(folder):
                return True
            try:
                return not folder.is_dir()  # gone, or on a drive that is: opening it says so in words
            except OSError:
                return True

        def then(known: bool) -> None:
            self.new_folder = None if known else folder
            self._tell("study")
            if known:
                self.open_study(folder)

        patience = "choose another folder if its drive does not answer"
        self._do(
            work,
            then,
            busy=f"Looking into {folder.name or folder} ({patience})",
            key="choose",
            aside=True,
            of_study=False,
        )

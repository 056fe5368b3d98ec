"""Structures of a study that is there already, by command; and how a run ends that had to leave scans out."""

from __future__ import annotations

from pathlib import Path

from support.command_line import dualsslseg
from support.studies import label_of, tiny_study

from DualSSLSegLib.commands.screen import Screen
from DualSSLSegLib.commands.waiting import code_of
from DualSSLSegLib.jobs.state import RunState
from DualSSLSegLib.study.folder import StudyFolder


def structures(folder: Path) -> dict[int, str]:
    return {one.value: one.name for one in StudyFolder.open(folder).structures}


def test_structures_are_added_and_renamed_by_command_and_older_labels_are_named(tmp_path: Path) -> None:
    study = tiny_study(tmp_path, ("a", "b"), ["liver", "tumour"])
    study.add_revision("a", label_of(), author="Ada", origin="manual")
    said = dualsslseg("init", tmp_path, "--rename", "liver=Leber", "--labels", "Tumour,vein")
    assert said.code == 0 and "1 = Leber, 2 = tumour, 3 = vein" in said.out
    assert structures(tmp_path) == {1: "Leber", 2: "tumour", 3: "vein"}
    assert "vein was added after these cases were labelled" in said.err and " a." in said.err

    StudyFolder.open(tmp_path).add_revision("a", label_of(), author="Ada", origin="corrected")
    assert StudyFolder.open(tmp_path).labelled_before() == {}


def test_a_change_that_cannot_be_changes_nothing(tmp_path: Path) -> None:
    tiny_study(tmp_path, ("a",), ["liver"])
    for words in (
        ["--labels", "vein", "--rename", "spleen=x"],
        ["--labels", "vein,background"],
        ["--rename", "liver"],
        ["--labels", "vein", "--channels", "2"],
        [],
    ):
        assert dualsslseg("init", tmp_path, *words).code == 2
    assert structures(tmp_path) == {1: "liver"}


def test_a_run_that_left_scans_out_ends_with_code_1_and_names_them() -> None:
    screen = Screen()
    assert code_of(RunState(status="finished", result={"unusable": []}), screen) == 0
    assert code_of(RunState(status="finished", result={"unusable": ["scan_3"]}), screen) == 1

"""A study that is moved, renamed, read-only, unplugged or on a full disk while there are strokes on screen."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from host import application, dialogs
from support.benches import ToldWorkers
from support.drives import fill, full_disk, small_disk, unplugged
from support.studies import GRID, SHAPE, without_the_right_to_write, write_scan

from DualSSLSegLib.errors import BadInput
from DualSSLSegLib.imaging.labels import read_label
from DualSSLSegLib.study.folder import StudyFolder

pytestmark = pytest.mark.panel


@pytest.fixture
def drawn(panel, scans):
    """A study with a case open and strokes on it. `hand.strokes` is the label, (X, Y, Z)."""
    panel.workbench.launcher = ToldWorkers()
    panel.new_study(scans, "liver, tumour")
    panel.drawn_on = panel.open_next()
    panel.strokes = panel.paint("liver").transpose(2, 1, 0)
    panel.wait_until(lambda: not panel.workbench.busy)
    return panel


def errors(hand) -> list:
    return [row for row in hand.panel.messages.rows if row.kind == "error"]


def is_on_screen(hand) -> bool:
    scene = hand.workbench.case_scene
    return hand.workbench.case == hand.drawn_on and np.array_equal(scene.label(), hand.strokes)


def close_messages(hand) -> None:
    for row in list(hand.panel.messages.rows):
        hand.panel.messages.remove(row)


def try_everything(hand) -> list[str]:
    """Press everything that writes or reads the study; afterwards the strokes are still there. What was said."""
    ui, said = hand.panel.annotate.ui, []
    for step in (
        lambda: hand.click(ui.saveButton),
        lambda: hand.click(ui.submitButton),
        lambda: hand.click(ui.openNextButton),
        lambda: hand.workbench.open_case("scan_10"),
        lambda: hand.click(hand.panel.study.ui.refreshButton),
        lambda: hand.workbench.add_structure("bone"),
        lambda: hand.workbench.start_ranking(),
        lambda: hand.workbench.close_study(),
        lambda: setattr(hand.workbench, "_saved_at", hand.workbench.clock() - 61),  # the autosave is due
    ):
        close_messages(hand)
        step()
        hand.wait_until(lambda: errors(hand) and not hand.workbench.busy)
        assert is_on_screen(hand) and hand.workbench.changed, errors(hand)[0].text
        assert all(row.hint for row in errors(hand)), errors(hand)[0].text
        assert not any("unexpected" in row.text for row in errors(hand)), errors(hand)[0].text
        said += [f"{row.text} {row.hint}" for row in errors(hand)]
    return said


def save_elsewhere(hand, path) -> None:
    close_messages(hand)
    dialogs.answer("file", str(path))
    hand.click(hand.panel.annotate.ui.saveAsButton)
    hand.wait_until(lambda: any(str(path) in text for text in hand.said()))
    kept = read_label(path, GRID, hand.workbench.opened.structures)
    assert np.array_equal(kept, hand.strokes) and not hand.workbench.changed


def submit_after_all(hand) -> None:
    """Everything is as before: the label can be submitted."""
    hand.paint("liver", size=2)
    hand.click(hand.panel.annotate.ui.submitButton)
    hand.wait_until(lambda: hand.workbench.counts["labelled"] == 1 and not hand.workbench.busy)


@pytest.mark.parametrize("new_name", ["moved/deep/elsewhere", "Leber CT renamed"])
def test_a_study_that_is_moved_away_keeps_its_strokes_on_screen(drawn, scans, tmp_path, new_name):
    moved = tmp_path / new_name
    moved.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(scans, moved)
    said = try_everything(drawn)
    assert all("cannot be reached" in text or "could not be" in text or str(scans) in text for text in said)
    assert any("put the folder back" in text for text in said)
    assert not scans.exists()  # nothing was begun where it lay
    save_elsewhere(drawn, tmp_path / "home" / "mine.nii.gz")
    shutil.move(moved, scans)
    drawn.click(drawn.panel.study.ui.refreshButton)
    drawn.wait_until(lambda: not drawn.workbench.busy)
    submit_after_all(drawn)


def test_a_moved_study_can_be_opened_where_it_is_now(drawn, scans, tmp_path):
    drawn.click(drawn.panel.annotate.ui.saveButton)
    drawn.wait_until(lambda: not drawn.workbench.changed and not drawn.workbench.busy)
    shutil.move(scans, tmp_path / "now here")
    drawn.choose_folder(tmp_path / "now here")
    drawn.wait_until(lambda: drawn.workbench.study_path == tmp_path / "now here")
    drawn.workbench.open_case(drawn.drawn_on)
    drawn.wait_until(lambda: drawn.workbench.case == drawn.drawn_on)
    assert is_on_screen(drawn) and drawn.workbench.opened.source == "draft"


def test_an_unplugged_drive_is_told_in_words_and_plugged_in_again_all_goes_on(drawn, scans, tmp_path):
    with unplugged(scans, at_hand=tmp_path / "home"):
        try_everything(drawn)
        save_elsewhere(drawn, tmp_path / "home" / "mine.nii.gz")
        drawn.paint("liver")
    drawn.click(drawn.panel.study.ui.refreshButton)
    drawn.wait_until(lambda: not drawn.workbench.busy)
    submit_after_all(drawn)


def test_a_drive_that_is_unplugged_is_not_opened_and_the_panel_says_so(panel, scans, tmp_path):
    StudyFolder.create(scans, ["liver"])
    with unplugged(scans, at_hand=tmp_path / "home"):
        panel.choose_folder(scans)
        panel.wait_until(lambda: errors(panel) and not panel.workbench.busy)
        assert str(scans) in errors(panel)[0].text and errors(panel)[0].hint
        assert panel.panel.study.ui.newStudyArea.isHidden()  # nobody is asked to make it a study once more
    panel.choose_folder(scans)
    panel.wait_until(lambda: len(panel.workbench.rows) == 4)


def test_a_drive_that_goes_while_a_run_is_followed_comes_back_without_a_word(drawn, scans, tmp_path):
    from support.predictions import tell

    submit_after_all(drawn)
    drawn.wait_until(lambda: drawn.panel.train.ui.trainButton.enabled)
    drawn.click(drawn.panel.train.ui.trainButton)
    drawn.wait_until(lambda: drawn.workbench.run_words is not None and not drawn.workbench.background.busy)
    close_messages(drawn)
    with unplugged(scans, at_hand=tmp_path / "home"):
        drawn.workbench._watch_now()
        drawn.wait_until(lambda: not drawn.workbench._looking)
        assert not errors(drawn) and drawn.workbench.run_state.active
        drawn.workbench.stop()
        drawn.wait_until(lambda: errors(drawn))
        assert "unexpected" not in errors(drawn)[0].text
    tell(drawn.workbench.run, {"type": "finished"})
    drawn.workbench._looked_at = float("-inf")
    drawn.wait_until(lambda: drawn.workbench.run_state.status == "finished")


def test_a_study_that_becomes_read_only_says_so_and_goes_on_when_it_may_be_written_again(drawn, scans):
    with without_the_right_to_write(scans):
        drawn.click(drawn.panel.annotate.ui.submitButton)
        drawn.wait_until(lambda: errors(drawn) and not drawn.workbench.busy)
        assert "read-only" in errors(drawn)[0].text and is_on_screen(drawn) and drawn.workbench.changed
        assert "another place" in errors(drawn)[0].hint or "copy the folder" in errors(drawn)[0].hint
    submit_after_all(drawn)


def test_a_study_opened_read_only_is_edited_after_a_refresh(panel, scans):
    StudyFolder.create(scans, ["liver"])
    ui = panel.panel.annotate.ui
    with without_the_right_to_write(scans):
        panel.choose_folder(scans)
        panel.wait_until(lambda: len(panel.workbench.rows) == 4)
        panel.open_next()
        assert not ui.submitButton.enabled and "read-only" in ui.submitButton.toolTip
        panel.click(panel.panel.study.ui.refreshButton)
        panel.wait_until(lambda: not panel.workbench.busy)
        assert panel.workbench.read_only
    panel.click(panel.panel.study.ui.refreshButton)
    panel.wait_until(lambda: ui.submitButton.enabled)
    assert panel.panel.study.ui.readOnlyLabel.isHidden()
    submit_after_all(panel)


def test_a_full_disk_is_named_and_with_space_the_same_click_works(panel, tmp_path):
    with small_disk(tmp_path / "disk", 600) as disk:
        for seed in range(2):
            write_scan(disk / "study" / f"scan_{seed}.nii.gz", seed)
        panel.new_study(disk / "study", "liver")
        panel.drawn_on = panel.open_next()
        panel.strokes = panel.paint("liver").transpose(2, 1, 0)
        ballast = fill(disk)
        for button in ("saveButton", "submitButton"):
            close_messages(panel)
            panel.click(getattr(panel.panel.annotate.ui, button))
            panel.wait_until(lambda: errors(panel) and not panel.workbench.busy)
            assert "disk is full" in errors(panel)[0].text and "Free some space" in errors(panel)[0].hint
            assert is_on_screen(panel) and panel.workbench.changed
        study = StudyFolder.open(disk / "study")
        assert study.latest(panel.drawn_on) is None and study.drafts.ids() == set()
        ballast.unlink()
        panel.submit()
        assert np.array_equal(
            read_label(study.latest(panel.drawn_on).path, GRID, study.structures), panel.strokes
        )
        panel.workbench.close_study()
        panel.wait_until(lambda: panel.workbench.study_path is None)


def test_a_disk_that_is_full_everywhere_keeps_the_strokes_through_autosaves(drawn, scans):
    with full_disk():
        for _ in range(3):
            close_messages(drawn)
            drawn.workbench._saved_at = drawn.workbench.clock() - 61
            drawn.wait_until(lambda: errors(drawn) and not drawn.workbench.busy)
            assert "disk is full" in errors(drawn)[0].text and is_on_screen(drawn)
    drawn.workbench._saved_at = drawn.workbench.clock() - 61
    drawn.wait_until(lambda: not drawn.workbench.changed and not drawn.workbench.busy)
    study = StudyFolder.open(scans)
    draft = study.drafts.path(drawn.drawn_on)
    assert np.array_equal(read_label(draft, GRID, study.structures), drawn.strokes)


def test_quitting_with_the_drive_unplugged_writes_the_strokes_to_the_users_folder(drawn, scans, tmp_path):
    structures = drawn.workbench.structures
    with unplugged(scans, at_hand=tmp_path / "home"):
        drawn.workbench.rescue_folder = tmp_path / "home" / "rescued"
        application.unload("DualSSLSeg")
        (kept,) = (tmp_path / "home" / "rescued").iterdir()
    assert drawn.drawn_on in kept.name and scans.name in kept.name
    assert np.array_equal(read_label(kept, GRID, structures), drawn.strokes)
    assert drawn.strokes.shape == SHAPE
    with pytest.raises(BadInput):
        read_label(kept, GRID, [])  # the file says more than background

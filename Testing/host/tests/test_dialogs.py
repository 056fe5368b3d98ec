"""Modal dialogs: a test answers them beforehand; one that nobody expected is an error."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.panel


@pytest.fixture
def dialogs(clean_host):
    from host import dialogs

    return dialogs


def test_displays_of_slicer_util_take_queued_answers(dialogs) -> None:
    import slicer

    dialogs.answer("message", "Ok", "Cancel", "Yes")
    assert slicer.util.confirmOkCancelDisplay("Download 2 GB?", windowTitle="Torch")
    assert not slicer.util.confirmOkCancelDisplay("Again?")
    assert slicer.util.confirmYesNoDisplay("Sure?")
    assert (dialogs.shown[0].title, dialogs.shown[0].text) == ("Torch", "Download 2 GB?")


def test_an_error_is_shown_when_there_is_a_window_and_logged_when_there_is_none(dialogs, clean_host) -> None:
    import slicer

    slicer.util.errorDisplay("It failed")
    assert clean_host.errors.pop() == "logged: It failed"
    window = clean_host.MainWindow(slicer.modules.colors)
    window.show()
    dialogs.answer("message", "Ok")
    slicer.util.errorDisplay("It failed again", windowTitle="Sorry")
    assert (dialogs.shown[-1].title, dialogs.shown[-1].text) == ("Sorry", "It failed again")
    window.close()


def test_paths_texts_and_colours(dialogs) -> None:
    import ctk
    import qt

    dialogs.answer("folder", "/data/study", "/elsewhere")
    dialogs.answer("file", "", "/data/model.json")
    dialogs.answer("colour", "#ff0000", "")
    dialogs.answer("text", "liver", None)
    path, colour = ctk.ctkPathLineEdit(), ctk.ctkColorPickerButton()
    path.filters = ctk.ctkPathLineEdit.Dirs
    path.browse()
    assert path.currentPath == "/data/study"
    assert qt.QFileDialog.getExistingDirectory(None, "Folder") == "/elsewhere"
    assert qt.QFileDialog.getOpenFileName(None, "Model") == ""
    assert qt.QFileDialog.getSaveFileName(None, "Model") == "/data/model.json"
    colour.click()
    assert colour.color.name() == "#ff0000"
    colour.click()  # cancelled
    assert colour.color.name() == "#ff0000"
    assert qt.QInputDialog.getText(None, "Structure", "Name:") == "liver"
    assert qt.QInputDialog.getText(None, "Structure", "Name:") == ""


def test_a_dialog_of_ones_own_is_operated_while_open(dialogs) -> None:
    import qt

    dialog = qt.QDialog()
    edit = qt.QLineEdit(dialog)

    def type_and_accept(opened) -> bool:
        assert opened.visible
        edit.text = "typed"
        return True

    dialogs.answer("dialog", type_and_accept)
    assert dialog.exec_() == 1
    assert edit.text == "typed"
    assert not dialog.visible


def test_an_unexpected_dialog_is_an_error_and_an_unused_answer_is_named(dialogs, clean_host) -> None:
    import slicer

    with pytest.raises(dialogs.UnexpectedDialog, match="Really"):
        slicer.util.confirmOkCancelDisplay("Really?")
    assert "Really?" in clean_host.errors.pop()
    dialogs.answer("folder", "/never")
    assert dialogs.unused() == ["folder: '/never'"]

"""Messages at the top of the panel: an error stays until a person has closed it."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.panel


@pytest.fixture
def bar(clean_host):
    from DualSSLSegLib.panel.message_bar import MessageBar

    made = MessageBar()
    yield made
    made.close()


def message(kind, text, hint=""):
    from DualSSLSegLib.workbench.message import Message

    return Message(kind, text, hint)


def test_errors_and_warnings_stay_and_information_is_replaced(bar):
    bar.show(message("error", "The disk is full.", "Make room."))
    bar.show(message("info", "Saved."))
    bar.show(message("warning", "Two scans cannot be read."))
    bar.show(message("info", "Submitted."))
    assert [row.kind for row in bar.rows] == ["error", "warning", "info"]
    assert bar.rows[-1].text == "Submitted."
    bar.show(message("error", "The disk is full.", "Make room."))
    assert len(bar.rows) == 3


def test_the_close_button_closes_that_message(bar):
    bar.show(message("error", "One."))
    bar.show(message("error", "Two."))
    bar.rows[0].close_button.click()
    assert [row.text for row in bar.rows] == ["Two."]


def test_it_never_fills_the_panel(bar):
    for number in range(20):
        bar.show(message("error", f"Error {number}."))
    assert [row.text for row in bar.rows] == [f"Error {number}." for number in range(16, 20)]


def test_nothing_to_say_leaves_errors_and_takes_information_away(bar):
    bar.show(message("error", "One."))
    bar.show(message("info", "Two."))
    bar.show(message("info", ""))
    assert [row.text for row in bar.rows] == ["One."]


def test_what_is_going_on_is_said(bar):
    bar.show_busy("Reading scan_1")
    assert bar.busy_text == "Reading scan_1"
    bar.show_busy("")
    assert bar.busy_text == ""

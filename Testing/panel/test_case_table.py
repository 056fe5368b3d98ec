"""The table of cases as a person uses it: sort, filter, choose, open; and it stays where it was."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.panel
STATES = ("new", "predicted", "in_progress", "labelled", "reviewed", "failed")


def rows_of(number: int):
    from DualSSLSegLib.loop.case_table import CaseRow

    rows = []
    for index in range(number):
        state = STATES[index % 6]
        author = "Ada" if state in ("labelled", "reviewed") else ""
        score = None if state == "new" else (index * 37 % 100) / 100
        problem = "the file ends too early." if state == "failed" else None
        rank = 1 if index == 1 else None
        rows.append(
            CaseRow(
                f"scan_{index}",
                state,
                ("liver",) if author else (),
                score,
                author,
                None,
                "train",
                rank,
                "It is bright." if rank else "",
                problem,
                0.0,
            )
        )
    return rows


def counts_of(rows):
    return {state: sum(row.state == state for row in rows) for state in STATES}


@pytest.fixture
def table(clean_host):
    """A case table on widgets of its own; `opened` collects what it opens."""
    import qt

    from DualSSLSegLib.panel.case_table import CaseTable

    opened: list[str] = []
    widgets = qt.QTableView(), qt.QLineEdit(), qt.QComboBox(), qt.QLabel()
    made = CaseTable(*widgets, opened.append)
    yield made, opened, widgets
    made.close()


def shown(table) -> list[str]:
    return [row.id for row in table.model.rows]


def cell(table, row: int, column: int, role=None):
    import qt

    return table.model.data(table.model.index(row, column), qt.Qt.DisplayRole if role is None else role)


def test_cells_say_state_in_words_and_by_shape(table):
    import qt

    table, _opened, (_view, _edit, _combo, counts) = table
    rows = rows_of(6)
    table.set_rows(rows, counts_of(rows))
    assert [cell(table, row, 1) for row in range(6)] == [
        "new",
        "predicted",
        "in progress",
        "labelled",
        "reviewed",
        "failed",
    ]
    pictures = {
        bytes(icon.pixmap(16, 16).toImage().constBits())
        for icon in (cell(table, row, 1, qt.Qt.DecorationRole) for row in range(6))
    }
    assert len(pictures) == 6
    assert cell(table, 0, 3) == "" and cell(table, 1, 3) == "0.37" and cell(table, 3, 2) == "liver"
    assert "the file ends too early." in cell(table, 5, 0, qt.Qt.ToolTipRole)
    assert "The label holds liver (by Ada)." in cell(table, 3, 0, qt.Qt.ToolTipRole)
    assert "Number 1 to review: It is bright." in cell(table, 1, 0, qt.Qt.ToolTipRole)
    assert counts.text == "1 labelled, 1 reviewed, 1 in progress, 1 predicted, 1 new, 1 failed"


def test_ten_thousand_cases_are_sorted_filtered_and_scrolled(table, clean_host):
    table, _opened, (view, edit, combo, _counts) = table
    rows = rows_of(10_000)
    table.set_rows(rows, counts_of(rows))
    view.show()
    assert table.model.rowCount() == 10_000 and shown(table)[:3] == ["scan_0", "scan_1", "scan_2"]
    table.sort_by(0)
    assert shown(table)[0] == "scan_9999"
    table.sort_by(3)
    scores = [row.score for row in table.model.rows]
    assert scores[0] == 0.0 and scores[-1] is None
    combo.setCurrentIndex(1 + STATES.index("failed"))
    assert {row.state for row in table.model.rows} == {"failed"}
    edit.text = "SCAN_99"
    assert len(table.model.rows) > 1000  # a person is still typing
    clean_host.settle(300)
    assert shown(table) and all("scan_99" in case for case in shown(table))
    view.close()


def test_the_chosen_case_stays_chosen(table, clean_host):
    table, _opened, (view, edit, _combo, _counts) = table
    rows = rows_of(50)
    table.set_rows(rows, counts_of(rows))
    view.selectRow(20)
    assert table.current == "scan_20"
    table.sort_by(0)
    assert table.current == "scan_20"
    table.set_rows(rows[5:], counts_of(rows))
    assert table.current == "scan_20"
    edit.text = "scan_3"
    clean_host.settle(300)
    assert table.current != "scan_20"
    edit.text = ""
    clean_host.settle(300)
    assert table.current == "scan_20"


def test_double_click_and_enter_open_a_case_once(table, clean_host):
    from PySide6 import QtCore, QtTest

    table, opened, (view, *_others) = table
    rows = rows_of(5)
    table.set_rows(rows, counts_of(rows))
    view.show()
    view.doubleClicked.emit(table.model.index(2, 1))
    assert opened == ["scan_2"]
    view.selectRow(3)
    view.activateWindow()
    view.setFocus()
    clean_host.settle(50)
    QtTest.QTest.keyClick(view, QtCore.Qt.Key_Return)
    assert opened == ["scan_2", "scan_3"]
    view.close()

"""Qt through PythonQt: what was confirmed on a real PythonQt holds here, too."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.panel, pytest.mark.usefixtures("clean_host")]


@pytest.fixture
def qt(slicer_host):
    import qt

    return qt


def test_properties_are_attributes_and_methods_stay(qt) -> None:
    button = qt.QPushButton("Go")
    assert button.text == "Go"
    button.text = 3  # PythonQt turns numbers into text
    assert button.text == "3"
    button.enabled = False
    assert not button.isEnabled()
    button.setText("again")
    button.objectName = "go"
    assert (button.text, button.name, button.className()) == ("again", "go", "QPushButton")
    assert button.inherits("QWidget")
    assert button.sizeHint.height() == button.property("sizeHint").height() > 0


def test_python_subclasses_may_have_attributes_and_override_virtuals(qt, slicer_host) -> None:
    class Square(qt.QWidget):
        def __init__(self):
            super().__init__()
            self.painted = 0

        def paintEvent(self, event):
            self.painted += 1
            painter = qt.QPainter(self)
            painter.fillRect(self.rect, qt.QColor(255, 0, 0))
            painter.end()

        def sizeHint(self):
            return qt.QSize(40, 40)

    square = Square()
    square.resize(40, 40)
    square.show()
    slicer_host.settle(30)
    picture = square.grab().toImage()
    assert square.painted
    assert picture.pixelColor(20, 20).red() == 255
    square.close()


def test_isinstance_is_as_narrow_as_in_pythonqt(qt) -> None:
    button, table = qt.QPushButton(), qt.QTableWidget()
    assert not isinstance(button, qt.QWidget)
    assert isinstance(button, qt.QPushButton)
    assert isinstance(table.horizontalHeader(), qt.QHeaderView)  # made by Qt itself


def test_enums_are_unscoped_and_combine(qt) -> None:
    both = qt.Qt.AlignLeft | qt.Qt.AlignTop
    label = qt.QLabel()
    label.alignment = both
    assert label.alignment == both
    assert label.AlignLeft if hasattr(label, "AlignLeft") else True
    assert qt.QMessageBox.Yes != qt.QMessageBox.No


def test_signals_connect_in_both_forms_and_disconnect(qt) -> None:
    heard: list = []
    box, button = qt.QSpinBox(), qt.QPushButton()
    assert box.connect("valueChanged(int)", heard.append)
    button.clicked.connect(lambda: heard.append("clicked"))  # fewer arguments are fine
    box.value = 4
    button.click()
    assert heard == [4, "clicked"]
    assert box.disconnect("valueChanged(int)", heard.append)
    box.value = 5
    assert heard == [4, "clicked"]


def test_a_table_model_in_python(qt, slicer_host) -> None:
    class Rows(qt.QAbstractTableModel):
        def __init__(self):
            super().__init__()
            self.asked = 0

        def rowCount(self, parent=None):
            return 10_000

        def columnCount(self, parent=None):
            return 2

        def data(self, index, role=qt.Qt.DisplayRole):
            self.asked += 1
            return f"{index.row()}/{index.column()}" if role == qt.Qt.DisplayRole else None

    model, view = Rows(), qt.QTableView()
    view.setModel(model)
    view.resize(300, 200)
    view.show()
    slicer_host.settle(50)
    assert 0 < model.asked < 2_000  # only what is seen
    assert view.model().index(9_999, 1).data() == "9999/1"
    chosen: list = []
    view.selectionModel().selectionChanged.connect(lambda on, off: chosen.append(on.indexes()[0].row()))
    view.selectRow(7)
    assert chosen == [7]
    proxy = qt.QSortFilterProxyModel()
    proxy.setSourceModel(model)
    proxy.setFilterFixedString("123/0")
    assert proxy.rowCount() == 10  # 123, 1123, ... 9123
    view.close()


def test_shortcuts_timers_settings_and_processes(qt, slicer_host, tmp_path) -> None:
    import sys

    window = qt.QWidget()
    shortcut, timer, said = qt.QShortcut(qt.QKeySequence("N"), window), qt.QTimer(), []
    shortcut.activated.connect(lambda: said.append("next"))
    shortcut.activated.emit()
    timer.interval = 5
    timer.connect("timeout()", lambda: said.append("tick"))
    timer.start()
    qt.QTimer.singleShot(0, lambda: said.append("once"))
    settings = qt.QSettings()
    settings.setValue("Group/Key", "Zürich 東京")
    process = qt.QProcess()
    process.connect("finished(int,QProcess::ExitStatus)", lambda code, status: said.append(code))
    process.start(sys.executable, ["-c", "print('out')"])
    assert process.waitForFinished(20_000)
    slicer_host.settle(40)
    assert {"next", "tick", "once", 0} <= set(said)
    assert bytes(process.readAllStandardOutput().data()).strip() == b"out"
    assert qt.QSettings().value("Group/Key") == "Zürich 東京"


def test_references_to_none_survive_many_widgets(qt) -> None:
    import sys

    before = sys.getrefcount(None)
    for _ in range(300):
        qt.QPushButton().deleteLater()
    assert before > 10**6
    assert sys.getrefcount(None) > 10**6

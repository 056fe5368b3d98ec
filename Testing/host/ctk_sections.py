"""ctk widgets that fold: ctkCollapsibleButton, ctkCollapsibleGroupBox, ctkExpandableWidget."""

from __future__ import annotations

from PySide6 import QtCore, QtGui, QtWidgets

from .strict import contract_class


class _Folding:
    """Children are hidden while the button is not checked; those that a script hid stay hidden afterwards."""

    def _start_folding(self) -> None:
        self._folded: list[QtWidgets.QWidget] = []
        self._tallest = self.maximumHeight
        self.setCheckable(True)
        self.setChecked(True)
        self.toggled.connect(self._fold)

    def _read_collapsed(self) -> bool:
        return not self.isChecked()

    def _write_collapsed(self, collapsed: bool) -> None:
        self.setChecked(not collapsed)

    def _fold(self, opened: bool) -> None:
        if opened:
            self.setMaximumHeight(self._tallest)
            for child in self._folded:
                child.setVisible(True)
            self._folded = []
        else:
            self._tallest = self.maximumHeight
            self.setMaximumHeight(self._head() + self.collapsedHeight)
            self._fold_newcomers()
        self.updateGeometry()

    def _fold_newcomers(self) -> None:
        if self.isChecked():
            return
        for child in self.children():
            if isinstance(child, QtWidgets.QWidget) and not child.isHidden():
                self._folded.append(child)
                child.setVisible(False)

    def _arrow(self, painter, place) -> None:
        arrow = QtWidgets.QStyleOption()
        arrow.initFrom(self)
        arrow.rect = place
        style = QtWidgets.QStyle
        painter.drawPrimitive(
            style.PE_IndicatorArrowDown if self.isChecked() else style.PE_IndicatorArrowRight, arrow
        )


class ctkCollapsibleButton(
    _Folding, contract_class("ctkCollapsibleButton", QtWidgets.QAbstractButton, collapsedHeight=0, flat=False)
):
    def __init__(self, *arguments) -> None:
        texts = [a for a in arguments if isinstance(a, str)]
        super().__init__(next((a for a in arguments if isinstance(a, QtWidgets.QWidget)), None))
        self.setSizePolicy(QtWidgets.QSizePolicy.Preferred, QtWidgets.QSizePolicy.Preferred)
        self._start_folding()
        self.toggled.connect(lambda opened: self.contentsCollapsed.emit(not opened))
        if texts:
            self.text = texts[0]

    def _head(self) -> int:
        return self.fontMetrics().height() + 8

    def childEvent(self, event) -> None:
        self.setContentsMargins(0, self._head(), 0, 0)
        if event.added() and not self.isChecked():
            QtCore.QTimer.singleShot(0, self, self._fold_newcomers)
        super().childEvent(event)

    def sizeHint(self):
        layout = self.layout()
        if layout is None or not self.isChecked():
            return QtCore.QSize(120, self._head())
        return layout.totalSizeHint()

    def minimumSizeHint(self):
        layout = self.layout()
        if layout is None or not self.isChecked():
            return QtCore.QSize(60, self._head())
        return layout.totalMinimumSize()

    def hitButton(self, position) -> bool:
        return position.y() <= self._head()

    def paintEvent(self, _event) -> None:
        painter = QtWidgets.QStylePainter(self)
        head = QtCore.QRect(0, 0, self.width, self._head())
        painter.fillRect(head, self.palette.color(QtGui.QPalette.Button))
        self._arrow(painter, QtCore.QRect(6, self._head() // 2 - 5, 10, 10))
        font = self.font
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(self.palette.color(QtGui.QPalette.ButtonText))
        align = QtCore.Qt.AlignVCenter | QtCore.Qt.TextShowMnemonic
        painter.drawText(head.adjusted(22, 0, 0, 0), align, self.text)
        if self.hasFocus():
            focus = QtWidgets.QStyleOptionFocusRect()
            focus.initFrom(self)
            focus.rect = head.adjusted(1, 1, -1, -1)
            painter.drawPrimitive(QtWidgets.QStyle.PE_FrameFocusRect, focus)


class ctkCollapsibleGroupBox(
    _Folding, contract_class("ctkCollapsibleGroupBox", QtWidgets.QGroupBox, collapsedHeight=14)
):
    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self._start_folding()

    def _head(self) -> int:
        return self.fontMetrics().height() - 6  # with collapsedHeight: the title and a little air

    def paintEvent(self, _event) -> None:
        """An arrow in place of the check box, and no frame while folded."""
        painter = QtWidgets.QStylePainter(self)
        option = QtWidgets.QStyleOptionGroupBox()
        self.initStyleOption(option)
        style = QtWidgets.QStyle
        place = self.style().subControlRect(style.CC_GroupBox, option, style.SC_GroupBoxCheckBox, self)
        words = self.style().subControlRect(style.CC_GroupBox, option, style.SC_GroupBoxLabel, self)
        if self.isChecked():
            option.subControls = style.SC_GroupBoxFrame
            painter.drawComplexControl(style.CC_GroupBox, option)
        painter.setPen(self.palette.color(QtGui.QPalette.WindowText))
        align = QtCore.Qt.AlignVCenter | QtCore.Qt.TextShowMnemonic
        painter.drawText(words.adjusted(0, -2, 40, 2), align, self.title)
        self._arrow(painter, place.adjusted(2, 2, -2, -2))

    def childEvent(self, event) -> None:
        if event.added() and not self.isChecked():
            QtCore.QTimer.singleShot(0, self, self._fold_newcomers)
        super().childEvent(event)


class ctkExpandableWidget(contract_class("ctkExpandableWidget", QtWidgets.QFrame)):
    pass

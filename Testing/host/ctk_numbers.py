"""ctk widgets for numbers: slider with spin box, range, spin box."""

from __future__ import annotations

from PySide6 import QtCore, QtWidgets

from .strict import contract_class

_STEPS = 10_000


def _row(widget: QtWidgets.QWidget) -> QtWidgets.QHBoxLayout:
    row = QtWidgets.QHBoxLayout(widget)
    row.setContentsMargins(0, 0, 0, 0)
    return row


class ctkDoubleSpinBox(
    contract_class(
        "ctkDoubleSpinBox",
        QtWidgets.QWidget,
        decimals=2,
        singleStep=1.0,
        minimum=0.0,
        maximum=99.99,
        frame=True,
    )
):
    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._box = QtWidgets.QDoubleSpinBox()
        _row(self).addWidget(self._box)
        self.setFocusProxy(self._box)
        self._box.valueChanged.connect(self._tell)
        self._box.editingFinished.connect(self.editingFinished)

    def _tell(self, value: float) -> None:
        self.valueChanged.emit(value)
        getattr(self, self._signals["valueChanged"]["valueChanged(QString)"]).emit(self._box.text)

    def _adapt(self) -> None:
        self._box.setDecimals(self.decimals)
        self._box.setRange(self.minimum, self.maximum)
        self._box.setSingleStep(self.singleStep)
        self._box.setPrefix(self.prefix)
        self._box.setSuffix(self.suffix)
        self._box.setReadOnly(self.readOnly)

    _changed_decimals = _changed_minimum = _changed_maximum = _changed_singleStep = _adapt
    _changed_prefix = _changed_suffix = _changed_readOnly = _adapt

    def _read_value(self) -> float:
        return self._box.value

    def _write_value(self, value: float) -> None:
        self._box.setValue(value)

    def _read_cleanText(self) -> str:
        return self._box.cleanText

    def setValueIfDifferent(self, value: float) -> None:
        self._box.setValue(value)

    def stepUp(self) -> None:
        self._box.stepUp()

    def stepDown(self) -> None:
        self._box.stepDown()


class ctkSliderWidget(
    contract_class(
        "ctkSliderWidget",
        QtWidgets.QWidget,
        decimals=2,
        singleStep=1.0,
        pageStep=10.0,
        minimum=0.0,
        maximum=99.0,
        tracking=True,
        spinBoxVisible=True,
    )
):
    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._track = QtWidgets.QSlider(QtCore.Qt.Horizontal)
        self._track.setRange(0, _STEPS)
        self._box = QtWidgets.QDoubleSpinBox()
        self._box.setKeyboardTracking(False)
        row = _row(self)
        row.addWidget(self._track, 1)
        row.addWidget(self._box)
        self.setFocusProxy(self._track)
        self._number = 0.0
        self._adapting = False
        self._track.valueChanged.connect(self._track_moved)
        self._track.sliderReleased.connect(self._track_released)
        self._box.valueChanged.connect(self._write_value)
        self._adapt()

    def _adapt(self) -> None:
        self._adapting = True
        self._box.setDecimals(self.decimals)
        self._box.setRange(self.minimum, self.maximum)
        self._box.setSingleStep(self.singleStep)
        self._box.setPrefix(self.prefix)
        self._box.setSuffix(self.suffix)
        self._box.setVisible(self.spinBoxVisible)
        self._adapting = False
        self._write_value(self._number)

    _changed_decimals = _changed_minimum = _changed_maximum = _changed_singleStep = _adapt
    _changed_prefix = _changed_suffix = _changed_spinBoxVisible = _adapt

    def _track_moved(self, position: int) -> None:
        if self._adapting:
            return
        value = self.minimum + (self.maximum - self.minimum) * position / _STEPS
        if self.tracking or not self._track.isSliderDown():
            self._write_value(value)
        else:
            self.valueIsChanging.emit(value)

    def _track_released(self) -> None:
        if not self.tracking:
            self._write_value(self.minimum + (self.maximum - self.minimum) * self._track.value / _STEPS)

    def _read_value(self) -> float:
        return self._number

    def _write_value(self, value: float) -> None:
        if self._adapting:
            return
        value = round(min(max(float(value), self.minimum), self.maximum), self.decimals)
        span = self.maximum - self.minimum
        self._adapting = True
        self._track.setValue(round((value - self.minimum) / span * _STEPS) if span else 0)
        self._box.setValue(value)
        self._adapting = False
        if value != self._number:
            self._number = value
            self.valueIsChanging.emit(value)
            self.valueChanged.emit(value)

    def reset(self) -> None:
        self.value = self.minimum


class ctkRangeWidget(
    contract_class(
        "ctkRangeWidget",
        QtWidgets.QWidget,
        decimals=2,
        singleStep=1.0,
        minimum=0.0,
        maximum=99.0,
        tracking=True,
    )
):
    def __init__(self, parent=None) -> None:
        super().__init__(parent)
        self._low, self._high = QtWidgets.QDoubleSpinBox(), QtWidgets.QDoubleSpinBox()
        self._between = QtWidgets.QProgressBar()
        self._between.textVisible = False
        row = _row(self)
        for part in (self._low, self._between, self._high):
            row.addWidget(part)
        self._pair = (0.0, 99.0)
        self._adapting = False
        self._low.valueChanged.connect(lambda value: self.setValues(value, self._pair[1]))
        self._high.valueChanged.connect(lambda value: self.setValues(self._pair[0], value))
        self._adapt()

    def _adapt(self) -> None:
        self._adapting = True
        for box in (self._low, self._high):
            box.setDecimals(self.decimals)
            box.setRange(self.minimum, self.maximum)
            box.setSingleStep(self.singleStep)
        self._adapting = False
        self.setValues(*self._pair)

    _changed_decimals = _changed_minimum = _changed_maximum = _changed_singleStep = _adapt

    def setValues(self, low: float, high: float) -> None:
        if self._adapting:
            return
        low, high = sorted(min(max(float(v), self.minimum), self.maximum) for v in (low, high))
        self._adapting = True
        self._low.setValue(low)
        self._high.setValue(high)
        self._adapting = False
        before, self._pair = self._pair, (low, high)
        if low != before[0]:
            self.minimumValueChanged.emit(low)
        if high != before[1]:
            self.maximumValueChanged.emit(high)
        if before != self._pair:
            self.valuesChanged.emit(low, high)

    def _read_minimumValue(self) -> float:
        return self._pair[0]

    def _write_minimumValue(self, value: float) -> None:
        self.setValues(value, self._pair[1])

    def _read_maximumValue(self) -> float:
        return self._pair[1]

    def _write_maximumValue(self, value: float) -> None:
        self.setValues(self._pair[0], value)

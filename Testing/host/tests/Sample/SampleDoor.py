"""The smallest scripted module with all four classes, for the host's own tests."""

import qt
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin

HISTORY = []


class SampleDoor(ScriptedLoadableModule):
    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Sample door")
        parent.categories = ["Testing"]


class SampleDoorWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    def __init__(self, parent=None):
        ScriptedLoadableModuleWidget.__init__(self, parent)
        VTKObservationMixin.__init__(self)
        self.logic = None

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        HISTORY.append("setup")
        ui = slicer.util.loadUI(self.resourcePath("UI/SampleDoor.ui"))
        self.layout.addWidget(ui)
        self.ui = slicer.util.childWidgetVariables(ui)
        ui.setMRMLScene(slicer.mrmlScene)
        self.logic = SampleDoorLogic()
        self.ui.goButton.connect("clicked(bool)", self.onGo)
        self.timer = qt.QTimer()
        self.timer.connect("timeout()", self.onTimer)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.EndCloseEvent, self.onSceneClosed)
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.NodeAddedEvent, self.onNodeAdded)

    def enter(self):
        HISTORY.append("enter")

    def exit(self):
        HISTORY.append("exit")

    def cleanup(self):
        HISTORY.append("cleanup")
        self.removeObservers()

    def onGo(self, checked=False):
        raise RuntimeError("the slot failed")

    def onTimer(self):
        self.timer.stop()
        raise RuntimeError("the timer failed")

    def onSceneClosed(self, caller, event):
        HISTORY.append("scene closed")

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def onNodeAdded(self, caller, event, node):
        if node.GetName() == "bad":
            raise RuntimeError("the observer failed")


class SampleDoorLogic(ScriptedLoadableModuleLogic):
    pass


class SampleDoorTest(ScriptedLoadableModuleTest):
    def setUp(self):
        slicer.mrmlScene.Clear()

    def test_nothing(self):
        HISTORY.append("tested")

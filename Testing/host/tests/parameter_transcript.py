"""A conversation with slicer.parameterNodeWrapper; what Slicer's own package answers is in the golden file.

The golden file was written once by running `transcript()` in this host with Slicer's own Python package on the path.
Exceptions are noted by their type, because their wording is no promise.
"""

import enum
import pathlib
from dataclasses import asdict, dataclass
from typing import Annotated, get_args


def transcript() -> list[str]:
    import ctk
    import qt
    import slicer
    from slicer.parameterNodeWrapper import (
        Choice,
        Default,
        Maximum,
        Minimum,
        WithinRange,
        parameterNodeWrapper,
        parameterPack,
    )

    class Speed(enum.Enum):
        SLOW = 1
        FAST = 2

        def label(self) -> str:
            return f"{self.name.lower()} speed"

    @parameterPack
    @dataclass
    class Pack:
        folds: str = ""
        step: Annotated[float, WithinRange(0, 1)] = 0.5
        flips: bool = True
        workers: Annotated[int, WithinRange(1, 9)] = 1
        model: pathlib.Path = pathlib.Path()

    @parameterPack
    class Plain:
        count: Annotated[int, Default(3)]
        title: str = "none"

    @parameterNodeWrapper
    class Parameters:
        volume: slicer.vtkMRMLScalarVolumeNode
        name: str = "start"
        ratio: Annotated[float, WithinRange(0, 1)] = 0.25
        few: Annotated[int, Minimum(1), Maximum(5)] = 2
        on: bool
        free: int
        folder: pathlib.Path
        speed: Speed
        device: Annotated[str, Choice(["cpu", "cuda"])] = "cpu"
        pack: Pack
        plain: Plain

    lines: list[str] = []

    def values(pack) -> dict:
        return {name: str(value) for name, value in asdict(pack).items()}

    def say(label: str, value) -> None:
        lines.append(f"{label}: {value}")

    def attempt(label: str, act) -> None:
        try:
            say(label, act())
        except Exception as error:
            say(label, type(error).__name__)

    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode", "Transcript")
    volume = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CT")

    def stored() -> None:
        names = sorted(node.GetParameterNames())
        say("stored", [(n, node.GetParameter(n)) for n in names])
        say("reference", node.GetNodeReferenceID("volume"))

    parameters = Parameters(node)
    stored()
    for name in ("volume", "name", "ratio", "few", "on", "folder", "speed", "device"):
        say(f"get {name}", getattr(parameters, name))
        say(f"default {name}", parameters.default(name).value)
    parameters.volume, parameters.name, parameters.on = volume, "new", True
    parameters.ratio, parameters.few, parameters.speed = 1, 5, Speed.FAST
    parameters.folder = pathlib.Path("a")
    stored()
    say("int for a float", (parameters.ratio, type(parameters.ratio).__name__))
    for name, value in (
        *(("ratio", 2.0), ("ratio", "0.5"), ("few", 0), ("few", 1.5), ("name", 3), ("name", None), ("on", 1)),
        *(("folder", "text"), ("speed", "FAST"), ("device", "tpu"), ("volume", "CT"), ("pack", None)),
        *(("pack.step", 7.0), ("pack.nothing", 1), ("nothing", 1)),
    ):
        attempt(f"set {name} = {value!r}", lambda name=name, value=value: parameters.setValue(name, value))
    parameters.volume = None
    stored()
    say("pack", values(parameters.pack))
    parameters.pack.step = 0.75
    parameters.setValue("pack.model", pathlib.Path("m"))
    say("pack through another wrapper", values(Parameters(node).pack))
    parameters.pack = Pack(folds="0,1", workers=3)
    say("pack as a whole", (values(parameters.pack), parameters.getValue("pack.workers")))
    attempt("pack outside its range", lambda: Pack(workers=10))
    say("plain pack", (parameters.plain.count, parameters.plain.title, Plain() == Plain(3), Plain(4).count))
    attempt("plain pack with an unknown name", lambda: Plain(color="red"))
    stored()
    say("shared", Parameters(node).name)
    say(
        "types",
        [get_args(Annotated[parameters.dataType(n), 0])[0] for n in ("name", "ratio", "pack.workers")],
    )

    widgets = {
        "volume": slicer.qMRMLNodeComboBox(),
        "name": qt.QLineEdit(),
        "ratio": ctk.ctkSliderWidget(),
        "few": qt.QSpinBox(),
        "on": qt.QCheckBox(),
        "folder": ctk.ctkPathLineEdit(),
        "speed": qt.QComboBox(),
        "device": qt.QComboBox(),
        "pack.workers": qt.QSpinBox(),
        "pack.step": qt.QDoubleSpinBox(),
    }
    widgets["volume"].noneEnabled = True
    widgets["volume"].setMRMLScene(slicer.mrmlScene)

    def shown() -> None:
        w = widgets
        say(
            "widgets",
            [w["name"].text, w["ratio"].value, w["few"].value, w["on"].checked, w["folder"].currentPath],
        )
        say("choices", [w["speed"].currentText, w["device"].currentText, w["volume"].currentNodeID])
        say("pack widgets", [w["pack.workers"].value, w["pack.step"].value])

    modified: list[int] = []
    observer = node.AddObserver("ModifiedEvent", lambda *_: modified.append(1))
    tag = parameters.connectParametersToGui(widgets)
    shown()
    say("limits", [widgets["ratio"].maximum, widgets["few"].minimum, widgets["pack.workers"].maximum])
    parameters.name, parameters.ratio, parameters.device = "typed", 0.5, "cuda"
    parameters.pack.workers = 4
    shown()
    widgets["name"].text = "from the widget"
    widgets["ratio"].value = 0.125
    widgets["speed"].currentIndex = 0
    widgets["on"].checked = False
    widgets["volume"].setCurrentNode(volume)
    widgets["folder"].currentPath = "elsewhere"
    widgets["pack.step"].value = 0.25
    stored()
    modified.clear()
    with slicer.util.NodeModify(parameters):
        parameters.name, parameters.few = "both", 3
    say("modified once", len(modified))
    shown()
    parameters.disconnectGui(tag)
    widgets["name"].text = "unheard"
    parameters.few = 4
    say("after disconnecting", (parameters.name, widgets["few"].value))
    node.RemoveObserver(observer)
    attempt("unknown widget", lambda: parameters.connectParametersToGui({"ratio": qt.QLabel()}))
    attempt(
        "slider without limits", lambda: parameters.connectParametersToGui({"free": ctk.ctkSliderWidget()})
    )
    attempt("combo box without choices", lambda: parameters.connectParametersToGui({"name": qt.QComboBox()}))
    attempt("unknown parameter", lambda: parameters.connectParametersToGui({"nothing": qt.QLabel()}))

    def default_outside():
        @parameterNodeWrapper
        class Wrong:
            ratio: Annotated[float, WithinRange(2, 5)]

        return Wrong(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScriptedModuleNode"))

    def reserved_name():
        @parameterNodeWrapper
        class Wrong:
            def connectGui(self):
                pass

            name: str

    attempt("default outside its range", default_outside)
    attempt("reserved name", reserved_name)
    for each in (node, volume):
        slicer.mrmlScene.RemoveNode(each)
    return lines
